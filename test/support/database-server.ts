import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { issueCertificate } from 'msrp-relay/certificates'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { type Program, startProgram } from './process.ts'
import { newAuthority } from './relay.ts'
import { findProgram } from './requires.ts'
import { temporaryFolderOfFile } from './temporary-folder.ts'

/** A database server from Debian's packages, in a folder of its own, on a free port; with TLS as well as without. */
export interface DatabaseServer {
  readonly kind: 'postgresql' | 'mariadb'
  readonly port: number
  /** For `users.sql.socket`. */
  readonly socket: string
  /** Name of the database with the tables. */
  readonly database: string
  /** Who may read the tables, and nothing else. */
  readonly reader: { readonly user: string; readonly password: string }
  /** File with the authority of its certificate, which names `localhost`. */
  readonly ca: string
  /** Runs a statement as the owner of the database. */
  run(sql: string, parameters?: readonly unknown[]): Promise<readonly unknown[]>
  /** How many queries the reader has made since the server was started. */
  queries(): Promise<number>
  start(): Promise<void>
  /** Ends it: in order, or as a crash does. */
  stop(how?: 'in order' | 'crash'): Promise<void>
  /** Has it hang, with its connections open, and go on. */
  freeze(): void
  thaw(): void
}

/** Folder with the programs of the newest PostgreSQL, which Debian keeps off PATH; undefined when there is none. */
export function postgresqlFolder(): string | undefined {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return undefined
  const versions = readdirSync(root).sort((one, other) => Number(other) - Number(one))
  return versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb')))
}

/** A new server that runs. For `beforeAll`: it ends with the test file. */
export async function startDatabase(kind: DatabaseServer['kind']): Promise<DatabaseServer> {
  const server = kind === 'postgresql' ? await PostgresqlServer.create() : await MariadbServer.create()
  await server.start()
  return server
}

/** Layouts of the table of subscribers: Kamailio's as `kamdbctl create` makes it, and that of OpenSIPS 3. */
export const subscriberLayouts: Readonly<Record<'kamailio' | 'opensips', string>> = {
  kamailio: `username VARCHAR(64) NOT NULL DEFAULT '', domain VARCHAR(64) NOT NULL DEFAULT '',
    password VARCHAR(64) NOT NULL DEFAULT '', ha1 VARCHAR(128) NOT NULL DEFAULT '',
    ha1b VARCHAR(128) NOT NULL DEFAULT '', UNIQUE (username, domain)`,
  opensips: `username CHAR(64) NOT NULL DEFAULT '', domain CHAR(64) NOT NULL DEFAULT '',
    password CHAR(25) NOT NULL DEFAULT '', email_address CHAR(64) NOT NULL DEFAULT '',
    ha1 CHAR(64) NOT NULL DEFAULT '', ha1_sha256 CHAR(64) NOT NULL DEFAULT '',
    ha1_sha512t256 CHAR(64) NOT NULL DEFAULT '', rpid CHAR(64) DEFAULT NULL, UNIQUE (username, domain)`,
}

/** Makes a table of subscribers. */
export async function createSubscribers(
  server: DatabaseServer,
  layout: keyof typeof subscriberLayouts,
  name = 'subscriber',
): Promise<void> {
  const id = server.kind === 'postgresql' ? 'SERIAL' : 'INT UNSIGNED AUTO_INCREMENT'
  await server.run(`CREATE TABLE ${name} (id ${id} PRIMARY KEY NOT NULL, ${subscriberLayouts[layout]})`)
  await server.run(`CREATE INDEX ${name.replace('.', '_')}_username ON ${name} (username)`)
  const reader = server.kind === 'postgresql' ? server.reader.user : `'${server.reader.user}'@'%'`
  await server.run(`GRANT SELECT ON ${name} TO ${reader}`)
}

