import { ByteSearch } from '../wire/byte-search.ts'
import { type ContinuationFlag, MsrpError } from '../wire/index.ts'
import type { BodyReader } from './outgoing-body.ts'
import { ReadAhead } from './read-ahead.ts'

/** Up to this many body bytes a chunk need not be interruptible (RFC 4975 §7.1.1). */
export const WHOLE_CHUNK = 2048

/** What an end-line begins with. */
const hyphens = new ByteSearch(new TextEncoder().encode('-------'))

/** A part of a message; positions count from 0, `end` is not included. */
export interface Part {
  readonly start: number
  readonly end: number
}

/** A chunk to be opened. */
export interface ChunkBounds {
  readonly start: number
  /** Where it ends at the latest; infinite when nothing bounds it. */
  readonly until: number
  /** All of it is there and goes out in one piece, so that Byte-Range can say where it ends. */
  readonly whole: boolean
}

export type CursorPiece =
  /** `plain`: without seven hyphens in a row, so without an end-line. */
  | { kind: 'body'; bytes: Uint8Array; plain: boolean; end?: ContinuationFlag }
  | { kind: 'end'; flag: ContinuationFlag }
  | { kind: 'waiting' }
  | { kind: 'failed'; error: MsrpError }

/** Where a message stands in being sent: which bytes come next, where chunks end, and what has to be sent again. */
export class BodyCursor {
  readonly #reader: BodyReader
  readonly #ahead: ReadAhead
  /** Parts that have to go out again, lowest first. */
  #again: { start: number; end: number }[] = []
  /** The chunk with `$` is out. */
  #finalOut = false
  #open: ChunkBounds | undefined
  #total: number | undefined
  #sent: number
  #chunkSize: number | undefined

  /** `onChange`: there may be more to give now, or the body cannot be read. Not called from inside a call. */
  constructor(options: {
    reader: BodyReader
    start: number
    chunkSize: number | undefined
    onChange: (error?: MsrpError) => void
  }) {
    this.#reader = options.reader
    this.#total = options.reader.size
    this.#sent = options.start
    this.#chunkSize = options.chunkSize
    this.#ahead = new ReadAhead(options.reader, options.start, options.onChange)
  }

  /** Size of the message, once known. */
  get total(): number | undefined {
    return this.#total
  }

  /** How far the message has gone out. */
  get sent(): number {
    return this.#sent
  }

  /** Largest chunk in body bytes, if there is one. */
  get chunkSize(): number | undefined {
    return this.#chunkSize
  }

  /** Everything is out, the last chunk with `$`, and nothing has to go out again. */
  get out(): boolean {
    return this.#finalOut && this.#again.length === 0
  }

  /** Goes to where the next chunk begins, and tells whether it could be opened now. Not while one is open, nor when all is out. */
  prepare(): boolean {
    this.#ahead.moveTo(this.#again[0]?.start ?? this.#sent)
    this.#ahead.fill()
    const { available, ended, position } = this.#ahead
    if (ended) this.#total ??= position + available
    const { start, until } = this.#bounds(0)
    // Of a short rest, all has to be there before the chunk begins: it cannot be interrupted then.
    if (this.#total !== undefined && until - start <= WHOLE_CHUNK) return ended || this.#givable >= until - start
    return ended || this.#givable > 0
  }

  /** Opens a chunk; `unsent` bytes that were given before come first in it. */
  open(unsent: number): ChunkBounds {
    this.#open = this.#bounds(unsent)
    return this.#open
  }

  /** The next piece of the open chunk. */
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
    // Most bodies are: looking for that takes a quarter of the time of looking for an end-line.
    const plain = hyphens.indexIn(bytes, 0) === -1
    if (position === this.#total) return { kind: 'body', bytes, plain, end: '$' }
    return position === chunk.until ? { kind: 'body', bytes, plain, end: '+' } : { kind: 'body', bytes, plain }
  }

  /** The open chunk has ended after `bodyBytes`. */
  close(flag: ContinuationFlag, bodyBytes: number): Part {
    const start = this.#open?.start ?? this.#sent
    const end = start + bodyBytes
    this.#open = undefined
    if (flag === '$') this.#finalOut = true
    const part = this.#again.find((candidate) => candidate.start === start)
    if (part !== undefined) part.start = end
    this.#again = this.#again.filter((candidate) => candidate.end > candidate.start)
    return { start, end }
  }

  /** The open chunk will never end: its connection is gone. */
  cut(): Part | undefined {
    const open = this.#open
    this.#open = undefined
    return open === undefined ? undefined : { start: open.start, end: this.#ahead.position }
  }

  /** Sends a part once more, in chunks of `chunkSize` bytes. */
  repeat(part: Part, chunkSize: number | undefined = this.#chunkSize): void {
    this.#chunkSize = chunkSize
    if (part.end === this.#total) this.#finalOut = false
    if (part.end <= part.start) return
    this.#again.push({ ...part })
    this.#again.sort((one, other) => one.start - other.start)
  }

  /** Reads no more of the body. */
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
    const bounds = [part?.end, this.#total, this.#chunkSize && start + this.#chunkSize]
    const until = Math.min(...bounds.map((bound) => bound ?? Number.POSITIVE_INFINITY))
    const whole = until - start <= WHOLE_CHUNK && unsent + this.#givable >= until - start
    return { start, until, whole }
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
