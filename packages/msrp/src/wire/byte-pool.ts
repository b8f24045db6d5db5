/**
 * Memory for small pieces of bytes: they lie side by side in larger arrays, since an allocation for each costs ten times
 * as much as filling it. No byte is handed out twice, so pieces may be kept, at the price that each keeps the array it
 * lies in.
 */

/** Bytes of one array. */
const POOL_BYTES = 8192

/** Up to this size pieces come from a pool. */
export const SMALL_BYTES: number = POOL_BYTES / 4

let pool = new Uint8Array(0)
let used = 0

/** New bytes, all zero. */
export function newBytes(size: number): Uint8Array {
  if (size > SMALL_BYTES) return new Uint8Array(size)
  return take(reserve(size), size)
}

/** A copy of bytes[from..until). */
export function copyBytes(bytes: Uint8Array, from: number, until: number): Uint8Array {
  const copy = newBytes(until - from)
  copy.set(bytes.subarray(from, until))
  return copy
}

/** Where a copy lies: in `bytes`, from `start` on. */
export interface Kept {
  readonly bytes: Uint8Array
  readonly start: number
}

/** A copy of bytes[from..until) beside others, without an array of its own. */
export function keepBytes(bytes: Uint8Array, from: number, until: number): Kept {
  const size = until - from
  if (size > SMALL_BYTES) return { bytes: new Uint8Array(bytes.subarray(from, until)), start: 0 }
  const start = reserve(size)
  pool.set(bytes.subarray(from, until), start)
  used = start + size
  return { bytes: pool, start }
}

/** What `fill` writes into room for `size` bytes, at most `SMALL_BYTES`; `fill` says how many bytes these were. */
export function fillBytes(size: number, fill: (room: Uint8Array) => number): Uint8Array {
  const start = reserve(size)
  return take(start, fill(pool.subarray(start, start + size)))
}

function reserve(size: number): number {
  if (used + size > pool.length) {
    pool = new Uint8Array(POOL_BYTES)
    used = 0
  }
  return used
}

function take(start: number, size: number): Uint8Array {
  used = start + size
  return pool.subarray(start, used)
}

/** The pieces as one array. */
export function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = newBytes(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
