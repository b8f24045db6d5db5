import { createHash, type Hash, randomBytes } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { type FileHandle, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { FileSink } from 'msrp'
import { unwritable } from '../failure.ts'
import { numberedFileName } from './file-name.ts'

/** Bytes after which what was written has to reach the disk, so that the end of a large file waits for a little only. */
const SYNC_EVERY = 64 << 20

/** What is known of a file once it has its name. */
export interface StoredFacts {
  /** Absolute. */
  path: string
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
}

/**
 * A file from the peer on its way into a folder. Until it is complete it has a hidden name of its own; then it gets the
 * wanted name, or the first free `name (2)`, in one step that never replaces another file.
 */
export class StoredFile implements FileSink {
  readonly #file: FileHandle
  readonly #folder: string
  readonly #temporary: string
  readonly #name: string
  #hash: Hash | undefined = createHash('sha256')
  #size = 0
  #unsynced = 0
  // Writes follow each other, so that the hash sees the bytes in their order.
  #tail: Promise<unknown> = Promise.resolve()
  #open = true

  private constructor(file: FileHandle, folder: string, temporary: string, name: string) {
    this.#file = file
    this.#folder = folder
    this.#temporary = temporary
    this.#name = name
  }

  /**
   * @param name already safe, see `safeFileName`
   * @throws Failure `storage`
   */
  static async create(folder: string, name: string): Promise<StoredFile> {
    const { file, path } = await createTemporary(folder)
    return new StoredFile(file, folder, path, name)
  }

  /** Facts about the complete file; undefined until `finish` has resolved. */
  facts: StoredFacts | undefined

  write(position: number, bytes: Uint8Array): Promise<void> {
    return this.#inOrder(async () => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position + done)
        done += bytesWritten
      }
      // Bytes out of order, or again: the hash is then taken from the file when it is complete.
      if (position === this.#size) this.#hash?.update(bytes)
      else this.#hash = undefined
      this.#size = Math.max(this.#size, position + bytes.length)
      this.#unsynced += bytes.length
      if (this.#unsynced >= SYNC_EVERY) {
        this.#unsynced = 0
        await this.#file.datasync()
      }
    })
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#inOrder(async () => {
      const bytes = Buffer.allocUnsafeSlow(length)
      const { bytesRead } = await this.#file.read(bytes, 0, length, position)
      if (bytesRead !== length) throw new Error(`only ${bytesRead} of ${length} bytes at ${position} are there`)
      return bytes
    })
  }

  async finish(): Promise<void> {
    await this.#inOrder(async () => {
      const sha256 = this.#hash?.digest('hex') ?? (await this.#hashAgain())
      await this.#file.sync()
      await this.#close()
      const path = await giveName(this.#temporary, this.#folder, this.#name)
      temporaries.delete(this.#temporary)
      this.facts = { path, size: this.#size, sha256 }
    })
  }

  /** Removes what there is of the file; without effect once it has its name. */
  async discard(): Promise<void> {
    await this.#tail.catch(() => {})
    await this.#close().catch(() => {})
    if (temporaries.delete(this.#temporary)) await unlink(this.#temporary).catch(() => {})
  }

  #inOrder<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(action).catch((error: unknown) => {
      throw unwritable(this.#folder, error)
    })
    this.#tail = result.catch(() => {})
    return result
  }

  async #hashAgain(): Promise<string> {
    const hash = createHash('sha256')
    const piece = Buffer.allocUnsafeSlow(1 << 20)
    for (let position = 0; ; ) {
      const { bytesRead } = await this.#file.read(piece, 0, piece.length, position)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(piece.subarray(0, bytesRead))
      position += bytesRead
    }
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#file.close()
  }
}

/**
 * Makes sure, before any peer is let in, that files can be stored in a folder; creates it where it is missing.
 * @returns the folder's absolute path
 * @throws Failure `storage`
 */
export async function prepareFolder(folder: string): Promise<string> {
  const path = resolve(folder)
  try {
    await makeFolder(path)
  } catch (error) {
    throw unwritable(path, error)
  }
  // Only a real file tells: permissions do not bind root, and a file system may be read-only or full.
  const { file, path: trial } = await createTemporary(path)
  await file.close()
  temporaries.delete(trial)
  await unlink(trial).catch(() => {})
  return path
}

// Node's own recursive mkdir never returns below /proc and the like, where nothing can be made.
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    if (await isFolder(dirname(path))) throw error
    await makeFolder(dirname(path))
    await mkdir(path)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
}

async function createTemporary(folder: string): Promise<{ file: FileHandle; path: string }> {
  const path = join(folder, `.msrp-${randomBytes(9).toString('base64url')}.part`)
  try {
    const file = await open(path, 'wx+')
    temporaries.add(path)
    return { file, path }
  } catch (error) {
    throw unwritable(folder, error)
  }
}

async function giveName(temporary: string, folder: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const path = join(folder, numberedFileName(name, number))
    if (await linkOrRename(temporary, path)) return path
  }
}

/** False when the name is taken. */
async function linkOrRename(temporary: string, path: string): Promise<boolean> {
  try {
    // A link, unlike a rename, fails when the name is taken, also by a process that took it this very moment.
    await link(temporary, path)
    await unlink(temporary).catch(() => {})
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error
  }
  // A file system without hard links (FAT, some network mounts): the name is taken first, then filled at one stroke.
  try {
    await (await open(path, 'wx')).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    await rename(temporary, path)
    return true
  } catch (error) {
    await unlink(path).catch(() => {})
    throw error
  }
}

// However the program ends, short of SIGKILL, it leaves no unfinished file.
const temporaries = new Set<string>()

process.on('exit', () => {
  for (const path of temporaries) {
    try {
      unlinkSync(path)
    } catch {
      // Gone already.
    }
  }
})
