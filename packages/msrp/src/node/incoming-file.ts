import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MsrpError } from '../wire/index.ts'
import { giveName, numberedNames } from './free-name.ts'
import { PositionedFile } from './positioned-file.ts'
import { errorCode } from './socket-error.ts'
import { storageError } from './storage-error.ts'

/** At most this much is with the operating system and not on the device, where that matters. Bytes. */
const SYNC_EVERY = 64 * 1024 * 1024

/** How a file is stored. */
export interface IncomingFileOptions {
  /**
   * When a file of that name exists: `fail` (default; at once, or at the end when it appeared meanwhile), `number`
   * (store as `name (2).ext`, `name (3).ext` …), or `replace`.
   */
  readonly taken?: 'fail' | 'number' | 'replace'
  /** Permissions of the file. Default 0o600: what arrives is private. */
  readonly mode?: number
  /**
   * Waits until file and name are on the device. Default false: they are with the operating system. Meanwhile writing
   * keeps to the pace of the device, so that little is left to wait for at the end.
   */
  readonly sync?: boolean
  /**
   * What the file is called meanwhile, in the same folder; one of that name is gone on with, if it is a regular file.
   * Default: a new random name.
   */
  readonly temporaryName?: string
}

/**
 * A file that is being received. It grows under a temporary name in the folder of its final one, its parts in any order,
 * and gets the final name only when it is complete, in one step.
 *
 * The temporary file is created at once; a failure to do so shows in the first call. Every failure is an MsrpError
 * `storage` that names the file and the cause, and takes the temporary file away.
 */
export class IncomingFile {
  readonly #options: IncomingFileOptions
  readonly #temporary: string
  readonly #file: PositionedFile
  #path: string
  #failure: MsrpError | undefined
  #unsynced = 0
  #state: 'open' | 'finishing' | 'finished' | 'discarded' | 'suspended' = 'open'

  constructor(path: string, options: IncomingFileOptions = {}) {
    this.#path = resolve(path)
    this.#options = options
    const { temporaryName = `.msrp-${randomBytes(9).toString('base64url')}.part` } = options
    this.#temporary = join(dirname(this.#path), temporaryName)
    this.#file = new PositionedFile(this.#open())
  }

  /** Where the file is to be, absolute; after `finish` where it is. */
  get path(): string {
    return this.#path
  }

  /** What the file is called meanwhile: for a process that ends before it can call `discard`. */
  get temporaryPath(): string {
    return this.#temporary
  }

  /**
   * Stores bytes at a position (0 is the first). Resolves when the operating system has them: whoever awaits that keeps
   * no more in memory than the disk can follow. They must not change before.
   */
  write(position: number, bytes: Uint8Array): Promise<void> {
    return this.#guard(async () => {
      await this.#file.write(position, bytes)
      if (this.#options.sync !== true) return
      this.#unsynced += bytes.length
      if (this.#unsynced < SYNC_EVERY) return
      this.#unsynced = 0
      await (await this.#file.handle).datasync()
    })
  }

  /** Reads exactly `length` bytes; all of them must have been written, by calls made before this one. */
  read(position: number, length: number): Promise<Uint8Array> {
    return this.#guard(async () => {
      const bytes = await this.#file.read(position, length)
      if (bytes.length < length) throw new Error(`${length} bytes from ${position} on were not all written`)
      return bytes
    })
  }

  /**
   * Completes the file and gives it its name: the one of the path, or another one in the same folder. `modified`: when its
   * content was last changed, as the file shall say.
   */
  finish({ name, modified }: { name?: string; modified?: Date } = {}): Promise<void> {
    return this.#guard(async () => {
      this.#state = 'finishing'
      if (name !== undefined) this.#path = join(dirname(this.#path), name)
      await this.#file.flush()
      if (modified !== undefined) await (await this.#file.handle).utimes(modified, modified)
      if (this.#options.sync) await (await this.#file.handle).sync()
      await this.#file.close()
      this.#path = await this.#name()
      this.#state = 'finished'
      if (this.#options.sync) await syncFolder(dirname(this.#path))
    })
  }

  /** Gives the file up: nothing of it stays. Never throws; harmless after `finish` and twice. */
  async discard(): Promise<void> {
    if (this.#state !== 'open' && this.#state !== 'finishing') return
    this.#state = 'discarded'
    await this.#file.handle.catch(() => {})
    // The name goes before the writes under way end, so that little can keep it from going.
    await unlink(this.#temporary).catch(() => {})
    await this.#file.close()
  }

  /**
   * Stops, and leaves the first `size` bytes under the temporary name, for an `IncomingFile` of later. Without effect once it is
   * finished or discarded. @throws MsrpError `storage`
   */
  async suspend(size: number): Promise<void> {
    if (this.#state !== 'open') return
    await this.#guard(async () => {
      await this.#file.flush()
      await (await this.#file.handle).truncate(size)
      this.#state = 'suspended'
      await this.#file.close()
    })
  }

  /** `await using`: what is not finished is discarded. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard()
  }

  async #open(): Promise<FileHandle> {
    if ((this.#options.taken ?? 'fail') === 'fail' && (await exists(this.#path))) throw taken(this.#path)
    const { temporaryName, mode = 0o600 } = this.#options
    if (temporaryName === undefined) return open(this.#temporary, 'wx+', mode)
    const file = await open(this.#temporary, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), mode)
    if ((await file.stat()).isFile()) return file
    await file.close()
    throw new Error('it is no regular file')
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#state !== 'open') throw this.#failure ?? givenUp(this.#path)
    try {
      return await work()
    } catch (cause) {
      if (this.#isDiscarded()) throw this.#failure ?? givenUp(this.#path)
      this.#failure = storageError(this.#path, cause)
      await this.discard()
      throw this.#failure
    }
  }

  /** `work` may have been overtaken by `discard`, which the compiler cannot see. */
  #isDiscarded(): boolean {
    return this.#state === 'discarded'
  }

  async #name(): Promise<string> {
    if (this.#options.taken === 'replace') {
      await rename(this.#temporary, this.#path)
      return this.#path
    }
    for (const name of this.#options.taken === 'number' ? numberedNames(this.#path) : [this.#path]) {
      try {
        await giveName(this.#temporary, name)
        return name
      } catch (cause) {
        if (errorCode(cause) !== 'EEXIST') throw cause
      }
    }
    throw taken(this.#path)
  }
}

function givenUp(path: string): MsrpError {
  return new MsrpError('closed', `${path} is not being written any more`)
}

function taken(path: string): MsrpError {
  const text = `cannot write ${path}: a file of that name exists already, and it stays as it is. Choose another name`
  return new MsrpError('storage', text)
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return false
    throw cause
  }
}

/** A name is on the device when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}
