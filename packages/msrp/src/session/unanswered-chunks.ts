import type { Part } from './body-cursor.ts'
import { ByteRanges } from './byte-ranges.ts'

/** Chunks that may wait when only other traffic cuts them. */
const MOST_CUT_CHUNKS = 1024

/** A chunk that is out. */
export interface SentPart extends Part {
  /** The chunk size that held when it began. */
  readonly chunkSize: number | undefined
  /** It could not become so large that it would have had to be interruptible. */
  readonly small: boolean
  /** When its end went out, in the clock's milliseconds. */
  readonly at: number
}

/**
 * The chunks of one message that are out and not answered. When they are many, the message waits: what is unanswered may
 * have to be sent again (RFC 4975 §7.1.1 does not ask for it, a 501 from the field does), and nothing grows without bound.
 */
export class UnansweredChunks {
  readonly #answersExpected: boolean
  readonly #start: number
  readonly #mostChunks: number
  readonly #mostBytes: number
  readonly #chunks: Map<string, SentPart> = new Map()
  readonly #answered = new ByteRanges()
  #bytes = 0

  /** `start`: where sending begins. Without `answersExpected` only errors are answered, so the oldest chunks are forgotten instead. */
  constructor(options: { answersExpected: boolean; start: number; mostChunks: number; mostBytes: number }) {
    this.#answersExpected = options.answersExpected
    this.#start = options.start
    this.#mostChunks = options.mostChunks
    this.#mostBytes = options.mostBytes
  }

  /** Whether the next chunk has to wait for an answer; `chunkSize` is the limit that holds for it. */
  isFull(chunkSize: number | undefined): boolean {
    if (!this.#answersExpected) return false
    if (chunkSize === undefined) return this.#chunks.size >= MOST_CUT_CHUNKS
    return this.#chunks.size >= this.#mostChunks || this.#bytes >= this.#mostBytes
  }

  /** Bytes up to here, from the first that was sent, have all been answered 200. */
  get answeredUntil(): number {
    return this.#answered.contiguousFrom(this.#start)
  }

  /** Adds a chunk; gives the transaction id of one that is forgotten for it. */
  add(transactionId: string, part: SentPart): string | undefined {
    this.#chunks.set(transactionId, part)
    this.#bytes += part.end - part.start
    if (this.#answersExpected || this.#chunks.size <= this.#mostChunks) return undefined
    const [oldest] = this.#chunks.keys()
    if (oldest !== undefined) this.take(oldest)
    return oldest
  }

  /** Takes a chunk out. */
  take(transactionId: string): SentPart | undefined {
    const part = this.#chunks.get(transactionId)
    if (part === undefined) return undefined
    this.#chunks.delete(transactionId)
    this.#bytes -= part.end - part.start
    return part
  }

  /** A chunk was answered 200. */
  confirm(part: Part): void {
    this.#answered.add(part.start, part.end)
  }

  /** Takes all out. */
  drain(): SentPart[] {
    const parts = [...this.#chunks.values()]
    this.#chunks.clear()
    this.#bytes = 0
    return parts
  }
}
