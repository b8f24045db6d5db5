import { createHash } from 'node:crypto'
import type { CreateHash } from '../file/file-hasher.ts'
import type { FilePlatform } from '../file/file-transfer.ts'
import { nodeClock } from './node-clock.ts'
import { nodeRandom } from './node-crypto.ts'

/** Hashes for files (RFC 5547), piece by piece. */
export const fileHash: CreateHash = (algorithm) => createHash(algorithm === 'sha-1' ? 'sha1' : 'sha256')

/** What `FileTransfers` of `msrp/file` needs of Node. */
export const nodeFilePlatform: FilePlatform = { createHash: fileHash, random: nodeRandom, clock: nodeClock }
