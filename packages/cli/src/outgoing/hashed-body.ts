import { createHash } from 'node:crypto'
import type { MessageBody, RandomAccessBody } from 'msrp'

/** How much is read at a time when all has to be read again. Bytes. */
const READ_SIZE = 1 << 20

/** A body that is hashed as it goes out, so that both sides can compare what was sent with what was stored. */
export class HashedBody {
  /** To be sent in place of the body it was made of. Closing that stays with its owner. */
  readonly body: MessageBody
  readonly #hash = createHash('sha256')
  readonly #again: RandomAccessBody | undefined
  #hashed = 0

  constructor(body: string | RandomAccessBody | AsyncIterable<Uint8Array>) {
    if (typeof body === 'string') {
      this.body = body
      this.#hash.update(body)
    } else if ('read' in body && typeof body.size === 'number') {
      this.#again = body
      this.body = { size: body.size, read: (position, length) => this.#read(body, position, length) }
    } else {
      this.body = this.#pass(body as AsyncIterable<Uint8Array>)
    }
  }

  /** SHA-256 of all of it, lower-case hex, once all of it has gone out. Reads again what was not read in order. */
  async digest(): Promise<string> {
    const { size } = this.#again ?? { size: 0 }
    while (this.#again !== undefined && this.#hashed < size) {
      await this.#read(this.#again, this.#hashed, Math.min(READ_SIZE, size - this.#hashed))
    }
    return this.#hash.digest('hex')
  }

  // Some bytes are read twice, when a peer wants smaller chunks or the rest goes over another connection.
  async #read(body: RandomAccessBody, position: number, length: number): Promise<Uint8Array> {
    const bytes = await body.read(position, length)
    if (position <= this.#hashed && position + bytes.length > this.#hashed) {
      this.#hash.update(bytes.subarray(this.#hashed - position))
      this.#hashed = position + bytes.length
    }
    return bytes
  }

  async *#pass(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const bytes of body) {
      this.#hash.update(bytes)
      yield bytes
    }
  }
}