/** Puts a row into a table of subscribers. */
export async function addSubscriber(
  server: DatabaseServer,
  row: Readonly<Record<string, string>>,
  table = 'subscriber',
): Promise<void> {
  const columns = Object.keys(row)
  const marks = columns.map((_, index) => (server.kind === 'postgresql' ? `$${index + 1}` : '?'))
  await server.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks.join(', ')})`, Object.values(row))
}

abstract class Server {
  readonly port: number
  readonly folder: string
  readonly database = 'kamailio'
  readonly reader = { user: 'msrp_relay', password: `r€äd "${randomBytes(6).toString('hex')}' @:/%` }
  readonly ca: string
  protected readonly account: string | undefined
  protected program: Program | undefined

  protected constructor(port: number, folder: string, account: string) {
    this.port = port
    this.folder = folder
    this.ca = join(folder, 'ca.pem')
    // Neither server lets itself be run by root.
    this.account = process.getuid?.() === 0 ? account : undefined
  }

  protected abstract readonly command: readonly string[]
  /** Ends it in order at once. */
  protected abstract readonly farewell: NodeJS.Signals
  protected abstract prepare(): Promise<void>

  /** The files of its certificate, and the folder, belong to whom it runs as. */
  protected async furnish(): Promise<void> {
    const authority = await newAuthority()
    const { certificate, key } = await issueCertificate({ names: ['localhost'], ca: authority })
    const files = { 'ca.pem': authority.certificate, 'server.pem': certificate, 'server.key': key }
    mkdirSync(join(this.folder, 'run'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text, { mode: 0o600 })
    if (this.account !== undefined) {
      const [uid, gid] = ['-u', '-g'].map((option) => Number(execFileSync('id', [option, this.account ?? ''])))
      for (const name of ['', 'run', 'server.pem', 'server.key']) chownSync(join(this.folder, name), uid ?? 0, gid ?? 0)
    }
    chmodSync(this.folder, 0o755)
    chmodSync(this.ca, 0o644)
  }

  /** Runs a program as whom the server runs as, to its end. */
  protected asServer(command: string, args: readonly string[]): void {
    const [program = '', ...rest] = this.within(command, args)
    execFileSync(program, rest, { cwd: this.folder, stdio: 'pipe', timeout: 60_000 })
  }

  protected within(command: string, args: readonly string[]): string[] {
    // Not runuser: it stays in between, and a signal to it would not reach the server.
    return this.account === undefined
      ? [command, ...args]
      : ['setpriv', '--reuid', this.account, '--regid', this.account, '--init-groups', command, ...args]
  }

  async start(): Promise<void> {
    const [command = '', ...args] = this.command
    const [program = '', ...rest] = this.within(command, args)
    this.program = startProgram(program, rest, { cwd: this.folder, lifetime: 'file' })
    const deadline = performance.now() + 30_000
    while (!(await this.isReady())) {
      if (this.program.exited !== undefined || performance.now() > deadline) {
        throw new Error(`the database server does not listen: ${this.program.describe()}`)
      }
      await delay(50)
    }
  }

  async stop(how: 'in order' | 'crash' = 'in order'): Promise<void> {
    this.program?.kill(how === 'crash' ? 'SIGKILL' : this.farewell)
    await this.program?.exit()
  }

  freeze(): void {
    for (const pid of this.processes()) process.kill(pid, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of this.processes()) process.kill(pid, 'SIGCONT')
  }

  /** The server and its children, the server first, so that it starts no more of them. */
  protected processes(): number[] {
    const server = this.program?.pid
    if (server === undefined) return []
    const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8')
    return [
      server,
      ...children
        .split(' ')
        .map(Number)
        .filter((pid) => pid > 0),
    ]
  }

  protected abstract isReady(): Promise<boolean>

  protected async listens(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1')
    const { promise, resolve } = Promise.withResolvers<boolean>()
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    return promise.finally(() => socket.destroy())
  }
}

class PostgresqlServer extends Server implements DatabaseServer {
  readonly kind = 'postgresql'
  // At SIGTERM it waits for its clients.
  protected readonly farewell = 'SIGINT'
  readonly socket: string
  protected readonly command: readonly string[]

