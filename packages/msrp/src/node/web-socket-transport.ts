import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Cancel, Clock } from '../connection/clock.ts'
import { MessageAssembly } from '../connection/message-assembly.ts'
import type { MessageFraming, Transport, TransportHandler } from '../connection/transport.ts'
import { type FingerprintHash, MsrpError } from '../wire/index.ts'
import { formatAuthority } from './authority.ts'
import { peerDigest } from './fingerprint.ts'
import { nodeClock } from './node-clock.ts'
import { connectionLost } from './socket-error.ts'
import { KEEP_ALIVE_DELAY } from './socket-transport.ts'

/** Default of `maxMessage`: what browsers and their libraries take in without effort. */
export const MESSAGE_BYTES: number = 64 * 1024

/** Default for the largest message that is taken in, in bytes: others may cut their chunks later than we do. */
export const MOST_MESSAGE_BYTES: number = 128 * 1024

/** Bounds of a WebSocket. Times in milliseconds, sizes in bytes. */
export interface WebSocketTransportOptions {
  /** Largest message that is sent, at least 32 KiB; chunks are cut to it. Default 64 KiB. */
  readonly maxMessage?: number
  /** A ping goes out after each time of this length, and something has to come before the next is due. Default 30 000. */
  readonly pingInterval?: number
  /** After `close()`: how long the far side may take no byte of what is buffered. Default 30 000. */
  readonly flushTimeout?: number
  /** After everything is sent: how long to wait for the far side's end. Default 2 000. */
  readonly lingerTimeout?: number
  /** As in `SocketTransportOptions`. Default 60 000. */
  readonly keepAliveDelay?: number
  /** From whom the connection comes, where a proxy has told. Default: the far end of the socket. */
  readonly remote?: { readonly address: string; readonly port: number } | undefined
  /** The connection counts as secure although it is plain TCP: a proxy on this machine ends TLS. Default: as the socket is. */
  readonly secure?: boolean
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** What is used of a `WebSocket` of the package `ws`, so that nobody needs the types of that package to compile with ours. */
export interface OpenWebSocket {
  on(event: 'message', listener: (data: Buffer) => void): unknown
  on(event: 'error', listener: (cause: Error) => void): unknown
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown
  send(data: Uint8Array, options: { binary: boolean; compress: boolean }, sent: (cause?: Error | null) => void): void
  ping(): void
  pause(): void
  resume(): void
  close(code: number): void
  terminate(): void
}

/**
 * An open WebSocket of the package `ws`, on either side, as a `Transport` (RFC 7977). It owns WebSocket and socket from
 * then on. Made inside of the `open` event, or of the callback of `handleUpgrade`, so that nothing that arrives is lost.
 *
 * Each chunk goes out as one binary message; of what arrives, text or binary, the bytes are handed on as they are.
 */
export class WebSocketTransport implements Transport {
  readonly description: string
  readonly secure: boolean
  readonly #webSocket: OpenWebSocket
  readonly #socket: Socket
  readonly #assembly: MessageAssembly
  readonly #clock: Clock
  readonly #pingInterval: number
  readonly #flushTimeout: number
  readonly #lingerTimeout: number
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed' = 'open'
  #error: MsrpError | undefined
  /** The WebSocket's `close` came. */
  #gone = false
  #paused = false
  #buffered = 0
  /** The socket is corked up to the end of this turn of the event loop. */
  #corked = false
  #cancelTimer: Cancel = () => {}
  #cancelPing: Cancel = () => {}
  /** What had been read when the last ping went out; undefined when an answer could not be seen. */
  #readAtPing: number | undefined

