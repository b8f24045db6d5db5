import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MsrpError } from '../wire/index.ts'
import { PositionedFile } from './positioned-file.ts'
import { storageError } from './storage-error.ts'

/** Where and how much a spool stores. */
export interface SpoolOptions {
  /** Bytes behind this position are refused. */
  readonly limit: number
  /** Default: the system's folder for temporary files. */
  readonly folder?: string
}

/**
 * Room on disk for a body that nobody reads yet. The file has no name, so it goes with the process or with `close`.
 * It is opened at once; a failure to do so shows in the first call, as MsrpError `storage` like every other.
 */
export class Spool {
  readonly limit: number
  readonly #path: string
  readonly #file: PositionedFile
  #closed = false

  constructor(options: SpoolOptions) {
    this.limit = options.limit
    this.#path = join(options.folder ?? tmpdir(), `msrp-${randomBytes(9).toString('base64url')}.spool`)
    this.#file = new PositionedFile(openNameless(this.#path))
  }

  /**
   * Stores bytes at a position (0 is the first). Resolves when the operating system has them; they must not change before.
   * Throws MsrpError `too-large`, and stores nothing of them, when they would end behind the limit.
   */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (position + bytes.length > this.limit) {
      throw new MsrpError('too-large', `more than the ${this.limit} bytes of a body that may wait for a reader`)
    }
    await this.#guard(() => this.#file.write(position, bytes))
  }

  /** Reads exactly `length` bytes; all of them must have been written, by calls made before this one. */
  read(position: number, length: number): Promise<Uint8Array> {
    return this.#guard(async () => {
      const bytes = await this.#file.read(position, length)
      if (bytes.length < length) throw new Error(`${length} bytes from ${position} on were not all written`)
      return bytes
    })
  }

  /** Frees the room. Never throws; harmless twice. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#file.close()
  }

  /** `await using`: closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new MsrpError('closed', 'what was stored has been thrown away')
    try {
      return await work()
    } catch (cause) {
      throw storageError(this.#path, cause)
    }
  }
}

async function openNameless(path: string): Promise<FileHandle> {
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
