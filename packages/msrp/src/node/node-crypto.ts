import { hash, randomBytes } from 'node:crypto'
import type { Hash, RandomBytes } from '../wire/index.ts'

/** `MD5` and SHA-256 for HTTP Digest (RFC 4976 §9.1, RFC 7616), as lower-case hexadecimal digits. */
export const nodeHash: Hash = (algorithm, text) => hash(algorithm === 'md5' ? 'md5' : 'sha256', text, 'hex')

/** Bytes asked of the generator at once: each time costs as much as hundreds of them. */
const POOL_BYTES = 4096

let pool: Uint8Array = new Uint8Array(0)
let used = 0

/** Bytes from the operating system's secure generator; none is given out twice. */
export const nodeRandom: RandomBytes = (size) => {
  if (size > POOL_BYTES / 8) return randomBytes(size)
  if (used + size > pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  used += size
  return pool.subarray(used - size, used)
}
