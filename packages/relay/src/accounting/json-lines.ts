import { type FileHandle, open, stat } from 'node:fs/promises'
import { ownerOnly } from '../io/durable-file.ts'
import { storageError } from '../io/storage-error.ts'
import type { AccountingRecord } from './record.ts'
import type { RecordWriter } from './record-writer.ts'

/**
 * Records in a file, one JSON object a line, with `fdatasync` after each batch. The file is opened anew once another one,
 * or none, has its name, so that it can be rotated by renaming it; nobody has to be told.
 *
 * A disk that is full may take a part of a line. It is taken away again at the next try, so that the file holds whole lines
 * alone; for that the file has to be this process's own.
 */
export class JsonLinesFile implements RecordWriter {
  readonly #path: string
  readonly #sync: boolean
  #file: { readonly handle: FileHandle; readonly inode: number } | undefined
  /** The length up to which there are whole lines that were said to be written, while there may be more behind it. */
  #whole: number | undefined

  /** `sync`: whether a batch counts as written only when the disk has it. */
  constructor(path: string, { sync }: { sync: boolean }) {
    this.#path = path
    this.#sync = sync
  }

  /**
   * Opens the file, so that a mistake in its name shows at once.
   * @throws MsrpError `storage`
   */
  async open(): Promise<void> {
    try {
      await this.#current()
    } catch (error) {
      throw storageError(error, 'write', this.#path)
    }
  }

  async write(records: readonly AccountingRecord[]): Promise<void> {
    try {
      const handle = await this.#current()
      await this.#repair(handle)
      const { size } = await handle.stat()
      this.#whole = size
      await handle.appendFile(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
      if (this.#sync) await handle.datasync()
      this.#whole = undefined
    } catch (error) {
      throw storageError(error, 'write', this.#path)
    }
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.handle.close()
  }

  /** Takes away what a batch that failed has left. */
  async #repair(handle: FileHandle): Promise<void> {
    if (this.#whole === undefined) return
    // Somebody may have emptied it meanwhile, to rotate it.
    if ((await handle.stat()).size > this.#whole) await handle.truncate(this.#whole)
    this.#whole = undefined
  }

  /** The file that has the name now. */
  async #current(): Promise<FileHandle> {
    const named = await inodeOf(this.#path)
    const known = this.#file
    if (known !== undefined && known.inode === named) return known.handle
    if (known !== undefined) {
      this.#file = undefined
      // What is said to be written is whole there as well.
      await this.#repair(known.handle).finally(() => known.handle.close())
    }
    const handle = await open(this.#path, 'a+', ownerOnly)
    this.#file = { handle, inode: (await handle.stat()).ino }
    await endLastLine(handle)
    return handle
  }
}

/** A machine that went down may have left a line without its end. */
async function endLastLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat()
  if (size === 0) return
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 })
  if (buffer.toString() !== '\n') await handle.appendFile('\n')
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
