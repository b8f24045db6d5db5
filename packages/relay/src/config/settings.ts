import type { DigestAlgorithm, ParserLimits } from 'msrp/wire'

/**
 * Everything a relay can be told, complete: what the configuration file leaves out has its default here. Keys of the
 * file are the same words in snake_case (`lastHopTls` is `last_hop_tls`). `relay.example.toml` beside this file lists them all.
 */
export interface Settings {
  /** Where the relay accepts connections; at least one with TLS. Default: port 2855 on 127.0.0.1 and, if there is one, ::1. */
  readonly listen: readonly ListenSettings[]
  /** The authority in the URIs that the relay hands out (RFC 4976 §6.3). */
  readonly advertised: AdvertisedSettings
  /** The realm of challenges and the domain of users (`alice@realm`), lower case. Default: the advertised name. */
  readonly realm: string
  readonly tls: TlsSettings
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
  /** Names of relays to which several sessions share a connection. Default: none, one connection a session. */
  readonly sharedConnectionsTo: readonly string[]
  readonly digest: DigestSettings
  readonly users: UserSettings
  readonly log: LogSettings
  /**
   * Folder for what the relay keeps itself: authority, certificate, users. Default: `state` in a clone of the sources,
   * elsewhere `$XDG_STATE_HOME/msrp-relay` or `~/.local/state/msrp-relay`.
   */
  readonly stateFolder: string
  /** Seconds that a stopping relay gives to what is under way. Default: 10. */
  readonly drain: number
}

export interface ListenSettings {
  /** An IP address of this machine, or `0.0.0.0` or `::` for all of them. */
  readonly host: string
  /** Default: 2855. 0 takes a free one. */
  readonly port: number
  /**
   * Clients and relays need `tls`, the default; `tcp` serves only peers that use no relay (RFC 4976 §9.2). At
   * `tls-in-front` a proxy on this machine connects, which has taken TLS off: what comes counts as having come over TLS, so
   * the address has to be a loopback one. Other relays cannot be told there from clients, since their certificates end at
   * the proxy.
   */
  readonly transport: 'tls' | 'tcp' | 'tls-in-front'
}

export interface AdvertisedSettings {
  /**
   * The host name by which clients, peers and relays reach this relay; its certificate names it. Default: `localhost`
   * when the relay listens on loopback alone; otherwise it has to be given, and is not an address.
   */
  readonly name: string
  /** Default (undefined): the port of the first listener with `tls`; without one it has to be given. */
  readonly port?: number
}

export interface TlsSettings {
  /** PEM file: the relay's certificate, intermediate ones after it. Default (undefined): one from a private authority. */
  readonly certificate?: string
  /** PEM file: its private key, not encrypted. Given exactly when `certificate` is. */
  readonly key?: string
  /** PEM file: authorities whose certificates peers and relays may show, instead of those known to Node.js. */
  readonly ca?: string
  /** Oldest version of TLS accepted. Default: `1.2`. */
  readonly minimumVersion: '1.2' | '1.3'
}

export interface ExpiresSettings {
  /** For an AUTH without Expires. Default: 3600 s. */
  readonly default: number
  /** Less is answered 423 with Min-Expires. Default: 60 s. */
  readonly minimum: number
  /** More is answered 423 with Max-Expires. Default: 86400 s. */
  readonly maximum: number
}

/** What peers may send and hold. The limits of the parser, such as `headerLineBytes`, come with their own defaults. */
export interface LimitSettings extends ParserLimits {
  /** Connections accepted at one time, those in their TLS handshake included. Default: 10000. */
  readonly connections: number
  /** Connections accepted from one address at one time. Default: 1000. */
  readonly connectionsPerAddress: number
  /** Connections made to next hops that there are at one time. Default: 10000. */
  readonly outboundConnections: number
  /**
   * Tokens, the URIs that AUTH yields, that one connection, or one account through other relays, may hold at one time.
   * Default: 1000.
   */
  readonly tokensPerConnection: number
  /** Bytes kept for one session in one direction before its source is made to wait. Default: 262144. */
  readonly bufferPerFlow: number
  /**
   * Bytes kept for all connections together. Beyond it each session gets the least buffer that keeps it going, and
   * connections that take nothing are given up after seconds. A quarter of it, at 4096 bytes each, may be tokens beyond
   * sixteen of each connection. Default: 268435456.
   */
  readonly totalBuffer: number
  /** Seconds for which a connection may take none of the bytes that wait for it before it is closed. Default: 300. */
  readonly stalledTime: number
  /** Seconds that a next hop has to accept a connection, and as many for its TLS handshake. Default: 10. */
  readonly connectTime: number
  /** Seconds until a connection without a successful request is closed (RFC 4976 §6.1). Default: 30. */
  readonly unauthenticatedTime: number
  /**
   * Failed AUTH requests within five minutes, for each account with tokens on it, after which a client's connection is
   * closed (RFC 4976 §6.3). Default: 5.
   */
  readonly authFailures: number
}

/** Which addresses the relay connects to when a user names a peer. */
export interface OutboundSettings {
  /** Loopback addresses. Default: true when the relay listens on loopback alone, otherwise false. */
  readonly allowLoopback: boolean
  /** Addresses of private networks: RFC 1918, 100.64.0.0/10, fc00::/7. Default: false. */
  readonly allowPrivate: boolean
  /** Networks allowed although they are denied by default, such as `10.1.0.0/16`. Default: none. */
  readonly allow: readonly string[]
  /** Networks denied whatever else is said. Default: none. */
  readonly deny: readonly string[]
}

export interface DigestSettings {
  /** Offered in challenges, in this order. Default: MD5 alone, all that RFC 4976 knows and old clients understand. */
  readonly algorithms: readonly DigestAlgorithm[]
  /** Seconds for which a nonce is accepted. Default: 300. */
  readonly nonceLifetime: number
}

export interface UserSettings {
  /** SQLite file. Default: `users.sqlite` in the state folder, which starts with two users to try the relay with. */
  readonly database: string
}

export interface LogSettings {
  /** Least severe level written. Default: `info`. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** One JSON object a line, or lines for people; `auto`, the default, is `pretty` on a terminal. */
  readonly format: 'json' | 'pretty' | 'auto'
}

/** Settings to be completed with defaults. */
export type SettingsInput = Partial<
  Omit<Settings, 'listen' | 'advertised' | 'tls' | 'expires' | 'limits' | 'outbound' | 'digest' | 'users' | 'log'>
> & {
  readonly listen?: readonly (Pick<ListenSettings, 'host'> & Partial<ListenSettings>)[]
  readonly advertised?: Partial<AdvertisedSettings>
  readonly tls?: Partial<TlsSettings>
  readonly expires?: Partial<ExpiresSettings>
  readonly limits?: Partial<LimitSettings>
  readonly outbound?: Partial<OutboundSettings>
  readonly digest?: Partial<DigestSettings>
  readonly users?: Partial<UserSettings>
  readonly log?: Partial<LogSettings>
}
