import type { ChunkOpening, ChunkPiece, ChunkSource, SentChunk } from 'msrp/connection'
import {
  type ContinuationFlag,
  encodePaths,
  type MsrpError,
  type MsrpUri,
  type Paths,
  type RequestHead,
} from 'msrp/wire'
import { failureOf } from './failure.ts'
import { AHEAD, roomFor } from './flow-room.ts'
import type { InboundChunk } from './inbound-chunk.ts'
import { Pacing } from './limits/pacing.ts'
import type { Toll } from './limits/toll.ts'
import type { Passenger } from './next-hop.ts'
import { Passage } from './passage.ts'
import type { Refusal } from './policy/refusal.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Way } from './route.ts'
import { SentPart } from './sent-part.ts'
import type { SessionTraffic } from './session-facts.ts'
import type { Token } from './token.ts'
import { REQUEST_OVERHEAD } from './total-buffer.ts'

/** Bytes that are kept for each character of a flow's key: the key, and the URIs that were read from it. */
const BYTES_PER_CHARACTER = 4

/** Bytes that are kept of a flow whose key has so many characters, as long as it is there. */
export function flowOverhead(key: string): number {
  return BYTES_PER_CHARACTER * key.length + REQUEST_OVERHEAD
}

/**
 * The SEND chunks of one session in one direction, from the connection they come in on to the one they leave by. Bytes
 * are forwarded as they come. When the next hop is slow, or still being dialled, the buffer fills and the source is not
 * read; a source that carries other sessions as well is read on, and the message that does not fit is refused.
 */
export class Flow implements ChunkSource, Passenger {
  readonly source: RelayConnection
  /** The paths its messages come with, as they were written. */
  readonly key: string
  /** Bytes that are kept of it beside its chunks. */
  readonly overhead: number
  /** Requests of which the next hop owes the responses. */
  unanswered = 0
  /** The last chunk that arrived said that more of its message follows. */
  unfinished = false
  /** The way that its last message was found to go, and when that was. */
  way: { readonly way: Way; readonly at: number } | undefined
  /** What its messages count for; undefined when nobody is limited. */
  toll: Toll | undefined
  /** The same as they were read. */
  readonly paths: Paths
  /** The same as the last message had them; see `Flows.note`. */
  noted: Paths | undefined
  /** Our tokens on its way, and the one of them whose holder sends what it carries. */
  readonly tokens: readonly Token[]
  readonly #sender: Token | undefined
  /** The host that the holder of that one sends to. */
  readonly #nextHost: string
  /** What it has carried. */
  readonly traffic: SessionTraffic = { messages: 0, chunks: 0, bytes: 0 }
  /** The paths that its messages go on with. */
  #paths: Uint8Array
  /** The paths that their responses have. */
  readonly answerPaths: Uint8Array
  readonly #buffer: number
  #sink: RelayConnection | undefined
  readonly #passages: Passage[] = []
  /** The part that is open. */
  #part: SentPart | undefined
  /** Bytes that are kept here. */
  #kept = 0
  #finishing = false
  #left = false
  /** Has it wait where somebody is limited. */
  #pacing: Pacing | undefined

  /** `paths` as its messages come with them, `toPath` and `fromPath` as they go out; `buffer` in bytes. */
  constructor(options: {
    source: RelayConnection
    key: string
    paths: Paths
    tokens: readonly Token[]
    sender: Token | undefined
    toPath: readonly MsrpUri[]
    fromPath: readonly MsrpUri[]
    buffer: number
  }) {
    this.source = options.source
    this.key = options.key
    this.paths = options.paths
    this.overhead = flowOverhead(options.key)
    this.tokens = options.tokens
    this.#sender = options.sender
    this.#nextHost = options.toPath[0]?.host ?? ''
    this.#paths = encodePaths(options.toPath, options.fromPath)
    this.answerPaths = encodePaths(this.paths.fromPath.slice(0, 1), this.paths.toPath.slice(0, 1))
    this.#buffer = options.buffer
    for (const token of this.tokens) token.flows.add(this)
  }

  /** The connection it leaves by, once there is one. */
  get sink(): RelayConnection | undefined {
    return this.#sink
  }

  /** Nothing is on its way through at present. */
  get idle(): boolean {
    return this.#passages.length === 0
  }

  /** Something is on its way through, or not answered, or its rest is still to come. */
  get busy(): boolean {
    return !this.idle || this.unanswered > 0 || this.unfinished
  }

  /** Idle, and nobody has it but its two connections. */
  get spare(): boolean {
    return this.idle && this.#sink !== undefined
  }

  /** Whether chunks may still be put in. */
  get usable(): boolean {
    return !this.#left && !this.#finishing
  }

