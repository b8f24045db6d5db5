import type { Clock, Transport, WireObserver } from '../connection/index.ts'
import type { Hash, MsrpUri, RandomBytes } from '../wire/index.ts'

/** What an endpoint needs from the machine it runs on. The entry point `msrp` fills it in for Node. */
export interface Platform {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly hash: Hash
  /**
   * Opens a connection to the host and port of a URI, protected by TLS when the scheme is `msrps`.
   * @throws MsrpError `unreachable`, `tls-authority`, `tls-name`, `aborted`
   */
  dial(target: MsrpUri, options: DialOptions): Promise<Transport>
  /** @throws MsrpError `unreachable` when the port is taken, `invalid-argument` for an unusable certificate. */
  listen?(options: ListenOptions, accept: (transport: Transport) => void): Promise<ListeningSocket>
  /** Storage for what nobody has read yet. Without it a message that overflows its window is refused with 413. */
  createSpool?(): Spool
  /** A file that appears under its name when it is complete. Without it `saveTo` fails with `storage`. */
  createFile?(path: string, options: SaveOptions): FileSink
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

export interface DialOptions {
  readonly tls?: TlsOptions | undefined
  readonly signal?: AbortSignal | undefined
}

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
  /** Throws everything away. */
  discard(): Promise<void>
}

/** A file that is being received, under a temporary name beside its final one. */
export interface FileSink extends Spool {
  /** Makes it durable and gives it its final name; resolves once it has it. @throws MsrpError `storage` */
  finish(): Promise<void>
}

export interface SaveOptions {
  /** Whether a file of that name may be replaced. Default false: `storage` is thrown instead, at the latest at the end. */
  readonly overwrite?: boolean
  /** Gives up: the temporary file goes away, and the sender is told to stop with 413. */
  readonly signal?: AbortSignal
}

/** What passes on a connection, for display. */
export interface TraceEvent {
  /** Far address and protocol, such as `tls 192.0.2.7:2855`. */
  readonly connection: string
  readonly direction: 'in' | 'out'
  /** Start-line and header fields with credentials masked, or an end-line with the count of body bytes before it. */
  readonly text: string
}

export type { WireObserver }
