import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { MsrpError } from '../wire/index.ts'
import { unreadable } from './storage-error.ts'

/** How a file is read. */
export interface FileSourceOptions {
  /** Bytes of one read; larger ones are quicker, smaller ones keep less in memory. Default 128 KiB. */
  readonly readSize?: number
  /** For a handle: what to call it in errors and as `name`. */
  readonly name?: string
}

/**
 * A file to be sent. Iterating reads it from the beginning; a regular file can be iterated again and read at any
 * position, a pipe or device only once in order. Once it is closed it is over: what is hashed and sent is a `fileBody`.
 *
 * Every failure is an MsrpError `file-unreadable` that names the file and the cause.
 */
export class FileSource implements AsyncIterable<Uint8Array> {
  /** The file's name without its folder. */
  readonly name: string
  /** In bytes, as it was when opened; undefined where only the end tells it (a pipe, a device). */
  readonly size: number | undefined
  /** When its content was last changed, as it was when opened. */
  readonly modified: Date
  readonly #path: string
  readonly #file: FileHandle
  readonly #readSize: number
  readonly #owned: boolean

  private constructor(
    file: FileHandle,
    facts: { path: string; size: number | undefined; modified: Date; owned: boolean; readSize: number },
  ) {
    this.name = basename(facts.path)
    this.size = facts.size
    this.modified = facts.modified
    this.#path = facts.path
    this.#file = file
    this.#owned = facts.owned
    this.#readSize = facts.readSize
  }

  /** Opens a path, or takes an open handle, which stays its owner's to close. */
  static async open(file: string | FileHandle, options: FileSourceOptions = {}): Promise<FileSource> {
    const path = typeof file === 'string' ? file : (options.name ?? 'file')
    let handle: FileHandle | undefined
    try {
      handle = typeof file === 'string' ? await open(file, 'r') : file
      const stat = await handle.stat()
      if (stat.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
      // The files of /proc and /sys say 0 whatever there is in them: only reading tells, as with a device.
      const size = stat.isFile() && (stat.size > 0 || (await isEmpty(handle))) ? stat.size : undefined
      const { readSize = 128 * 1024 } = options
      return new FileSource(handle, { path, size, modified: stat.mtime, owned: typeof file === 'string', readSize })
    } catch (cause) {
      if (typeof file === 'string') await handle?.close().catch(() => {})
      throw unreadable(path, cause)
    }
  }

  /**
   * Bytes from a position on; the caller's own. A file that became shorter since it was opened throws.
   * Not for pipes and devices.
   */
  async read(position: number, length: number): Promise<Uint8Array> {
    if (this.size === undefined) throw new MsrpError('invalid-argument', `${this.#path} can only be read in order`)
    const wanted = Math.max(0, Math.min(length, this.size - position))
    const bytes = Buffer.allocUnsafeSlow(wanted)
    let filled = 0
    while (filled < wanted) {
      const read = await this.#readInto(bytes, filled, position + filled)
      if (read === 0) throw unreadable(this.#path, new Error('it became shorter while it was being sent'))
      filled += read
    }
    return bytes
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.size !== undefined) {
      for (let position = 0; position < this.size; position += this.#readSize) {
        yield await this.read(position, this.#readSize)
      }
      return
    }
    for (;;) {
      const bytes = Buffer.allocUnsafeSlow(this.#readSize)
      const read = await this.#readInto(bytes, 0, null)
      if (read === 0) return
      yield bytes.subarray(0, read)
    }
  }

  /** Closes the file if a path was opened. Never throws; harmless twice. */
  async close(): Promise<void> {
    if (this.#owned) await this.#file.close().catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #readInto(bytes: Uint8Array, offset: number, position: number | null): Promise<number> {
    try {
      return (await this.#file.read(bytes, offset, bytes.length - offset, position)).bytesRead
    } catch (cause) {
      throw unreadable(this.#path, cause)
    }
  }
}

async function isEmpty(file: FileHandle): Promise<boolean> {
  return (await file.read(new Uint8Array(1), 0, 1, 0)).bytesRead === 0
}
