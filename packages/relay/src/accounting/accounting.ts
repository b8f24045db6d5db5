import type { Cancel, Clock } from 'msrp/connection'
import type { Log } from '../forwarding/settings.ts'
import type { AccountingRecord } from './record.ts'
import type { RecordWriter } from './record-writer.ts'

/** Records that are written at once. */
const BATCH = 500

/** How long to wait before a batch that could not be written is tried again, in milliseconds. */
const RETRY = 5_000

/** How long the last records may take at the end of the program, in milliseconds. */
const CLOSING = 5_000

/** What accounting has counted since it started. */
export interface AccountingCounts {
  /** Records that were written. */
  readonly written: number
  /** Records for which there was no room, or no time at the end. */
  readonly lost: number
  /** Times that a batch could not be written. */
  readonly failures: number
  /** Records that wait. */
  readonly waiting: number
}

/**
 * Records of sessions on their way to where they are kept. They are written one batch after another; what comes meanwhile
 * waits, and when the place cannot be written it is tried again every five seconds. Nobody is held up for it: when as many
 * wait as may, further ones are lost, counted and told of in the log.
 */
export class Accounting {
  readonly #writer: RecordWriter
  readonly #clock: Clock
  readonly #log: Log
  readonly #most: number
  readonly #waiting: AccountingRecord[] = []
  #written = 0
  #lost = 0
  #failures = 0
  #writing: Promise<void> | undefined
  #retry: Cancel | undefined
  #closing = false

  /** `most`: records that may wait. */
  constructor(options: { writer: RecordWriter; clock: Clock; log: Log; most: number }) {
    this.#writer = options.writer
    this.#clock = options.clock
    this.#log = options.log
    this.#most = options.most
  }

  get counts(): AccountingCounts {
    return { written: this.#written, lost: this.#lost, failures: this.#failures, waiting: this.#waiting.length }
  }

  /** Takes a record in. */
  add(record: AccountingRecord): void {
    if (this.#closing || this.#waiting.length >= this.#most) {
      this.#lose(1, 'too many wait to be written')
      return
    }
    this.#waiting.push(record)
    if (this.#retry === undefined) this.#start()
  }

  /** Writes what waits, once, for at most five seconds, and closes the place. */
  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#retry?.()
    this.#retry = undefined
    const late = Promise.withResolvers<void>()
    const cancel = this.#clock.after(CLOSING, late.resolve)
    await Promise.race([this.#finish(), late.promise])
    cancel()
    if (this.#waiting.length > 0) this.#lose(this.#waiting.splice(0).length, 'the relay stops')
  }

  async #finish(): Promise<void> {
    await this.#writing
    this.#start()
    await this.#writing
    await this.#writer
      .close()
      .catch((error: Error) => this.#log.warn({ error: error.message }, 'accounting: not closed'))
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  async #write(): Promise<void> {
    // Those that end in the same turn go together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH)
      try {
        await this.#writer.write(batch)
      } catch (error) {
        this.#failures++
        const reason = error instanceof Error ? error.message : String(error)
        this.#log.warn({ error: reason, waiting: this.#waiting.length }, 'accounting: records cannot be written')
        if (!this.#closing) this.#retry = this.#clock.after(RETRY, () => this.#again())
        return
      }
      this.#waiting.splice(0, batch.length)
      this.#written += batch.length
    }
  }

  #again(): void {
    this.#retry = undefined
    this.#start()
  }

  #lose(count: number, reason: string): void {
    this.#lost += count
    this.#log.warn({ lost: this.#lost, reason }, 'accounting: records of sessions are lost')
  }
}
