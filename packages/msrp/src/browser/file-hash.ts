import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { CreateHash } from '../file/file-hasher.ts'
import type { FilePlatform } from '../file/file-transfer.ts'
import { systemRandom } from '../wire/system-random.ts'
import { browserClock } from './browser-clock.ts'

/** Hashes for files (RFC 5547), piece by piece, which browsers cannot do by themselves. */
export const fileHash: CreateHash = (algorithm) => (algorithm === 'sha-1' ? sha1.create() : sha256.create())

/** What `FileTransfers` of `msrp/file` needs of a browser. */
export const browserFilePlatform: FilePlatform = { createHash: fileHash, random: systemRandom, clock: browserClock }
