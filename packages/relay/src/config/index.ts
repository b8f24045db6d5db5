/** What a relay can be told, and reading it from a file. */
export { listensOnLoopbackAlone } from './consistency.ts'
export { isLoopback, type Network, networkSet, parseNetwork } from './network.ts'
export { completeSettings, readSettings } from './read.ts'
export type { Surroundings } from './schema.ts'
export type {
  AdvertisedSettings,
  DigestSettings,
  ExpiresSettings,
  LimitSettings,
  ListenSettings,
  LogSettings,
  OutboundSettings,
  Settings,
  SettingsInput,
  TlsSettings,
  UserSettings,
} from './settings.ts'
export { cloneRoot, defaultStateFolder, surroundings } from './surroundings.ts'
