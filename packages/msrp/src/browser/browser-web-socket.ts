import type { Cancel, Clock } from '../connection/index.ts'
import { MessageAssembly, type MessageFraming, type Transport, type TransportHandler } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import { browserClock } from './browser-clock.ts'

/** Bytes that may wait unread: a browser goes on reading whether we want more or not. */
const MOST_WAITING = 8 * 1024 * 1024

/** What a message that waits costs beside its bytes, about; counted with them. */
const MESSAGE_COST = 128

/** How often to look whether what was sent has gone, in ms. */
const LOOK_EVERY = 4

/** After `close()`: how long the browser may take for the rest without any of it going out, in ms. */
const CLOSE_TIMEOUT = 10_000

/** Done; the page is left; no reason given (RFC 6455 §7.4.1). */
const ORDERLY: ReadonlySet<number> = new Set([1000, 1001, 1005])

/** Bounds of a WebSocket of the browser. */
export interface BrowserWebSocketOptions {
  /** Largest message that is sent, in bytes, at least 32 KiB; chunks are cut to it. Default 64 KiB. */
  readonly maxMessage?: number
  /** Whether nobody else can read what it carries. Default: by the scheme of its URL. */
  readonly secure?: boolean
  /** Default: the browser's clock. */
  readonly clock?: Clock
}

/**
 * An open WebSocket of the browser as a `Transport` (RFC 7977). It owns it from then on.
 *
 * What browsers do not let a page do: stop reading, so that what arrives while paused is kept, up to 8 MiB, and then the
 * connection is given up; learn when bytes have gone, so that it is looked for every few milliseconds; and throw away
 * what was sent, so that `destroy` only looks away.
 */
export class BrowserWebSocket implements Transport {
  readonly description: string
  readonly secure: boolean
  readonly #webSocket: WebSocket
  readonly #assembly: MessageAssembly
  readonly #clock: Clock
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed' = 'open'
  #error: MsrpError | undefined
  /** `onClose` was called, or would have been. */
  #gone = false
  #paused = false
  #waiting: Uint8Array[] = []
  /** How many of them have been read. */
  #read = 0
  #waitingBytes = 0
  #delivering = false
  #cancelLook: Cancel | undefined
  #cancelTimer: Cancel = () => {}

  /** `webSocket`: open, its `binaryType` is `arraybuffer`. */
  constructor(webSocket: WebSocket, options: BrowserWebSocketOptions = {}) {
    const { protocol, host } = new URL(webSocket.url)
    this.#webSocket = webSocket
    this.#clock = options.clock ?? browserClock
    this.secure = options.secure ?? protocol === 'wss:'
    this.description = `${protocol.slice(0, -1)} ${host}`
    this.#assembly = new MessageAssembly(options.maxMessage ?? 64 * 1024, (message) => {
      webSocket.send(message)
      this.#look()
    })
    webSocket.addEventListener('message', ({ data }) => this.#onMessage(data))
    webSocket.addEventListener('close', ({ code, reason }) => this.#onClose(code, reason))
  }

  get messages(): MessageFraming {
    return this.#assembly
  }

  get bufferedBytes(): number {
    return this.#state === 'closed' ? 0 : this.#webSocket.bufferedAmount
  }

  start(handler: TransportHandler): void {
    if (this.#handler) throw new MsrpError('invalid-argument', `${this.description}: start() was called twice`)
    this.#handler = handler
    this.#deliverSoon()
  }

  write(bytes: Uint8Array): void {
    // While it is not open any more, and nothing has told us yet, what is sent would only be counted.
    if (this.#state === 'open' && this.#webSocket.readyState === WebSocket.OPEN) this.#assembly.write(bytes)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#deliverSoon()
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#forget()
    this.#assembly.end()
    this.#webSocket.close(1000)
    this.#boundClose()
  }

  destroy(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#forget()
    this.#webSocket.close()
    queueMicrotask(() => this.#end())
  }

  #onMessage(data: unknown): void {
    if (this.#state !== 'open') return
    // RFC 7977 §4.2: text is bytes, too.
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer)
    if (bytes.length > 0) {
      this.#waiting.push(bytes)
      this.#waitingBytes += bytes.length + MESSAGE_COST
    }
    if (this.#handler !== undefined && !this.#paused) this.#deliver()
    if (this.#waitingBytes > MOST_WAITING) {
      const text = `${this.description}: more arrives than is read, and a browser cannot have the far side wait`
      this.#error = new MsrpError('limit-exceeded', text)
      this.destroy()
    }
    // An answer comes also where timers hardly do.
    if (this.#cancelLook !== undefined) this.#lookNow()
  }

  #deliverSoon(): void {
    queueMicrotask(() => this.#deliver())
  }

  #deliver(): void {
    if (this.#delivering || this.#handler === undefined) return
    this.#delivering = true
    while (this.#state === 'open' && !this.#paused) {
      const bytes = this.#next()
      if (bytes === undefined) break
      this.#handler.onData(bytes)
    }
    this.#delivering = false
    const { readyState } = this.#webSocket
    if (readyState === WebSocket.CLOSED && !this.#paused && this.#waiting.length === 0) this.#end()
  }

  /** Takes what has waited longest; the array is shortened now and then, since that moves all that is in it. */
  #next(): Uint8Array | undefined {
    const bytes = this.#waiting[this.#read]
    if (bytes === undefined) return undefined
    this.#waitingBytes -= bytes.length + MESSAGE_COST
    this.#read++
    if (this.#read * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#read)
      this.#read = 0
    }
    return bytes
  }

  #forget(): void {
    this.#waiting = []
    this.#read = 0
    this.#waitingBytes = 0
  }

  #look(): void {
    this.#cancelLook ??= this.#clock.after(LOOK_EVERY, () => this.#lookNow())
  }

  #lookNow(): void {
    this.#cancelLook?.()
    this.#cancelLook = undefined
    if (this.#state !== 'open') return
    if (this.#webSocket.bufferedAmount > 0) this.#look()
    else this.#handler?.onDrain()
  }

  #boundClose(): void {
    const before = this.#webSocket.bufferedAmount
    this.#cancelTimer = this.#clock.after(CLOSE_TIMEOUT, () => {
      const left = this.#webSocket.bufferedAmount
      if (left > 0 && left < before) return this.#boundClose()
      if (left > 0) this.#error = this.#lost(`closed with ${left} bytes that the far side did not take`)
      this.#end()
    })
  }

  #onClose(code: number, reason: string): void {
    if (this.#state === 'open' && !ORDERLY.has(code)) {
      const words = code === 1006 ? 'the connection broke' : `closed with ${code} ${reason}`.trimEnd()
      this.#error ??= this.#lost(words)
    }
    // What came before the end is read first.
    if (this.#state !== 'open') this.#end()
    else if (this.#handler !== undefined) this.#deliver()
  }

  #lost(words: string): MsrpError {
    return new MsrpError('connection-lost', `${this.description}: ${words}`)
  }

  #end(): void {
    if (this.#gone || this.#handler === undefined) return
    this.#gone = true
    this.#state = 'closed'
    this.#cancelTimer()
    this.#cancelLook?.()
    this.#handler.onClose(this.#error)
  }
}
