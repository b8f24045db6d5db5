import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MsrpError } from 'msrp/wire'
import { DailyBytes } from '../forwarding/limits/daily-bytes.ts'
import type { Log } from '../forwarding/settings.ts'
import { ownerOnly, replaceFile } from './durable-file.ts'
import { ensureFolder } from './ensure-folder.ts'

/** How often it is written, if there is anything new, in milliseconds: as much is forgotten at most by a crash. */
const INTERVAL = 10_000

/** What accounts have used today, as it stands in a file of the state folder, so that a restart gives nobody a new day. */
export class DailyBytesFile {
  /** What is counted. */
  readonly counts: DailyBytes
  readonly #path: string
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  /** What has been written, or what was there before anything was counted. */
  #written: number
  #writing: Promise<void> = Promise.resolve()

  /**
   * Reads what was counted before, and keeps the file up to date from then on. A file that cannot be read is told of in the
   * log, and the day begins anew: no reason not to start. There is no file as long as nothing is counted.
   * @param folder the state folder
   * @param options.worker which of several processes this is; each counts, and writes, for itself
   * @param options.time seconds since 1970; the machine's clock unless given, since days are those of the calendar
   * @param options.interval milliseconds between two writes; 10 s unless given
   */
  static async open(
    folder: string,
    log: Log,
    options: { worker?: number | undefined; time?: () => number; interval?: number } = {},
  ): Promise<DailyBytesFile> {
    const { time = () => Date.now() / 1000, interval = INTERVAL } = options
    const counts = new DailyBytes(time)
    const path = join(folder, options.worker === undefined ? 'daily-bytes.json' : `daily-bytes.${options.worker}.json`)
    try {
      const { day, entries } = parse(await readFile(path, 'utf8'))
      counts.load(day, entries)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const fields = { file: path, error: message }
      if (code !== 'ENOENT') log.warn(fields, 'the bytes of today are counted anew: their file cannot be read')
    }
    return new DailyBytesFile(path, counts, log, interval)
  }

  private constructor(path: string, counts: DailyBytes, log: Log, interval: number) {
    this.counts = counts
    this.#path = path
    this.#log = log
    this.#written = counts.changes
    this.#timer = setInterval(() => void this.write(), interval)
    this.#timer.unref()
  }

  /** Writes what is new. A failure is logged, and the next time tries again. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  /** Writes what is new, for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.write()
  }

  async #write(): Promise<void> {
    const { changes, day } = this.counts
    if (changes === this.#written) return
    const bytes = Object.fromEntries(this.counts.entries())
    try {
      await ensureFolder(dirname(this.#path))
      await replaceFile(this.#path, `${JSON.stringify({ day, bytes })}\n`, ownerOnly)
      this.#written = changes
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warn({ error: reason }, 'the bytes of today could not be written')
    }
  }
}

function parse(text: string): { day: string; entries: [string, number][] } {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value) || typeof value.day !== 'string' || !isRecord(value.bytes)) {
    throw new MsrpError('storage', 'it does not hold a day and its bytes')
  }
  const entries = Object.entries(value.bytes).flatMap(([who, bytes]): [string, number][] =>
    typeof bytes === 'number' && bytes >= 0 ? [[who, bytes]] : [],
  )
  return { day: value.day, entries }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
