import { concatenate } from './byte-pool.ts'
import { ByteSearch } from './byte-search.ts'
import { encodeText } from './utf8.ts'

const HYPHEN = 0x2d
const HYPHENS = '-------'
const NONE: Uint8Array = new Uint8Array()

/**
 * Looks for the end-line of an outgoing chunk in its own body, over all pieces that the body is written in: seven
 * hyphens and the transaction id must not stand in it (RFC 4975 §7.1). It serves one chunk at a time, from its first body
 * byte on.
 */
export class EndLineSearch {
  #transactionId: string
  /** Made only for the few bodies that need it. */
  #search: ByteSearch | undefined
  /** The end of the pieces before this one, where a needle may have begun. */
  #tail = NONE

  /** For a chunk with this id, or for the one that `start` names. */
  constructor(transactionId: string = '') {
    this.#transactionId = transactionId
  }

  /** Begins anew, for a chunk with this id. */
  start(transactionId: string): void {
    this.#transactionId = transactionId
    this.#search = undefined
    this.#tail = NONE
  }

  /**
   * How many bytes of the next piece of the body may be written in this chunk: all of them (`piece.length`) when the
   * needle is not completed in this piece, else as many as lie before the byte that would complete it, perhaps none.
   * After less than all, end the chunk there (`+`) and send the rest in a chunk with another id. A `plain` piece is known
   * to have no seven hyphens in a row, so that only its ends are looked at.
   */
  next(piece: Uint8Array, plain: boolean = false): number {
    const overlap = HYPHENS.length + this.#transactionId.length - 1
    const tail = this.#tail
    if (plain && tail === NONE && !hasHyphen(piece, piece.length - overlap)) return piece.length
    this.#search ??= new ByteSearch(encodeText(HYPHENS + this.#transactionId))
    let recent = piece
    if (tail !== NONE) {
      const joint = concatenate([tail, piece.subarray(0, overlap)])
      const found = this.#search.indexIn(joint, 0)
      if (found !== -1) return found + overlap - tail.length
      if (piece.length < overlap) recent = joint
    }
    const found = plain ? -1 : this.#search.indexIn(piece, 0)
    if (found !== -1) return found + overlap
    // Not `slice`: that of Node's Buffer copies nothing.
    this.#tail = hasHyphen(recent, recent.length - overlap) ? new Uint8Array(recent.subarray(-overlap)) : NONE
    return piece.length
  }
}

function hasHyphen(bytes: Uint8Array, from: number): boolean {
  for (let at = Math.max(0, from); at < bytes.length; at++) if (bytes[at] === HYPHEN) return true
  return false
}
