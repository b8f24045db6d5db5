import type { PlacedBytes } from './body-blocks.ts'
import { ByteRanges } from './byte-ranges.ts'
import type { FileSink } from './platform.ts'

/** So much is gathered before it is handed to the platform, in bytes: what was written, and what keeping that takes. */
const GATHERED = 1024 * 1024

/** What it takes to keep one write, about. */
const WRITE_COST = 256

/** What lies at `start` of the message. */
interface Piece {
  readonly start: number
  readonly bytes: Blob
}

/**
 * Gathers a body as a Blob. The platform keeps what Blobs hold: browsers outside of the page, large ones on disk, so that
 * the page's own memory stays bounded whatever the size.
 */
export class BlobSink implements FileSink<Blob> {
  readonly #type: string
  /** In the order of their places; none lies over another one. */
  readonly #pieces: Piece[] = []
  /** What came last, none of it over another one: a sender may go on at many places by turns. */
  #gathered: PlacedBytes[] = []
  #places = new ByteRanges()
  #cost = 0

  /** `type`: the media type of the Blob. */
  constructor(type: string) {
    this.#type = type
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    const end = position + bytes.length
    if (!this.#places.within(position, end).next().done) this.#flush()
    this.#places.add(position, end)
    this.#gathered.push({ position, bytes })
    this.#cost += bytes.length + WRITE_COST
    if (this.#cost >= GATHERED) this.#flush()
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    return new Uint8Array(await this.#slice(position, position + length).arrayBuffer())
  }

  async finish(size: number): Promise<Blob> {
    return this.#slice(0, size, this.#type)
  }

  async discard(): Promise<void> {
    this.#pieces.length = 0
    this.#forgetGathered()
  }

  /** What was written from `start` up to `end`; nothing is missing there. */
  #slice(start: number, end: number, type = ''): Blob {
    this.#flush()
    const parts: Blob[] = []
    for (let index = this.#firstEndingAfter(start); index < this.#pieces.length; index++) {
      const piece = this.#pieces[index]
      if (piece === undefined || piece.start >= end) break
      parts.push(piece.bytes.slice(Math.max(0, start - piece.start), end - piece.start))
    }
    return new Blob(parts, { type })
  }

  /** Makes a piece of each run. */
  #flush(): void {
    const inOrder = this.#gathered.sort((one, other) => one.position - other.position)
    let next = 0
    for (const { start, end } of this.#places.within(0, this.#places.end)) {
      const first = next
      while ((inOrder[next]?.position ?? end) < end) next++
      // What is handed over lies in memory of its own, and in none that is shared.
      const parts = inOrder.slice(first, next).map(({ bytes }) => bytes as Uint8Array<ArrayBuffer>)
      this.#put({ start, bytes: new Blob(parts) })
    }
    this.#forgetGathered()
  }

  #forgetGathered(): void {
    this.#gathered = []
    this.#places = new ByteRanges()
    this.#cost = 0
  }

  /** Puts a piece in its place; of what was there, only what lies beside it stays. */
  #put(piece: Piece): void {
    const end = endOf(piece)
    const first = this.#firstEndingAfter(piece.start)
    let next = first
    while ((this.#pieces[next]?.start ?? end) < end) next++
    const covered = this.#pieces.slice(first, next)
    const [begun, last] = [covered[0], covered.at(-1)]
    const left = begun !== undefined && begun.start < piece.start
    const right = last !== undefined && endOf(last) > end
    this.#pieces.splice(
      first,
      covered.length,
      ...(left ? [{ start: begun.start, bytes: begun.bytes.slice(0, piece.start - begun.start) }] : []),
      piece,
      ...(right ? [{ start: end, bytes: last.bytes.slice(end - last.start) }] : []),
    )
  }

  /** Index of the first piece that ends behind `position`. */
  #firstEndingAfter(position: number): number {
    let low = 0
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const piece = this.#pieces[middle]
      if (piece !== undefined && endOf(piece) <= position) low = middle + 1
      else high = middle
    }
    return low
  }
}

function endOf({ start, bytes }: Piece): number {
  return start + bytes.size
}
