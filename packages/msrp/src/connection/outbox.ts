import { type ContinuationFlag, EndLineSearch, encodeEndLine } from '../wire/index.ts'
import type { ChunkPiece, ChunkSource, SentChunk } from './chunk-source.ts'
import type { MessageFraming, Transport } from './transport.ts'
import type { WireObserver } from './wire-observer.ts'

/** A chunk is not interrupted before this many body bytes are out (RFC 4975 §7.1.1). */
export const INTERRUPTIBLE_FROM = 2048

/** So many sources are taken in before those that are done are looked for among them. */
const SOURCES = 64

/** Body bytes pulled from a source at once: also the longest time another source waits for its turn. */
const PIECE = 64 * 1024

/** While this many bytes wait in the transport, nothing more is pulled from the sources. */
const HIGH_WATER = 256 * 1024

/** Both when memory is short. */
const LEAST = 16 * 1024

type Body = Extract<ChunkPiece, { kind: 'body' }>

/** Its reactions are microtasks as those of `queueMicrotask`, which costs several times as much in Node. */
const SETTLED = Promise.resolve()

/** What an end-line has besides the transaction id: CRLF, seven hyphens, the flag, CRLF. */
const END_LINE_BYTES = 12

/** Room above that which is kept for responses and REPORTs. */
const CONTROL_ROOM = 256 * 1024

/** A chunk that is not complete, and what the source is told of it once it is. */
interface OpenChunk extends SentChunk {
  readonly source: ChunkSource
  readonly hasBody: boolean
}

/**
 * Decides what goes out on one connection, and in which order.
 *
 * Responses, REPORTs and other short requests are control bytes: whole, never interrupted, first in line, with room of
 * their own, so that a connection busy with a file still answers. What is queued behind them goes out piece by piece: when
 * a next hop dies there may be megabytes of REPORTs, which must not keep the responses of others. SEND chunks come from `ChunkSource`s which take turns;
 * the open chunk is ended with `+` and resumed later when others wait and enough of it is out, or when it has nothing to
 * give at the moment (RFC 4975 §7.1.1). Body bytes are searched for the chunk's own end-line: where it would appear the
 * chunk ends and goes on under another transaction id (RFC 4975 §7.1).
 */
export class Outbox {
  /** Memory is short: less is pulled from the sources ahead of the transport. False unless it is set. */
  short = false
  readonly #transport: Transport
  readonly #messages: MessageFraming | undefined
  readonly #newTransactionId: () => string
  readonly #onWritten: () => void
  /** Shown what goes out, as it is begun and ended. */
  observer: WireObserver | undefined
  /** In the order of their turns; the one whose chunk is open is just before `#next`. Those that are done stay till theirs. */
  #sources: ChunkSource[] = []
  /** Whose turn it is, by its place among them. */
  #next = 0
  /** How many of them there may be before those that are done are taken out. */
  #mostSources = SOURCES
  /** Bytes a source gave that are not written yet: the rest of a piece in which the end-line turned up. */
  #rests: Map<ChunkSource, Body> | undefined
  #control: Uint8Array[] = []
  #controlBytes = 0
  #leftBytes = 0
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #open: OpenChunk | undefined
  /** Where the open chunk began. */
  #openedAt = 0
  /** Looks into the body of the open chunk. */
  readonly #search: EndLineSearch = new EndLineSearch()
  #position = 0
  /** The position that `onWritten` was last told of. */
  #told = 0
  /** Somebody may have something to give. */
  #awake = false
  #scheduled = false
  #closing = false
  #halted = false
  #closed = false

  constructor(options: {
    transport: Transport
    newTransactionId: () => string
    /** Called after bytes were handed to the transport, once all that was called for has returned. */
    onWritten: () => void
    observer?: WireObserver | undefined
  }) {
    this.#transport = options.transport
    this.#messages = options.transport.messages
    this.#newTransactionId = options.newTransactionId
    this.#onWritten = options.onWritten
    this.observer = options.observer
  }

  /** All bytes ever handed to the transport. */
  get position(): number {
    return this.#position
  }

  /** Control bytes that wait for a moment when they may go out. */
  get controlBytes(): number {
    return this.#controlBytes
  }

  /** Those of them that the transport had no room for when it was last asked. */
  get leftBytes(): number {
    return this.#leftBytes
  }

  /** Bytes that wait behind the control bytes. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** True when nothing waits here and no source is left. */
  get empty(): boolean {
    const waiting = this.#controlBytes + this.#queuedBytes
    return waiting === 0 && this.#sources.length === 0
  }

