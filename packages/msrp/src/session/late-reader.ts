import type { ContinuationFlag } from '../wire/index.ts'
import type { RequestReader } from './incoming-request.ts'

/** Keeps what comes of a request until it is known who reads it. */
export class LateReader implements RequestReader {
  #reader: RequestReader | undefined
  #pieces: Uint8Array[] = []
  #flag: ContinuationFlag | undefined
  #onHeld: ((bytes: number) => void) | undefined

  /** Hears how much is held, and of each piece that comes. */
  set onHeld(onHeld: (bytes: number) => void) {
    this.#onHeld = onHeld
    for (const { length } of this.#pieces) onHeld(length)
  }

  body(bytes: Uint8Array): void {
    if (this.#reader !== undefined) {
      this.#reader.body(bytes)
      return
    }
    this.#pieces.push(new Uint8Array(bytes))
    this.#onHeld?.(bytes.length)
  }

  end(flag: ContinuationFlag): void {
    this.#flag = flag
    this.#reader?.end(flag)
  }

  /** Has what has come read, and what is still to come. */
  readBy(reader: RequestReader): void {
    this.#reader = reader
    for (const piece of this.#pieces.splice(0)) reader.body(piece)
    if (this.#flag !== undefined) reader.end(this.#flag)
  }
}
