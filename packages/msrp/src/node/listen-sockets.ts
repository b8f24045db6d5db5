import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { MsrpError } from '../wire/index.ts'
import { formatAuthority, plainAddress } from './authority.ts'
import { type TlsMaterial, tlsContext } from './certificates.ts'
import { errorCode, socketReason } from './socket-error.ts'
import { KEEP_ALIVE_DELAY, SocketTransport, type SocketTransportOptions } from './socket-transport.ts'
import { type TlsFacts, tlsFacts } from './tls-facts.ts'

/** Our certificate and key; `ca` are the authorities whose client certificates count as authorised. */
export interface ListenTls extends TlsMaterial {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
}

/** A connection that came in. */
export interface Accepted {
  /** Absent on plain TCP. */
  readonly tls?: TlsFacts
  readonly remote: { readonly address: string; readonly port: number }
  readonly local: { readonly address: string; readonly port: number }
}

/** Where to listen, and what to do with who comes. */
export interface ListenOptions {
  /** Address or name of this machine. Default: every address. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  /** Present: TLS 1.2 and later. No ALPN. */
  readonly tls?: ListenTls
  /** Asks clients for a certificate; without one, or with one that does not pass, they get in unauthorised. Default false. */
  readonly requestCert?: boolean
  /** Called once for each connection, for TLS after the handshake. */
  onTransport?(transport: SocketTransport, accepted: Accepted): void
  /** Called in its place where something else than MSRP comes first, such as the handshake of a WebSocket; owns the socket. */
  onSocket?(socket: Socket, accepted: Accepted): void
  /** Called for each connection that came to nothing: failed or stalled handshake, or over the limit. For logs and counters. */
  onRefused?(why: string, remote: string): void
  /** For the whole TLS handshake from the connection's first moment, in ms. Default 10 000. */
  readonly handshakeTimeout?: number
  /**
   * Asked as soon as a connection is there, before TLS; what it gives closes the connection at once and goes to
   * `onRefused`. One that is let in is followed by `onGone`, once, with the same address.
   */
  admit?(address: string): string | undefined
  /** A connection that was let in is gone, be it in its handshake. */
  onGone?(address: string): void
  /** Connections whose TLS handshake may be under way at once; more are closed at once. Default 256. */
  readonly maxHandshakes?: number
  /** Connections beyond this number are closed at once. Default: no limit. */
  readonly maxConnections?: number
  /** Several processes share the port (Linux and others; not Windows). Default false. */
  readonly reusePort?: boolean
  /** Passed on to each transport. */
  readonly transport?: SocketTransportOptions
}

/**
 * Opens a TCP or TLS listener. Rejects with MsrpError `unreachable` when the address is in use, not ours or not
 * permitted, and `invalid-argument` when certificate and key cannot be used.
 */
export async function listenSockets(options: ListenOptions): Promise<SocketListener> {
  const listener = new SocketListener(options)
  await listener.open()
  return listener
}

/** A listener: see `listenSockets`. */
export class SocketListener {
  readonly secure: boolean
  readonly #options: ListenOptions
  readonly #server: Server | TlsServer
  /** Every connection in its raw form. */
  readonly #sockets = new Set<Socket>()
  /** Those of them whose TLS handshake is not complete, by their addresses. */
  readonly #handshaking = new Map<string, Socket>()
  readonly #transports = new Set<SocketTransport>()
  #address = { host: '', port: 0 }

