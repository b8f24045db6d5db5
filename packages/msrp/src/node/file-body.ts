import { resolve } from 'node:path'
import type { RandomAccessBody } from '../session/body.ts'
import { MsrpError } from '../wire/index.ts'
import { FileSource } from './file-source.ts'
import { unreadable } from './storage-error.ts'

/**
 * A file to send, read piece by piece as it goes out. It is open only while it is being read: once it is hashed, or its message
 * is over, it is closed, and opened again when it is sent, or the rest of it, or all of it once more. A file that has changed meanwhile is not sent:
 * `file-unreadable`.
 * @throws MsrpError `file-unreadable` when it cannot be opened, `invalid-argument` for what is no regular file
 */
export async function fileBody(path: string): Promise<RandomAccessBody> {
  await using source = await FileSource.open(path)
  const { size, modified } = source
  if (size !== undefined) return new FileBody(resolve(path), size, modified)
  throw new MsrpError('invalid-argument', `${path} is no regular file: send it as a stream`)
}

class FileBody implements RandomAccessBody {
  readonly size: number
  readonly #path: string
  readonly #modified: Date
  #source: Promise<FileSource> | undefined

  constructor(path: string, size: number, modified: Date) {
    this.size = size
    this.#path = path
    this.#modified = modified
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    this.#source ??= this.#open()
    return (await this.#source).read(position, length)
  }

  async close(): Promise<void> {
    const source = this.#source
    this.#source = undefined
    await source?.then(
      (open) => open.close(),
      () => {},
    )
  }

  async #open(): Promise<FileSource> {
    try {
      const source = await FileSource.open(this.#path)
      if (source.size === this.size && source.modified.getTime() === this.#modified.getTime()) return source
      await source.close()
      throw unreadable(this.#path, new Error('it has changed since it was to be sent'))
    } catch (error) {
      // It may be there again for the next one.
      this.#source = undefined
      throw error
    }
  }
}
