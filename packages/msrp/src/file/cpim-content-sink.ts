import { type CpimHead, CpimHeadReader } from '../cpim/index.ts'
import type { FileSink } from '../session/platform.ts'
import { MsrpError } from '../wire/index.ts'

/** Bytes that may come before the head in front of them. */
const MOST_EARLY = 256 * 1024
/** What keeping a piece costs beside its bytes: so that a great many small ones are too many, too. */
const PIECE_COST = 64

interface Piece {
  readonly position: number
  readonly bytes: Uint8Array
}

/** Takes a message/cpim (RFC 3862) as it arrives and hands on what is wrapped in it, wherever its parts belong. */
export class CpimContentSink implements FileSink {
  readonly #content: FileSink
  readonly #onHead: (head: CpimHead) => void
  readonly #reader = new CpimHeadReader()
  #early: Piece[] = []
  #earlyCost = 0
  /** Where the first of them begins: nothing is to be done for any before that is reached. */
  #firstEarly = Number.POSITIVE_INFINITY
  /** Up to where the head is read, and where the content begins once it is. */
  #until = 0
  #head: CpimHead | undefined

  /** `onHead` may throw, which ends the message. */
  constructor(content: FileSink, onHead: (head: CpimHead) => void) {
    this.#content = content
    this.#onHead = onHead
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.#head === undefined && position > this.#until) return this.#keep(position, bytes)
    await this.#take({ position, bytes })
    while (this.#early.length > 0 && (this.#head !== undefined || this.#firstEarly <= this.#until)) {
      await this.#takeEarly()
    }
  }

  async finish(size: number): Promise<unknown> {
    if (this.#head === undefined) {
      const { head, rest } = this.#reader.end()
      this.#until = size - rest.length
      this.#begin(head)
      await this.#content.write(0, rest)
    }
    return this.#content.finish(size - this.#until)
  }

  discard(): Promise<void> {
    return this.#content.discard()
  }

  #begin(head: CpimHead): void {
    this.#head = head
    this.#onHead(head)
  }

  /** Takes what is not behind a gap in the head. */
  async #take({ position, bytes }: Piece): Promise<void> {
    const skip = Math.max(0, this.#until - position)
    if (this.#head !== undefined) {
      if (skip < bytes.length) await this.#content.write(position + skip - this.#until, bytes.subarray(skip))
      return
    }
    if (skip >= bytes.length) return
    const found = this.#reader.push(bytes.subarray(skip))
    this.#until = position + bytes.length - (found?.rest.length ?? 0)
    if (found === undefined) return
    this.#begin(found.head)
    await this.#content.write(0, found.rest)
  }

  #keep(position: number, bytes: Uint8Array): void {
    this.#earlyCost += bytes.length + PIECE_COST
    if (this.#earlyCost > MOST_EARLY) {
      const text = `More than ${MOST_EARLY} bytes of a message/cpim came before its head`
      throw new MsrpError('limit-exceeded', text, { status: 413 })
    }
    // A copy: what it was read into is much larger, perhaps.
    this.#early.push({ position, bytes: bytes.slice() })
    this.#firstEarly = Math.min(this.#firstEarly, position)
  }

  /** What came early finds its place now, or waits again. */
  async #takeEarly(): Promise<void> {
    const early = this.#early
    this.#early = []
    this.#earlyCost = 0
    this.#firstEarly = Number.POSITIVE_INFINITY
    for (const piece of early) {
      if (this.#head === undefined && piece.position > this.#until) this.#keep(piece.position, piece.bytes)
      else await this.#take(piece)
    }
  }
}
