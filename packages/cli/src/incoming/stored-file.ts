import { createHash, type Hash } from 'node:crypto'
import { createReadStream, unlinkSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type FileSink, MsrpError } from 'msrp'
import { IncomingFile, makeFolder, storageError } from 'msrp/node'

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
 * A file from the peer on its way into a folder, hashed as it is written. Until it is complete it has a hidden name; then
 * it gets the wanted one, or the first free `name (2)`, in one step that never replaces another file.
 */
export class StoredFile implements FileSink {
  readonly #sink: IncomingFile
  // Gone once bytes came out of order, or again: the hash is then taken from the complete file.
  #hash: Hash | undefined = createHash('sha256')
  #hashed = 0

  /** @param name already safe, see `safeFileName` of `msrp/file` */
  constructor(folder: string, name: string) {
    this.#sink = new IncomingFile(join(folder, name), { taken: 'number', mode: 0o666, sync: true })
    temporaries.add(this.#sink.temporaryPath)
  }

  /** Facts about the complete file; undefined until `finish` has resolved. */
  facts: StoredFacts | undefined

  write(position: number, bytes: Uint8Array): Promise<void> {
    if (position === this.#hashed) {
      this.#hash?.update(bytes)
      this.#hashed += bytes.length
    } else {
      this.#hash = undefined
    }
    return this.#sink.write(position, bytes)
  }

  /** What was written, for the library to keep when the connection is lost. */
  read(position: number, length: number): Promise<Uint8Array> {
    return this.#sink.read(position, length)
  }

  async finish(): Promise<void> {
    await this.#sink.finish()
    temporaries.delete(this.#sink.temporaryPath)
    const { path } = this.#sink
    const sha256 = this.#hash?.digest('hex') ?? (await hashOfFile(path))
    this.facts = { path, size: (await stat(path)).size, sha256 }
  }

  /** Removes what there is of the file; without effect once it has its name. */
  async discard(): Promise<void> {
    await this.#sink.discard()
    temporaries.delete(this.#sink.temporaryPath)
  }
}

/**
 * Makes sure, before any peer is let in, that files can be stored in a folder; creates it where it is missing.
 * @param folder as `--dir` gave it
 * @returns the folder's absolute path
 * @throws MsrpError `storage`, which names the folder and its option
 */
export async function prepareFolder(folder: string): Promise<string> {
  const path = resolve(folder)
  try {
    await makeFolder(path)
    if (!(await stat(path)).isDirectory()) throw new Error('it is a file, not a folder')
    // Only a real file tells: permissions do not bind root, and a file system may be read-only or full.
    const trial = new IncomingFile(join(path, 'trial'), { taken: 'number' })
    await trial.write(0, new Uint8Array(1))
    await trial.discard()
  } catch (error) {
    // What the library says names the trial's file, which nobody knows.
    throw storageError(`${path} (--dir)`, error instanceof MsrpError ? error.cause : error)
  }
  return path
}

/** What is wrong with a folder or its disk whichever file is stored there: no sender can bring one of these about. */
const OF_THE_FOLDER: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EIO', 'ENOENT'])

/** Whether no other file could be stored either; else it lies with this one: its size, its position, its name. */
export function isOfTheFolder(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return OF_THE_FOLDER.has((error as NodeJS.ErrnoException).code) || isOfTheFolder(error.cause)
}

/** SHA-256 of a file, lower-case hex. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
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
