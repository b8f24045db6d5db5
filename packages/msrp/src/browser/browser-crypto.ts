import { md5 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Hash, RandomBytes } from '../wire/index.ts'

/** For HTTP Digest. Browsers have no MD5, and what else they hash they hash later. */
export const browserHash: Hash = (algorithm, text) =>
  bytesToHex((algorithm === 'md5' ? md5 : sha256)(utf8ToBytes(text)))

/** Bytes from the browser's secure generator. */
export const browserRandom: RandomBytes = (size) => crypto.getRandomValues(new Uint8Array(size))