  /** Sends a whole response or non-SEND request: at once, or when the chunk that is open lets it. The bytes are copied. */
  control(bytes: Uint8Array): void {
    if (this.#closed || this.#closing) return
    if (this.#open === undefined && this.#controlBytes === 0 && !this.#halted && this.#hasControlRoom) {
      this.#write(bytes)
    } else {
      this.#control.push(new Uint8Array(bytes))
      this.#controlBytes += bytes.byteLength
      this.#awake = true
    }
    this.#schedule()
  }

  /** Queues a whole response or REPORT behind the others: it goes out as the transport takes it, before the sources. */
  queue(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.byteLength
    this.wake()
  }

  /** Takes a source in; it stays until it is `done`. */
  add(source: ChunkSource): void {
    if (this.#closed || this.#closing) {
      source.lost(undefined)
      return
    }
    if (this.#sources.length >= this.#mostSources) this.#dropDone()
    // The end of the line: before whose turn it is, and before the one whose turn is not over.
    this.#sources.splice(this.#open === undefined ? this.#next : this.#next - 1, 0, source)
    this.#next++
    this.wake()
  }

  /**
   * A waiting source may have something to give, or is done. What is ready goes out when the caller and those it was
   * called by have returned: everything that one read caused goes out together.
   */
  wake(): void {
    this.#awake = true
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    void SETTLED.then(this.#turn)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    if (this.#awake) this.pump()
    if (this.#position === this.#told) return
    this.#told = this.#position
    this.#onWritten()
  }

  /** Sends what is ready now and fits. */
  pump(): void {
    if (this.#closed || this.#halted) return
    this.#awake = false
    while (!this.#halted && this.#transport.bufferedBytes < (this.short ? LEAST : HIGH_WATER) && this.#step());
    // Responses and REPORTs have room of their own: they go out even when the transport takes no more of the rest.
    if (this.#controlBytes > 0 && this.#hasControlRoom && this.#cut()) this.#writeControl()
    this.#leftBytes = this.#controlBytes
    if (this.#position > this.#told) this.#schedule()
    if (this.#closing && this.empty) this.#transport.close()
  }

  /** Takes in nothing more, sends what is queued and what the sources still have, and closes when they are done. */
  close(): void {
    if (this.#closing || this.#closed) return
    this.#closing = true
    this.wake()
  }

  /** The connection is being cut: nothing more goes out, and nobody is asked for it. `lost` follows. */
  halt(): void {
    this.#halted = true
  }

  /** The connection is gone: tells every source. */
  lost(): void {
    if (this.#closed) return
    this.#closed = true
    this.#control = []
    this.#controlBytes = 0
    this.#queue = []
    this.#queuedBytes = 0
    const open = this.#open
    this.#open = undefined
    this.#rests = undefined
    open?.source.lost({ transactionId: open.transactionId, bodyBytes: open.bodyBytes })
    for (const source of this.#sources.splice(0)) if (source !== open?.source) source.lost(undefined)
  }

  get #hasControlRoom(): boolean {
    return this.#transport.bufferedBytes < HIGH_WATER + CONTROL_ROOM
  }

  /**
   * Sources that are done usually leave when their turn comes. While the far side takes nothing no turn comes, and as
   * many as anybody likes could come and be done.
   */
  #dropDone(): void {
    const line = [...this.#sources.slice(this.#next), ...this.#sources.slice(0, this.#next)]
    this.#sources = line.filter((source) => source === this.#open?.source || this.#stateOf(source) !== 'done')
    this.#next = this.#sources.length
    this.#mostSources = Math.max(SOURCES, 2 * this.#sources.length)
  }

  /** One thing at a time; false when nothing can be done now. */
  #step(): boolean {
    const open = this.#open
    if (open === undefined) {
      if (this.#controlBytes > 0) {
        this.#writeControl()
        return true
      }
      if (this.#queuedBytes > 0) {
        this.#writeQueued()
        return true
      }
      return this.#begin()
    }
    if (this.#someoneWaits() && this.#cut()) return true
    return this.#continue(open)
  }

  /** Opens the next source's chunk. Sources take turns. */
  #begin(): boolean {
    for (let untried = this.#sources.length; untried > 0; untried--) {
      if (this.#next >= this.#sources.length) this.#next = 0
      const source = this.#sources[this.#next]
      if (source === undefined) return false
      const state = this.#stateOf(source)
      if (state === 'done') this.#sources.splice(this.#next, 1)
      else this.#next++
      if (state !== 'ready') continue
      const rest = this.#rests?.get(source)
      const transactionId = this.#newTransactionId()
      const { head, hasBody } = source.begin(transactionId, rest?.bytes.byteLength ?? 0)
      this.#open = { source, transactionId, hasBody, flag: '+', bodyBytes: 0, position: 0 }
      this.#search.start(transactionId)
      this.observer?.begun(head)
      this.#openedAt = this.#position
      this.#messages?.begin()
      this.#write(head)
      return true
    }
    return false
  }

  #continue(open: OpenChunk): boolean {
    const { source } = open
    const rest = this.#rests?.get(source)
    if (rest !== undefined) {
      this.#rests?.delete(source)
      this.#body(open, rest)
      return true
    }
    const room = this.#room(open)
    if (room <= 0) {
      this.#end(open, '+')
      return true
    }
    const piece = source.next(Math.min(room, this.short ? LEAST : PIECE))
    switch (piece.kind) {
      case 'body':
        this.#body(open, piece)
        return true
      case 'end':
        this.#end(open, piece.flag)
        return true
      case 'waiting':
        // Nothing to give: whoever else waits need not wait for it, however little of the chunk is out.
        if (!this.#someoneWaits() && !this.#withheld(open)) return false
        this.#end(open, '+')
        return true
      default:
        return piece satisfies never
    }
  }

  #body(open: OpenChunk, piece: Body): void {
    const { bytes, end, plain } = piece
    // What the message has no room for is looked at again, under the next chunk's transaction id.
    const allowed = Math.min(this.#search.next(bytes, plain), this.#room(open))
    const whole = allowed >= bytes.byteLength
    if (allowed > 0) {
      open.bodyBytes += allowed
      this.#write(whole ? bytes : bytes.subarray(0, allowed))
    }
    if (!whole) {
      this.#rests ??= new Map()
      this.#rests.set(open.source, { kind: 'body', bytes: new Uint8Array(bytes.subarray(allowed)), end })
      this.#end(open, '+')
    } else if (end !== undefined) {
      this.#end(open, end)
    }
  }

  /** Body bytes that the open chunk may still get: the whole of it has to fit into one message (RFC 7977 §5.1). */
  #room(open: OpenChunk): number {
    if (this.#messages === undefined) return Number.POSITIVE_INFINITY
    const written = this.#position - this.#openedAt
    return this.#messages.maximum - written - open.transactionId.length - END_LINE_BYTES
  }

  /** Whether what there is of the open chunk would reach the far side only with bytes that nobody has yet. */
  #withheld(open: OpenChunk): boolean {
    return this.#messages !== undefined && open.bodyBytes >= INTERRUPTIBLE_FROM
  }

  #end(open: OpenChunk, flag: ContinuationFlag): void {
    this.#open = undefined
    this.#write(encodeEndLine(open.transactionId, flag, { afterBody: open.hasBody }))
    this.#messages?.end()
    open.flag = flag
    open.position = this.#position
    this.observer?.end('out', open.transactionId, flag, open.bodyBytes)
    open.source.ended(open)
  }

  /** Ends the open chunk with `+` if it may be interrupted now; true when no chunk is open after that. */
  #cut(): boolean {
    const open = this.#open
    if (open === undefined) return true
    if (!open.hasBody || open.bodyBytes < INTERRUPTIBLE_FROM) return false
    this.#end(open, '+')
    return true
  }

  /** Does anything wait that the open chunk should make room for? */
  #someoneWaits(): boolean {
    if (this.#controlBytes > 0 || this.#queuedBytes > 0) return true
    return this.#sources.some((source) => source !== this.#open?.source && this.#stateOf(source) === 'ready')
  }

  #stateOf(source: ChunkSource): ChunkSource['state'] {
    return this.#rests?.has(source) ? 'ready' : source.state
  }

  #writeControl(): void {
    const pieces = this.#control
    this.#control = []
    this.#controlBytes = 0
    for (const piece of pieces) this.#write(piece)
  }

  /** As much as makes a piece, so that the transport can be looked at in between. */
  #writeQueued(): void {
    let bytes = 0
    let count = 0
    while (count < this.#queue.length && bytes < LEAST) bytes += this.#queue[count++]?.byteLength ?? 0
    this.#queuedBytes -= bytes
    for (const piece of this.#queue.splice(0, count)) this.#write(piece)
  }

  #write(bytes: Uint8Array): void {
    this.#position += bytes.byteLength
    this.#transport.write(bytes)
  }
}
