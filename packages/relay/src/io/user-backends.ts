import { readFile } from 'node:fs/promises'
import { MsrpError } from 'msrp/wire'
import { addressInput } from '../config/inconsistent-users.ts'
import type { SqlSettings, UserSettings } from '../config/sections/users.ts'
import { type DatabaseKind, databaseAddress } from '../users/database-address.ts'
import { databaseTls, databaseTlsFlaw, defaultDatabaseTls } from '../users/database-tls.ts'
import { ListedUsers } from '../users/listed-users.ts'
import type { SqlPool } from '../users/sql-pool.ts'
import { SqlUsers } from '../users/sql-users.ts'
import type { UserBackend } from '../users/user-backend.ts'
import { storageError } from './storage-error.ts'

/**
 * Opens the users of any backend but `sqlite`. Nothing is connected to yet: whether the database is there shows with the
 * first question, and the relay starts without it.
 * @throws MsrpError `storage` when a file that the settings name cannot be read, `invalid-argument`
 */
export async function openUserBackend(settings: UserSettings): Promise<UserBackend> {
  const { backend, sql, table, http, list } = settings
  switch (backend) {
    case 'postgresql':
    case 'mariadb':
      return new SqlUsers(await sqlPool(backend, sql), table, sql)
    case 'http': {
      const { HttpUsers } = await import('../users/http-users.ts')
      return new HttpUsers({
        ...http,
        url: http.url ?? '',
        token: http.token?.reveal(),
        ca: http.ca === undefined ? undefined : await readText(http.ca),
      })
    }
    case 'list':
      return new ListedUsers(
        list.map(({ user, password, ha1 }) => ({ user, password: password?.reveal(), ha1: ha1?.reveal() })),
      )
    case 'none':
      return new ListedUsers([])
    case 'sqlite':
      throw new MsrpError('internal', 'the SQLite file is opened by openRelayUsers')
  }
}

async function sqlPool(kind: DatabaseKind, sql: SqlSettings): Promise<SqlPool> {
  const address = databaseAddress(kind, addressInput(sql))
  if ('what' in address) throw new MsrpError('invalid-argument', `users.sql.${address.key} ${address.what}`)
  const mode = sql.tls ?? defaultDatabaseTls(address)
  const flaw = databaseTlsFlaw(kind, mode, address)
  if (flaw !== undefined) throw new MsrpError('invalid-argument', `users.sql.host ${flaw}`)
  const tls = await databaseTls(mode, address, sql.ca)
  const options = { connections: sql.connections, connectTime: sql.connectTime, tls }
  // Drivers are large, and a relay needs one of them at most.
  if (kind === 'postgresql') {
    const { postgresqlPool } = await import('../users/postgresql-pool.ts')
    return postgresqlPool(address, options)
  }
  const { mariadbPool } = await import('../users/mariadb-pool.ts')
  return mariadbPool(address, options)
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw storageError(error, 'read', path)
  }
}
