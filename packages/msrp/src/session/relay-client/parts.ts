import type { Clock } from '../../connection/index.ts'
import type { Hash, RandomBytes } from '../../wire/index.ts'
import type { Later } from '../later.ts'

/** What the relay client needs of the machine that it runs on. */
export interface RelayClientPlatform {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly hash: Hash
  readonly parts: RelayClientParts
}

/** What few logins at a relay need. */
export interface RelayClientParts {
  /** For relays that do anything else than to ask for credentials and to grant. */
  readonly authDetours: Later<typeof import('./auth-detours.ts')>
  /** For credentials that show in the WebSocket's handshake. */
  readonly handshake: Later<typeof import('./handshake.ts')>
  /** For paths that are about to expire. */
  readonly pathRefresh: Later<typeof import('./path-refresh.ts')>
}
