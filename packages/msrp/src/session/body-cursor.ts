import { type ContinuationFlag, MsrpError } from '../wire/index.ts'
import type { MessageBody } from './body.ts'
import { type BodyReader, readerFor } from './body-reader.ts'
import { ByteRanges } from './byte-ranges.ts'
import {
  type ChunkBounds,
  type Cursor,
  type CursorPiece,
  isPlain,
  type Part,
  type SentPart,
  WHOLE_CHUNK,
} from './cursor.ts'
import { ReadAhead } from './read-ahead.ts'

/**
 * Largest chunk where no size is asked for. RFC 4975 §7.1.1 wants few chunks, but also an answer to each within 30 s: what
 * waits for a slow relay in TCP's buffers would not have its answer in that time if it were one chunk, while nothing is
 * wrong; the answer to a part of it shows that. A MiB makes headers less than a thousandth of it.
 */
const LONGEST_CHUNK = 1024 * 1024

/** Chunks that may wait for their answers when only other traffic cuts them. */
const MOST_CUT_CHUNKS = 1024

/** What bounds the chunks of a message. */
export interface CursorLimits {
  /** Largest chunk in body bytes, where one is asked for. */
  readonly chunkSize: number | undefined
  /** Each chunk is answered; else only errors are. */
  readonly answersExpected: boolean
  /** With a chunk size: how much may be unanswered. */
  readonly unansweredChunks: number
  readonly unansweredBytes: number
}

/**
 * Sends any body, in as many chunks as it takes. When many are unanswered it waits: what is unanswered may have to be sent
 * again (RFC 4975 §7.1.1 does not ask for it, a 501 from the field does), and nothing grows without bound.
 */
export class BodyCursor implements Cursor {
  readonly #reader: BodyReader
  readonly #ahead: ReadAhead
  readonly #limits: CursorLimits
  /** Parts that have to go out again, lowest first. */
  #again: { start: number; end: number }[] = []
  /** The chunk with `$` is out. */
  #finalOut = false
  #open: (ChunkBounds & { readonly chunkSize: number }) | undefined
  #total: number | undefined
  #sent: number
  #chunkSize: number
  #unansweredChunks = 0
  #unansweredBytes = 0
  readonly #start: number
  readonly #answered = new ByteRanges()

  /**
   * `start`: where sending begins. `onChange`: there may be more to give now, or the body cannot be read. Not called from
   * inside a call.
   */
  constructor(body: MessageBody, start: number, limits: CursorLimits, onChange: (error?: MsrpError) => void) {
    const { chunkSize, answersExpected } = limits
    const reader = readerFor(body, start)
    // A chunk that the far side cannot take whole is sent again in smaller ones.
    if (chunkSize !== undefined && answersExpected) reader.retain()
    this.#reader = reader
    this.#limits = limits
    this.#start = start
    this.#total = reader.size
    this.#sent = start
    this.#chunkSize = chunkSize ?? LONGEST_CHUNK
    this.#ahead = new ReadAhead(reader, start, onChange)
  }

  get total(): number | undefined {
    return this.#total
  }

  get sent(): number {
    return this.#sent
  }

  get out(): boolean {
    return this.#finalOut && this.#again.length === 0
  }