  constructor(options: ListenOptions) {
    this.#options = options
    this.secure = options.tls !== undefined
    this.#server = options.tls ? this.#tlsServer(options.tls) : createTcpServer(socketOptions)
    if (options.maxConnections !== undefined) this.#server.maxConnections = options.maxConnections
    this.#server.on('connection', (socket: Socket) => this.#onConnection(socket))
    this.#server.on('drop', (dropped) => {
      this.#refused('too many connections', dropped?.remoteAddress, dropped?.remotePort)
    })
  }

  /** The bound address, numeric, and port. */
  get address(): { readonly host: string; readonly port: number } {
    return this.#address
  }

  /** Connections now, those in their handshake included. */
  get connections(): number {
    return this.#sockets.size
  }

  /** Begins to listen; what `listenSockets` does. */
  async open(): Promise<void> {
    const { host, port, reusePort } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onError = (cause: Error): void => reject(cannotListen(this.#options, cause))
    this.#server.once('error', onError)
    this.#server.listen({ host, port, ...(reusePort ? { reusePort } : {}) }, resolve)
    await promise
    this.#server.off('error', onError)
    const bound = this.#server.address()
    if (typeof bound === 'object' && bound) this.#address = { host: bound.address, port: bound.port }
    // From here on an error is a failed accept (too many open files): that connection is lost, the listener is not.
    this.#server.on('error', (cause) => this.#refused(socketReason(cause)))
  }

  /** New connections get this certificate; present ones keep theirs. Throws MsrpError `invalid-argument` and changes nothing. */
  setSecureContext(tls: ListenTls): void {
    const { options } = tlsContext(tls)
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(options)
    else throw new MsrpError('invalid-argument', 'this listener does not use TLS, so it has no certificate to replace')
  }

  /**
   * Stops accepting; handshakes under way are cut off, and the port is free when the promise resolves. The transports go
   * on; with `{ transports: true }` they are destroyed as well and the promise waits for their end.
   */
  async close(how: { readonly transports?: boolean } = {}): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#handshaking.values()) socket.destroy()
    if (!how.transports) return
    for (const transport of this.#transports) transport.destroy()
    await closed
  }

  #tlsServer(tls: ListenTls): TlsServer {
    const server = createTlsServer({
      ...tlsContext(tls).options,
      ...socketOptions,
      requestCert: this.#options.requestCert ?? false,
      // Whether a certificate passes is told, not enforced: RFC 4976 §9.2 wants those of clients ignored.
      rejectUnauthorized: false,
      // Counts from the connection's first moment, before any byte; bytes of the handshake do not renew it.
      handshakeTimeout: this.#options.handshakeTimeout ?? 10_000,
    })
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#handshaking.delete(connectionKey(socket))
      this.#accept(socket, tlsFacts(socket))
    })
    server.on('tlsClientError', (cause: Error, socket: TLSSocket) => {
      const why = errorCode(cause) === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'no TLS handshake in time' : socketReason(cause)
      this.#refused(why, socket.remoteAddress, socket.remotePort)
      // Node reports a stalled handshake and leaves the connection open.
      socket.destroy()
    })
    return server
  }

  #onConnection(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '')
    const full = this.#handshaking.size >= (this.#options.maxHandshakes ?? 256)
    const why = full ? 'too many TLS handshakes under way' : this.#options.admit?.(address)
    if (why !== undefined) {
      this.#refused(why, socket.remoteAddress, socket.remotePort)
      // Counted by nobody, so that a flood costs others nothing.
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    const key = connectionKey(socket)
    if (this.secure) this.#handshaking.set(key, socket)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (this.#handshaking.get(key) === socket) this.#handshaking.delete(key)
      this.#options.onGone?.(address)
    })
    if (!this.secure) this.#accept(socket)
  }

  #accept(socket: Socket, tls?: TlsFacts): void {
    const accepted: Accepted = {
      ...(tls ? { tls } : {}),
      remote: { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 },
      local: { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 },
    }
    if (this.#options.onSocket !== undefined) {
      this.#options.onSocket(socket, accepted)
      return
    }
    const transport = new SocketTransport(socket, this.#options.transport)
    this.#transports.add(transport)
    socket.on('close', () => this.#transports.delete(transport))
    this.#options.onTransport?.(transport, accepted)
  }

  #refused(why: string, host = 'unknown', port = 0): void {
    this.#options.onRefused?.(why, formatAuthority(host, port))
  }
}

const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY }

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Stop that program or choose another port',
  EACCES: 'Ports below 1024 need a privilege: choose a higher one',
  EADDRNOTAVAIL: 'Choose an address of this machine',
}

function cannotListen(options: ListenOptions, cause: Error): MsrpError {
  const text = `cannot listen on ${formatAuthority(options.host ?? '*', options.port)}: ${socketReason(cause)}`
  const remedy = remedies[errorCode(cause)] ?? 'Choose another address or port'
  return new MsrpError('unreachable', `${text}. ${remedy}`, { cause })
}

/** The addresses tell which raw socket a secured one stands on; Node links them only internally. */
function connectionKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`
}
