import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type SecureContext, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { MsrpError } from '../wire/index.ts'
import { formatAuthority, plainAddress } from './authority.ts'
import { type TlsMaterial, tlsContext } from './certificates.ts'
import { takeProxyHeader } from './proxied-socket.ts'
import { errorCode, socketReason } from './socket-error.ts'
import { KEEP_ALIVE_DELAY, SocketTransport, type SocketTransportOptions } from './socket-transport.ts'
import { type TlsFacts, tlsFacts } from './tls-facts.ts'

/** Our certificate and key; `ca` are the authorities whose client certificates count as authorised. */
export interface ListenTls extends TlsMaterial {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
}

/** A proxy that says from whom each connection comes: HAProxy's PROXY protocol, version 1 or 2. */
export interface ProxyOptions {
  /** Whether such a proxy is at this address. Connections from elsewhere are closed: they could say what they like. */
  trusts(address: string): boolean
  /** How long the header may take, in ms. Default 5 000. */
  readonly timeout?: number
  /** Called beside that of the listener for each one that is cut off: from elsewhere, or without a header that is right. */
  onRefused?(why: string, address: string): void
}

/** Address, numeric and without brackets, and port of one end of a connection. */
export interface SocketAddress {
  readonly address: string
  readonly port: number
}

/** A connection that came in. */
export interface Accepted {
  /** Absent on plain TCP. */
  readonly tls?: TlsFacts
  /** Behind a proxy: its client, as the proxy has told. */
  readonly remote: SocketAddress
  readonly local: SocketAddress
}

/** Where to listen, and what to do with who comes. */
export interface ListenSocketsOptions {
  /** Address or name of this machine. Default: every address. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  /** Present: TLS 1.2 and later. No ALPN. */
  readonly tls?: ListenTls
  /**
   * With `tls`: what to show instead to whoever asks for this name (SNI; lower case); undefined: `tls`. Asked for each
   * handshake, so that it may change; give the same object for the same certificate, whose material is read once.
   */
  certificateFor?(name: string): ListenTls | undefined
  /** Present: each connection begins with a header of the PROXY protocol, before TLS, and counts as its client's. */
  readonly proxy?: ProxyOptions | undefined
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
  /** Connections whose PROXY header or TLS handshake may be under way at once; more are closed at once. Default 256. */
  readonly maxHandshakes?: number
  /** Connections beyond this number are closed at once. Default: no limit. */
  readonly maxConnections?: number
  /** Several processes share the port (Linux and others; not Windows). Default false. */
  readonly reusePort?: boolean
  /** `::` takes no IPv4, so that another listener can have the same port of `0.0.0.0`. Default: false. */
  readonly ipv6Only?: boolean
  /** Passed on to each transport. */
  readonly transport?: SocketTransportOptions
}

/**
 * Opens a TCP or TLS listener. Rejects with MsrpError `unreachable` when the address is in use, not ours or not
 * permitted, and `invalid-argument` when certificate and key cannot be used.
 */
export async function listenSockets(options: ListenSocketsOptions): Promise<SocketListener> {
  const listener = new SocketListener(options)
  await listener.open()
  return listener
}

