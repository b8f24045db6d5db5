import { createHash } from 'node:crypto'
import type { CreateHash } from '../file/file-hasher.ts'

/** Hashes for files (RFC 5547), piece by piece. */
export const fileHash: CreateHash = (algorithm) => createHash(algorithm === 'sha-1' ? 'sha1' : 'sha256')
