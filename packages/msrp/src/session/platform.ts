import type { Clock, OpenTable, Transport } from '../connection/index.ts'
import type { Fingerprint, Hash, MsrpUri, OpenReader, RandomBytes } from '../wire/index.ts'
import type { BlockSpool } from './block-spool.ts'
import type { BodyRoom } from './body-room.ts'
import type { DirectPeers, DirectPeersRoom } from './direct-peers.ts'
import type { AnyBody } from './incoming-body.ts'
import type { Later } from './later.ts'
import type { Parts } from './parts.ts'
import type { RelayAddress } from './relay-client/index.ts'

/** What an endpoint needs from the machine it runs on. The entry point `msrp` fills it in for Node. */
export interface Platform {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly hash: Hash
  /** Reads what arrives on connections. */
  readonly reader: OpenReader
  /** Where requests that wait for their responses are remembered; a `Map` unless given. */
  readonly requestTable?: OpenTable
  /** @throws MsrpError `unreachable`, `tls-authority`, `tls-name`, `tls-fingerprint`, `not-msrp`, `timeout`, `aborted` */
  dial(target: DialTarget): Promise<Transport>
  /** Goes to the places where a relay may be found, until `attempt` succeeds at one. @throws MsrpError */
  connectToRelay<T>(relay: MsrpUri, attempt: (address: RelayAddress) => Promise<T>): Promise<T>
  /** Peers without relays. Absent where they cannot be reached, as from a browser. */
  direct?(room: DirectPeersRoom): DirectPeers
  /** Storage for what nobody has read yet. Without it a message that overflows its window is refused with 413. */
  openSpool?(limit: number): BlockSpool
  readonly parts: Parts
  /** For the body of a message that begins to come in. */
  readonly openBody: (room: BodyRoom) => AnyBody
  /** Loads what is needed for bodies that outlive their session. Absent where everything is at hand. */
  readonly loadBodies?: Later<unknown>
  /** A file that appears under its name when it is complete. Without it `saveTo` fails with `storage`. */
  createFile?(path: string, options: SaveOptions): Promise<FileSink>
}

/** What is needed beside it for peers without relays. */
export interface ListenPlatform {
  /** @throws MsrpError `unreachable` when the port is taken, `invalid-argument` for an unusable certificate. */
  listen(options: ListenOptions, accept: (transport: Transport) => void): Promise<ListeningSocket>
  /** Fingerprints of a certificate in PEM, for the SDP (RFC 8122 §5.1). @throws MsrpError `invalid-argument` */
  ownFingerprints?(certificate: string | Uint8Array): readonly string[]
}

/** Where to connect to. */
export interface DialTarget {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** TLS. */
  readonly secure: boolean
  /** The name that the certificate has to bear. Default: `host`. */
  readonly serverName?: string
  readonly tls?: TlsOptions | undefined
  /** One of these the certificate has to have, instead of a name and an authority. */
  readonly fingerprints?: readonly Fingerprint[] | undefined
  /** By WebSocket (RFC 7977), as a relay's URL says. */
  readonly webSocket?: WebSocketTarget | undefined
  readonly signal?: AbortSignal | undefined
}

/** What of a WebSocket URL is not host and port. */
export interface WebSocketTarget {
  /** Path and query, from `/` on. */
  readonly path: string
  /** What goes into Sec-WebSocket-Protocol besides `msrp`. */
  readonly protocols: readonly string[]
}

/** TLS settings. Certificates and keys are PEM text. */
export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** Own certificate, with its chain. */
  readonly cert?: string | Uint8Array
  /** Its private key. */
  readonly key?: string | Uint8Array
  /** Takes any certificate. For trials only: whoever sits in between reads everything. Default false. */
  readonly insecure?: boolean
}

/** Where to accept connections, and by which name peers find us there. */
export interface ListenOptions {
  /** Address or name to listen on. Default `127.0.0.1`. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
  /** Listens for TLS, and the local URI gets the scheme `msrps`; needs `cert` and `key`. */
  readonly tls?: TlsOptions
  /** Name or address that peers use, when it is not `host`; required for a wildcard address such as `0.0.0.0`. */
  readonly publicHost?: string
  /** Port that peers use, when it is not the one listened on (port forwarding). */
  readonly publicPort?: number
}

export interface ListeningSocket {
  /** The address listened on. */
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

/** Bytes at any position, outside of memory. Calls may overlap; they take effect in the order made. */
export interface Spool {
  /** Stores bytes at a position (0 is the first). The bytes are handed over. @throws MsrpError `storage` */
  write(position: number, bytes: Uint8Array): Promise<void>
  /** Reads exactly `length` bytes that were written before. @throws MsrpError `storage` */
  read(position: number, length: number): Promise<Uint8Array>
  /** Throws everything away. Never rejects. */
  close(): Promise<void>
}

/**
 * Takes a body as it arrives, in any order of its parts; of overlapping parts the later one counts. What it throws fails
 * the message with `storage`. `Result` is what saving to it resolves with.
 */
export interface FileSink<Result = unknown> {
  /**
   * Stores bytes at a position (0 is the first). The bytes are handed over. Calls may overlap. What it throws or rejects with
   * fails the message: with `storage`, or with itself where it is an MsrpError with a `status`, which the sender hears then.
   */
  write(position: number, bytes: Uint8Array): Promise<void>
  /**
   * Reads exactly `length` bytes of those whose `write` has resolved; none is under way then. Without it, what was saved of a
   * message when its session broke is lost for the session that brings the rest (`resumeFor`); so is, where there are no
   * temporary files, as in a browser, what is more than `SessionLimits.window`.
   */
  read?(position: number, length: number): Promise<Uint8Array>
  /** Everything has been written, `size` bytes in all. A file gets its final name now, and resolves with its path. */
  finish(size: number): Promise<Result>
  /** The message failed: nothing of it is to stay. Never rejects. */
  discard(): Promise<void>
}

/** How a message is saved under a name. */
export interface SaveOptions {
  /** When the name is taken: `fail` with `storage` (default), or save under another one, as `name (2).ext`. */
  readonly taken?: 'fail' | 'number'
  /** Gives up: nothing of the file stays, and the sender is told to stop with 413. */
  readonly signal?: AbortSignal
}

/** What passes on a connection, for display. */
export interface TraceEvent {
  /** Far address and protocol, such as `tls 192.0.2.7:2855`. */
  readonly connection: string
  /** Which connection of the endpoint it is, from 1 on. */
  readonly number: number
  readonly direction: 'in' | 'out'
  /** When, in the milliseconds of the platform's clock: in Node and in browsers those of `performance.now()`. */
  readonly at: number
  /** A start-line with header fields, or an end-line. */
  readonly kind: 'head' | 'end'
  /** The session-id of our own URI in it; undefined where there is none. */
  readonly session: string | undefined
  readonly transactionId: string
  /** Of an end: how many body bytes came before it. */
  readonly bodyBytes: number
  /** Start-line and header fields with credentials masked, or an end-line with the count of body bytes before it. */
  readonly text: string
}
