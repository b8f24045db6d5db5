import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type SocketAddress, WebSocketTransport } from 'msrp/node'
import { WebSocketServer } from 'ws'
import type { WebSocketSettings } from '../config/index.ts'
import type { HandshakeUser } from '../forwarding/handshake-user.ts'
import type { Log } from '../forwarding/settings.ts'
import { shownCredentials, subprotocols } from './handshake-credentials.ts'
import { mayConnect } from './origins.ts'

/** Bytes of the fields of a request. Cookies of other programs on the same name may be long. */
const HEADER_BYTES = 16 * 1024

/** Frames of one message: nobody needs more of them, and each costs something. */
const MOST_FRAMES = 1024

/**
 * Bytes that the pieces have on average in which a message arrives. Each piece costs a hundred times what is in it when that
 * is a single byte; no network and no TLS cuts as small as this.
 */
const BYTES_PER_PIECE = 64

/** What the handshakes need. */
export interface WebSocketOptions {
  /** Looked at for each handshake: they may change. */
  readonly settings: () => WebSocketSettings
  /** Names of this relay, in lower case: pages from there may connect unless others are named. */
  readonly ownNames: () => readonly string[]
  /** Seconds for the whole handshake. */
  readonly handshakeTime: () => number
  readonly log: Log
  /** Who has these credentials; undefined when they are wrong. Rejects when that cannot be found out now. */
  authenticate(username: string, password: string): Promise<HandshakeUser | undefined>
  onConnection(transport: WebSocketTransport, user: HandshakeUser | undefined): void
}

/** A handshake that is refused: status and what to tell. */
interface Refusal {
  readonly status: number
  readonly why: string
  readonly fields?: readonly string[]
}

/**
 * Makes WebSockets of connections that come in (RFC 7977 §4.1, §7). Everything of a request is looked at before it is
 * answered: path, sub-protocol, origin, and credentials if it shows any.
 */
export class WebSocketHandshakes {
  readonly #options: WebSocketOptions
  readonly #http: Server
  readonly #webSockets: WebSocketServer
  /** Connections whose handshake is under way, with what ends those that take too long. */
  readonly #pending: Map<Socket, { readonly timer: NodeJS.Timeout; readonly remote: SocketAddress }> = new Map()

  constructor(options: WebSocketOptions) {
    this.#options = options
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Bodies are mostly compressed already, and the memory of a compressor is many times that of a connection.
      perMessageDeflate: false,
      // RFC 7977 §4.2: what comes as text is bytes as well.
      skipUTF8Validation: true,
      maxFragments: MOST_FRAMES,
      handleProtocols: () => 'msrp',
    })
    // RFC 7977 §7
    this.#webSockets.on('headers', (fields, { headers }) => {
      if (headers.origin !== undefined) fields.push(`Access-Control-Allow-Origin: ${headers.origin}`, 'Vary: Origin')
    })
    this.#http = createServer({ maxHeaderSize: HEADER_BYTES, noDelay: true })
    this.#http.maxRequestsPerSocket = 1
    this.#http.on('request', (request, response) => this.#noUpgrade(request, response))
    this.#http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      void this.#upgrade(request, socket as Socket, head)
    })
    this.#http.on('clientError', (cause: NodeJS.ErrnoException, socket) => {
      const status = cause.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
      refuse(socket, { status, why: 'this is no request of HTTP that could be read' })
    })
  }

  /** Takes a connection: for TLS after its handshake, else from this machine, where a proxy may have taken TLS off. */
  accept(socket: Socket, remote: SocketAddress): void {
    const timer = setTimeout(() => socket.destroy(), this.#options.handshakeTime() * 1000)
    this.#pending.set(socket, { timer, remote })
    socket.once('close', () => this.#settled(socket))
    this.#http.emit('connection', socket)
  }

  /** Ends what has not become a WebSocket yet. */
  close(): void {
    for (const socket of this.#pending.keys()) socket.destroy()
  }

  #settled(socket: Socket): void {
    clearTimeout(this.#pending.get(socket)?.timer)
    this.#pending.delete(socket)
  }

  #noUpgrade(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'close, Upgrade', 'Content-Type': 'text/plain' })
    response.end('This is an MSRP relay: it speaks WebSocket with the sub-protocol msrp (RFC 7977)\n')
    request.destroy()
  }

  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { log, onConnection } = this.#options
    const remote = this.#pending.get(socket)?.remote
    const checked = await this.#check(request)
    if (socket.destroyed) return
    if ('status' in checked) {
      const { status, why } = checked
      // Neither path nor fields: they may hold what is secret.
      log.info({ address: remote?.address, origin: request.headers.origin, status, why }, 'refused: a WebSocket')
      refuse(socket, checked)
      return
    }
    const { maxMessage, maxSentMessage, pingInterval } = this.#options.settings()
    this.#webSockets.options.maxPayload = maxMessage
    this.#webSockets.options.maxBufferedChunks = Math.ceil(maxMessage / BYTES_PER_PIECE)
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#settled(socket)
      const options = { maxMessage: maxSentMessage, pingInterval: pingInterval * 1000, secure: true, remote }
      onConnection(new WebSocketTransport(webSocket, socket, options), checked.user)
    })
  }

  /** Who may connect; or why not. */
  async #check({
    headers,
    url = '/',
  }: IncomingMessage): Promise<Refusal | { readonly user: HandshakeUser | undefined }> {
    const { path, origins, handshakeCredentials, cookie } = this.#options.settings()
    if (path !== undefined && url.split('?', 1)[0] !== path) return { status: 404, why: 'nothing is at this path' }
    if (!subprotocols(headers['sec-websocket-protocol']).includes('msrp')) {
      return { status: 400, why: 'Sec-WebSocket-Protocol has to name msrp' }
    }
    const { origin } = headers
    if (origin !== undefined && !mayConnect(origin, origins, this.#options.ownNames())) {
      return { status: 403, why: 'pages of this origin may not connect here' }
    }
    const shown = handshakeCredentials ? shownCredentials(headers, cookie) : undefined
    if (shown === undefined) return { user: undefined }
    if (shown === 'unreadable') return unauthorized
    try {
      const user = await this.#options.authenticate(shown.username, shown.password)
      return user === undefined ? unauthorized : { user }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#options.log.warn({ error: reason }, 'the credentials of a WebSocket could not be checked')
      return { status: 503, why: 'credentials cannot be checked at the moment', fields: ['Retry-After: 10'] }
    }
  }
}

/** No WWW-Authenticate: a browser would ask its user for a password that is none of his. */
const unauthorized: Refusal = { status: 401, why: 'these credentials are not right, or not any more' }

function refuse(socket: Duplex, { status, why, fields = [] }: Refusal): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = `${why}\n`
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...fields,
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
