import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { MsrpError } from '../wire/index.ts'
import { formatAuthority } from './authority.ts'
import { type DialOptions, openSocket, within } from './dial.ts'
import { socketReason } from './socket-error.ts'
import { MOST_MESSAGE_BYTES, WebSocketTransport, type WebSocketTransportOptions } from './web-socket-transport.ts'

/** Where to connect to, and how. */
export interface WebSocketDialOptions extends Omit<DialOptions, 'transport'> {
  /** Path and query of the URL. Default `/`. */
  readonly path?: string
  /** What to name in Sec-WebSocket-Protocol besides `msrp`: see `handshakeProtocol`. */
  readonly protocols?: readonly string[]
  /** Further fields of the request, such as Cookie. */
  readonly headers?: Readonly<Record<string, string>>
  /** Largest message that is taken in, in bytes. Default 128 KiB. */
  readonly maxPayload?: number
  /** Passed on to the transport. */
  readonly transport?: WebSocketTransportOptions
}

/**
 * Connects to a relay by WebSocket (RFC 7977 §4.1). Without `secure` it is `ws:`, for a relay on this machine. Rejects as
 * `dial` does, and with `unauthorized` (401), `refused` (403: the origin; and others) or `not-msrp` when the handshake is
 * turned down.
 */
export async function dialWebSocket(options: WebSocketDialOptions): Promise<WebSocketTransport> {
  const { host, port, secure, signal, path = '/' } = options
  const target = formatAuthority(host, port)
  const timeout = options.handshakeTimeout ?? 10_000
  const { socket } = await openSocket(options)
  const late = (): MsrpError => {
    const text = `${target} did not answer the WebSocket handshake within ${timeout} ms`
    return new MsrpError('timeout', `${text}. Check that it is a WebSocket port`)
  }
  // Loaded only here: few need it.
  const { WebSocket: Socket } = await import('ws')
  try {
    return await within(timeout, signal, late, (given) => {
      const url = new URL(path, `${secure ? 'wss' : 'ws'}://${formatAuthority(options.names?.[0] ?? host, port)}`)
      const webSocket = new Socket(url, ['msrp', ...(options.protocols ?? [])], {
        createConnection: () => socket,
        // Bodies are mostly compressed already, and the memory of a compressor is many times that of a connection.
        perMessageDeflate: false,
        // RFC 7977 §4.2: what comes as text is bytes as well.
        skipUTF8Validation: true,
        maxPayload: options.maxPayload ?? MOST_MESSAGE_BYTES,
        headers: { ...options.headers },
      })
      return opened(webSocket, socket, target, given, options.transport)
    })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function opened(
  webSocket: WebSocket,
  socket: Socket,
  target: string,
  signal: AbortSignal,
  transport: WebSocketTransportOptions | undefined,
): Promise<WebSocketTransport> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocketTransport>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  webSocket.on('open', () => {
    if (webSocket.protocol === 'msrp') resolve(new WebSocketTransport(webSocket, socket, transport))
    else reject(new MsrpError('not-msrp', `${target} speaks WebSocket, but not MSRP over it (RFC 7977 §4.1)`))
  })
  webSocket.on('unexpected-response', (_, response: IncomingMessage) => reject(turnedDown(target, response)))
  // Stays for good: what comes after it was given up must not end the process.
  webSocket.on('error', (cause) => {
    const text = `${target} does not speak MSRP over WebSocket: ${socketReason(cause)}`
    reject(new MsrpError('not-msrp', `${text}. Check port and path`, { cause }))
  })
  return promise
}

function turnedDown(target: string, { statusCode = 0, statusMessage = '' }: IncomingMessage): MsrpError {
  const said = `${target} refused the WebSocket handshake: ${statusCode} ${statusMessage}`.trimEnd()
  if (statusCode === 401) return new MsrpError('unauthorized', `${said}. Its token may have expired`)
  if (statusCode === 404) return new MsrpError('not-msrp', `${said}. Check the path of the URL`)
  if (statusCode < 400) return new MsrpError('not-msrp', `${said}. It is a web server, but no WebSocket there`)
  return new MsrpError('refused', said, { status: statusCode })
}
