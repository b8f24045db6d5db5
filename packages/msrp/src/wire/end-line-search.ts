import { ByteSearch } from './byte-search.ts'
import { encodeText } from './utf8.ts'

/**
 * Looks for the end-line of an outgoing chunk in its own body, over all pieces that the body is written in: seven
 * hyphens and the transaction id must not stand in it (RFC 4975 §7.1). One search serves one chunk, from its first body
 * byte on; a new chunk with a new id takes a new search.
 */
export class EndLineSearch {
  readonly #search: ByteSearch
  // The last bytes of the pieces before this one: fewer than the needle has.
  #tail: Uint8Array = new Uint8Array(0)

  constructor(transactionId: string) {
    this.#search = new ByteSearch(encodeText(`-------${transactionId}`))
  }

  /**
   * How many bytes of the next piece of the body may be written in this chunk: all of them (`piece.length`) when the
   * needle is not completed in this piece, else as many as lie before the byte that would complete it, perhaps none.
   * After less than all, end the chunk there (`+`) and send the rest in a chunk with another id.
   */
  next(piece: Uint8Array): number {
    const { needle } = this.#search
    const overlap = needle.length - 1
    if (this.#tail.length > 0) {
      const joint = concat(this.#tail, piece.subarray(0, overlap))
      const found = this.#search.indexIn(joint, 0)
      if (found !== -1) return found + overlap - this.#tail.length
    }
    const found = this.#search.indexIn(piece, 0)
    if (found !== -1) return found + overlap
    // A view would not do: the piece may be used again. And a Buffer's slice is a view.
    const joint = piece.length >= overlap ? piece : concat(this.#tail, piece)
    this.#tail = new Uint8Array(joint.subarray(Math.max(0, joint.length - overlap)))
    return piece.length
  }
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}
