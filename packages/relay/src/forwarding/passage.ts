import { type ChunkPiece, INTERRUPTIBLE_FROM, type SentChunk } from 'msrp/connection'
import { type ByteRange, type ContinuationFlag, type RequestHead, rewriteRequestHead } from 'msrp/wire'
import { BodyQueue } from './body-queue.ts'
import type { InboundChunk } from './inbound-chunk.ts'

/**
 * A chunk on its way through: what has arrived of it, and how much of that is out. It leaves in one part or several, each
 * a request of its own (RFC 4976 §6.4.1).
 */
export class Passage {
  readonly chunk: InboundChunk
  readonly #head: RequestHead
  /** What is kept of the body; most never need it. */
  #body: BodyQueue | undefined
  /** Bytes behind those that are only lent. */
  #lent: Uint8Array | undefined
  #lentPlain = false
  /** How it ends, once that is known. */
  #end: ContinuationFlag | undefined
  /** Body bytes in parts that are complete. */
  #sent = 0
  /** Body bytes given to the outbox: more than `#sent` while a part is open, or left over from one that was cut. */
  #given = 0
  #parts = 0
  #open = false
  /** The part that is open has said where it ends. */
  #whole = false
  /** The end that the sender gave it is out. */
  #concluded = false
  #discarded = false

  constructor(chunk: InboundChunk, head: RequestHead) {
    this.chunk = chunk
    this.#head = head
  }

  get hasBody(): boolean {
    return this.#head.hasBody
  }

  /** Bytes that are kept for it. */
  get size(): number {
    return (this.#body?.bytes ?? 0) + this.chunk.size
  }

  /** It is known how it ends. */
  get arrived(): boolean {
    return this.#end !== undefined
  }

  /** The next hop has seen something of it. */
  get begun(): boolean {
    return this.#parts > 0
  }

  /** A part may begin. Small chunks are forwarded whole, so that nobody else ever waits for the rest of one. */
  get startable(): boolean {
    return this.#end !== undefined || this.waiting > INTERRUPTIBLE_FROM
  }

  /** The part that is open may be left where it is, with more to come. */
  get interruptible(): boolean {
    return this.waiting > 0 && !this.#whole
  }

  /** Nothing more of it is to go out. */
  get over(): boolean {
    if (this.#end === undefined || this.#open || this.waiting > 0 || this.#given > this.#sent) return false
    return this.#concluded || (this.#end === '+' && this.#parts > 0)
  }

  /** Body bytes have arrived. They are lent: `keep` is called before they are not valid any more, or more arrive. */
  push(bytes: Uint8Array, plain: boolean): void {
    this.#lent = bytes
    this.#lentPlain = plain
    this.chunk.received += bytes.byteLength
  }

  /** Copies what is lent; says how many bytes that was. */
  keep(): number {
    const lent = this.#lent
    if (lent === undefined) return 0
    this.#lent = undefined
    this.#body ??= new BodyQueue()
    this.#body.push(lent)
    return lent.byteLength
  }

  /** Nothing more arrives. */
  finish(flag: ContinuationFlag): void {
    this.#end = flag
  }

  /** Gives it up: nothing more of it goes out but, where something did, an end. */
  discard(flag: ContinuationFlag): void {
    this.#body?.clear()
    this.#lent = undefined
    this.#end = flag
    this.#discarded = true
  }

  /** The head of the next part. */
  begin(transactionId: string, paths: Uint8Array): Uint8Array {
    this.#open = true
    this.#parts++
    return rewriteRequestHead(this.#head, { transactionId, paths, byteRange: this.#range() })
  }

  next(limit: number): ChunkPiece {
    const kept = this.#body?.take(limit)
    const bytes = kept ?? this.#takeLent(limit)
    if (bytes === undefined) return this.#end === undefined ? { kind: 'waiting' } : { kind: 'end', flag: this.#end }
    this.#given += bytes.byteLength
    const end = this.waiting === 0 ? this.#end : undefined
    return { kind: 'body', bytes, end, plain: kept === undefined && this.#lentPlain }
  }

  /** A part is complete. */
  ended(part: SentChunk): void {
    this.#open = false
    this.#sent += part.bodyBytes
    this.#concluded = part.flag !== '+'
  }

  /** Body bytes that wait to go out. */
  get waiting(): number {
    return (this.#body?.bytes ?? 0) + (this.#lent?.byteLength ?? 0)
  }

  #takeLent(limit: number): Uint8Array | undefined {
    const lent = this.#lent
    if (lent === undefined || lent.byteLength <= limit) {
      this.#lent = undefined
      return lent
    }
    this.#lent = lent.subarray(limit)
    return lent.subarray(0, limit)
  }

  /** The Byte-Range of the next part; undefined leaves the field as it came. */
  #range(): ByteRange | undefined {
    const { fields, hasBody } = this.#head
    const { start, total, received } = this.chunk
    const first = start + this.#sent
    const whole = this.#end !== undefined && !this.#discarded && received - this.#sent <= INTERRUPTIBLE_FROM
    // RFC 4975 §7.1.1: what may be interrupted says so with `*`.
    const end = whole ? start + received - 1 : undefined
    const stated = fields.byteRange
    this.#whole = whole
    const isRight = stated === undefined ? whole : !hasBody || stated.end === undefined || stated.end === end
    return this.#sent === 0 && isRight ? undefined : { start: first, end, total }
  }
}
