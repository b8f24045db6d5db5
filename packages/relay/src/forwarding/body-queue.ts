/** Pieces smaller than this are gathered: a body that comes byte by byte must not cost a piece a byte. */
const SMALL = 4096

/** Most that is set aside for pieces to come. */
const BLOCK = 16_384

/** Body bytes that wait, in order. */
export class BodyQueue {
  readonly #pieces: Uint8Array[] = []
  #bytes = 0
  /** What the last piece lies in, with room behind it. */
  #block: Uint8Array | undefined

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Puts bytes in; they are copied. */
  push(bytes: Uint8Array): void {
    const last = this.#pieces.at(-1)
    this.#bytes += bytes.byteLength
    if (last !== undefined && this.#block !== undefined && roomBehind(last, this.#block) >= bytes.byteLength) {
      const start = last.byteOffset - this.#block.byteOffset
      const end = start + last.byteLength
      this.#block.set(bytes, end)
      this.#pieces[this.#pieces.length - 1] = this.#block.subarray(start, end + bytes.byteLength)
    } else if (last !== undefined && last.byteLength < SMALL && bytes.byteLength < SMALL) {
      this.#block = new Uint8Array(Math.max(bytes.byteLength, Math.min(BLOCK, 2 * this.#bytes)))
      this.#block.set(bytes)
      this.#pieces.push(this.#block.subarray(0, bytes.byteLength))
    } else {
      this.#block = undefined
      this.#pieces.push(new Uint8Array(bytes))
    }
  }

  /** Takes out the next bytes, at most `limit`; they are handed over. Undefined when there are none. */
  take(limit: number): Uint8Array | undefined {
    const piece = this.#pieces[0]
    if (piece === undefined) return undefined
    if (piece.byteLength > limit) {
      this.#pieces[0] = piece.subarray(limit)
      this.#bytes -= limit
      return piece.subarray(0, limit)
    }
    this.#pieces.shift()
    this.#bytes -= piece.byteLength
    return piece
  }

  /** Takes out everything, as one. */
  takeAll(): Uint8Array {
    const whole = new Uint8Array(this.#bytes)
    let at = 0
    for (const piece of this.#pieces) {
      whole.set(piece, at)
      at += piece.byteLength
    }
    this.clear()
    return whole
  }

  /** Throws everything away. */
  clear(): void {
    this.#pieces.length = 0
    this.#block = undefined
    this.#bytes = 0
  }
}

function roomBehind(piece: Uint8Array, block: Uint8Array): number {
  return block.byteOffset + block.byteLength - piece.byteOffset - piece.byteLength
}
