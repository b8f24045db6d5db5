import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { CreateHash } from '../file/file-hasher.ts'

/** Hashes for files (RFC 5547), piece by piece, which browsers cannot do by themselves. */
export const fileHash: CreateHash = (algorithm) => (algorithm === 'sha-1' ? sha1.create() : sha256.create())