  private constructor(port: number, folder: string) {
    super(port, folder, 'postgres')
    this.socket = join(folder, 'run')
    const options = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${this.socket}`,
      'ssl=on',
      `ssl_cert_file=${join(folder, 'server.pem')}`,
      `ssl_key_file=${join(folder, 'server.key')}`,
      'fsync=off',
      'shared_buffers=16MB',
    ]
    const postgres = join(postgresqlFolder() ?? '', 'postgres')
    this.command = [postgres, '-D', join(folder, 'data'), ...options.flatMap((option) => ['-c', option])]
  }

  static async create(): Promise<PostgresqlServer> {
    const server = new PostgresqlServer(await freePort(), temporaryFolderOfFile())
    await server.prepare()
    return server
  }

  protected async prepare(): Promise<void> {
    await this.furnish()
    const initdb = join(postgresqlFolder() ?? '', 'initdb')
    // Nobody but this test knows the port, and the owner's rights are what it needs; the relay comes with a password.
    const args = ['-D', join(this.folder, 'data'), '-U', 'owner', '--no-sync', '-E', 'UTF8', '--locale', 'C.UTF-8']
    this.asServer(initdb, args)
    const loopback = '127.0.0.1/32'
    const rules = [
      `host all owner ${loopback} trust`,
      `host all all ${loopback} scram-sha-256`,
      'local all all scram-sha-256',
    ]
    writeFileSync(join(this.folder, 'data/pg_hba.conf'), `${rules.join('\n')}\n`)
    await this.start()
    await this.run(`CREATE DATABASE ${this.database}`, [], 'postgres')
    await this.run(`CREATE ROLE ${this.reader.user} LOGIN PASSWORD ${pg.escapeLiteral(this.reader.password)}`)
    await this.run(`ALTER ROLE ${this.reader.user} SET log_statement = 'all'`)
    await this.stop()
  }

  async queries(): Promise<number> {
    // A marker behind them, so that all that was logged before has come.
    const marker = randomBytes(8).toString('hex')
    await this.run(`DO $$ BEGIN RAISE LOG '${marker}'; END $$`)
    await this.program?.stderr.line(new RegExp(marker))
    return this.program?.stderr.lines.filter((line) => /execute <unnamed>: select/.test(line)).length ?? 0
  }

  async run(
    sql: string,
    parameters: readonly unknown[] = [],
    database: string = this.database,
  ): Promise<readonly unknown[]> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'owner', database })
    await client.connect()
    try {
      return (await client.query(sql, [...parameters])).rows
    } finally {
      await client.end()
    }
  }

  protected async isReady(): Promise<boolean> {
    return (
      (await this.listens()) &&
      this.run('SELECT 1', [], 'postgres').then(
        () => true,
        () => false,
      )
    )
  }
}

class MariadbServer extends Server implements DatabaseServer {
  readonly kind = 'mariadb'
  protected readonly farewell = 'SIGTERM'
  readonly socket: string
  protected readonly command: readonly string[]
  readonly #ownerPassword = randomBytes(12).toString('hex')

  private constructor(port: number, folder: string) {
    super(port, folder, 'mysql')
    this.socket = join(folder, 'run/socket')
    this.command = [
      findProgram('mariadbd') ?? 'mariadbd',
      '--no-defaults',
      `--datadir=${join(folder, 'data')}`,
      `--socket=${this.socket}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--pid-file=${join(folder, 'run/pid')}`,
      `--ssl-cert=${join(folder, 'server.pem')}`,
      `--ssl-key=${join(folder, 'server.key')}`,
      '--innodb-buffer-pool-size=16M',
      '--innodb-flush-log-at-trx-commit=0',
      '--skip-name-resolve',
    ]
  }

  static async create(): Promise<MariadbServer> {
    const server = new MariadbServer(await freePort(), temporaryFolderOfFile())
    await server.prepare()
    return server
  }

  protected async prepare(): Promise<void> {
    await this.furnish()
    const options = [
      `--datadir=${join(this.folder, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ]
    this.asServer(findProgram('mariadb-install-db') ?? '', ['--no-defaults', ...options])
    await this.start()
    const owner = await mysql.createConnection({ socketPath: this.socket, user: 'root' })
    await owner.query(`CREATE DATABASE ${this.database}`)
    await owner.query(`CREATE USER owner@'127.0.0.1' IDENTIFIED BY '${this.#ownerPassword}'`)
    await owner.query(`GRANT ALL ON *.* TO owner@'127.0.0.1' WITH GRANT OPTION`)
    await owner.query(`CREATE USER ${this.reader.user}@'%' IDENTIFIED BY ${mysql.escape(this.reader.password)}`)
    await owner.query(`DROP USER root@localhost`)
    await owner.end()
    await this.stop()
  }

  async queries(): Promise<number> {
    const [row] = await this.run("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'")
    return Number((row as { Value: string }).Value)
  }

  async run(sql: string, parameters: readonly unknown[] = []): Promise<readonly unknown[]> {
    const { port, database } = this
    const password = this.#ownerPassword
    const connection = await mysql.createConnection({ host: '127.0.0.1', port, user: 'owner', password, database })
    try {
      const [rows] = await connection.query(sql, [...parameters])
      return rows as unknown[]
    } finally {
      await connection.end()
    }
  }

  protected isReady(): Promise<boolean> {
    return this.listens()
  }
}
