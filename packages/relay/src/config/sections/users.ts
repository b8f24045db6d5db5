import type { z } from 'zod'
import type { UserCacheOptions } from '../../users/cached-users.ts'
import type { DatabaseTls } from '../../users/database-tls.ts'
import type { SubscriberTable } from '../../users/subscriber-table.ts'
import { documented, flag, oneOf, optionalWhole, path, section, sections, text, textOr, whole } from '../field.ts'
import { type Secret, secret } from '../secret.ts'

/** Who may log in. */
export interface UserSettings {
  /** Where users are. `none`: nowhere; then there are ephemeral credentials alone. Default: `sqlite`. */
  readonly backend: 'sqlite' | 'postgresql' | 'mariadb' | 'http' | 'list' | 'none'
  /** SQLite file. Default: `users.sqlite` in the state folder, which starts with two users to try the relay with. */
  readonly database: string
  /** For `postgresql` and `mariadb`. */
  readonly sql: SqlSettings
  /** For `postgresql` and `mariadb`. */
  readonly table: SubscriberTable
  readonly http: HttpUsersSettings
  /** For `postgresql`, `mariadb` and `http`. */
  readonly cache: UserCacheOptions
  /** For `list`. */
  readonly list: readonly ListedUserSettings[]
}

/** How the database server is reached. */
export interface SqlSettings {
  /** All in one, with or without the password; the keys below count more. */
  readonly uri?: Secret
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Default: that of the kind of database. */
  readonly port?: number
  /** Path of a unix socket; for PostgreSQL the folder that it is in. */
  readonly socket?: string
  /** Of the database. */
  readonly name?: string
  readonly user?: string
  readonly password?: Secret
  /** Default: `off` on this machine, elsewhere `verify`. */
  readonly tls?: DatabaseTls
  /** PEM file: authorities that may have issued the server's certificate. */
  readonly ca?: string
  /** Connections at one time. Default: 4. */
  readonly connections: number
  /** Seconds until there is a connection. Default: 5. */
  readonly connectTime: number
  /** Seconds until a query is answered. Default: 5. */
  readonly queryTime: number
}

/** How a web service is asked for users. */
export interface HttpUsersSettings {
  readonly url?: string
  /** Sent as `Authorization: Bearer`. */
  readonly token?: Secret
  /** PEM file: authorities that may have issued the service's certificate. */
  readonly ca?: string
  /** `http:` to other machines. Default: false. */
  readonly allowHttp: boolean
  /** Seconds for a question and its answer. Default: 5. */
  readonly timeout: number
  /** Connections at one time. Default: 8. */
  readonly connections: number
}

/** A user in the configuration. */
export interface ListedUserSettings {
  readonly user: string
  readonly password?: Secret
  readonly ha1?: Secret
}

/** Users whose remaining default follows from other settings. */
export type UnfinishedUsers = Omit<UserSettings, 'database'> & { readonly database?: string }

/** `[users]` and the tables below it. */
export function usersSection(folder: string): z.ZodType<UnfinishedUsers> {
  return section('Who may log in. docs/accounts.md shows each way.', {
    backend: oneOf(
      ['sqlite', 'postgresql', 'mariadb', 'http', 'list', 'none'],
      'sqlite',
      'Where users are: in a file of the relay\'s own; in the table of a PostgreSQL, MariaDB or MySQL server, as Kamailio and OpenSIPS have it; with a web service; in this file. With `"none"` there are ephemeral credentials alone.',
    ),
    database: path(folder, {
      about: 'SQLite file, managed by `msrp relay user`.',
      leftOut: '`users.sqlite` in the state folder, with two users to try',
      example: '"/var/lib/msrp-relay/users.sqlite"',
    }),
    sql: sqlSection(folder),
    table: tableSection(),
    http: httpSection(folder),
    cache: cacheSection(),
    list: documented(listSection(folder).default([]), {
      about: listAbout,
      expected: 'a list of tables, written [[users.list]]',
    }),
  }) as unknown as z.ZodType<UnfinishedUsers>
}

function sqlSection(folder: string): z.ZodType {
  return section('The database server of `backend = "postgresql"` or `"mariadb"` (MySQL too).', {
    uri: secret(folder, {
      about: 'All of it at once; special characters of the password as `%XX`. What the keys below say counts more.',
      leftOut: 'none',
      example: '"postgresql://relay:password@db.example.com/kamailio"',
    }),
    host: text('a host name or an IP address', (value) => /^[\w.:-]{1,253}$/.test(value), {
      about: 'Where it runs.',
      leftOut: '`"127.0.0.1"`',
      example: '"127.0.0.1"',
    }),
    port: optionalWhole(1, 65535, {
      about: 'Its port.',
      leftOut: '5432 for PostgreSQL, 3306 for MariaDB',
      example: '5432',
    }),
    socket: path(folder, {
      about: 'Path of its unix socket, instead of host and port; for PostgreSQL the folder that the socket is in.',
      leftOut: 'none',
      example: '"/run/mysqld/mysqld.sock"',
    }),
    name: word('The name of the database.', '"kamailio"'),
    user: word('As whom the relay reads the table; it needs nothing but SELECT.', '"msrp_relay"'),
    password: secret(folder, {
      about: 'The password of that user.',
      leftOut: 'none',
      example: '{ file = "database.password" }',
    }),
    tls: documented(oneOf(['verify', 'unverified', 'off'], 'verify', '').removeDefault().optional(), {
      about:
        '`"verify"`: with TLS, and a certificate from a known authority for the name of the host; `"unverified"`: with TLS, and any certificate; `"off"`: without.',
      expected: '"verify" or "unverified" or "off"',
      leftOut: '`"off"` on this machine, otherwise `"verify"`',
      example: '"verify"',
    }),
    ca: path(folder, {
      about: "PEM file: the authorities that may have issued the server's certificate.",
      leftOut: 'those known to Node.js',
      example: '"database-ca.pem"',
    }),
    connections: whole(1, 1000, 4, 'Connections that the relay has to it at one time, at most.'),
    connectTime: whole(1, 60, 5, 'Seconds that a look-up waits for a connection.'),
    queryTime: whole(1, 60, 5, 'Seconds that a query may take.'),
  })
}

