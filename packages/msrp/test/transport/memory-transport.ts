import { MessageAssembly } from '../../src/connection/message-assembly.ts'
import type { MessageFraming, Transport, TransportHandler } from '../../src/connection/transport.ts'
import { MsrpError } from '../../src/wire/index.ts'

/** How a pair behaves. What is left out behaves like an idle loopback connection. */
export interface MemoryPairOptions {
  /** Bytes that the "operating system" takes in each direction before `bufferedBytes` stays above 0. Default 64 KiB. */
  readonly capacity?: number
  /** Largest piece given to one `onData`, or a function that picks the size (1 … available). Default: all there is. */
  readonly split?: number | ((available: number) => number)
  /** True: nothing happens until `step` or `run` is called. False (default): events run as microtasks. */
  readonly manual?: boolean
  /** True: both ends claim to be protected by TLS. Default false. */
  readonly secure?: boolean
  /** Overwrite lent bytes once `onData` returned, so that whoever kept them without copying is found out. Default true. */
  readonly poison?: boolean
  /** Bytes travel in messages of at most so many bytes, as over WebSocket. */
  readonly messages?: number
  /** How the right end describes itself. */
  readonly description?: string
}

/** Two transports, each the far side of the other. */
export interface MemoryPair {
  readonly left: MemoryTransport
  readonly right: MemoryTransport
  /** The network fails: both ends lose the connection at once, and everything under way with it. */
  drop(reason?: string): void
  /** From now on bytes are taken and vanish, in both directions, and nobody is told: a dead NAT binding. */
  blackhole(): void
  /** Runs one event; false when there was none. Meant for `manual`, harmless otherwise. */
  step(): boolean
  /** Runs events until there are none; returns how many ran. */
  run(): number
}

/** Makes a connected pair. Deterministic: the same calls give the same events in the same order. */
export function memoryPair(options: MemoryPairOptions = {}): MemoryPair {
  const events = new EventQueue(options.manual ?? false)
  const wire: Wire = {
    events,
    capacity: options.capacity ?? 65_536,
    split: splitter(options.split),
    secure: options.secure ?? false,
    poison: options.poison ?? true,
    messages: options.messages,
    lost: false,
  }
  const left = new MemoryTransport(wire, 'memory left')
  const right = new MemoryTransport(wire, options.description ?? 'memory right')
  left.connectTo(right)
  right.connectTo(left)
  return {
    left,
    right,
    drop(reason = 'the test cut the connection'): void {
      left.lose(reason)
      right.lose(reason)
    },
    blackhole(): void {
      wire.lost = true
    },
    step: () => events.step(),
    run: () => events.run(),
  }
}

interface Wire {
  readonly events: EventQueue
  readonly capacity: number
  readonly split: (available: number) => number
  readonly secure: boolean
  readonly poison: boolean
  readonly messages: number | undefined
  lost: boolean
}

function splitter(split: MemoryPairOptions['split']): (available: number) => number {
  if (split === undefined) return (available) => available
  if (typeof split === 'number') return (available) => Math.min(split, available)
  return (available) => Math.min(available, Math.max(1, Math.floor(split(available))))
}

/** One end of a pair: see `memoryPair`. */
export class MemoryTransport implements Transport {
  readonly description: string
  /** The messages that went out, where there are messages. */
  readonly sent: Uint8Array[] = []
  readonly #wire: Wire
  readonly #assembly: MessageAssembly | undefined
  #far!: MemoryTransport
  #handler: TransportHandler | undefined
  /** Handed to `write`, not taken yet: what `bufferedBytes` counts. */
  readonly #outgoing = new ByteQueue()
  /** Taken from the far side, not delivered here yet. */
  readonly #arrived = new ByteQueue()
  #paused = false
  /** `open`, then `closing` (sends what is left, delivers nothing any more), then `closed`. */
  #state: 'open' | 'closing' | 'closed' = 'open'
  #farEnded = false
  #closeError: MsrpError | undefined
  #takeQueued = false
  #deliverQueued = false

