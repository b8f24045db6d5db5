import { type Dialect, Kysely, type Transaction } from 'kysely'
import { MsrpError } from 'msrp/wire'
import type { AccountingRecord } from './record.ts'
import type { RecordWriter } from './record-writer.ts'

/** A row: a record, with its peers as JSON. */
type Row = Omit<AccountingRecord, 'peers'> & { readonly peers: string }

interface Schema {
  msrp_sessions: Row
}

/**
 * Records in a table `msrp_sessions` of an SQL database, which is made when it is missing. It is written in SQL that SQLite,
 * PostgreSQL and MariaDB have in common.
 */
export class SqlRecords implements RecordWriter {
  readonly #database: Kysely<Schema>
  readonly #place: string
  /** The last batch failed: it may be there all the same, when only the answer to its commit got lost. */
  #uncertain = false

  /** `place` names the database in errors. */
  constructor(dialect: Dialect, place: string) {
    this.#database = new Kysely<Schema>({ dialect })
    this.#place = place
  }

  /**
   * Makes the table unless it is there.
   * @throws MsrpError `storage`
   */
  async open(): Promise<void> {
    try {
      await this.#database.schema
        .createTable('msrp_sessions')
        .ifNotExists()
        // MariaDB has no keys of unbounded text.
        .addColumn('id', 'varchar(64)', (column) => column.primaryKey().notNull())
        .addColumn('relay', 'varchar(255)', (column) => column.notNull())
        .addColumn('account', 'varchar(255)', (column) => column.notNull())
        .addColumn('domain', 'varchar(255)', (column) => column.notNull())
        .addColumn('client', 'varchar(255)', (column) => column.notNull())
        .addColumn('via', 'varchar(255)')
        .addColumn('peers', 'text', (column) => column.notNull())
        .addColumn('started', 'varchar(32)', (column) => column.notNull())
        .addColumn('ended', 'varchar(32)', (column) => column.notNull())
        .addColumn('seconds', 'double precision', (column) => column.notNull())
        .addColumn('reason', 'varchar(32)', (column) => column.notNull())
        .addColumn('sent_messages', 'bigint', (column) => column.notNull())
        .addColumn('sent_chunks', 'bigint', (column) => column.notNull())
        .addColumn('sent_bytes', 'bigint', (column) => column.notNull())
        .addColumn('received_messages', 'bigint', (column) => column.notNull())
        .addColumn('received_chunks', 'bigint', (column) => column.notNull())
        .addColumn('received_bytes', 'bigint', (column) => column.notNull())
        .execute()
    } catch (error) {
      throw this.#failure(error)
    }
  }

  async write(records: readonly AccountingRecord[]): Promise<void> {
    try {
      await this.#database.transaction().execute(async (transaction) => {
        // One by one: databases keep statements, of which there are two this way whatever the batch.
        for (const record of records) {
          if (this.#uncertain && (await isThere(transaction, record.id))) continue
          await transaction.insertInto('msrp_sessions').values(rowOf(record)).execute()
        }
      })
      this.#uncertain = false
    } catch (error) {
      this.#uncertain = true
      throw this.#failure(error)
    }
  }

  async close(): Promise<void> {
    await this.#database.destroy()
  }

  #failure(error: unknown): MsrpError {
    const reason = error instanceof Error ? error.message : String(error)
    return new MsrpError('storage', `the database of sessions ${this.#place} cannot be written: ${reason}`, {
      cause: error,
    })
  }
}

async function isThere(transaction: Transaction<Schema>, id: string): Promise<boolean> {
  const found = await transaction.selectFrom('msrp_sessions').select('id').where('id', '=', id).execute()
  return found.length > 0
}

function rowOf({ account, peers, ...record }: AccountingRecord): Row {
  return { ...record, account: account.slice(0, 255), peers: JSON.stringify(peers) }
}
