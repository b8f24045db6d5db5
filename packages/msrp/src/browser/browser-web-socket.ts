import type { Cancel } from '../connection/index.ts'
import { MessageAssembly, type MessageFraming, type Transport, type TransportHandler } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import { browserClock } from './browser-clock.ts'

/** Bytes that may wait unread: a browser goes on reading whether we want more or not. */
const MOST_WAITING = 8 * 1024 * 1024

/** What a message that waits costs beside its bytes, about; counted with them. */
const MESSAGE_COST = 128

/** Largest message that is sent, in bytes; chunks are cut to it. */
const MOST_MESSAGE = 64 * 1024

/** How often to look whether what was sent has gone, in ms. */
const LOOK_EVERY = 4

/** After `close()`: how long the browser may take for the rest without any of it going out, in ms. */
const CLOSE_TIMEOUT = 10_000

/** Done; the page is left; no reason given (RFC 6455 §7.4.1). */
const ORDERLY: ReadonlySet<number> = new Set([1000, 1001, 1005])

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
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed' = 'open'
  #error: MsrpError | undefined
  /** `onClose` was called, or would have been. */
  #gone = false
  #paused = false
  /** What has not been read, in order; each of them is another object. */
  readonly #waiting: Set<Uint8Array> = new Set()
  #waitingBytes = 0
  #cancelLook: Cancel | undefined
  #cancelTimer: Cancel = () => {}

  /** `webSocket`: open, its `binaryType` is `arraybuffer`. `secure`: nobody else can read what it carries. */
  constructor(webSocket: WebSocket, secure: boolean) {
    const { protocol, host } = new URL(webSocket.url)
    this.#webSocket = webSocket
    this.secure = secure
    this.description = `${protocol.slice(0, -1)} ${host}`
    this.#assembly = new MessageAssembly(MOST_MESSAGE, (message) => {
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
      this.#waiting.add(bytes)
      this.#waitingBytes += bytes.length + MESSAGE_COST
    }
    this.#deliver()
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
    for (const bytes of this.#waiting) {
      if (this.#handler === undefined || this.#paused) return
      this.#waiting.delete(bytes)
      this.#waitingBytes -= bytes.length + MESSAGE_COST
      this.#handler.onData(bytes)
    }
    if (!this.#paused && this.#webSocket.readyState === WebSocket.CLOSED) this.#end()
  }

  #forget(): void {
    this.#waiting.clear()
    this.#waitingBytes = 0
  }

  #look(): void {
    this.#cancelLook ??= browserClock.after(LOOK_EVERY, () => this.#lookNow())
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
    this.#cancelTimer = browserClock.after(CLOSE_TIMEOUT, () => {
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
    else this.#deliver()
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