  constructor(wire: Wire, description: string) {
    this.#wire = wire
    this.description = description
    if (wire.messages !== undefined) {
      this.#assembly = new MessageAssembly(wire.messages, (message) => {
        this.sent.push(message)
        this.#push(message)
      })
    }
  }

  get messages(): MessageFraming | undefined {
    return this.#assembly
  }

  connectTo(far: MemoryTransport): void {
    this.#far = far
  }

  get secure(): boolean {
    return this.#wire.secure
  }

  get bufferedBytes(): number {
    return this.#outgoing.bytes
  }

  /** True from `pause()` to `resume()`: for tests that look at back-pressure. */
  get paused(): boolean {
    return this.#paused
  }

  /** True once nothing more can happen on this end, whether or not `onClose` has been delivered yet. */
  get closed(): boolean {
    return this.#state === 'closed'
  }

  start(handler: TransportHandler): void {
    if (this.#handler) throw new Error('start() was called twice')
    this.#handler = handler
    if (this.#state === 'closed') this.#queueClose()
    else this.#queueDeliver()
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open' || bytes.length === 0) return
    if (this.#assembly !== undefined) this.#assembly.write(bytes)
    else this.#push(new Uint8Array(bytes))
  }

  #push(bytes: Uint8Array): void {
    this.#outgoing.push(bytes)
    this.#queueTake()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#queueDeliver()
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#queueTake()
  }

  destroy(): void {
    if (this.#state === 'closed') return
    this.#finish(undefined)
  }

  /** What the network does in `MemoryPair.drop`. */
  lose(reason: string): void {
    if (this.#state === 'closed') return
    this.#arrived.clear()
    this.#finish(new MsrpError('connection-lost', `${this.description}: ${reason}`))
  }

  #queueTake(): void {
    if (this.#takeQueued) return
    this.#takeQueued = true
    this.#wire.events.push(() => {
      this.#takeQueued = false
      this.#take()
    })
  }

  /** The "operating system" takes what there is room for and carries it to the far side. */
  #take(): void {
    if (this.#state === 'closed') return
    const had = this.#outgoing.bytes > 0
    while (this.#outgoing.bytes > 0) {
      const room = this.#far.#room()
      if (room <= 0) return
      this.#far.#arrive(this.#outgoing.take(room))
    }
    if (this.#state === 'closing') this.#finish(undefined)
    else if (had) this.#handler?.onDrain()
  }

  #room(): number {
    if (this.#wire.lost || this.#state !== 'open') return Number.POSITIVE_INFINITY
    return this.#wire.capacity - this.#arrived.bytes
  }

  #arrive(bytes: Uint8Array): void {
    if (this.#wire.lost || this.#state !== 'open') return
    this.#arrived.push(bytes)
    this.#queueDeliver()
  }

  #arriveEnd(): void {
    if (this.#wire.lost || this.#state === 'closed') return
    this.#farEnded = true
    this.#queueDeliver()
  }

  #queueDeliver(): void {
    if (this.#deliverQueued || !this.#handler || this.#paused || this.#state === 'closed') return
    if (this.#arrived.bytes === 0 && !this.#farEnded) return
    this.#deliverQueued = true
    this.#wire.events.push(() => {
      this.#deliverQueued = false
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#paused || this.#state === 'closed') return
    if (this.#arrived.bytes > 0) {
      const lent = this.#arrived.take(this.#wire.split(this.#arrived.bytes))
      if (this.#state === 'open') this.#handler?.onData(lent)
      if (this.#wire.poison) lent.fill(0xdd)
      if (this.#far.#outgoing.bytes > 0) this.#far.#queueTake()
      this.#queueDeliver()
    } else if (this.#farEnded) {
      // An end of the far side ends this one too, after what it still has to send.
      this.close()
    }
  }

  #finish(error: MsrpError | undefined): void {
    this.#state = 'closed'
    this.#closeError = error
    this.#outgoing.clear()
    this.#arrived.clear()
    if (!error) this.#far.#arriveEnd()
    // What the far side still has to send goes nowhere, but it does go.
    if (this.#far.#outgoing.bytes > 0) this.#far.#queueTake()
    if (this.#handler) this.#queueClose()
  }

  #queueClose(): void {
    this.#wire.events.push(() => this.#handler?.onClose(this.#closeError))
  }
}

/** Bytes in order, taken by number. */
class ByteQueue {
  #pieces: Uint8Array[] = []
  bytes = 0

  push(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.bytes += piece.length
  }

  /** The first `limit` bytes, or all when there are fewer, as a copy of their own. */
  take(limit: number): Uint8Array {
    const size = Math.min(limit, this.bytes)
    const taken = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      const first = this.#pieces[0]!
      const part = first.subarray(0, size - filled)
      taken.set(part, filled)
      filled += part.length
      if (part.length === first.length) this.#pieces.shift()
      else this.#pieces[0] = first.subarray(part.length)
    }
    this.bytes -= size
    return taken
  }

  clear(): void {
    this.#pieces = []
    this.bytes = 0
  }
}

/** Everything that happens on a pair, one after another, never inside a call to a transport. */
class EventQueue {
  readonly #manual: boolean
  readonly #events: (() => void)[] = []

  constructor(manual: boolean) {
    this.#manual = manual
  }

  push(event: () => void): void {
    this.#events.push(event)
    if (!this.#manual) queueMicrotask(() => this.step())
  }

  step(): boolean {
    const event = this.#events.shift()
    event?.()
    return event !== undefined
  }

  run(): number {
    let ran = 0
    while (this.step()) ran++
    return ran
  }
}
