import type { FileHandle } from 'node:fs/promises'

/** At most this much in one system call. Bytes. */
const BATCH_BYTES = 1024 * 1024
/** Entries of a vector that every system takes. */
const BATCH_PIECES = 512

interface Write {
  readonly position: number
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/**
 * A file that is written and read at any position. Writes take effect one after another in the order made, so that of
 * overlapping ones the later stays; pieces that follow each other in the file and wait together go out in one system
 * call. Failures are the platform's errors; after the first one every write fails with it.
 */
export class PositionedFile {
  readonly #opening: Promise<FileHandle>
  #waiting: Write[] = []
  #running = false
  #last: Promise<void> = Promise.resolve()
  #failure: { readonly cause: unknown } | undefined

  /** `opening`: its failure shows in the first call that needs the file. */
  constructor(opening: Promise<FileHandle>) {
    this.#opening = opening
    opening.catch(() => {})
  }

  /** The open file, once it is open. */
  get handle(): Promise<FileHandle> {
    return this.#opening
  }

  /** Resolves when the operating system has the bytes; they must not change before. */
  write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.cause)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ position, bytes, resolve, reject })
    this.#last = promise
    if (!this.#running) void this.#run()
    return promise
  }

  /**
   * What is stored there, writes made before this call included. Shorter than `length` only at the end of the file;
   * what was never written reads as zeros. The bytes belong to the caller.
   */
  async read(position: number, length: number): Promise<Uint8Array> {
    await this.#last
    const file = await this.#opening
    const bytes = Buffer.allocUnsafeSlow(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }

  /** Resolves when every write made before has taken effect; rejects when one failed. */
  async flush(): Promise<void> {
    await this.#last
    if (this.#failure) throw this.#failure.cause
  }

  /** Closes after the writes under way. Never throws, and harmless twice. */
  async close(): Promise<void> {
    await this.#last.catch(() => {})
    const file = await this.#opening.catch(() => undefined)
    await file?.close().catch(() => {})
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch()
      try {
        await writeAll(await this.#opening, batch)
        for (const { resolve } of batch) resolve()
      } catch (cause) {
        this.#failure = { cause }
        const failed = [...batch, ...this.#waiting]
        this.#waiting = []
        for (const { reject } of failed) reject(cause)
      }
    }
    this.#running = false
  }

  #nextBatch(): Write[] {
    let count = 0
    let size = 0
    let end = this.#waiting[0]?.position ?? 0
    for (const { position, bytes } of this.#waiting) {
      if (position !== end || count === BATCH_PIECES || (count > 0 && size + bytes.length > BATCH_BYTES)) break
      count += 1
      size += bytes.length
      end += bytes.length
    }
    return this.#waiting.splice(0, count)
  }
}

async function writeAll(file: FileHandle, batch: readonly Write[]): Promise<void> {
  let position = batch[0]?.position ?? 0
  let pieces = batch.map(({ bytes }) => bytes).filter(({ length }) => length > 0)
  while (pieces.length > 0) {
    // A disk that fills up shows first as a short write, and as an error only at the next one.
    const { bytesWritten } = await file.writev(pieces, position)
    position += bytesWritten
    pieces = dropFront(pieces, bytesWritten)
  }
}

function dropFront(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes
  return pieces.flatMap((piece) => {
    const dropped = Math.min(left, piece.length)
    left -= dropped
    return dropped === piece.length ? [] : [piece.subarray(dropped)]
  })
}
