import { type DigestAlgorithm, MsrpError } from 'msrp/wire'
import { withDeadline } from './deadline.ts'
import type { SqlPool } from './sql-pool.ts'
import { columnsOf, ha1Of, isRowOf, type SubscriberRow, type SubscriberTable } from './subscriber-table.ts'
import { isAskable, type UserBackend } from './user-backend.ts'

/** How long the database may take, in seconds. */
export interface SqlPatience {
  /** Until there is a connection, new or from the pool. Default: 5. */
  readonly connectTime: number
  /** Until a query is answered. Default: 5. */
  readonly queryTime: number
}

/** The users in a table of subscribers, as SIP proxies keep it. Only ever read. */
export class SqlUsers implements UserBackend {
  readonly description: string
  readonly #pool: SqlPool
  readonly #table: SubscriberTable
  readonly #patience: SqlPatience
  readonly #sql: string

  constructor(pool: SqlPool, table: SubscriberTable, patience: SqlPatience) {
    this.description = pool.description
    this.#pool = pool
    this.#table = table
    this.#patience = patience
    const conditions = [table.username, ...(table.domain === '' ? [] : [table.domain])]
    this.#sql = pool.select(table.name, columnsOf(table), conditions)
  }

  /**
   * H(A1) of a user, lower-case hex; undefined when there is no such user, or none that is known for the algorithm.
   * @throws MsrpError `unreachable` when the database does not answer, `storage` when its answer is of no use
   */
  async ha1(username: string, realm: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    if (!isAskable(username)) return undefined
    const rows = await this.#rows(username, realm)
    const [row, other] = rows.filter((one) => isRowOf(this.#table, one, username, realm))
    if (other !== undefined) {
      const several = `${this.description}: table ${this.#table.name} has several rows for one user`
      throw new MsrpError('storage', `${several}; make them one, or name the column of the domain`)
    }
    return row === undefined ? undefined : ha1Of(this.#table, row, { username, realm, algorithm })
  }

  async check(): Promise<void> {
    await this.#rows('nobody', 'invalid')
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  async #rows(username: string, realm: string): Promise<readonly SubscriberRow[]> {
    const parameters = this.#table.domain === '' ? [username] : [username, realm]
    try {
      return await this.#query(parameters).catch((error: unknown) => {
        // The pool may not have noticed yet that the server was restarted. Not after a timeout: it is slow, not gone.
        if (error instanceof Lost) return this.#query(parameters)
        throw error
      })
    } catch (error) {
      const cause = error instanceof Lost ? error.cause : error
      if (cause instanceof MsrpError) throw cause
      const fault = this.#pool.meaning(cause)
      if (fault === 'not-text') return []
      const [code, verb] = fault === 'lost' ? (['unreachable', 'cannot be reached'] as const) : storage[fault]
      throw new MsrpError(code, `${this.description} ${verb}: ${reasonOf(cause)}`, { cause })
    }
  }

  async #query(parameters: readonly string[]): Promise<readonly SubscriberRow[]> {
    const { connectTime, queryTime } = this.#patience
    const tooLate = `${this.description} cannot be reached: no connection within ${connectTime} s`
    const connection = await withDeadline(this.#pool.connect(), connectTime, tooLate, (late) => late.release())
    try {
      const tooSlow = `${this.description} did not answer a query within ${queryTime} s`
      const rows = await withDeadline(connection.query(this.#sql, parameters), queryTime, tooSlow)
      connection.release()
      return rows
    } catch (error) {
      connection.destroy()
      throw !(error instanceof MsrpError) && this.#pool.meaning(error) === 'lost' ? new Lost(error) : error
    }
  }
}

/** The connection broke during a query. */
class Lost extends Error {
  constructor(cause: unknown) {
    super('the connection was lost', { cause })
  }
}

const storage = {
  refused: ['storage', 'does not let the users be read'],
  other: ['storage', 'cannot be read'],
} as const

/** Drivers put nothing into the message when every address of a name refuses. */
function reasonOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: readonly unknown[] }
  if (message && /support (SSL|secure)/i.test(message)) {
    return `${message}; let it have TLS, or set users.sql.tls = "off" if nobody else can listen on the way`
  }
  if (message) return message
  return errors?.[0] === undefined ? (code ?? 'for an unknown reason') : reasonOf(errors[0])
}
