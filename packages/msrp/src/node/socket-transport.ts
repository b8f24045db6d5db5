import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Cancel, Clock } from '../connection/clock.ts'
import type { Transport, TransportHandler } from '../connection/transport.ts'
import { type FingerprintHash, MsrpError } from '../wire/index.ts'
import { formatAuthority } from './authority.ts'
import { peerDigest } from './fingerprint.ts'
import { nodeClock } from './node-clock.ts'
import { connectionLost } from './socket-error.ts'
import { readSocket, type SocketReader } from './socket-reader.ts'
import { SocketWriter } from './socket-writer.ts'

/** Bounds of a socket that closes. Times in milliseconds. */
export interface SocketTransportOptions {
  /** After `close()`: how long the far side may take no byte of what is buffered. Default 30 000. */
  readonly flushTimeout?: number
  /**
   * After everything is sent: how long to wait for the far side's end. And after the far side's end: how long it may take
   * no byte of what is buffered. Default 2 000.
   */
  readonly lingerTimeout?: number
  /**
   * How long the connection may be silent before TCP asks for the far side, every second then: NATs forget silent
   * connections, and after ten questions without an answer the connection is lost. In whole seconds. Default 60 000.
   */
  readonly keepAliveDelay?: number
  /** From whom the connection comes, where a proxy has told. Default: the far end of the socket. */
  readonly remote?: { readonly address: string; readonly port: number } | undefined
  /** What it calls itself. Default: protocol and far address. */
  readonly description?: string
  /** The connection counts as secure although it is plain TCP: a proxy on this machine ends TLS. Default: as the socket is. */
  readonly secure?: boolean
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** Default of `keepAliveDelay`, in ms. NATs that forget sooner than RFC 5382 §5 lets them take two to five minutes. */
export const KEEP_ALIVE_DELAY: number = 60_000

/**
 * A connected TCP or TLS socket as a `Transport`. It owns the socket from then on.
 *
 * Writes of one turn of the event loop leave in as few system calls (TCP) or records (TLS) as possible. The far side's
 * end of stream closes this side too, once what is buffered is sent: MSRP has no use for a half-open connection.
 * After `close()` or `destroy()` the handler hears only `onClose`.
 *
 * While paused nothing is read, so a loss of the connection shows only at the next write or after `resume()`.
 */
export class SocketTransport implements Transport {
  readonly description: string
  readonly secure: boolean
  readonly #socket: Socket
  readonly #reader: SocketReader
  readonly #writer: SocketWriter
  readonly #clock: Clock
  readonly #lingerTimeout: number
  #handler: TransportHandler | undefined
  #state: 'open' | 'closing' | 'closed' = 'open'
  #error: MsrpError | undefined
  /** The socket's `close` came. */
  #gone = false
  /** How long a piece of what is buffered may take, in ms, once the connection closes. */
  #patience: number
  #cancelTimer: Cancel = () => {}

  /** `socket`: connected, and for TLS after the handshake; not read from by anyone else. */
  constructor(socket: Socket, options: SocketTransportOptions = {}) {
    this.#socket = socket
    this.secure = options.secure ?? socket instanceof TLSSocket
    this.description = options.description ?? describe(socket, options.remote)
    this.#clock = options.clock ?? nodeClock
    this.#patience = options.flushTimeout ?? 30_000
    this.#lingerTimeout = options.lingerTimeout ?? 2_000
    this.#reader = readSocket(socket)
    this.#writer = new SocketWriter(socket, () => this.#onTaken())
    // Else Node ends our side as soon as the far side has ended, and cuts off what the writer still holds.
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    socket.setKeepAlive(true, options.keepAliveDelay ?? KEEP_ALIVE_DELAY)
    socket.on('error', (cause) => {
      this.#fail(cause)
      // After some errors of TLS Node leaves the connection open.
      socket.destroy()
    })
    socket.on('close', () => this.#onSocketClose())
    if (socket.errored) this.#fail(socket.errored)
    if (socket.closed) this.#onSocketClose()
  }

  get bufferedBytes(): number {
    return this.#writer.buffered
  }

  peerDigest(hash: FingerprintHash): string | undefined {
    return this.#socket instanceof TLSSocket ? peerDigest(this.#socket, hash) : undefined
  }

  start(handler: TransportHandler): void {
    if (this.#handler) throw new MsrpError('invalid-argument', `${this.description}: start() was called twice`)
    this.#handler = handler
    if (this.#gone) setImmediate(() => handler.onClose(this.#error))
    else if (this.#state === 'open') {
      this.#reader.start(
        (bytes) => {
          if (this.#state === 'open') handler.onData(bytes)
        },
        () => this.#onEnd(),
      )
    }
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open' || bytes.length === 0) return
    this.#writer.write(bytes)
  }

  pause(): void {
    if (this.#state === 'open') this.#reader.pause()
  }

  resume(): void {
    if (this.#state === 'open') this.#reader.resume()
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#reader.discard()
    this.#boundFlush()
    this.#writer.end(() => {
      // All is with the operating system; what remains is courtesy.
      this.#cancelTimer()
      if (!this.#gone) this.#cancelTimer = this.#clock.after(this.#lingerTimeout, () => this.#socket.destroy())
    })
  }

  destroy(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#writer.forget()
    this.#socket.destroy()
  }

  /**
   * The far side's end, or a reset that Node takes for one: where a write under TLS was the first to meet the reset, Node
   * tells neither of the error nor ever of the write.
   */
  #onEnd(): void {
    this.#patience = this.#lingerTimeout
    if (this.#state === 'closing') this.#boundFlush()
    else this.close()
  }

  #onTaken(): void {
    if (this.#state === 'closing') this.#boundFlush()
    else if (this.#state === 'open' && this.#writer.buffered === 0) this.#handler?.onDrain()
  }

  /** A far side that reads nothing must not keep a closing connection for ever: each taken piece starts the wait anew. */
  #boundFlush(): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(this.#patience, () => {
      const left = this.#writer.buffered
      this.#fail(new Error(`closed with ${left} bytes that the far side did not take in ${this.#patience} ms`))
      this.#socket.destroy()
    })
  }

  #fail(cause: Error): void {
    // An error after our own end, with every byte sent, takes nothing from anyone: the far side just left in a hurry.
    const sentAll = this.#state === 'closing' && this.#socket.writableFinished
    if (this.#state !== 'closed' && !sentAll) this.#error ??= connectionLost(this.description, cause)
  }

  #onSocketClose(): void {
    if (this.#gone) return
    this.#gone = true
    this.#state = 'closed'
    this.#cancelTimer()
    this.#writer.forget()
    this.#handler?.onClose(this.#error)
  }
}

/** Such as `tls 192.0.2.7:2855` or `tcp [::1]:40312`. */
function describe(socket: Socket, remote?: SocketTransportOptions['remote']): string {
  const protocol = socket instanceof TLSSocket ? 'tls' : 'tcp'
  const { address = socket.remoteAddress ?? 'unknown', port = socket.remotePort ?? 0 } = remote ?? {}
  return `${protocol} ${formatAuthority(address, port)}`
}
