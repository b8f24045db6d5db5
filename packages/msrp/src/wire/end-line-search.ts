import { ByteSearch } from './byte-search.ts'
import { encodeText } from './utf8.ts'

const HYPHEN = 0x2d
const HYPHENS = 7

/**
 * Looks for the end-line of an outgoing chunk in its own body, over all pieces that the body is written in: seven
 * hyphens and the transaction id must not stand in it (RFC 4975 §7.1). It serves one chunk at a time, from its first body
 * byte on.
 */
export class EndLineSearch {
  #transactionId: string
  #prepared: ByteSearch | undefined
  // With how many of the needle's first bytes the pieces before this one end: the only ones that can still matter.
  #begun = 0

  /** For a chunk with this id, or for the one that `start` names. */
  constructor(transactionId: string = '') {
    this.#transactionId = transactionId
  }

  /** Begins anew, for a chunk with this id. */
  start(transactionId: string): void {
    this.#transactionId = transactionId
    this.#prepared = undefined
    this.#begun = 0
  }

  /**
   * How many bytes of the next piece of the body may be written in this chunk: all of them (`piece.length`) when the
   * needle is not completed in this piece, else as many as lie before the byte that would complete it, perhaps none.
   * After less than all, end the chunk there (`+`) and send the rest in a chunk with another id. A `plain` piece is known
   * to have no seven hyphens in a row, so that only its ends are looked at.
   */
  next(piece: Uint8Array, plain: boolean = false): number {
    const overlap = HYPHENS + this.#transactionId.length - 1
    if (plain && this.#begun === 0 && !hasHyphen(piece, piece.length - overlap)) return piece.length
    const { needle } = this.#search
    let recent = piece
    if (this.#begun > 0) {
      const joint = concat(needle.subarray(0, this.#begun), piece.subarray(0, overlap))
      const found = this.#search.indexIn(joint, 0)
      if (found !== -1) return found + overlap - this.#begun
      if (piece.length < overlap) recent = joint
    }
    const found = plain ? -1 : this.#search.indexIn(piece, 0)
    if (found !== -1) return found + overlap
    this.#begun = begunAtEnd(recent, needle)
    return piece.length
  }

  /** Made only for the few bodies that need it. */
  get #search(): ByteSearch {
    this.#prepared ??= new ByteSearch(encodeText(`-------${this.#transactionId}`))
    return this.#prepared
  }
}

function hasHyphen(piece: Uint8Array, from: number): boolean {
  for (let at = Math.max(0, from); at < piece.length; at++) if (piece[at] === HYPHEN) return true
  return false
}

// The length of the longest beginning of the needle, but not all of it, with which the bytes end.
function begunAtEnd(bytes: Uint8Array, needle: Uint8Array): number {
  for (let start = Math.max(0, bytes.length - needle.length + 1); start < bytes.length; start++) {
    let length = 0
    while (start + length < bytes.length && bytes[start + length] === needle[length]) length++
    if (start + length === bytes.length) return length
  }
  return 0
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}
