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

/** Records of sessions go here. */
export interface OpenAccounting {
  /** A session is over. */
  take(session: SessionFacts): void
  /** By the place: `file`, `database`, and whatever else there may be. */
  readonly counts: ReadonlyMap<string, AccountingCounts>
  close(): Promise<void>
}

/**
 * Opens the places that are asked for; undefined when there is none.
 * @param relay the relay's name, for the records
 * @param others further places by name, such as the database of the relay's users
 * @throws MsrpError `storage` when one of them cannot be written at the start; later it is only told of
 */
export async function openAccounting(
  options: AccountingOptions,
  surroundings: { relay: string; clock: Clock; log: Log },
  others: ReadonlyMap<string, RecordWriter> = new Map(),
): Promise<OpenAccounting | undefined> {
  const writers = new Map(others)
  try {
    if (options.file !== undefined) {
      const file = new JsonLinesFile(options.file, options)
      await file.open()
      writers.set('file', file)
    }
    if (options.database !== undefined) writers.set('database', await sqliteRecords(options.database))
  } catch (error) {
    await Promise.all([...writers.values()].map((writer) => writer.close()))
    throw error
  }
  if (writers.size === 0) return undefined
  const { relay, ...rest } = surroundings
  const places = new Map(
    [...writers].map(([name, writer]) => [name, new Accounting({ writer, most: options.queue, ...rest })]),
  )
  return {
    take: (session) => {
      const record = accountingRecord(session, relay)
      for (const place of places.values()) place.add(record)
    },
    get counts(): ReadonlyMap<string, AccountingCounts> {
      return new Map([...places].map(([name, { counts }]) => [name, counts]))
    },
    close: async () => {
      await Promise.all([...places.values()].map((place) => place.close()))
    },
  }
}
