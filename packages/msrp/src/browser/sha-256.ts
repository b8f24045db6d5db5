import { sha256 as hash } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/** SHA-256 of bytes, as lower-case hexadecimal: at once, unlike what browsers have. Loaded when a relay asks for it. */
export function sha256(bytes: Uint8Array): string {
  return bytesToHex(hash(bytes))
}
