import {
  type ChunkOpening,
  type ChunkPiece,
  type ChunkSource,
  INTERRUPTIBLE_FROM,
  type SentChunk,
} from 'msrp/connection'
import { type ByteRange, type ContinuationFlag, type MsrpError, type MsrpUri, rewriteRequestHead } from 'msrp/wire'
import { failureOf } from './failure.ts'
import type { InboundChunk } from './inbound-chunk.ts'
import type { Passenger } from './next-hop.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Token } from './token.ts'

/** Parts of chunks that may wait for the next hop's response; then its answers set the pace. */
const UNANSWERED_PARTS = 2048

/** A flow whose source also carries others may have this many times the buffer before its message is refused. */
const SHARED_SOURCE_FACTOR = 4

/** A chunk on its way through. */
interface Passage {
  chunk: InboundChunk
  pieces: Uint8Array[]
  /** Body bytes in `pieces`. */
  queued: number
  /** How it ends, once that is known. */
  end: ContinuationFlag | undefined
  /** Body bytes given to the outbox. */
  given: number
  /** Body bytes in parts that are complete. */
  sent: number
  /** The next hop has seen something of it. */
  opened: boolean
}

/**
 * The SEND chunks of one session in one direction, from the connection they come in on to the one they leave by. Bytes
 * are forwarded as they come. When the next hop is slow, or still being dialled, the buffer fills and the source is not
 * read; a source that carries other sessions as well is read on, and the message that does not fit is refused.
 */
export class Flow implements ChunkSource, Passenger {
  readonly source: RelayConnection
  /** Our tokens on its way. */
  readonly tokens: readonly Token[]
  readonly #toPath: readonly MsrpUri[]
  readonly #fromPath: readonly MsrpUri[]
  readonly #buffer: number
  #sink: RelayConnection | undefined
  readonly #passages: Passage[] = []
  #queued = 0
  #finishing = false
  #lost = false

  /** `toPath` and `fromPath` as they go out; `buffer` in bytes. */
  constructor(options: {
    source: RelayConnection
    tokens: readonly Token[]
    toPath: readonly MsrpUri[]
    fromPath: readonly MsrpUri[]
    buffer: number
  }) {
    this.source = options.source
    this.tokens = options.tokens
    this.#toPath = options.toPath
    this.#fromPath = options.fromPath
    this.#buffer = options.buffer
  }

  /** Nothing is on its way through at present. */
  get idle(): boolean {
    return this.#passages.length === 0
  }

  /** Whether chunks may still be put in. */
  get usable(): boolean {
    return !this.#lost && !this.#finishing
  }