/** A listener: see `listenSockets`. */
export class SocketListener {
  readonly secure: boolean
  readonly #options: ListenSocketsOptions
  /** What listens. */
  readonly #server: Server | TlsServer
  /** What does the handshakes: the same, unless something is to be read before them. */
  readonly #tlsServer: TlsServer | undefined
  /** Connections whose PROXY header is not there yet. */
  readonly #unknown = new Set<Socket>()
  /** Every connection that was let in, in its raw form. */
  readonly #sockets = new Set<Socket>()
  /** Those of them whose TLS handshake is not complete, by their addresses. */
  readonly #handshaking = new Map<string, { readonly socket: Socket; readonly remote: SocketAddress }>()
  readonly #transports = new Set<SocketTransport>()
  #address = { host: '', port: 0 }
  readonly #chooseContext = (name: string, show: (error: Error | null, context?: SecureContext) => void): void => {
    try {
      const material = this.#options.certificateFor?.(name.toLowerCase())
      show(null, material && tlsContext(material).context)
    } catch (error) {
      show(error instanceof Error ? error : new Error(String(error)))
    }
  }

  constructor(options: ListenSocketsOptions) {
    this.#options = options
    this.secure = options.tls !== undefined
    this.#tlsServer = options.tls && this.#createTlsServer(options.tls)
    this.#server = options.proxy ? createTcpServer(socketOptions) : (this.#tlsServer ?? createTcpServer(socketOptions))
    if (options.maxConnections !== undefined) this.#server.maxConnections = options.maxConnections
    const { proxy } = options
    this.#server.on('connection', (socket: Socket) => {
      const remote = remoteOf(socket)
      if (proxy) this.#takeHeader(socket, remote, proxy)
      else this.#onConnection(socket, remote)
    })
    this.#server.on('drop', (dropped) => {
      this.#refused('too many connections', { address: dropped?.remoteAddress ?? '', port: dropped?.remotePort ?? 0 })
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
    const { host, port, reusePort, ipv6Only = false } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onError = (cause: Error): void => reject(cannotListen(this.#options, cause))
    this.#server.once('error', onError)
    this.#server.listen({ host, port, ipv6Only, ...(reusePort ? { reusePort } : {}) }, resolve)
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
    if (this.#tlsServer) this.#tlsServer.setSecureContext(options)
    else throw new MsrpError('invalid-argument', 'this listener does not use TLS, so it has no certificate to replace')
  }

  /**
   * Stops accepting; handshakes under way are cut off, and the port is free when the promise resolves. The transports go
   * on; with `{ transports: true }` they are destroyed as well and the promise waits for their end.
   */
  async close(how: { readonly transports?: boolean } = {}): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#unknown) socket.destroy()
    for (const { socket } of this.#handshaking.values()) socket.destroy()
    if (!how.transports) return
    for (const transport of this.#transports) transport.destroy()
    await closed
  }

  #createTlsServer(tls: ListenTls): TlsServer {
    const server = createTlsServer({
      ...tlsContext(tls).options,
      ...socketOptions,
      ...(this.#options.certificateFor ? { SNICallback: this.#chooseContext } : {}),
      requestCert: this.#options.requestCert ?? false,
      // Whether a certificate passes is told, not enforced: RFC 4976 §9.2 wants those of clients ignored.
      rejectUnauthorized: false,
      // Counts from the connection's first moment, before any byte; bytes of the handshake do not renew it.
      handshakeTimeout: this.#options.handshakeTimeout ?? 10_000,
    })
    server.on('secureConnection', (socket: TLSSocket) => {
      const key = connectionKey(socket)
      const remote = this.#handshaking.get(key)?.remote ?? remoteOf(socket)
      this.#handshaking.delete(key)
      this.#accept(socket, remote, tlsFacts(socket))
    })
    server.on('tlsClientError', (cause: Error, socket: TLSSocket) => {
      const why = errorCode(cause) === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'no TLS handshake in time' : socketReason(cause)
      this.#refused(why, this.#handshaking.get(connectionKey(socket))?.remote ?? remoteOf(socket))
      // Node reports a stalled handshake and leaves the connection open.
      socket.destroy()
    })
    return server
  }

  #takeHeader(socket: Socket, proxy: SocketAddress, options: ProxyOptions): void {
    const { timeout = 5_000 } = options
    const refuse = (why: string): void => {
      this.#leave(socket, why, proxy)
      options.onRefused?.(why, proxy.address)
    }
    if (proxy.address === '') {
      // Reset already, as by a proxy that has only looked whether somebody is here: nobody tells whence it came.
      this.#leave(socket, 'it has left at once', proxy)
      return
    }
    const why = options.trusts(proxy.address) ? this.#noRoom() : 'it is no proxy that is trusted'
    if (why !== undefined) {
      refuse(why)
      return
    }
    this.#unknown.add(socket)
    socket.on('close', () => this.#unknown.delete(socket))
    takeProxyHeader(socket, timeout, (header) => {
      this.#unknown.delete(socket)
      if (header instanceof MsrpError) {
        if (header.code === 'connection-lost') this.#leave(socket, header.message, proxy)
        else refuse(header.message)
        return
      }
      if (this.#onConnection(socket, header.source ?? proxy)) this.#tlsServer?.emit('connection', socket)
    })
  }

  #noRoom(): string | undefined {
    const full = this.#handshaking.size + this.#unknown.size >= (this.#options.maxHandshakes ?? 256)
    return full ? 'too many TLS handshakes under way' : undefined
  }

  /** False when it was not let in. */
  #onConnection(socket: Socket, remote: SocketAddress): boolean {
    const why = this.#noRoom() ?? this.#options.admit?.(remote.address)
    if (why !== undefined) {
      this.#leave(socket, why, remote)
      return false
    }
    this.#sockets.add(socket)
    const key = connectionKey(socket)
    if (this.secure) this.#handshaking.set(key, { socket, remote })
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (this.#handshaking.get(key)?.socket === socket) this.#handshaking.delete(key)
      this.#options.onGone?.(remote.address)
    })
    if (!this.secure) this.#accept(socket, remote)
    return true
  }

  #accept(socket: Socket, remote: SocketAddress, tls?: TlsFacts): void {
    const accepted: Accepted = {
      ...(tls ? { tls } : {}),
      remote,
      local: { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 },
    }
    if (this.#options.onSocket !== undefined) {
      this.#options.onSocket(socket, accepted)
      return
    }
    const transport = new SocketTransport(socket, { ...this.#options.transport, remote })
    this.#transports.add(transport)
    socket.on('close', () => this.#transports.delete(transport))
    this.#options.onTransport?.(transport, accepted)
  }

  /** Ends a connection that was not let in: counted by nobody, so that a flood costs others nothing. */
  #leave(socket: Socket, why: string, remote: SocketAddress): void {
    this.#refused(why, remote)
    socket.destroy()
  }

  #refused(why: string, { address, port }: SocketAddress = { address: '', port: 0 }): void {
    this.#options.onRefused?.(why, formatAuthority(address || 'unknown', port))
  }
}

const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY }

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Stop that program or choose another port',
  EACCES: 'Ports below 1024 need a privilege: choose a higher one',
  EADDRNOTAVAIL: 'Choose an address of this machine',
}

function cannotListen(options: ListenSocketsOptions, cause: Error): MsrpError {
  const text = `cannot listen on ${formatAuthority(options.host ?? '*', options.port)}: ${socketReason(cause)}`
  const remedy = remedies[errorCode(cause)] ?? 'Choose another address or port'
  return new MsrpError('unreachable', `${text}. ${remedy}`, { cause })
}

function remoteOf(socket: Socket): SocketAddress {
  return { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 }
}

/** The addresses tell which raw socket a secured one stands on; Node links them only internally. */
function connectionKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`
}
