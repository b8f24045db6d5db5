/** Kinds of database servers. MySQL is spoken to as MariaDB is. */
export type DatabaseKind = 'postgresql' | 'mariadb'

/** Where a database is, and as whom it is opened. */
export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  /** Path of a unix socket, instead of host and port. For PostgreSQL the folder that it is in. */
  readonly socket?: string
  /** Name of the database. */
  readonly database: string
  readonly user: string
  readonly password?: string
}

/** The same as it can be told: all at once, or key by key; what is told by key counts. */
export interface DatabaseAddressInput extends Partial<DatabaseAddress> {
  /** Such as `postgresql://user:password@host:5432/database`; special characters of the password as `%XX`. */
  readonly uri?: string
}

const ports: Readonly<Record<DatabaseKind, number>> = { postgresql: 5432, mariadb: 3306 }

const schemes: Readonly<Record<string, DatabaseKind>> = {
  'postgresql:': 'postgresql',
  'postgres:': 'postgresql',
  'mysql:': 'mariadb',
  'mariadb:': 'mariadb',
}

/** What is wrong with an address; the key as the program spells it. Nothing of a password. */
export interface AddressFlaw {
  readonly key: 'uri' | 'name' | 'user'
  /** To be read after the key. */
  readonly what: string
}

/** The address, complete; or what is wrong with it. */
export function databaseAddress(kind: DatabaseKind, input: DatabaseAddressInput): DatabaseAddress | AddressFlaw {
  const { uri, ...keys } = input
  const found = uri === undefined ? {} : addressIn(kind, uri)
  if ('what' in found) return found
  const { host = '127.0.0.1', port = ports[kind], database, user, password, socket } = { ...found, ...defined(keys) }
  if (!database) return { key: 'name', what: 'is missing; give the name of the database' }
  if (!user) return { key: 'user', what: 'is missing; give the user as whom the relay reads the table' }
  return { host, port, database, user, ...defined({ password, socket }) }
}

/** Host and port, or the socket, and the database: for messages. */
export function describeDatabase(kind: DatabaseKind, { host, port, socket, database }: DatabaseAddress): string {
  const place = socket ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
  return `${kind === 'postgresql' ? 'PostgreSQL' : 'MariaDB'} at ${place}, database ${database}`
}

function addressIn(kind: DatabaseKind, uri: string): Partial<DatabaseAddress> | AddressFlaw {
  if (!URL.canParse(uri)) return flaw('cannot be read; write for example postgresql://user:password@host:5432/database')
  const url = new URL(uri)
  if (schemes[url.protocol] !== kind) return flaw(`begins with ${url.protocol}, which does not fit the backend ${kind}`)
  if (url.search !== '' || url.hash !== '')
    return flaw('has parameters after the database; give them as keys of their own')
  const [database = '', ...rest] = url.pathname.replace(/^\//, '').split('/')
  if (rest.length > 0) return flaw('has more than the name of a database after the host')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const given = Object.entries({ host, database, user: url.username, password: url.password })
  try {
    const decoded = given.filter(([, value]) => value !== '').map(([key, value]) => [key, decodeURIComponent(value)])
    return { ...Object.fromEntries(decoded), ...(url.port === '' ? {} : { port: Number(url.port) }) }
  } catch {
    return flaw('has a "%" without two hexadecimal digits after it; write "%" as %25')
  }
}

function flaw(what: string): AddressFlaw {
  return { key: 'uri', what }
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}
