import type { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { type DigestAlgorithm, MsrpError } from 'msrp/wire'
import { createDatabase, openDatabase, sqliteError } from './database-file.ts'
import { type Ha1, ha1Of } from './ha1.ts'
import { checkPassword } from './password.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { formatUserAddress, type UserAddress } from './user-address.ts'
import type { UserBackend } from './user-backend.ts'

/** A user as `list` shows it. */
export interface ListedUser extends UserAddress {
  readonly created: Date
}

/** A user to be created: with a password, or with what another program stored of one. */
export type NewUser = UserAddress & ({ readonly password: string } | { readonly ha1: Ha1 })

interface UserRow {
  username: string
  domain: string
  ha1_md5: string
  /** Empty when it is not known. */
  ha1_sha256: string
  /** ISO 8601, UTC. */
  created: string
}

interface Schema {
  users: UserRow
}

/**
 * The users in an SQLite file: H(A1) only, never a password. Another process may change the same file meanwhile; a
 * running relay sees the change with its next look-up.
 */
export class UserDatabase implements UserBackend, AsyncDisposable {
  readonly path: string
  readonly description: string
  readonly #file: DatabaseSync
  readonly #database: Kysely<Schema>

  /** For `openUsers`; `file` has the table. It is closed with this object. */
  constructor(file: DatabaseSync, path: string) {
    this.path = path
    this.description = `the user database ${path}`
    this.#file = file
    this.#database = new Kysely<Schema>({ dialect: sqliteDialect(file) })
  }

  /**
   * H(A1) of a user, lower-case hex, or undefined when there is no such user, or none that is known for the algorithm.
   * @throws MsrpError `storage` when it cannot be looked up
   */
  ha1(username: string, realm: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    return this.#run(async (database) => {
      const row = await database
        .selectFrom('users')
        .select(['ha1_md5', 'ha1_sha256'])
        .where('username', '=', username)
        .where('domain', '=', realm)
        .executeTakeFirst()
      return (algorithm === 'md5' ? row?.ha1_md5 : row?.ha1_sha256) || undefined
    })
  }

  /**
   * Adds a user.
   * @throws MsrpError `invalid-argument` when the user exists or the password cannot be one
   * @throws MsrpError `storage`
   */
  async add(user: NewUser): Promise<void> {
    const { username, domain } = user
    const hashes = columns('ha1' in user ? user.ha1 : hashed(user, user.password))
    const result = await this.#run((database) =>
      database
        .insertInto('users')
        .values({ username, domain, ...hashes, created: new Date().toISOString() })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst(),
    )
    if (result.numInsertedOrUpdatedRows === 0n) {
      throw new MsrpError(
        'invalid-argument',
        `the user ${formatUserAddress(user)} exists already; change its password, or remove it first`,
      )
    }
  }

  /**
   * Removes a user.
   * @throws MsrpError `invalid-argument` when there is no such user
   * @throws MsrpError `storage`
   */
  async remove(address: UserAddress): Promise<void> {
    const result = await this.#run((database) =>
      database
        .deleteFrom('users')
        .where('username', '=', address.username)
        .where('domain', '=', address.domain)
        .executeTakeFirst(),
    )
    if (result.numDeletedRows === 0n) throw noSuchUser(address)
  }

  /**
   * Gives a user another password.
   * @throws MsrpError `invalid-argument` when there is no such user or the password cannot be one
   * @throws MsrpError `storage`
   */
  async setPassword(address: UserAddress, password: string): Promise<void> {
    await this.setHa1(address, hashed(address, password))
  }

  /**
   * Gives a user what another program stored of a password.
   * @throws MsrpError `invalid-argument` when there is no such user
   * @throws MsrpError `storage`
   */
  async setHa1(address: UserAddress, ha1: Ha1): Promise<void> {
    const result = await this.#run((database) =>
      database
        .updateTable('users')
        .set(columns(ha1))
        .where('username', '=', address.username)
        .where('domain', '=', address.domain)
        .executeTakeFirst(),
    )
    if (result.numUpdatedRows === 0n) throw noSuchUser(address)
  }

  /**
   * Whether `password` is the user's; false also when there is no such user.
   * @throws MsrpError `storage`
   */
  async verify(address: UserAddress, password: string): Promise<boolean> {
    const stored = await this.ha1(address.username, address.domain, 'md5')
    return stored !== undefined && stored === ha1Of(address, password).md5
  }

  /**
   * All users, by domain and name.
   * @throws MsrpError `storage`
   */
  async list(): Promise<ListedUser[]> {
    const rows = await this.#run((database) =>
      database
        .selectFrom('users')
        .select(['username', 'domain', 'created'])
        .orderBy('domain')
        .orderBy('username')
        .execute(),
    )
    return rows.map(({ username, domain, created }) => ({ username, domain, created: new Date(created) }))
  }

  async check(): Promise<void> {
    await this.ha1('nobody', 'invalid', 'md5')
  }

  /** Closes the file. */
  close(): Promise<void> {
    // Kysely's own destroy() closes only a database that was queried.
    if (this.#file.isOpen) this.#file.close()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run<T>(action: (database: Kysely<Schema>) => Promise<T>): Promise<T> {
    try {
      return await action(this.#database)
    } catch (error) {
      throw sqliteError(error, this.path)
    }
  }
}

/**
 * Opens the user database at `path`, which exists.
 * @throws MsrpError `storage` when it is damaged, of another program, of a later version, or cannot be read and written
 */
export async function openUsers(path: string): Promise<UserDatabase> {
  return new UserDatabase(await openDatabase(path), path)
}

/**
 * Makes a user database with `users` in it; whole or not at all. False when `path` exists already; it stays as it is.
 * @throws MsrpError `storage`; `invalid-argument` for a password that cannot be one
 */
export function createUsers(path: string, users: readonly NewUser[] = []): Promise<boolean> {
  return createDatabase(path, async (database) => {
    const table = new UserDatabase(database, path)
    for (const user of users) await table.add(user)
  })
}

function hashed(address: UserAddress, password: string): Ha1 {
  checkPassword(password)
  return ha1Of(address, password)
}

function columns({ md5, sha256 = '' }: Ha1): Pick<UserRow, 'ha1_md5' | 'ha1_sha256'> {
  return { ha1_md5: md5, ha1_sha256: sha256 }
}

function noSuchUser(address: UserAddress): MsrpError {
  return new MsrpError('invalid-argument', `there is no user ${formatUserAddress(address)}; see the list of users`)
}