function tableSection(): z.ZodType {
  return section('The table of subscribers in that database. The defaults are those of Kamailio and OpenSIPS.', {
    name: textOr(
      'subscriber',
      'the name of a table',
      isColumn,
      'The name of the table; `"SCHEMA.TABLE"` works as well.',
    ),
    username: column('username', 'The column with the name of the user.'),
    domain: textOr(
      'domain',
      'the name of a column, or "" for none',
      (value) => value === '' || isColumn(value),
      'The column with the domain; `""` where all users are of one domain and the column is not filled in.',
    ),
    ha1: column('ha1', 'The column with H(A1), in hexadecimal digits of any case.'),
    ha1Sha256: text('the name of a column', isColumn, {
      about: 'The column with H(A1) by SHA-256: `"ha1_sha256"` with OpenSIPS.',
      leftOut: 'none',
      example: '"ha1_sha256"',
    }),
    password: column('password', 'The column with passwords; it is looked at only with `cleartext`.'),
    cleartext: flag(
      false,
      'Passwords stand there in the clear, and H(A1) is calculated from them. Who reads the table then has all passwords: better fill in `ha1`.',
    ),
  })
}

function httpSection(folder: string): z.ZodType {
  return section('The web service of `backend = "http"`.', {
    url: text(
      'a URL such as "https://accounts.example.com/msrp"',
      (value) => /^https?:\/\//.test(value) && URL.canParse(value),
      {
        about: 'Asked by POST for each user who logs in and is not remembered.',
        leftOut: 'none',
        example: '"https://accounts.example.com/msrp"',
      },
    ),
    token: secret(folder, {
      about: 'Shown to the service as `Authorization: Bearer`.',
      leftOut: 'none',
      example: '{ file = "accounts.token" }',
    }),
    ca: path(folder, {
      about: "PEM file: the authorities that may have issued the service's certificate.",
      leftOut: 'those known to Node.js',
      example: '"accounts-ca.pem"',
    }),
    allowHttp: flag(false, 'Whether the URL may be `http:` to another machine, where H(A1) can be read on the way.'),
    timeout: whole(1, 60, 5, 'Seconds that a question may take with its answer.'),
    connections: whole(1, 1000, 8, 'Connections that the relay has to it at one time, at most.'),
  })
}

function cacheSection(): z.ZodType {
  return section('What is remembered of users that a database server or a web service was asked for.', {
    ttl: whole(
      0,
      86_400,
      60,
      'Seconds for which H(A1) is remembered; 0 asks each time. Who is removed can log in for as long.',
    ),
    unknownTtl: whole(0, 3600, 5, 'Seconds for which it is remembered that there is no such user.'),
    users: whole(1, 10_000_000, 10_000, 'Users remembered at one time, at most.'),
  })
}

const listAbout = 'The users of `backend = "list"`: for tests. Each has a password or H(A1).'

function listSection(folder: string): z.ZodArray<z.ZodObject> {
  return sections(listAbout, 'users.list', {
    user: text('a user such as "alice@example.com"', (value) => /^[^@\s]+@[^@\s]+$/.test(value), {
      about: 'The user, `NAME@DOMAIN`.',
      example: '"alice@example.com"',
    }),
    password: secret(folder, { about: 'The password.', leftOut: 'none', example: '{ file = "alice.password" }' }),
    ha1: secret(folder, {
      about:
        'Instead of the password: the MD5 of `NAME:DOMAIN:PASSWORD`, and after a space its SHA-256 if that is used.',
      leftOut: 'none',
      example: '{ file = "alice.ha1" }',
    }),
  }) as unknown as z.ZodArray<z.ZodObject>
}

function isColumn(value: string): boolean {
  return value !== '' && value.length <= 128 && !value.includes('\0')
}

function column(value: string, about: string): z.ZodType<string> {
  return textOr(value, 'the name of a column', isColumn, about)
}

function word(about: string, example: string): z.ZodType {
  return text('a text', (value) => value !== '' && !value.includes('\0'), { about, leftOut: 'that of `uri`', example })
}
