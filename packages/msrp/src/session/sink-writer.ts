import { MsrpError } from '../wire/index.ts'
import { ByteRanges } from './byte-ranges.ts'
import type { FileSink } from './platform.ts'

/** Writes a body to a sink, and knows what has reached it. */
export class SinkWriter<Result = unknown> {
  readonly #sink: FileSink<Result>
  readonly #offset: number
  readonly #onChange: (error?: MsrpError) => void
  readonly #given = new ByteRanges()
  readonly #stored = new ByteRanges()
  /** Writes that are under way, or have failed. */
  readonly #writes: Set<Promise<void>> = new Set()
  #pending = 0

  /** `offset`: position in the message of the sink's first byte. `onChange`: a write is over, or has failed. */
  constructor(sink: FileSink<Result>, offset: number, onChange: (error?: MsrpError) => void) {
    this.#sink = sink
    this.#offset = offset
    this.#onChange = onChange
  }

  /** Bytes on their way. */
  get pending(): number {
    return this.#pending
  }

  /** How many bytes of the message have been handed over. */
  get given(): number {
    return this.#given.bytes
  }

  /** How far the sink has the message without a gap. */
  get storedUntil(): number {
    return this.#stored.contiguousFrom(this.#offset)
  }

  /** Hands bytes over. */
  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length
    this.#pending += bytes.length
    this.#given.add(position, end)
    const write = this.#store(position, bytes)
    this.#writes.add(write)
    write.then(
      () => {
        this.#writes.delete(write)
        this.#pending -= bytes.length
        this.#stored.add(position, end)
        this.#onChange()
      },
      (error: unknown) => this.#onChange(storageFailure(error)),
    )
  }

  /** Completes it; resolves with what its `finish` gives. @throws MsrpError `storage` */
  async finish(size: number): Promise<Result> {
    try {
      return await this.#sink.finish(size - this.#offset)
    } catch (error) {
      throw storageFailure(error)
    }
  }

  /** Has the sink throw everything away. Never rejects. */
  async discard(): Promise<void> {
    try {
      await this.#sink.discard()
    } catch {
      // Why it is thrown away says more than why it cannot be.
    }
  }

  /**
   * Everything that was given, a piece at a time, once all of it is written. Throws where the sink does, or does not give
   * all of it.
   */
  async *givenBack(piece: number): AsyncGenerator<{ position: number; bytes: Uint8Array }> {
    await Promise.all(this.#writes)
    for (const { start, end } of this.#given.within(0, this.#given.end)) {
      for (let position = start; position < end; position += piece) {
        const length = Math.min(piece, end - position)
        const bytes = await this.#sink.read?.(position - this.#offset, length)
        if (bytes?.length !== length) throw new Error('what was saved cannot be read back')
        yield { position, bytes }
      }
    }
  }

  /** Whether the sink can be read. */
  get readable(): boolean {
    return this.#sink.read !== undefined
  }

  /** What an application's sink throws at once is no different from what it rejects with. */
  async #store(position: number, bytes: Uint8Array): Promise<void> {
    await this.#sink.write(position - this.#offset, bytes)
  }
}

/** What a sink or spool threw, as an error of this library. */
export function storageFailure(cause: unknown): MsrpError {
  // An error with a status is a sink's own refusal, for the sender to hear.
  if (cause instanceof MsrpError && (cause.code === 'storage' || cause.status !== undefined)) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new MsrpError('storage', `The message could not be stored: ${why}`, { cause })
}
