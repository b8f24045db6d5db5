import { Socket } from 'node:net'
import { PostgresAdapter, PostgresQueryCompiler } from 'kysely'
import pg from 'pg'
import { type DatabaseAddress, describeDatabase } from './database-address.ts'
import { withDeadline } from './deadline.ts'
import { selectStatement } from './select-statement.ts'
import { FAREWELL, type PoolOptions, type SqlFault, type SqlPool } from './sql-pool.ts'

const dialect = {
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
}

/** Connections to PostgreSQL. None is made before it is needed. */
export function postgresqlPool(address: DatabaseAddress, options: PoolOptions): SqlPool {
  const { host, port, socket, database, user, password } = address
  const sockets = new Set<Socket>()
  const pool = new pg.Pool({
    host: socket ?? host,
    port,
    database,
    user,
    // Given in any case: the driver would look for it in the environment and in the home folder otherwise.
    password: password ?? '',
    ssl: options.tls ?? false,
    max: options.connections,
    connectionTimeoutMillis: options.connectTime * 1000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'msrp-relay',
    stream: () => {
      const made = new Socket()
      sockets.add(made)
      return made.once('close', () => sockets.delete(made))
    },
  })
  // Without somebody who listens an error ends the process: of a connection that is idle the pool tells, of one that is in
  // use but has no query under way, as just after it was taken, nobody but the connection itself.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    description: describeDatabase('postgresql', address),
    select: (...query) => selectStatement(dialect, ...query),
    connect: async () => {
      const client = await pool.connect()
      return {
        query: async (text, values) => (await client.query<Record<string, unknown>>(text, [...values])).rows,
        release: () => client.release(),
        destroy: () => client.release(true),
      }
    },
    meaning,
    end: async () => {
      // A server that hangs would never take leave.
      await withDeadline(pool.end(), FAREWELL, 'the database does not close its connections').catch(() => {})
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html; what has none is the driver's own. */
function meaning(error: unknown): SqlFault {
  const { code } = error as { code?: unknown }
  const state = typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) ? code : undefined
  if (state === undefined || /^(08|57P|53)/.test(state)) return 'lost'
  if (state === '22021' || state === '22P05') return 'not-text'
  return /^(28|3D|42)/.test(state) ? 'refused' : 'other'
}
