import { MysqlAdapter, MysqlQueryCompiler } from 'kysely'
import { createPool, type RowDataPacket } from 'mysql2/promise'
import { type DatabaseAddress, describeDatabase } from './database-address.ts'
import { withDeadline } from './deadline.ts'
import { selectStatement } from './select-statement.ts'
import { FAREWELL, type PoolOptions, type SqlFault, type SqlPool } from './sql-pool.ts'

/** Look-ups that may wait for a connection; beyond them AUTH is refused at once. */
const MOST_WAITING = 10_000

const dialect = {
  createAdapter: () => new MysqlAdapter(),
  createQueryCompiler: () => new MysqlQueryCompiler(),
}

/** Connections to MariaDB or MySQL. None is made before it is needed. */
export function mariadbPool(address: DatabaseAddress, options: PoolOptions): SqlPool {
  const { host, port, socket, database, user, password } = address
  const pool = createPool({
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    database,
    user,
    password,
    ...(options.tls === undefined ? {} : { ssl: { ...options.tls, verifyIdentity: options.tls.rejectUnauthorized } }),
    connectionLimit: options.connections,
    maxIdle: options.connections,
    idleTimeout: 30_000,
    queueLimit: MOST_WAITING,
    connectTimeout: options.connectTime * 1000,
    enableKeepAlive: true,
    charset: 'utf8mb4',
  })
  const open = new Set<{ destroy(): void }>()
  pool.on('connection', (connection) => {
    open.add(connection)
    const gone = (): void => void open.delete(connection)
    // For as long as it lives: an error that nobody listens to would end the process.
    connection.once('end', gone).on('error', gone)
  })
  return {
    description: describeDatabase('mariadb', address),
    select: (...query) => selectStatement(dialect, ...query),
    connect: async () => {
      const connection = await pool.getConnection()
      return {
        // Prepared by the server, so that no rules of quoting stand between a user name and the query.
        query: async (text, values) => (await connection.execute<RowDataPacket[]>(text, [...values]))[0],
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      }
    },
    meaning,
    end: async () => {
      // A server that hangs would never take leave.
      await withDeadline(pool.end(), FAREWELL, 'the database does not close its connections').catch(() => {})
      for (const connection of open) connection.destroy()
    },
  }
}

/** By number, https://mariadb.com/kb/en/mariadb-error-codes/; what has none is the driver's own. */
function meaning(error: unknown): SqlFault {
  const { errno, fatal, code } = error as { errno?: number; fatal?: boolean; code?: string }
  if (errno !== undefined && faults[errno] !== undefined) return faults[errno]
  const fromServer = errno !== undefined && errno >= 1000 && errno < 5000
  return !fromServer || fatal === true || code === 'PROTOCOL_CONNECTION_LOST' ? 'lost' : 'other'
}

const faults: Readonly<Record<number, SqlFault>> = {
  1040: 'lost', // too many connections
  1044: 'refused', // no access to the database
  1045: 'refused', // wrong user or password
  1049: 'refused', // no such database
  1053: 'lost', // it is shutting down
  1054: 'refused', // no such column
  1142: 'refused', // no right to read the table
  1143: 'refused', // nor the column
  1146: 'refused', // no such table
  1203: 'lost', // too many connections of this user
  1267: 'not-text', // characters that the column cannot hold
  1271: 'not-text',
  1366: 'not-text',
  1927: 'lost', // the connection was ended by an administrator
  3854: 'not-text',
}
