import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { ownerOnly } from '../io/durable-file.ts'
import { storageError } from '../io/storage-error.ts'
import { sqliteDialect } from '../users/sqlite-dialect.ts'
import { SqlRecords } from './sql-records.ts'

/** How long a batch waits for another process's write to end, in milliseconds: nothing else happens meanwhile. */
const BUSY = 200

/**
 * Records in an SQLite file, made with mode 0600 when it is missing.
 * @throws MsrpError `storage`
 */
export async function sqliteRecords(path: string): Promise<SqlRecords> {
  let database: DatabaseSync
  try {
    await (await open(path, 'a', ownerOnly)).close()
    database = new DatabaseSync(path, { timeout: BUSY })
    // A commit does not wait for the disk then; a crash of the machine may take the last ones, and nothing else.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  } catch (error) {
    throw storageError(error, 'write', path)
  }
  const records = new SqlRecords(sqliteDialect(database), path)
  try {
    await records.open()
    return records
  } catch (error) {
    await records.close()
    throw error
  }
}
