import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { MsrpError } from '../wire/index.ts'
import { formatAuthority, plainAddress } from './authority.ts'
import { contextOptions, type TlsMaterial } from './certificates.ts'
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
  onTransport(transport: SocketTransport, accepted: Accepted): void
  /** Called for each connection that came to nothing: failed or stalled handshake, or over the limit. For logs and counters. */
  onRefused?(why: string, remote: string): void
  /** For the whole TLS handshake from the connection's first moment, in ms. Default 10 000. */
  readonly handshakeTimeout?: number
  /** Connections beyond this number are closed at once. Default: no limit. */
  readonly maxConnections?: number
  /** Several processes share the port (Linux and others; not Windows). Default false. */
  readonly reusePort?: boolean
  /** Passed on to each transport. */
  readonly transport?: SocketTransportOptions
}

/** A listener that is open. */
export interface SocketListener {
  /** The bound address, numeric, and port. */
  readonly address: { readonly host: string; readonly port: number }
  readonly secure: boolean
  /** Connections now, those in their handshake included. */
  readonly connections: number
  /** New connections get this certificate; present ones keep theirs. Throws MsrpError `invalid-argument` and changes nothing. */
  setSecureContext(tls: ListenTls): void
  /**
   * Stops accepting; handshakes under way are cut off. Resolves when the port is free. The transports go on; with
   * `{ transports: true }` they are destroyed as well and the promise waits for their end.
   */
  close(options?: { readonly transports?: boolean }): Promise<void>
}

/**
 * Opens a TCP or TLS listener. Rejects with MsrpError `unreachable` when the address is in use, not ours or not
 * permitted, and `invalid-argument` when certificate and key cannot be used.
 */
export async function listenSockets(options: ListenOptions): Promise<SocketListener> {
  const context = options.tls && contextOptions(options.tls)
  const refused = (why: string, remote: string): void => options.onRefused?.(why, remote)
  /** Every connection, in its raw form; and those of them whose handshake is not complete. */
  const sockets = new Set<Socket>()
  const handshaking = new Map<string, Socket>()
  const transports = new Set<SocketTransport>()

  const accept = (socket: Socket, tls?: TlsFacts): void => {
    const transport = new SocketTransport(socket, options.transport)
    transports.add(transport)
    socket.once('close', () => transports.delete(transport))
    options.onTransport(transport, {
      ...(tls ? { tls } : {}),
      remote: { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 },
      local: { address: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? 0 },
    })
  }

  const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY }
  const server = context
    ? createTlsServer({
        ...context,
        ...socketOptions,
        requestCert: options.requestCert ?? false,
        // Whether a certificate passes is told, not enforced: RFC 4976 §9.2 wants those of clients ignored.
        rejectUnauthorized: false,
        // Runs from the connection's first moment: Node starts it before the ClientHello, and handshake bytes do not renew it.
        handshakeTimeout: options.handshakeTimeout ?? 10_000,
      })
    : createTcpServer(socketOptions)
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections

  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    const key = connectionKey(socket)
    if (context) handshaking.set(key, socket)
    socket.once('close', () => {
      sockets.delete(socket)
      if (handshaking.get(key) === socket) handshaking.delete(key)
    })
    if (!context) accept(socket)
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    handshaking.delete(connectionKey(socket))
    accept(socket, tlsFacts(socket))
  })
  server.on('tlsClientError', (cause: Error, socket: TLSSocket) => {
    const why = errorCode(cause) === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'no TLS handshake in time' : socketReason(cause)
    refused(why, formatAuthority(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0))
  })
  server.on('drop', (dropped) => {
    refused('too many connections', formatAuthority(dropped?.remoteAddress ?? 'unknown', dropped?.remotePort ?? 0))
  })

  await bind(server, options)
  // From here on an error is a failed accept (too many open files): that connection is lost, the listener is not.
  server.on('error', (cause) => refused(socketReason(cause), 'unknown'))
  const bound = server.address()
  const address = typeof bound === 'object' && bound ? { host: bound.address, port: bound.port } : { host: '', port: 0 }

  return {
    address,
    secure: context !== undefined,
    get connections(): number {
      return sockets.size
    },
    setSecureContext(tls: ListenTls): void {
      const next = contextOptions(tls)
      if (isTls(server)) server.setSecureContext(next)
      else
        throw new MsrpError('invalid-argument', 'this listener does not use TLS, so it has no certificate to replace')
    },
    async close(how: { readonly transports?: boolean } = {}): Promise<void> {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of handshaking.values()) socket.destroy()
      if (!how.transports) return
      for (const transport of transports) transport.destroy()
      await closed
    },
  }
}

function isTls(server: Server): server is TlsServer {
  return 'setSecureContext' in server
}

function bind(server: Server, options: ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onError = (cause: Error): void => {
    const text = `cannot listen on ${formatAuthority(options.host ?? '*', options.port)}: ${socketReason(cause)}`
    reject(
      new MsrpError('unreachable', `${text}. ${remedies[errorCode(cause)] ?? 'Choose another address or port'}`, {
        cause,
      }),
    )
  }
  server.once('error', onError)
  server.listen({ host: options.host, port: options.port, ...(options.reusePort ? { reusePort: true } : {}) }, () => {
    server.off('error', onError)
    resolve()
  })
  return promise
}

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Stop that program or choose another port',
  EACCES: 'Ports below 1024 need a privilege: choose a higher one',
  EADDRNOTAVAIL: 'Choose an address of this machine',
}

/** A connection's addresses tell its raw socket from the secured one, which Node does not link publicly. */
function connectionKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`
}