  /** `socket`: what the WebSocket stands on. */
  constructor(webSocket: OpenWebSocket, socket: Socket, options: WebSocketTransportOptions = {}) {
    this.#webSocket = webSocket
    this.#socket = socket
    const secured = socket instanceof TLSSocket
    this.secure = options.secure ?? secured
    const { address = socket.remoteAddress ?? 'unknown', port = socket.remotePort ?? 0 } = options.remote ?? {}
    this.description = `${secured ? 'wss' : 'ws'} ${formatAuthority(address, port)}`
    this.#clock = options.clock ?? nodeClock
    this.#pingInterval = options.pingInterval ?? 30_000
    this.#flushTimeout = options.flushTimeout ?? 30_000
    this.#lingerTimeout = options.lingerTimeout ?? 2_000
    this.#assembly = new MessageAssembly(options.maxMessage ?? MESSAGE_BYTES, (message) => this.#send(message))
    webSocket.pause()
    socket.setKeepAlive(true, options.keepAliveDelay ?? KEEP_ALIVE_DELAY)
    webSocket.on('message', (data: Buffer) => {
      if (this.#state === 'open') this.#handler?.onData(data)
    })
    // It closes by itself then, and waits for the far side; that must not take long.
    webSocket.on('error', (cause) => {
      this.#fail(flawOf(this.description, cause))
      this.#state = 'closed'
      this.#linger()
    })
    // The WebSocket does not tell of them.
    socket.on('error', (cause) => this.#fail(connectionLost(this.description, cause)))
    webSocket.on('close', (code: number, reason: Buffer) => this.#onClose(code, reason.toString()))
    this.#armPing()
  }

  get messages(): MessageFraming {
    return this.#assembly
  }

  get bufferedBytes(): number {
    return this.#buffered
  }

  peerDigest(hash: FingerprintHash): string | undefined {
    return this.#socket instanceof TLSSocket ? peerDigest(this.#socket, hash) : undefined
  }

  start(handler: TransportHandler): void {
    if (this.#handler) throw new MsrpError('invalid-argument', `${this.description}: start() was called twice`)
    this.#handler = handler
    if (this.#gone) setImmediate(() => handler.onClose(this.#error))
    else if (!this.#paused) this.#webSocket.resume()
  }

  write(bytes: Uint8Array): void {
    if (this.#state === 'open' && bytes.length > 0) this.#assembly.write(bytes)
  }

  pause(): void {
    if (this.#state !== 'open') return
    this.#paused = true
    this.#readAtPing = undefined
    this.#webSocket.pause()
  }

  resume(): void {
    if (this.#state !== 'open') return
    this.#paused = false
    if (this.#handler) this.#webSocket.resume()
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#assembly.end()
    this.#webSocket.close(1000)
    // The far side's end has to be seen.
    this.#webSocket.resume()
    if (this.#buffered > 0) this.#boundFlush()
    else this.#linger()
  }

  destroy(): void {
    if (this.#state === 'closed' && this.#gone) return
    this.#state = 'closed'
    this.#buffered = 0
    this.#webSocket.terminate()
  }

  #send(message: Uint8Array): void {
    if (!this.#corked) {
      // Everything that one turn brings leaves in one system call, or in as few TLS records as possible.
      this.#corked = true
      this.#socket.cork()
      setImmediate(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#buffered += message.length
    this.#webSocket.send(message, { binary: true, compress: false }, (cause) => {
      if (!cause) this.#onTaken(message.length)
    })
  }

  #onTaken(bytes: number): void {
    if (this.#state === 'closed') return
    this.#buffered -= bytes
    if (this.#state === 'closing') {
      if (this.#buffered > 0) this.#boundFlush()
      else this.#linger()
    } else if (this.#buffered === 0) this.#handler?.onDrain()
  }

  /** A far side that reads nothing must not keep a closing connection for ever: each taken piece starts the wait anew. */
  #boundFlush(): void {
    this.#cancelTimer()
    const patience = this.#flushTimeout
    this.#cancelTimer = this.#clock.after(patience, () => {
      const left = this.#buffered
      this.#fail(
        connectionLost(this.description, new Error(`closed with ${left} bytes that were not taken in ${patience} ms`)),
      )
      this.#webSocket.terminate()
    })
  }

  /** All is with the operating system; what remains is courtesy. */
  #linger(): void {
    this.#cancelTimer()
    if (!this.#gone) this.#cancelTimer = this.#clock.after(this.#lingerTimeout, () => this.#webSocket.terminate())
  }

  /** RFC 7977 §6. Also proxies on the way forget a connection that is silent for a minute or so. */
  #armPing(): void {
    this.#cancelPing = this.#clock.after(this.#pingInterval, () => {
      if (this.#state !== 'open') return
      const { bytesRead } = this.#socket
      if (this.#readAtPing === bytesRead) {
        this.#fail(connectionLost(this.description, new Error('the far side does not answer pings')))
        this.#webSocket.terminate()
        return
      }
      // Behind what waits a ping would say nothing; and who is not read cannot be heard.
      const audible = !this.#paused && this.#handler !== undefined && this.#buffered === 0
      if (audible) this.#webSocket.ping()
      this.#readAtPing = audible ? bytesRead : undefined
      this.#armPing()
    })
  }

  #fail(error: MsrpError): void {
    if (this.#state === 'open' || (this.#state === 'closing' && this.#buffered > 0)) this.#error ??= error
  }

  #onClose(code: number, reason: string): void {
    if (this.#gone) return
    // Neither an orderly end of the far side nor one of ours.
    if (!ORDERLY.has(code)) {
      const words = code === 1006 ? 'the far side ended it without a word' : `closed with ${code} ${reason}`.trimEnd()
      this.#fail(connectionLost(this.description, new Error(words)))
    }
    this.#gone = true
    this.#state = 'closed'
    this.#buffered = 0
    this.#cancelTimer()
    this.#cancelPing()
    this.#handler?.onClose(this.#error)
  }
}

/** Done; the page is left; no reason given (RFC 6455 §7.4.1). */
const ORDERLY: ReadonlySet<number> = new Set([1000, 1001, 1005])

function flawOf(description: string, cause: Error): MsrpError {
  const code = 'code' in cause ? cause.code : undefined
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' || code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH') {
    const text = `${description}: a message is larger than is taken in. Chunks have to be smaller`
    return new MsrpError('limit-exceeded', text, { cause })
  }
  if (typeof code === 'string' && code.startsWith('WS_ERR_')) {
    return new MsrpError('malformed', `${description} does not keep to WebSocket: ${cause.message}`, { cause })
  }
  return connectionLost(description, cause)
}
