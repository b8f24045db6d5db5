import type { FileSink } from './platform.ts'

/** Bytes of one piece that are gathered before they are handed to the platform. */
const GATHERED = 1024 * 1024

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
  #pieces: Piece[] = []
  /** What came last, in order and without gap, and where it begins. */
  #gathered: Uint8Array<ArrayBuffer>[] = []
  #start = 0
  #size = 0

  /** `type`: the media type of the Blob. */
  constructor(type: string) {
    this.#type = type
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (position !== this.#start + this.#size) {
      this.#flush()
      this.#start = position
    }
    // What is handed over lies in memory of its own, and in none that is shared.
    this.#gathered.push(bytes as Uint8Array<ArrayBuffer>)
    this.#size += bytes.length
    if (this.#size >= GATHERED) this.#flush()
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    return new Uint8Array(await this.#slice(position, position + length).arrayBuffer())
  }

  async finish(size: number): Promise<Blob> {
    return this.#slice(0, size, this.#type)
  }

  async discard(): Promise<void> {
    this.#pieces = []
    this.#gathered = []
  }

  /** What was written from `start` up to `end`; nothing is missing there. */
  #slice(start: number, end: number, type = ''): Blob {
    this.#flush()
    const parts = this.#pieces
      .filter((piece) => piece.start < end && piece.start + piece.bytes.size > start)
      .map((piece) => piece.bytes.slice(Math.max(0, start - piece.start), end - piece.start))
    return new Blob(parts, { type })
  }

  #flush(): void {
    if (this.#size > 0) this.#put({ start: this.#start, bytes: new Blob(this.#gathered) })
    this.#start += this.#size
    this.#size = 0
    this.#gathered = []
  }

  /** Puts a piece in its place; of what was there, only what lies beside it stays. */
  #put(piece: Piece): void {
    const end = piece.start + piece.bytes.size
    const last = this.#pieces.at(-1)
    if (last === undefined || last.start + last.bytes.size <= piece.start) {
      this.#pieces.push(piece)
      return
    }
    const before: Piece[] = []
    const behind: Piece[] = []
    for (const { start, bytes } of this.#pieces) {
      if (start < piece.start) before.push({ start, bytes: bytes.slice(0, piece.start - start) })
      if (start + bytes.size > end) {
        behind.push({ start: Math.max(start, end), bytes: bytes.slice(Math.max(0, end - start)) })
      }
    }
    this.#pieces = [...before, piece, ...behind]
  }
}
