import { ByteRanges } from '../session/byte-ranges.ts'
import type { FileSink } from '../session/platform.ts'
import { MsrpError } from '../wire/index.ts'
import { type FileHash, isKnownHash } from './file-hash.ts'
import { type CreateHash, FileHasher, hashMismatch } from './file-hasher.ts'
import type { ArrivedFacts, FileTarget } from './file-target.ts'

/** What a file has to be. */
export interface Expected {
  /** Position of the first byte that this transfer brings; 0 is the first of the file. */
  readonly start: number
  /** Where it ends, if that is known; not included. */
  readonly end: number | undefined
  /** Bytes of the whole file, if known. */
  readonly size: number | undefined
  readonly hashes: readonly FileHash[]
  /** More than so many bytes are not taken of a file whose size is not known. */
  readonly maxSize: number
}

/**
 * Takes the bytes of one transfer to where their file goes, hashes them on the way and gives the file its name only when
 * it is the one that was described.
 */
export class VerifyingSink implements FileSink {
  readonly #target: FileTarget
  readonly #expected: Expected
  readonly #createHash: CreateHash
  #hasher: FileHasher
  /** Bytes came out of order, or twice: the hash is taken from the complete file. */
  #disordered = false
  #verified: readonly FileHash[] = []
  readonly #stored = new ByteRanges()
  #finishing = false
  /** What the sender says of it with its bytes, once that is known. */
  facts: ArrivedFacts = {}
  /** Something is about to be written. */
  onWrite: () => void = () => {}
  /** Up to where the file is stored; called when a piece is. */
  onProgress: ((bytes: number) => void) | undefined

  private constructor(target: FileTarget, expected: Expected, createHash: CreateHash) {
    this.#target = target
    this.#expected = expected
    this.#createHash = createHash
    this.#hasher = this.#newHasher()
    this.#stored.add(0, expected.start)
  }

  /**
   * Hashes what is there already.
   * @throws MsrpError `invalid-argument` when bytes before the first one to come are missing, `storage`, `aborted`
   */
  static async open(
    target: FileTarget,
    expected: Expected,
    { createHash, signal }: { createHash: CreateHash; signal?: AbortSignal | undefined },
  ): Promise<VerifyingSink> {
    const { stored = 0 } = target
    const { start } = expected
    if (start > stored) {
      const text = `The transfer begins at byte ${start + 1}, but only ${stored} bytes are there: ask for it from there on`
      throw new MsrpError('invalid-argument', text)
    }
    const sink = new VerifyingSink(target, expected, createHash)
    if (start > 0) await sink.#hasher.updateFrom(sink.#read, start, { signal })
    return sink
  }

  /** Up to where the target has the file without a gap: what is on its way there does not count. */
  get stored(): number {
    return this.#stored.contiguousFrom(0)
  }

  /** The hashes that were compared and are right. */
  get verified(): readonly FileHash[] {
    return this.#verified
  }

  /** Whether the file is only begun with this transfer: it brings bytes up to the middle. */
  get partial(): boolean {
    const { end, size } = this.#expected
    return end !== undefined && size !== undefined && end < size
  }

  /** What comes after `finish` began changes nothing: the hash is that of what was there then. */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.#finishing) return
    const { start, end, maxSize } = this.#expected
    const from = start + position
    const most = Math.min(end ?? maxSize, maxSize)
    if (from + bytes.length > most) throw mismatch(`it goes on behind byte ${most}`)
    if (!this.#disordered && from === this.#hasher.bytes) this.#hasher.update(bytes)
    else if (bytes.length > 0) this.#outOfOrder()
    this.onWrite()
    await this.#target.write(from, bytes)
    this.#stored.add(from, from + bytes.length)
    this.onProgress?.(this.stored)
  }

  async finish(bytes: number): Promise<unknown> {
    this.#finishing = true
    const { start, end, hashes } = this.#expected
    const size = this.#expected.size ?? this.facts.size
    const until = start + bytes
    if (until !== (end ?? until)) throw mismatch(`it ends at byte ${until}, not at ${end}`)
    if (this.partial) return undefined
    if (size !== undefined && until !== size) throw mismatch(`it has ${until} bytes, not ${size}`)
    if (this.#disordered) {
      this.#hasher = this.#newHasher()
      await this.#hasher.updateFrom(this.#read, until)
    }
    const found = this.#hasher.digests()
    const wrong = hashMismatch(hashes, found)
    if (wrong !== undefined) throw mismatch(wrong)
    this.#verified = found
    return this.#target.finish(until, this.facts)
  }

  /** What was written, for a message that goes on over another session; undefined where the target cannot be read. */
  get read(): FileSink['read'] {
    const { start } = this.#expected
    return this.#target.read && ((position, length) => this.#read(start + position, length))
  }

  /** What becomes of the file is decided by what went wrong, which is not known here. */
  async discard(): Promise<void> {}

  readonly #read = (position: number, length: number): Promise<Uint8Array> => {
    if (this.#target.read !== undefined) return this.#target.read(position, length)
    throw new MsrpError('storage', 'What was stored of the file cannot be read back, so it cannot be verified')
  }

  #newHasher(): FileHasher {
    const algorithms = this.#expected.hashes.filter(isKnownHash).map(({ algorithm }) => algorithm)
    return new FileHasher(algorithms, this.#createHash)
  }

  #outOfOrder(): void {
    this.#disordered = true
    const { hashes } = this.#expected
    if (this.#target.read !== undefined || !hashes.some(isKnownHash)) return
    throw new MsrpError(
      'storage',
      'Bytes came out of order, and a file that cannot be read back cannot be verified then',
    )
  }
}

/** The sender gets a 413 with the reason: MSRP has no status of its own for it. */
export function mismatch(reason: string): MsrpError {
  return new MsrpError('file-mismatch', `The file is not the one that was described: ${reason}`, { status: 413 })
}