  prepare(): boolean {
    if (this.#isFull) return false
    this.#ahead.moveTo(this.#again[0]?.start ?? this.#sent)
    this.#ahead.fill()
    const { available, ended, position } = this.#ahead
    if (ended) this.#total ??= position + available
    const { start, until } = this.#bounds(0)
    // Of a short rest, all has to be there before the chunk begins: it cannot be interrupted then.
    if (this.#total !== undefined && until - start <= WHOLE_CHUNK) return ended || this.#givable >= until - start
    return ended || this.#givable > 0
  }

  open(unsent: number): ChunkBounds {
    this.#open = { ...this.#bounds(unsent), chunkSize: this.#chunkSize }
    return this.#open
  }

  next(limit: number): CursorPiece {
    const chunk = this.#open
    if (chunk === undefined) return { kind: 'end', flag: '+' }
    // What was given before is out.
    if (!this.#reader.rereadable) this.#reader.release(this.#ahead.position)
    this.#ahead.fill()
    const surplus = this.#total !== undefined && this.#ahead.position + this.#ahead.available > this.#total
    if (surplus) return this.#mismatch('more')
    const length = Math.min(limit, chunk.until - this.#ahead.position, this.#givable)
    if (length <= 0) return this.#nothing()
    const bytes = this.#ahead.take(length, chunk.whole)
    this.#ahead.fill()
    const { available, ended, position } = this.#ahead
    this.#sent = Math.max(this.#sent, position)
    if (ended && available === 0) this.#total ??= position
    const plain = isPlain(bytes)
    if (position === this.#total) return { kind: 'body', bytes, plain, end: '$' }
    return position === chunk.until ? { kind: 'body', bytes, plain, end: '+' } : { kind: 'body', bytes, plain }
  }

  close(flag: ContinuationFlag, bodyBytes: number): SentPart {
    const { start = this.#sent, until = start, chunkSize = 0 } = this.#open ?? {}
    const end = start + bodyBytes
    this.#open = undefined
    if (flag === '$') this.#finalOut = true
    const part = this.#again.find((candidate) => candidate.start === start)
    if (part !== undefined) part.start = end
    this.#again = this.#again.filter((candidate) => candidate.end > candidate.start)
    this.#unansweredChunks++
    this.#unansweredBytes += bodyBytes
    return { start, end, chunkSize, small: until - start <= WHOLE_CHUNK }
  }

  settle({ start, end }: SentPart, arrived: boolean): void {
    this.#unansweredChunks--
    this.#unansweredBytes -= end - start
    if (!arrived) return
    this.#answered.add(start, end)
    if (this.#reader.rereadable) this.#reader.release(this.#answered.contiguousFrom(this.#start))
  }

  cut(): Part | undefined {
    const open = this.#open
    this.#open = undefined
    return open === undefined ? undefined : { start: open.start, end: this.#ahead.position }
  }

  /** What counts is how large the chunk might have become: it may be refused by its head alone, while little of it is out. */
  shrink({ start, end, chunkSize = end - start, small = end - start <= WHOLE_CHUNK }: SentPart): boolean {
    if (small || !this.#reader.rereadable) return false
    // Several may have been under way; the size never grows again.
    const half = Math.max(WHOLE_CHUNK, Math.ceil(Math.min(end - start, chunkSize) / 2))
    this.#chunkSize = Math.min(half, this.#chunkSize)
    return true
  }

  repeat(part: Part): boolean {
    if (!this.#reader.rereadable) return false
    if (part.end === this.#total) this.#finalOut = false
    if (part.end > part.start) this.#again.push({ ...part })
    this.#again.sort((one, other) => one.start - other.start)
    return true
  }

  stop(): void {
    this.#again = []
    this.#ahead.close()
  }

  /** Bytes that may be given now. */
  get #givable(): number {
    const { available, ended, position } = this.#ahead
    // The last byte has to go out with `$`, so one is kept until it is known whether it is the last.
    const mayBeAll = this.#total === undefined || position + available >= this.#total
    return this.#reader.openEnded && !ended && mayBeAll ? Math.max(0, available - 1) : available
  }

  #bounds(unsent: number): ChunkBounds {
    const start = this.#ahead.position - unsent
    const part = this.#again.find((candidate) => candidate.start <= start && start < candidate.end)
    const until = Math.min(part?.end ?? Infinity, this.#total ?? Infinity, start + this.#chunkSize)
    const whole = until - start <= WHOLE_CHUNK && unsent + this.#givable >= until - start
    return { start, until, whole }
  }

  /** Whether the next chunk has to wait for an answer. */
  get #isFull(): boolean {
    const { answersExpected, chunkSize, unansweredChunks, unansweredBytes } = this.#limits
    if (!answersExpected) return false
    // Nobody has asked for a size, neither here nor the far side by a 501.
    if (chunkSize === undefined && this.#chunkSize === LONGEST_CHUNK) return this.#unansweredChunks >= MOST_CUT_CHUNKS
    return this.#unansweredChunks >= unansweredChunks || this.#unansweredBytes >= unansweredBytes
  }

  /** No byte can be given: the end has come, or has to be waited for. */
  #nothing(): CursorPiece {
    const { available, ended, position } = this.#ahead
    if (!ended && position !== this.#total) return { kind: 'waiting' }
    if (available > 0) return { kind: 'end', flag: '+' }
    this.#total ??= position
    if (position < this.#total && ended) return this.#mismatch('less')
    return { kind: 'end', flag: '$' }
  }

  #mismatch(how: 'more' | 'less'): CursorPiece {
    const text = `The body has ${how} than the ${this.#total} bytes that were announced`
    return { kind: 'failed', error: new MsrpError('invalid-argument', text) }
  }
}