  board(connection: RelayConnection): void {
    if (this.#lost) return
    this.#sink = connection
    connection.sinkOf.add(this)
    connection.connection.addSource(this)
  }

  strand(error: MsrpError): void {
    const { status, comment } = failureOf(error)
    this.abort(status, comment)
  }

  /** A chunk begins to arrive. */
  accept(chunk: InboundChunk): void {
    this.#passages.push({ chunk, pieces: [], queued: 0, end: undefined, given: 0, sent: 0, opened: false })
    this.#count(chunk.head.fields.bytes.byteLength)
  }

  /** Body bytes of the chunk that arrives; they are kept, not lent. */
  push(chunk: InboundChunk, bytes: Uint8Array): void {
    const passage = this.#arriving(chunk)
    if (passage === undefined) return
    passage.pieces.push(bytes)
    passage.queued += bytes.byteLength
    passage.chunk.received += bytes.byteLength
    this.#count(bytes.byteLength)
    this.#wake()
  }

  /** The chunk that arrives is complete. */
  end(chunk: InboundChunk, flag: ContinuationFlag): void {
    const passage = this.#arriving(chunk)
    if (passage === undefined) return
    passage.end = flag
    chunk.end()
    this.#wake()
  }

  /** The source is gone: what arrived whole still goes out, a chunk that was cut off ends with `+`. */
  finish(): void {
    this.#finishing = true
    const passage = this.#passages.at(-1)
    if (passage !== undefined && passage.end === undefined) passage.end = '+'
    this.#leaveWhenDone()
  }

  /** Nothing of it gets through any more: the senders are told, an open chunk is abandoned. */
  abort(status: number, comment: string): void {
    if (this.#lost) return
    this.#finishing = true
    for (const passage of [...this.#passages]) {
      passage.chunk.fail(status, comment)
      this.#discard(passage)
    }
    this.#leaveWhenDone()
  }

  get state(): 'ready' | 'waiting' | 'done' {
    const passage = this.#passages[0]
    if (passage === undefined) return this.#finishing ? 'done' : 'waiting'
    const full = (this.#sink?.connection.pendingRequests ?? 0) >= UNANSWERED_PARTS
    return !full && this.#startable(passage) ? 'ready' : 'waiting'
  }

  begin(transactionId: string, unsent: number): ChunkOpening {
    const passage = this.#front()
    const { chunk } = passage
    passage.opened = true
    const offset = passage.given - unsent
    const head = rewriteRequestHead(chunk.head, {
      transactionId,
      toPath: this.#toPath,
      fromPath: this.#fromPath,
      byteRange: this.#range(passage, offset),
    })
    return { head, hasBody: chunk.head.hasBody }
  }

  next(limit: number): ChunkPiece {
    const passage = this.#front()
    const piece = passage.pieces[0]
    if (piece === undefined) {
      return passage.end === undefined ? { kind: 'waiting' } : { kind: 'end', flag: passage.end }
    }
    const bytes = piece.byteLength > limit ? piece.subarray(0, limit) : piece
    if (bytes === piece) passage.pieces.shift()
    else passage.pieces[0] = piece.subarray(limit)
    passage.queued -= bytes.byteLength
    passage.given += bytes.byteLength
    this.#count(-bytes.byteLength)
    return { kind: 'body', bytes, end: passage.pieces.length === 0 ? passage.end : undefined }
  }

  ended(part: SentChunk): void {
    const passage = this.#front()
    const { chunk } = passage
    passage.sent += part.bodyBytes
    const pending = { kind: 'part', chunk } as const
    if (chunk.failureReport === 'yes') this.#sink?.connection.remember(part.transactionId, pending, part.position)
    // Only an error will be answered, and no timer runs (RFC 4976 §6.4.1).
    else if (chunk.failureReport === 'partial') this.#sink?.connection.watch(part.transactionId, pending)
    this.source.counters.chunksForwarded++
    const complete = passage.end !== undefined && part.flag === passage.end && passage.queued === 0
    if (!complete || (!chunk.failed && passage.sent < chunk.received)) return
    this.#remove(passage)
    this.#leaveWhenDone()
  }

  lost(): void {
    if (this.#lost) return
    this.#lost = true
    for (const { chunk } of this.#passages) chunk.fail(481, 'the connection to the next hop was lost')
    this.#leave()
  }

  /** Small chunks are forwarded whole, so that nobody else ever waits for the rest of one. */
  #startable(passage: Passage): boolean {
    return passage.end !== undefined || passage.queued >= INTERRUPTIBLE_FROM
  }

  /** The Byte-Range of the part that begins at `offset` in the chunk's body; undefined leaves the field as it came. */
  #range(passage: Passage, offset: number): ByteRange | undefined {
    const { head, start, total } = passage.chunk
    if (offset > 0) return { start: start + offset, end: undefined, total }
    const range = head.fields.byteRange
    // RFC 4975 §7.1.1: what may be interrupted says so with `*`.
    const interruptible = passage.end === undefined || passage.queued > INTERRUPTIBLE_FROM
    return range?.end !== undefined && interruptible ? { start, end: undefined, total } : undefined
  }

  /** The passage of the chunk that arrives at present, unless it was given up. */
  #arriving(chunk: InboundChunk): Passage | undefined {
    const passage = this.#passages.at(-1)
    return passage?.chunk === chunk && passage.end === undefined ? passage : undefined
  }

  #front(): Passage {
    const passage = this.#passages[0]
    if (passage === undefined) throw new Error('a flow without chunks was asked for one')
    return passage
  }

  /** Gives a chunk up: nothing more of it goes out but, where some did, an end that says so. */
  #discard(passage: Passage): void {
    this.#count(-passage.queued)
    passage.pieces = []
    passage.queued = 0
    passage.end = '#'
    if (!passage.opened) this.#remove(passage)
    this.#wake()
  }

  #remove(passage: Passage): void {
    this.#passages.splice(this.#passages.indexOf(passage), 1)
    this.#count(-passage.chunk.head.fields.bytes.byteLength)
  }

  #wake(): void {
    this.#sink?.connection.wake()
  }

  /** Keeps the books of what is buffered, and the source in step with it. */
  #count(bytes: number): void {
    this.#queued += bytes
    if (bytes < 0) {
      if (this.#queued <= this.#buffer / 2) this.source.connection.resumeReading(this)
    } else if (this.#queued > this.#buffer) {
      if (this.source.flows.size <= 1) this.source.connection.pauseReading(this)
      else if (this.#queued > this.#buffer * SHARED_SOURCE_FACTOR) this.#overflow()
    }
  }

  /** The message that arrives does not fit, and its source cannot be stopped because of the others that it carries. */
  #overflow(): void {
    const passage = this.#passages.at(-1)
    if (passage === undefined) return
    passage.chunk.fail(413, 'the next hop is too slow for a connection that carries several sessions')
    this.#discard(passage)
  }

  #leaveWhenDone(): void {
    if (this.#finishing && this.#passages.length === 0) this.#leave()
    this.#wake()
  }

  #leave(): void {
    this.#lost = true
    this.#passages.length = 0
    this.#queued = 0
    this.source.connection.resumeReading(this)
    this.source.removeFlow(this)
    this.#sink?.sinkOf.delete(this)
  }
}