  board(connection: RelayConnection): void {
    if (this.#left || this.#sink !== undefined) return
    this.#sink = connection
    this.#introduce(connection)
    connection.connection.addSource(this)
  }

  /** Tells the sessions that it belongs to with whom they have to do. */
  #introduce(sink: RelayConnection): void {
    for (const token of this.tokens) {
      if (token === this.#sender) token.met(this.#nextHost, sink.connection.transport.description)
      else token.met(this.paths.fromPath[0]?.host ?? '', this.source.connection.transport.description)
    }
  }

  /** Whether the holder of a token sends what it carries, or receives it. */
  sentBy(token: Token): boolean {
    return token === this.#sender
  }

  strand(error: MsrpError): void {
    if (this.#sink !== undefined) return
    const { status, comment } = failureOf(error)
    this.abort(status, comment)
  }

  // ---- what comes in

  /** A chunk begins to arrive. */
  accept(chunk: InboundChunk, head: RequestHead): void {
    const passage = new Passage(chunk, head)
    this.#passages.push(passage)
    this.source.passages++
    this.#count(passage.size)
  }

  /** Body bytes of the chunk that arrives, lent until `keep` or `end`. What there is room for goes out at once. */
  push(chunk: InboundChunk, bytes: Uint8Array, plain: boolean): void {
    const passage = this.#arriving(chunk)
    if (passage === undefined) return
    if (this.toll !== undefined && !this.#pay(passage, this.toll, bytes.byteLength)) return
    this.#keep(passage)
    passage.push(bytes, plain)
    this.#sink?.connection.outbox.pump()
    // Who sends little may have something for others behind it.
    if (chunk.received > AHEAD) this.#sink?.hold(this.source)
  }

  /** What was lent so far is not valid any more: what is not out is copied. */
  keep(chunk: InboundChunk): void {
    const passage = this.#arriving(chunk)
    if (passage !== undefined) this.#keep(passage)
  }

  /** The chunk that arrives is complete. */
  end(chunk: InboundChunk, flag: ContinuationFlag): void {
    const passage = this.#arriving(chunk)
    if (passage === undefined) return
    this.unfinished = flag === '+'
    chunk.arrivedAt = this.source.connection.lastActivity
    passage.finish(flag)
    if (passage.over) this.#remove(passage)
    this.#sink?.connection.outbox.pump()
    this.#keep(passage)
    chunk.end()
  }

  /** The source is gone: what arrived still goes out, a chunk that was cut off ends with `+`. */
  finish(): void {
    this.#finishing = true
    const passage = this.#passages.at(-1)
    if (passage !== undefined && !passage.arrived) passage.finish('+')
    if (passage === undefined) this.#leave()
    else this.#settle(passage)
  }

  /** Its source is not held for its sake any more: it carries others as well. */
  letGo(): void {
    this.#sink?.letGo(this.source)
    for (const pace of this.toll?.paces ?? []) this.source.paceOver(pace)
  }

  // ---- what its users may send

  /** Counts bytes that arrive, and has what follows them wait where they are too many; false when they go no further. */
  #pay(passage: Passage, toll: Toll, bytes: number): boolean {
    const { start, received } = passage.chunk
    const last = start - 1 + received + bytes
    const refusal = toll.refusalAt(last)
    if (refusal !== undefined) {
      this.#refuse(passage, refusal)
      return false
    }
    toll.pay(bytes)
    this.#pacing ??= new Pacing(this.source, () => this.#wake())
    this.#pacing.passed(toll, last)
    return true
  }

  #refuse(passage: Passage, { status, comment, counter }: Refusal): void {
    this.source.counters.policyRefusals[counter]++
    passage.chunk.fail(status, comment)
    this.#discard(passage, '#')
  }

  // ---- what becomes of it

  /** The next hop did not take a chunk, or did not answer. */
  refused(chunk: InboundChunk, status: number, comment: string | undefined): void {
    chunk.fail(status, comment)
    const passage = this.#passages.find((one) => one.chunk === chunk)
    // RFC 4975 §7.3.2: the message is over; but what was answered 501 comes again in smaller chunks.
    if (passage !== undefined) this.#discard(passage, status === 501 ? '+' : '#')
  }

  /** Nothing of it gets through any more: the senders are told, an open chunk is abandoned. */
  abort(status: number, comment: string): void {
    if (this.#left) return
    this.#finishing = true
    for (const passage of [...this.#passages]) {
      passage.chunk.fail(status, comment)
      this.#discard(passage, '#')
    }
    if (this.idle) this.#leave()
  }

  lost(): void {
    if (this.#left) return
    for (const { chunk } of this.#passages) chunk.fail(481, 'the connection to the next hop was lost')
    this.#leave()
  }

  // ---- what the outbox asks for

  get state(): 'ready' | 'waiting' | 'done' {
    const passage = this.#passages[0]
    if (passage === undefined) return this.#finishing ? 'done' : 'waiting'
    return passage.startable && this.#pacing?.holding !== true && this.#sink?.congested === false ? 'ready' : 'waiting'
  }

  begin(transactionId: string): ChunkOpening {
    const passage = this.#front()
    const { chunk } = passage
    this.#part = new SentPart(chunk)
    if (chunk.failureReport !== 'no') this.#sink?.connection.expect(transactionId, this.#part)
    return { head: passage.begin(transactionId, this.#paths), hasBody: passage.hasBody }
  }

  next(limit: number): ChunkPiece {
    const passage = this.#front()
    if (this.#pacing?.holding === true && passage.interruptible) return { kind: 'waiting' }
    const before = passage.size
    const piece = passage.next(limit)
    this.#count(passage.size - before)
    return piece
  }

  ended(chunk: SentChunk): void {
    const passage = this.#front()
    const part = this.#part
    this.#part = undefined
    const { failureReport } = passage.chunk
    if (part?.over === false && failureReport === 'yes') this.#sink?.expectAnswer(part, chunk)
    // Only an error will be answered, and no timer runs (RFC 4976 §6.4.1).
    else if (part?.over === false && failureReport === 'partial') {
      this.#sink?.expectRefusal(part, chunk)
    }
    this.source.counters.chunksForwarded++
    this.source.counters.bodyBytes += chunk.bodyBytes
    if (this.#sink !== undefined) this.#sink.chunksSent++
    const { traffic } = this
    traffic.chunks++
    traffic.bytes += chunk.bodyBytes
    if (chunk.flag === '$' && passage.hasBody) traffic.messages++
    passage.ended(chunk)
    this.#settle(passage)
  }

  // ---- the books

  /** The passage of the chunk that arrives at present, unless it was given up. */
  #arriving(chunk: InboundChunk): Passage | undefined {
    const passage = this.#passages.at(-1)
    return passage?.chunk === chunk && !passage.arrived ? passage : undefined
  }

  #keep(passage: Passage): void {
    const copied = passage.keep()
    if (copied > 0) this.#count(copied)
  }

  #front(): Passage {
    const passage = this.#passages[0]
    if (passage === undefined) throw new Error('a flow without chunks was asked for one')
    return passage
  }

  /** Gives a chunk up: nothing more of it goes out but, where some did, an end that says so. */
  #discard(passage: Passage, flag: ContinuationFlag): void {
    if (passage.waiting > 0) this.toll?.pay(-passage.waiting)
    const before = passage.size
    passage.discard(flag)
    this.#count(passage.size - before)
    this.#sink?.letGo(this.source)
    if (passage.begun) this.#settle(passage)
    else this.#remove(passage)
  }

  /** Something has become of a passage: it may be over, or have something to give. */
  #settle(passage: Passage): void {
    if (passage.over) this.#remove(passage)
    this.#wake()
  }

  #remove(passage: Passage): void {
    this.#passages.splice(this.#passages.indexOf(passage), 1)
    this.source.passages--
    this.#count(-passage.size)
    if (this.#finishing && this.idle) this.#leave()
  }

  #wake(): void {
    this.#sink?.connection.wake()
  }

  /** Keeps count of what is kept, and the source in step with it. */
  #count(bytes: number): void {
    this.#kept += bytes
    this.source.kept += bytes
    // Nobody has to be let go.
    if (bytes <= 0 && this.source.connection.reading) return
    const moves = this.#passages[0]?.startable === true
    switch (roomFor(this.source, this.#kept, this.#passages.length, this.#buffer, bytes > 0, moves)) {
      case 'read':
        this.source.resumeReading(this)
        break
      case 'pause':
        this.source.pauseReading(this)
        break
      case 'overflow':
        this.#overflow()
    }
  }

  /** The message that arrives does not fit, and its source cannot be stopped because of the others that it carries. */
  #overflow(): void {
    const passage = this.#passages.at(-1)
    if (passage === undefined) return
    if (this.#pacing?.holding === true) {
      const comment = 'faster than these users may send, over a connection that carries several sessions'
      this.#refuse(passage, { status: 413, comment, counter: 'bytes_per_second' })
      return
    }
    passage.chunk.fail(413, 'the next hop is too slow for a connection that carries several sessions')
    this.#discard(passage, '#')
  }

  #leave(): void {
    if (this.#left) return
    this.#left = true
    this.source.passages -= this.#passages.length
    this.source.kept -= this.#kept
    this.#kept = 0
    this.#passages.length = 0
    this.source.resumeReading(this)
    this.#sink?.letGo(this.source)
    this.source.flows.remove(this)
    // Whoever still has it, such as a request that waits for its answer, needs nothing of these.
    this.#paths = new Uint8Array(0)
    this.way = undefined
    for (const token of this.tokens) token.left(this)
    this.#wake()
  }
}
