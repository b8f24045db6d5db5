import type { Clock } from 'msrp/connection'
import type { SessionFacts } from '../forwarding/session-facts.ts'
import type { Log } from '../forwarding/settings.ts'
import { Accounting, type AccountingCounts } from './accounting.ts'
import { JsonLinesFile } from './json-lines.ts'
import { accountingRecord } from './record.ts'
import type { RecordWriter } from './record-writer.ts'
import { sqliteRecords } from './sqlite-records.ts'

/** Where a relay keeps records of its sessions. */
export interface AccountingOptions {
  /** A file of JSON lines. */
  readonly file?: string | undefined
  /** An SQLite file. */
  readonly database?: string | undefined
  /** Whether a batch in `file` counts as written only when the disk has it. */
  readonly sync: boolean
  /** Records that may wait for a place that cannot be written. */
  readonly queue: number
}

/** What the records and their writers need. */
interface Surroundings {
  /** The relay's name, for the records. */
  readonly relay: string
  readonly clock: Clock
  readonly log: Log
}

/** Records of sessions go here, to as many places as the configuration names; often to none. */
export class OpenAccounting {
  readonly #surroundings: Surroundings
  readonly #others: ReadonlyMap<string, RecordWriter>
  #options: AccountingOptions
  #places: ReadonlyMap<string, Accounting>
  /** Places that were given up, and still write what they had. */
  #closing: Promise<unknown> = Promise.resolve()

  constructor(
    options: AccountingOptions,
    places: ReadonlyMap<string, Accounting>,
    surroundings: Surroundings,
    others: ReadonlyMap<string, RecordWriter>,
  ) {
    this.#options = options
    this.#places = places
    this.#surroundings = surroundings
    this.#others = others
  }

  /** By the place: `file`, `database`, and whatever else there may be. */
  get counts(): ReadonlyMap<string, AccountingCounts> {
    return new Map([...this.#places].map(([name, { counts }]) => [name, counts]))
  }

  /** A session is over. */
  take(session: SessionFacts): void {
    const record = accountingRecord(session, this.#surroundings.relay)
    for (const place of this.#places.values()) place.add(record)
  }

  /**
   * Records go to other places from now on; what waits for the old ones still gets there. Nothing happens when the options
   * are the same.
   * @throws MsrpError `storage` when one of them cannot be written, and changes nothing
   */
  async reconfigure(options: AccountingOptions): Promise<void> {
    const { file, database, sync, queue } = this.#options
    const isSame = file === options.file && database === options.database && sync === options.sync
    if (isSame && queue === options.queue) return
    const places = await openPlaces(options, this.#surroundings, new Map())
    const old = [...this.#places].filter(([name]) => !this.#others.has(name))
    for (const [name, place] of this.#places) if (this.#others.has(name)) places.set(name, place)
    this.#options = options
    this.#places = places
    this.#closing = Promise.all([this.#closing, ...old.map(([, place]) => place.close())])
  }

  /** Writes what waits, for a few seconds at most. */
  async close(): Promise<void> {
    await Promise.all([this.#closing, ...[...this.#places.values()].map((place) => place.close())])
  }
}

/**
 * Opens the places that are asked for.
 * @param others further places by name, such as the database of the relay's users
 * @throws MsrpError `storage` when one of them cannot be written at the start; later it is only told of
 */
export async function openAccounting(
  options: AccountingOptions,
  surroundings: Surroundings,
  others: ReadonlyMap<string, RecordWriter> = new Map(),
): Promise<OpenAccounting> {
  return new OpenAccounting(options, await openPlaces(options, surroundings, others), surroundings, others)
}

async function openPlaces(
  { file, database, sync, queue }: AccountingOptions,
  { clock, log }: Surroundings,
  others: ReadonlyMap<string, RecordWriter>,
): Promise<Map<string, Accounting>> {
  const writers = new Map(others)
  try {
    if (file !== undefined) {
      const lines = new JsonLinesFile(file, { sync })
      writers.set('file', lines)
      await lines.open()
    }
    if (database !== undefined) writers.set('database', await sqliteRecords(database))
  } catch (error) {
    await Promise.all([...writers.values()].map((writer) => writer.close()))
    throw error
  }
  return new Map([...writers].map(([name, writer]) => [name, new Accounting({ writer, most: queue, clock, log })]))
}
