import { asMsrpError } from '../wire/as-msrp-error.ts'
import type { MsrpError } from '../wire/index.ts'
import { type BodyReader, READ_SIZE } from './body-reader.ts'

/**
 * A body on its way to the connection: one piece in hand and one being read, so that the connection need not wait for
 * each read, and no more than that is in memory.
 */
export class ReadAhead {
  readonly #reader: BodyReader
  readonly #onChange: (error?: MsrpError) => void
  #pieces: Uint8Array[] = []
  #available = 0
  #position: number
  #ended = false
  #reading: object | undefined
  #closed = false

  /** `onChange`: bytes were read, the end was found, or the body cannot be read. Not called from inside a call. */
  constructor(reader: BodyReader, position: number, onChange: (error?: MsrpError) => void) {
    this.#reader = reader
    this.#position = position
    this.#onChange = onChange
  }

  /** Position of the next byte that `take` gives; 0 is the first. */
  get position(): number {
    return this.#position
  }

  /** Bytes in hand. */
  get available(): number {
    return this.#available
  }

  /** Nothing follows what is in hand. */
  get ended(): boolean {
    return this.#ended
  }

  /** Begins to read when less than a piece is in hand. */
  fill(): void {
    while (this.#available < READ_SIZE && !this.#ended && this.#reading === undefined) {
      const read = this.#reader.read(this.#position + this.#available, READ_SIZE)
      if (read instanceof Promise) void this.#await(read)
      else this.#add(read)
    }
  }

  /** Bytes in hand: exactly `length` when `whole`, else as many as lie in one piece. `length` are available at least. */
  take(length: number, whole: boolean): Uint8Array {
    const first = this.#pieces[0] ?? new Uint8Array()
    if (first.length <= length && (!whole || first.length === length)) {
      this.#pieces.shift()
      this.#passed(first.length)
      return first
    }
    if (first.length > length) {
      this.#pieces[0] = first.subarray(length)
      this.#passed(length)
      return first.subarray(0, length)
    }
    const joined = new Uint8Array(length)
    for (let filled = 0; filled < length; ) {
      const part = this.take(length - filled, false)
      joined.set(part, filled)
      filled += part.length
    }
    return joined
  }

  /** Goes on from another position. */
  moveTo(position: number): void {
    if (position === this.#position) return
    this.#pieces = []
    this.#available = 0
    this.#position = position
    this.#ended = false
    this.#reading = undefined
  }

  /** Reads no more. */
  close(): void {
    this.#pieces = []
    this.#available = 0
    this.#ended = true
    this.#reading = undefined
    if (!this.#closed) this.#reader.close()
    this.#closed = true
  }

  #passed(length: number): void {
    this.#available -= length
    this.#position += length
  }

  async #await(read: Promise<Uint8Array | undefined>): Promise<void> {
    const mine = {}
    this.#reading = mine
    let error: MsrpError | undefined
    let piece: Uint8Array | undefined
    try {
      piece = await read
    } catch (cause) {
      error = asMsrpError(cause, 'storage', 'The message could not be read')
    }
    // Moved or closed meanwhile.
    if (this.#reading !== mine) return
    this.#reading = undefined
    if (error === undefined) this.#add(piece)
    this.#onChange(error)
  }

  #add(piece: Uint8Array | undefined): void {
    if (piece === undefined || piece.length === 0) {
      this.#ended = true
      return
    }
    this.#pieces.push(piece)
    this.#available += piece.length
  }
}
