import { createHash, randomBytes } from 'node:crypto'
import type { Hash, RandomBytes } from '../wire/index.ts'

/** `MD5` and SHA-256 for HTTP Digest (RFC 4976 §9.1, RFC 7616), as lower-case hexadecimal digits. */
export const nodeHash: Hash = (algorithm, text) =>
  createHash(algorithm === 'md5' ? 'md5' : 'sha256')
    .update(text, 'utf8')
    .digest('hex')

/** Bytes from the operating system's secure generator. */
export const nodeRandom: RandomBytes = (size) => randomBytes(size)
