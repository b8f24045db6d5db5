import type { ContinuationFlag } from '../wire/index.ts'
import { type ChunkBounds, type Cursor, type CursorPiece, isPlain, type Part } from './cursor.ts'

/** A body in memory that goes out as one chunk, as that of every short text. */
export class WholeBody implements Cursor {
  readonly total: number
  sent = 0
  out = false
  readonly #bytes: Uint8Array
  #position = 0
  /** Where the open chunk began. */
  #start: number | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.total = bytes.length
  }

  prepare(): boolean {
    return true
  }

  open(unsent: number): ChunkBounds {
    this.#start = this.#position - unsent
    return { start: this.#start, until: this.total, whole: true }
  }

  next(limit: number): CursorPiece {
    const bytes = this.#bytes.subarray(this.#position, this.#position + limit)
    this.#position += bytes.length
    this.sent = Math.max(this.sent, this.#position)
    if (bytes.length === 0) return { kind: 'end', flag: '$' }
    const piece: CursorPiece = { kind: 'body', bytes, plain: isPlain(bytes) }
    return this.#position === this.total ? { ...piece, end: '$' } : piece
  }

  close(flag: ContinuationFlag, bodyBytes: number): Part {
    const start = this.#start ?? 0
    this.#start = undefined
    this.out = flag === '$'
    return { start, end: start + bodyBytes }
  }

  settle(): void {}

  cut(): Part | undefined {
    const start = this.#start
    this.#start = undefined
    return start === undefined ? undefined : { start, end: this.#position }
  }

  shrink(): boolean {
    return false
  }

  /** With all that comes after it. */
  repeat({ start }: Part): boolean {
    this.#position = Math.min(this.#position, start)
    this.out = false
    return true
  }

  stop(): void {}
}
