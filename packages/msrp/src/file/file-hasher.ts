import type { RandomAccessBody } from '../session/body.ts'
import { hex } from '../wire/hex.ts'
import { MsrpError } from '../wire/index.ts'
import { type FileHash, type FileHashAlgorithm, isKnownHash } from './file-hash.ts'

/** Bytes hashed between two looks at the signal. */
const PIECE = 1 << 20

/** A hash that is fed piece by piece: what `node:crypto` and `@noble/hashes` make is one. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

/** Makes one: `fileHash` of `msrp/node` or of `msrp/browser`. */
export type CreateHash = (algorithm: FileHashAlgorithm) => IncrementalHash

/** What is to be read for a hash: part of `RandomAccessBody`, and of what a file is stored in. */
export type ReadBytes = RandomAccessBody['read']

/** Hashes one file by several algorithms at once. */
export class FileHasher {
  readonly #hashes: readonly { readonly algorithm: FileHashAlgorithm; readonly hash: IncrementalHash }[]
  #bytes = 0

  constructor(algorithms: readonly FileHashAlgorithm[], createHash: CreateHash) {
    this.#hashes = [...new Set(algorithms)].map((algorithm) => ({ algorithm, hash: createHash(algorithm) }))
  }

  /** How many bytes went in. */
  get bytes(): number {
    return this.#bytes
  }

  update(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    for (const { hash } of this.#hashes) hash.update(bytes)
  }

  /** Takes in what is read up to a position. @throws MsrpError `aborted`, and what `read` throws */
  async updateFrom(
    read: ReadBytes,
    until: number,
    options: { signal?: AbortSignal | undefined; onProgress?: ((bytes: number) => void) | undefined } = {},
  ): Promise<void> {
    // Nothing to be hashed needs no reading, however large the file.
    if (this.#hashes.length === 0) this.#bytes = until
    while (this.#bytes < until) {
      const { signal } = options
      if (signal?.aborted) throw new MsrpError('aborted', 'Hashing the file was given up', { cause: signal.reason })
      const bytes = await read(this.#bytes, Math.min(PIECE, until - this.#bytes))
      if (bytes.length === 0) throw new MsrpError('file-unreadable', `The file ends at ${this.#bytes}, not at ${until}`)
      this.update(bytes)
      options.onProgress?.(this.#bytes)
    }
  }

  /** The hashes; nothing more goes in afterwards. */
  digests(): FileHash[] {
    return this.#hashes.map(({ algorithm, hash }) => ({ algorithm, digest: hex(hash.digest()) }))
  }
}

/** Why a file is not the one that hashes say it is; undefined when it is, as far as the hash functions are known here. */
export function hashMismatch(expected: readonly FileHash[], actual: readonly FileHash[]): string | undefined {
  for (const { algorithm, digest } of expected.filter(isKnownHash)) {
    const found = actual.find((hash) => hash.algorithm === algorithm)?.digest
    if (found !== digest) return `its ${algorithm} is ${found ?? 'not known'}, not ${digest}`
  }
  return undefined
}
