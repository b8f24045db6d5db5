/** A piece from this size on is passed on as it is: copying it would cost more than another vector entry. Bytes. */
const LARGE = 4096
/** Gathered pieces are not longer than this: the largest TLS record. Bytes. */
const GATHERED = 16_384

/**
 * Joins small pieces that follow each other, so that many short messages are one write; large pieces stay untouched.
 * The order of bytes is kept.
 */
export function gather(pieces: readonly Uint8Array[]): Uint8Array[] {
  const gathered: Uint8Array[] = []
  let small: Uint8Array[] = []
  let size = 0
  const join = (): void => {
    const [only] = small
    if (only) gathered.push(small.length === 1 ? only : Buffer.concat(small, size))
    small = []
    size = 0
  }
  for (const piece of pieces) {
    const large = piece.length >= LARGE
    if (large || size + piece.length > GATHERED) join()
    if (large) {
      gathered.push(piece)
    } else {
      small.push(piece)
      size += piece.length
    }
  }
  join()
  return gathered
}
