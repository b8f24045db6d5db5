import type { Clock, Transport } from 'msrp/connection'
import type { DigestAlgorithm, Hash, MsrpUri, ParserLimits, RandomBytes } from 'msrp/wire'
import type { ChainRules } from './chains.ts'
import type { Counters } from './counters.ts'
import type { DomainRules } from './domains.ts'
import type { DailyBytes } from './limits/daily-bytes.ts'
import type { PolicySettings } from './policy/policy-settings.ts'
import type { SessionFacts } from './session-facts.ts'
import type { DialSibling, WorkerPlace } from './siblings.ts'

/** What the relay's state is told by its configuration. Times in seconds, sizes in bytes. */
export interface RelaySettings extends DomainRules {
  /** Host names and addresses under which this relay is addressed, lower case; the first goes into Use-Path. */
  names: readonly string[]
  /** Ports under which it is addressed; the first goes into Use-Path. */
  ports: readonly number[]
  /** Life of a token: when the client asks for nothing, and what it may ask for (RFC 4976 §6.3). */
  expires: { default: number; minimum: number; maximum: number }
  /** Digest algorithms offered, the preferred one last, as one challenge each. */
  algorithms: readonly DigestAlgorithm[]
  /** How long a nonce may be used. */
  nonceLifetime: number
  /** Time an inbound connection has for its first successful request (RFC 4976 §6.1). */
  probation: number
  /** Failed AUTHs after which a client's connection is closed, for each account with tokens there (RFC 4976 §6.3). */
  authFailures: number
  /** Tokens that one connection, or one account through other relays, may hold at once. */
  tokensPerConnection: number
  /** Body bytes that may wait for a slow next hop, per session; the source is paused or, if shared, the message refused. */
  flowBuffer: number
  /** Bytes that may be kept for all connections together; beyond it each gets by with little. A quarter is for tokens. */
  totalBuffer: number
  /** Time for which a connection may take none of the bytes that wait for it. */
  stalled: number
  /** Connections to next hops that there may be at once. */
  outboundConnections: number
  /** Relays (host names) towards which one connection serves all sessions; elsewhere each session has its own. */
  sharedConnectionsTo: readonly string[]
  chains: ChainRules
  limits?: Partial<ParserLimits>
  /** Without it everybody with an account may send anything. */
  policy?: PolicySettings
  /** When several processes are one relay: which of them this is. Never changes. */
  worker?: WorkerPlace | undefined
}

/** What the relay's state needs from the platform. */
export interface RelayPlatform {
  clock: Clock
  /** Seconds since 1970 when the process started, and from then on a clock that nobody sets. For nonces. */
  time: () => number
  random: RandomBytes
  hash: Hash
  /** HMAC-SHA-256 under the relay's secret nonce key, lower-case hex. */
  hmac: (text: string) => string
  /** Compares without telling by its duration where the texts differ. */
  equal: (one: string, other: string) => boolean
  users: Users
  /** What accounts have used today; it begins at nothing unless it is given. */
  dailyBytes?: DailyBytes
  dial: Dial
  /** Needed where there are other workers. */
  dialSibling?: DialSibling | undefined
  log: Log
  /** Where is counted; its own unless they are given. */
  counters?: Counters
  /** Hears of each session that is over, once all that could still go through has. */
  onSessionEnd?: (session: SessionFacts) => void
}

/**
 * Where credentials are looked up. A rejection means that they cannot be checked now, never that access is given: the AUTH
 * is refused for the time being.
 */
export interface Users {
  /**
   * H(A1) of RFC 7616 in lower-case hex; undefined when there is no such user. Several where any of them may be right, as
   * while a shared secret is being changed; at most sixteen.
   */
  ha1(username: string, realm: string, algorithm: DigestAlgorithm): Promise<string | readonly string[] | undefined>
  /**
   * Whose tokens, limits and records this user name stands for, once its credentials were right. Absent: `NAME@REALM`.
   */
  account?(username: string, realm: string): string
  /** Credentials of this user did not fit: what is remembered of them may be out of date. */
  doubt?(username: string, realm: string, algorithm: DigestAlgorithm): void
}

/** Connects to a next hop. `relay`: strict mutual TLS (RFC 4976 §9.2); `peer`: the last hop. */
export type Dial = (target: DialTarget) => Promise<Dialed>

export interface DialTarget {
  uri: MsrpUri
  kind: 'relay' | 'peer'
  /** Our host in the URI that the connection is made for: the far side looks for it in our certificate (RFC 4976 §6.3). */
  as: string
}

export interface Dialed {
  transport: Transport
  /** DNS names in the far side's verified certificate; empty when it showed none. */
  certificateNames: readonly string[]
}

/** The part of a logger that the relay's state uses. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
