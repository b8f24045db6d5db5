import { type FileSink, MsrpError } from 'msrp'

/** Largest text that is printed, in bytes; a larger one is stored as a file. */
export const LARGEST_TEXT: number = 64 << 10

/**
 * Takes a text into memory. What a sender announces is not what it sends, so beyond `LARGEST_TEXT` it hears 413, whatever
 * the size was to be.
 */
export class TextSink implements FileSink {
  #buffer = new Uint8Array(1024)
  #length = 0

  /** What has come. */
  get body(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** @throws MsrpError `too-large` (413) */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    const end = position + bytes.length
    if (end > LARGEST_TEXT) {
      const text = `more than the ${LARGEST_TEXT} bytes of a text to be read have come`
      throw new MsrpError('too-large', text, { status: 413 })
    }
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#buffer.length))
      grown.set(this.body)
      this.#buffer = grown
    }
    this.#buffer.set(bytes, position)
    this.#length = Math.max(this.#length, end)
  }

  async finish(): Promise<void> {}

  async discard(): Promise<void> {}
}
