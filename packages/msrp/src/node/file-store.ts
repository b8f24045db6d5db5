import { lstat, readdir, statfs, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { digestBy, FILE_HASHES } from '../file/file-hash.ts'
import type { FileSelector } from '../file/file-selector.ts'
import type { ArrivedFacts, FileTarget } from '../file/file-target.ts'
import { safeFileName } from '../file/safe-file-name.ts'
import { ByteRanges } from '../session/byte-ranges.ts'
import { MsrpError } from '../wire/index.ts'
import { FileLock } from './file-lock.ts'
import { IncomingFile, type IncomingFileOptions } from './incoming-file.ts'
import { makeFolder } from './make-folder.ts'
import { readFacts, removeFacts, writeFacts } from './partial-facts.ts'
import { errorCode } from './socket-error.ts'
import { storageError } from './storage-error.ts'

/** How received files are stored. */
export interface FileStoreOptions extends Pick<IncomingFileOptions, 'mode' | 'sync'> {
  /** When the name is taken: `number` (default) stores as `name (2).ext`, `fail` fails with `storage`. */
  readonly taken?: 'number' | 'fail'
  /** How long a part is kept after its last byte, in milliseconds. Default seven days. */
  readonly keepFor?: number
  /** What a file without a name, or without a usable one, is called: its extension, with its dot. */
  readonly extension?: string
}

const SEVEN_DAYS = 7 * 24 * 3600 * 1000
/** A part, its facts or its lock, and what a killed process left of making one; in brackets what they share. */
const OURS = /^(\.msrp-sha-(?:1|256)-[0-9a-f]+(?:-sha-256-[0-9a-f]+)?(?:-\d+)?)\.(?:part|json|lock)(?:\.[\w-]+)*$/

/**
 * A folder for received files. What has arrived of a file that is not complete stays there, under a hidden name with its
 * facts beside it, for a later transfer of the same file: also after the process was killed. The same file is the one with
 * the same size and hashes in its description, so without SHA-1 or SHA-256 nothing is kept.
 *
 * Every failure is an MsrpError `storage` that names the file and the cause.
 */
export class FileStore {
  readonly folder: string
  readonly #options: FileStoreOptions

  /** `folder` is made, and those above it, when the first file comes. */
  constructor(folder: string, options: FileStoreOptions = {}) {
    this.folder = resolve(folder)
    this.#options = options
  }

  /** How many bytes of a file are there from an earlier transfer: ask for the rest from `stored + 1` on. */
  async stored(selector: FileSelector): Promise<number> {
    const place = this.#placeOf(selector)
    if (place === undefined || (await FileLock.isHeld(place.lock))) return 0
    return (await this.#found(place, selector)) ?? 0
  }

  /**
   * A place for a file, with what is there of it already. While it is being written to, another transfer of the same file
   * gets a place of its own.
   * @throws MsrpError `storage` when the folder cannot be written, or there is no room for what is missing
   */
  async open(selector: FileSelector): Promise<StoredFile> {
    const { mode, sync, taken = 'number' } = this.#options
    const path = join(this.folder, safeFileName(selector.name, this.#options.extension))
    await makeFolder(this.folder).catch((cause: unknown) => Promise.reject(storageError(this.folder, cause)))
    const place = this.#placeOf(selector)
    const lock =
      place && (await FileLock.take(place.lock).catch((cause: unknown) => Promise.reject(storageError(path, cause))))
    const kept = place && lock && { place, lock }
    try {
      const stored = kept === undefined ? 0 : await this.#begin(kept.place, selector)
      await checkRoom(path, this.folder, selector.size === undefined ? 0 : selector.size - stored)
      if (kept !== undefined) await writeFacts(kept.place.facts, { stored: undefined })
      const temporaryName = kept?.place.name
      const sink = new IncomingFile(path, {
        mode,
        sync,
        taken,
        ...(temporaryName === undefined ? {} : { temporaryName }),
      })
      // A place that cannot be written should show before the file is asked for.
      await sink.write(0, new Uint8Array(0))
      return new StoredFile(sink, { stored, named: selector.name !== undefined, kept })
    } catch (cause) {
      if (kept !== undefined) {
        if ((await sizeOfFile(kept.place.part)) === undefined) await removeFacts(kept.place.facts)
        await kept.lock.release()
      }
      throw storageError(path, cause)
    }
  }

  /** Removes the parts that have been kept for long enough. */
  async clean(): Promise<void> {
    const before = Date.now() - (this.#options.keepFor ?? SEVEN_DAYS)
    const names = await readdir(this.folder).catch((cause: unknown) => {
      if (errorCode(cause) === 'ENOENT') return []
      throw storageError(this.folder, cause)
    })
    for (const name of names) {
      const place = this.#place(OURS.exec(name)?.[1])
      if (place === undefined) continue
      const path = join(this.folder, name)
      const found = (await lstat(place.part).catch(() => undefined)) ?? (await lstat(path).catch(() => undefined))
      if (found === undefined || found.mtimeMs >= before) continue
      const lock = await FileLock.take(place.lock).catch(() => undefined)
      if (lock === undefined) continue
      for (const one of [place.part, place.facts, path]) await unlink(one).catch(() => {})
      await lock.release()
    }
  }

  /** Its name says all that makes it the same file, so that no description of another file can touch it. */
  #placeOf({ hashes = [], size }: FileSelector): Place | undefined {
    const digests = FILE_HASHES.toSorted().flatMap((algorithm) => {
      const digest = digestBy(hashes, algorithm)
      return digest === undefined ? [] : [`${algorithm}-${digest}`]
    })
    if (digests.length === 0) return undefined
    return this.#place(['.msrp', ...digests, ...(size === undefined ? [] : [size])].join('-'))
  }

  #place(stem: string | undefined): Place | undefined {
    if (stem === undefined) return undefined
    const path = join(this.folder, stem)
    return { name: `${stem}.part`, part: `${path}.part`, facts: `${path}.json`, lock: `${path}.lock` }
  }

  /** How much there is of it; undefined when that cannot be told. */
  async #found({ part, facts }: Place, { size: most }: FileSelector): Promise<number | undefined> {
    const [known, size] = await Promise.all([readFacts(facts), sizeOfFile(part)])
    return known === undefined || size === undefined ? undefined : Math.min(size, known.stored ?? size, most ?? size)
  }

  /** As `#found`, for who has the lock: what cannot be told goes. */
  async #begin(place: Place, selector: FileSelector): Promise<number> {
    const stored = await this.#found(place, selector)
    if (stored === undefined) await unlink(place.part).catch(() => {})
    return stored ?? 0
  }
}

interface Place {
  readonly name: string
  readonly part: string
  readonly facts: string
  readonly lock: string
}

/** A place that is ours until its lock is released. */
interface Kept {
  readonly place: Place
  readonly lock: FileLock
}

/** A file on its way into its folder. */
export class StoredFile implements FileTarget {
  readonly stored: number
  readonly #sink: IncomingFile
  readonly #named: boolean
  /** Undefined for a file that cannot be gone on with, and once it is over. */
  #kept: Kept | undefined
  readonly #given = new ByteRanges()
  readonly #written = new ByteRanges()
  /** Bytes came out of order, and the facts say up to where there is no gap. */
  #gap: Promise<void> | undefined

  constructor(sink: IncomingFile, file: { stored: number; named: boolean; kept: Kept | undefined }) {
    this.#sink = sink
    this.stored = file.stored
    this.#named = file.named
    this.#kept = file.kept
    this.#given.add(0, file.stored)
    this.#written.add(0, file.stored)
  }

  /** Where the file is to be; after `finish` where it is. */
  get path(): string {
    return this.#sink.path
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    // As many bytes as the file has are there, as long as it has no gap; before it gets one, the facts say how many.
    const makesGap = position > this.#given.contiguousFrom(0)
    this.#given.add(position, position + bytes.length)
    if (makesGap && this.#kept !== undefined)
      this.#gap ??= writeFacts(this.#kept.place.facts, { stored: this.#written.contiguousFrom(0) })
    if (this.#gap !== undefined) await this.#gap
    await this.#sink.write(position, bytes)
    this.#written.add(position, position + bytes.length)
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#sink.read(position, length)
  }

  /** Gives the file its name, and the date that it has at its sender. Resolves with its path. */
  async finish(_size: number, { name, dates }: ArrivedFacts): Promise<string> {
    try {
      const modified = dates?.modification
      await this.#sink.finish({
        ...(this.#named || name === undefined ? {} : { name }),
        ...(modified === undefined ? {} : { modified }),
      })
      return this.#sink.path
    } finally {
      await this.#over()
    }
  }

  /** Leaves what is there for a later transfer; without a hash in the description it goes. Never rejects. */
  async suspend(): Promise<void> {
    const until = this.#written.contiguousFrom(0)
    const kept = this.#kept
    if (kept === undefined || until === 0) return this.discard()
    this.#kept = undefined
    try {
      await this.#gap?.catch(() => {})
      await this.#sink.suspend(until)
      await writeFacts(kept.place.facts, { stored: undefined })
    } catch {
      // It could not even be kept: what is there is found wrong, or right, by its hash.
    }
    await kept.lock.release()
  }

  async discard(): Promise<void> {
    await this.#sink.discard()
    await this.#over()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard()
  }

  /** Once: afterwards the place may be somebody else's. */
  async #over(): Promise<void> {
    const kept = this.#kept
    this.#kept = undefined
    if (kept === undefined) return
    await removeFacts(kept.place.facts)
    await kept.lock.release()
  }
}

async function sizeOfFile(path: string): Promise<number | undefined> {
  return lstat(path).then(
    (facts) => (facts.isFile() ? facts.size : undefined),
    () => undefined,
  )
}

// RFC 5547 §10: looked at before the file is asked for. Others may take the room meanwhile, which shows when it is written.
async function checkRoom(path: string, folder: string, missing: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (missing <= bavail * bsize) return
  throw new MsrpError('storage', `cannot write ${path}: ${missing} bytes are missing, and ${bavail * bsize} are free`)
}
