import { lstat, readdir, stat, statfs, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { digestBy, FILE_HASHES } from '../file/file-hash.ts'
import type { FileSelector } from '../file/file-selector.ts'
import type { ArrivedFacts, FileTarget } from '../file/file-target.ts'
import { safeFileName } from '../file/safe-file-name.ts'
import { ByteRanges } from '../session/byte-ranges.ts'
import { MsrpError } from '../wire/index.ts'
import { FileSink, type FileSinkOptions } from './file-sink.ts'
import { type PartialFacts, readFacts, removeFacts, writeFacts } from './partial-facts.ts'
import { storageError } from './storage-error.ts'

/** How received files are stored. */
export interface FileStoreOptions extends Pick<FileSinkOptions, 'mode' | 'sync'> {
  /** When the name is taken: `number` (default) stores as `name (2).ext`, `fail` fails with `storage`. */
  readonly taken?: 'number' | 'fail'
  /** How long a part is kept after its last byte, in milliseconds. Default seven days. */
  readonly keepFor?: number
  /** What a file without a name, or without a usable one, is called: its extension, with its dot. */
  readonly extension?: string
}

const SEVEN_DAYS = 7 * 24 * 3600 * 1000
const OURS = /^\.msrp-sha-(?:1|256)-[0-9a-f]+\.(?:part|json)$/

/** Parts that this process writes to, by their paths. */
const busy = new Set<string>()

/**
 * A folder for received files. What has arrived of a file that is not complete stays there, under a hidden name with its
 * facts beside it, for a later transfer of the same file: also after the process was killed. The same file is the one with
 * the same size and SHA-1 or SHA-256, so without a hash in its description nothing is kept.
 *
 * Every failure is an MsrpError `storage` that names the file and the cause.
 */
export class FileStore {
  readonly folder: string
  readonly #options: FileStoreOptions

  /** `folder` has to be there. */
  constructor(folder: string, options: FileStoreOptions = {}) {
    this.folder = resolve(folder)
    this.#options = options
  }

  /** How many bytes of a file are there from an earlier transfer: ask for the rest from `stored + 1` on. */
  async stored(selector: FileSelector): Promise<number> {
    const place = this.#placeOf(selector)
    if (place === undefined || (await this.#writtenElsewhere(place))) return 0
    return (await this.#found(place, selector)).stored
  }

  /**
   * A place for a file, with what is there of it already. While it is being written to, another transfer of the same file
   * gets a place of its own.
   * @throws MsrpError `storage` when the folder cannot be written, or there is no room for what is missing
   */
  async open(selector: FileSelector): Promise<StoredFile> {
    const { mode, sync, taken = 'number' } = this.#options
    const path = join(this.folder, safeFileName(selector.name, this.#options.extension))
    const place = this.#placeOf(selector)
    const free = place !== undefined && !(await this.#writtenElsewhere(place))
    const kept = free && !busy.has(place.part) ? place : undefined
    if (kept !== undefined) busy.add(kept.part)
    try {
      const stored = kept === undefined ? 0 : (await this.#found(kept, selector)).stored
      await checkRoom(path, this.folder, selector.size === undefined ? 0 : selector.size - stored)
      const temporaryName = kept?.name
      if (kept !== undefined) await writeFacts(kept.facts, { selector, stored: undefined, process: process.pid })
      const sink = new FileSink(path, { mode, sync, taken, ...(temporaryName === undefined ? {} : { temporaryName }) })
      // A place that cannot be written should show before the file is asked for.
      await sink.write(0, new Uint8Array(0))
      const file = new StoredFile(sink, { stored, named: selector.name !== undefined, selector, facts: kept?.facts })
      file.onOver = () => kept !== undefined && busy.delete(kept.part)
      return file
    } catch (cause) {
      if (kept !== undefined) {
        if ((await sizeOfFile(kept.part)) === undefined) await removeFacts(kept.facts)
        busy.delete(kept.part)
      }
      throw storageError(path, cause)
    }
  }

  /** Removes the parts that have been kept for long enough. */
  async clean(): Promise<void> {
    const before = Date.now() - (this.#options.keepFor ?? SEVEN_DAYS)
    const names = await readdir(this.folder).catch((cause: unknown) => {
      throw storageError(this.folder, cause)
    })
    for (const name of names.filter((one) => OURS.test(one))) {
      const path = join(this.folder, name)
      if (busy.has(path.replace(/\.json$/, '.part'))) continue
      const found = await stat(path.replace(/\.json$/, '.part')).catch(() => undefined)
      if (found === undefined || found.mtimeMs < before) await unlink(path).catch(() => {})
    }
  }

  #placeOf({ hashes = [] }: FileSelector): Place | undefined {
    for (const algorithm of FILE_HASHES) {
      const digest = digestBy(hashes, algorithm)
      if (digest === undefined) continue
      const name = `.msrp-${algorithm}-${digest}.part`
      const part = join(this.folder, name)
      return { name, part, facts: part.replace(/\.part$/, '.json') }
    }
    return undefined
  }

  async #writtenElsewhere({ part, facts }: Place): Promise<boolean> {
    if (busy.has(part)) return true
    const writer = (await readFacts(facts))?.process
    return writer !== undefined && writer !== process.pid && lives(writer)
  }

  /** What is there of it; what belongs to another file, or cannot be told, goes. */
  async #found({ part, facts }: Place, selector: FileSelector): Promise<{ stored: number }> {
    const [known, size] = await Promise.all([readFacts(facts), sizeOfFile(part)])
    if (known === undefined || size === undefined || !isSame(known.selector, selector)) {
      await unlink(part).catch(() => {})
      return { stored: 0 }
    }
    return { stored: Math.min(size, known.stored ?? size, selector.size ?? size) }
  }
}

interface Place {
  readonly name: string
  readonly part: string
  readonly facts: string
}

/** A file on its way into its folder. */
export class StoredFile implements FileTarget {
  readonly stored: number
  readonly #sink: FileSink
  readonly #selector: FileSelector
  readonly #facts: string | undefined
  readonly #named: boolean
  readonly #given = new ByteRanges()
  readonly #written = new ByteRanges()
  /** Bytes came out of order, and the facts say up to where there is no gap. */
  #gap: Promise<void> | undefined
  /** It is not written to any more. */
  onOver: () => void = () => {}

  constructor(
    sink: FileSink,
    file: { stored: number; named: boolean; selector: FileSelector; facts: string | undefined },
  ) {
    this.#sink = sink
    this.stored = file.stored
    this.#named = file.named
    this.#selector = file.selector
    this.#facts = file.facts
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
    if (makesGap && this.#facts !== undefined) this.#gap ??= this.#write(this.#written.contiguousFrom(0))
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
    if (this.#facts === undefined || until === 0) return this.discard()
    try {
      await this.#gap?.catch(() => {})
      await this.#sink.suspend(until)
      await this.#write(undefined)
    } catch {
      // It could not even be kept: what is there is found wrong, or right, by its hash.
    }
    this.onOver()
  }

  async discard(): Promise<void> {
    await this.#sink.discard()
    await this.#over()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard()
  }

  async #over(): Promise<void> {
    if (this.#facts !== undefined) await removeFacts(this.#facts)
    this.onOver()
  }

  async #write(stored: number | undefined): Promise<void> {
    const facts: PartialFacts = { selector: this.#selector, stored, process: process.pid }
    if (this.#facts !== undefined) await writeFacts(this.#facts, facts)
  }
}

function isSame(one: FileSelector, other: FileSelector): boolean {
  if (one.size !== undefined && other.size !== undefined && one.size !== other.size) return false
  return FILE_HASHES.every((algorithm) => {
    const [first, second] = [digestBy(one.hashes ?? [], algorithm), digestBy(other.hashes ?? [], algorithm)]
    return first === undefined || second === undefined || first === second
  })
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
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
