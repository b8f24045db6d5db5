import type { Secret } from './secret.ts'
import type { AccessSettings } from './sections/access.ts'
import type { DomainLimitSettings, UserLimitSettings } from './sections/account-limits.ts'
import type { AccountingSettings } from './sections/accounting.ts'
import type { AdminSettings } from './sections/admin.ts'
import type { AdvertisedSettings } from './sections/advertised.ts'
import type { ChainSettings } from './sections/chains.ts'
import type { DigestSettings } from './sections/digest.ts'
import type { DomainSettings } from './sections/domains.ts'
import type { EphemeralCredentialsSettings } from './sections/ephemeral-credentials.ts'
import type { ExpiresSettings } from './sections/expires.ts'
import type { LimitSettings } from './sections/limits.ts'
import type { ListenSettings } from './sections/listen.ts'
import type { LogSettings } from './sections/log.ts'
import type { MessageSettings } from './sections/messages.ts'
import type { OutboundSettings } from './sections/outbound.ts'
import type { TlsSettings } from './sections/tls.ts'
import type { UserSettings } from './sections/users.ts'
import type { WebSocketSettings } from './sections/web-socket.ts'
import type { WorkerSettings } from './sections/workers.ts'

/**
 * Everything a relay can be told, complete: what the configuration file leaves out has its default here. Keys of the
 * file are the same words in snake_case (`lastHopTls` is `last_hop_tls`).
 */
export interface Settings {
  /** Where the relay accepts connections; at least one with TLS. Default: port 2855 on 127.0.0.1 and, if there is one, ::1. */
  readonly listen: readonly ListenSettings[]
  /** The authority in the URIs that the relay hands out (RFC 4976 §6.3). */
  readonly advertised: AdvertisedSettings
  /** The realm of challenges and the domain of users (`alice@realm`), lower case. Default: the advertised name. */
  readonly realm: string
  /** Further domains that are served, each by its name in To-Path of AUTH. Default: none. */
  readonly domains: readonly DomainSettings[]
  /** Whether AUTH to any other domain is answered too, with its name as realm. Default: false. */
  readonly unlistedDomains: boolean
  readonly tls: TlsSettings
  readonly webSocket: WebSocketSettings
  readonly chains: ChainSettings
  readonly access: AccessSettings
  /**
   * Whether a peer that is the last hop needs a certificate from a trusted authority that names it (`strict`, default),
   * or may show any (`lenient`, for softphones that sign their own). The next relay always needs one (RFC 4976 §9.2).
   */
  readonly lastHopTls: 'strict' | 'lenient'
  /** Whether `msrp:` peers without a relay are dialled, without TLS (RFC 4976 §9.2). Default: false. */
  readonly plainTcpToPeers: boolean
  /** Lifetimes of the URIs handed out, seconds (RFC 4976 §6.3). */
  readonly expires: ExpiresSettings
  readonly limits: LimitSettings
  readonly outbound: OutboundSettings
  /** What each user may have, and all of a domain together. */
  readonly userLimits: UserLimitSettings
  readonly domainLimits: DomainLimitSettings
  /** Which messages are passed on. */
  readonly messages: MessageSettings
  /** Names of relays to which several sessions share a connection. Default: none, one connection a session. */
  readonly sharedConnectionsTo: readonly string[]
  readonly digest: DigestSettings
  readonly users: UserSettings
  /** Credentials that a web application makes for users whom no database knows. */
  readonly ephemeralCredentials: EphemeralCredentialsSettings
  readonly log: LogSettings
  readonly admin: AdminSettings
  readonly accounting: AccountingSettings
  readonly workers: WorkerSettings
  /**
   * Folder for what the relay keeps itself: authority, certificate, users. Default: `state` in a clone of the sources,
   * elsewhere `$XDG_STATE_HOME/msrp-relay` or `~/.local/state/msrp-relay`.
   */
  readonly stateFolder: string
  /** Seconds that a stopping relay gives to what is under way. Default: 10. */
  readonly drain: number
}

/** Settings to be completed with defaults. */
export type SettingsInput = {
  readonly [K in keyof Settings]?: K extends 'listen'
    ? readonly (Pick<ListenSettings, 'host'> & Partial<ListenSettings>)[]
    : Incomplete<Settings[K]>
}

/** Of a table any keys, and of the tables in it; a secret may be the text itself. */
type Incomplete<T> = T extends Secret
  ? Secret | string
  : T extends string | number | boolean | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Incomplete<Item>[]
      : { readonly [K in keyof T]?: Incomplete<T[K]> }
