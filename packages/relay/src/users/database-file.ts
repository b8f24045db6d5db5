import { open, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { MsrpError } from 'msrp/wire'
import { exists, giveName, ownerOnly, temporaryName } from '../io/durable-file.ts'
import { storageError } from '../io/storage-error.ts'

/** Marks the file as ours (`PRAGMA application_id`): the letters MSRP. */
const applicationId = 0x4d535250
/** Version of the table's layout (`PRAGMA user_version`). */
const schemaVersion = 1
/** How long one process waits for another one's write to end, in milliseconds. */
const busyTimeout = 5000

const schema = `
  CREATE TABLE users (
    username   TEXT NOT NULL,
    domain     TEXT NOT NULL,
    ha1_md5    TEXT NOT NULL,
    ha1_sha256 TEXT NOT NULL,
    created    TEXT NOT NULL,
    PRIMARY KEY (domain, username)
  ) STRICT, WITHOUT ROWID`

/**
 * Opens the user database at `path`, which exists.
 * @throws MsrpError `storage` when it is damaged, of another program, of a later version, or cannot be read and written
 */
export async function openDatabase(path: string): Promise<DatabaseSync> {
  // SQLite would make an empty database of a missing file, and finds out that a file is none only when it is read.
  if (!(await exists(path))) throw storageError(Object.assign(new Error(), { code: 'ENOENT' }), 'read', path)
  const database = connect(path)
  try {
    checkDatabase(database, path)
    return database
  } catch (error) {
    database.close()
    throw sqliteError(error, path)
  }
}

/**
 * Makes a user database at `path`, mode 0600, lets `fill` put rows in and only then gives it its name: nobody ever sees
 * half of it, and of two processes one wins. False when the name is taken; that file stays as it is.
 * @throws MsrpError `storage`
 */
export async function createDatabase(path: string, fill: (database: DatabaseSync) => Promise<void>): Promise<boolean> {
  if (await exists(path)) return false
  const temporary = temporaryName(path)
  try {
    // SQLite gives its -wal and -shm files the mode of the database.
    await (await open(temporary, 'wx', ownerOnly)).close()
    const database = connect(temporary)
    try {
      database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
      // Readers and a writer in another process do not wait for each other; the file remembers this.
      database.exec('PRAGMA journal_mode = WAL')
      database.exec(`BEGIN; ${schema}`)
      await fill(database)
      database.exec('COMMIT')
    } finally {
      database.close()
    }
    return await giveName(temporary, path)
  } catch (error) {
    throw sqliteError(error, path)
  } finally {
    for (const suffix of ['', '-wal', '-shm']) await rm(temporary + suffix, { force: true })
  }
}

/** One line, naming the file, for whatever `node:sqlite` or the file system threw. */
export function sqliteError(error: unknown, path: string): MsrpError {
  const { code, errcode = 0, errstr } = error as { code?: string; errcode?: number; errstr?: string }
  if (code !== 'ERR_SQLITE_ERROR') return storageError(error, 'write', path)
  return new MsrpError(
    'storage',
    `the user database ${path} ${reasons[errcode & 0xff] ?? `cannot be used: ${errstr}`}`,
    { cause: error },
  )
}

const remedy = 'restore it from a backup, or move it away so that a new one is made'

/** By SQLite's primary result codes. */
const reasons: Readonly<Record<number, string>> = {
  5: 'has been locked by another process for too long; look for a process that hangs, then try again',
  8: 'is read-only for this user; give the user write access to it and to its folder',
  10: 'could not be read or written, the disk reports an error; check the disk',
  11: `is damaged; ${remedy}`,
  13: 'cannot grow, no space is left on the device; make room',
  14: 'could not be opened; give this user write access to it and to its folder',
  26: `is not a database; ${remedy}`,
}

function connect(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: busyTimeout })
  } catch (error) {
    throw sqliteError(error, path)
  }
}

function checkDatabase(database: DatabaseSync, path: string): void {
  const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  const refuse = (reason: string): never => {
    throw new MsrpError('storage', `the user database ${path} ${reason}`)
  }
  const verdict = pragma('quick_check(1)')
  if (verdict !== 'ok') refuse(`is damaged; ${remedy}`)
  if (pragma('application_id') !== applicationId)
    refuse(`belongs to another program or is empty; name another file, or ${remedy}`)
  const version = Number(pragma('user_version'))
  if (version > schemaVersion)
    refuse(`was written by a later version of this relay (layout ${version}); run that version`)
  const columns = database.prepare('SELECT name FROM pragma_table_info(?) ORDER BY cid').all('users')
  if (columns.map((column) => column.name).join() !== 'username,domain,ha1_md5,ha1_sha256,created') {
    refuse(`lacks the table of users that belongs in it; ${remedy}`)
  }
}
