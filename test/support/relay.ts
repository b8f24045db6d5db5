import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority, issueCertificate } from 'msrp-relay/certificates'
import { type Program, startMsrp } from './process.ts'
import { RawClient, type RawClientOptions } from './raw-client.ts'
import { temporaryFolder, temporaryFolderOfFile } from './temporary-folder.ts'

type TomlValue = string | number | boolean | readonly string[]

/** Settings as they stand in the relay's TOML file: keys with values, tables with keys. */
export type TomlSettings = Record<string, TomlValue | Record<string, TomlValue>>

export interface RelayOptions {
  /** The advertised name, which is the realm too; `localhost` when absent. Names below `localhost` resolve as well. */
  name?: string
  /** Further settings. */
  settings?: TomlSettings
  /** Where it listens for TLS: 127.0.0.1 and a free port when absent. */
  host?: string
  port?: number
  /** A listener without TLS beside the one with TLS, on this port. */
  tcpPort?: number
  /** Further listeners on 127.0.0.1, for browsers. */
  webSockets?: readonly { transport: 'wss' | 'ws'; port: number }[]
  /** Who signs its certificate, and whose certificates it takes; a private authority of its own when absent. */
  authority?: TestAuthority
  /** With `authority`: what its certificate really is, for one that others are to refuse; `also`: further names in it. */
  certificate?: { authority?: TestAuthority; name?: string; also?: readonly string[] }
  /** Further tables of its configuration file, as they stand there; `listen` is what stands under its first listener. */
  tables?: string
  listen?: string
  /** Variables of its environment. */
  env?: Record<string, string>
  /** `test`: until the end of the test, the default; `file`: for a relay started in `beforeAll`. */
  lifetime?: 'test' | 'file'
  /** See `ProgramOptions`. */
  within?: readonly string[]
}

export interface RelayUser {
  /** `alice` */
  username: string
  /** `alice@localhost` */
  address: string
  password: string
  passwordFile: string
}

/** A real relay process, with a folder, users and certificates of its own. */
export class TestRelay {
  readonly program: Program
  readonly name: string
  readonly port: number
  /** For `--relay`, and for To-Path of AUTH. */
  readonly uri: string
  /** File with the authority that clients have to trust, for `--ca`. */
  readonly ca: string
  /** Its configuration file. */
  readonly config: string
  readonly stateFolder: string
  readonly #lifetime: 'test' | 'file'

  constructor(facts: {
    program: Program
    name: string
    uri: string
    ca: string
    config: string
    stateFolder: string
    lifetime: 'test' | 'file'
  }) {
    this.program = facts.program
    this.name = facts.name
    this.uri = facts.uri
    this.port = Number(/:(\d+);tcp$/.exec(facts.uri)?.[1])
    this.ca = facts.ca
    this.config = facts.config
    this.stateFolder = facts.stateFolder
    this.#lifetime = facts.lifetime
  }

  /** The user that the relay made up at its first start. */
  get alice(): RelayUser {
    return this.#user('alice', 'alice.password')
  }

  /** The other one. */
  get bob(): RelayUser {
    return this.#user('bob', 'bob.password')
  }

  /** Adds a user with a generated password, through the command line, while the relay runs. */
  async addUser(username: string): Promise<RelayUser> {
    const address = `${username}@${this.name}`
    const command = this.user(['add', address, '--generate'])
    const { code } = await command.exit()
    if (code !== 0) throw new Error(`cannot add ${address}: ${command.describe()}`)
    return this.#user(username, `${address}.password`)
  }

  /** Starts `msrp relay user ARGS` on this relay's database. */
  user(args: readonly string[], input?: string): Program {
    const [action = '', ...rest] = args
    return startMsrp(['relay', 'user', action, '--config', this.config, ...rest], {
      lifetime: this.#lifetime,
      input: input ?? '',
    })
  }

  /** Connects as somebody who has not logged in. */
  connect(options: Omit<RawClientOptions, 'port' | 'name'> & { port?: number } = {}): Promise<RawClient> {
    return RawClient.connect({ port: this.port, name: this.name, ca: readFileSync(this.ca), ...options })
  }

  /** Connects and logs in, so that there is a token. */
  async login(user: RelayUser, options: Omit<RawClientOptions, 'port' | 'name'> = {}): Promise<RawClient> {
    const { username } = user
    const client = await this.connect({ uri: `msrps://${username}.invalid:9000/${username};tcp`, ...options })
    const { head } = await client.authenticate(user, { toPath: [this.uri] })
    if (head.status !== 200) throw new Error(`AUTH of ${user.address} was answered ${head.status}`)
    return client
  }

  /**
   * Makes a round trip through the relay's user database on a client's connection: whatever the client sent before has
   * been acted upon when it is over.
   */
  async settle(client: RawClient): Promise<void> {
    await client.response(client.request('AUTH', { toPath: [this.uri] }))
  }

  /** What the command line needs to go through this relay as a user. */
  options(user: RelayUser): string[] {
    return ['--relay', this.uri, '--user', user.address, '--password-file', user.passwordFile, '--ca', this.ca]
  }

  #user(username: string, file: string): RelayUser {
    const passwordFile = join(this.stateFolder, file)
    return {
      username,
      address: `${username}@${this.name}`,
      password: readFileSync(passwordFile, 'utf8').trim(),
      passwordFile,
    }
  }
}

/** Starts a relay on a free port of 127.0.0.1 and waits until it listens. */
export async function startRelay(options: RelayOptions = {}): Promise<TestRelay> {
  const { name = 'localhost', authority, certificate, lifetime = 'test', within = [], env = {} } = options
  const folder = lifetime === 'file' ? temporaryFolderOfFile() : temporaryFolder()
  const stateFolder = join(folder, 'state')
  const tls =
    authority === undefined ? undefined : await writeCertificate(folder, { name, authority, ...certificate }, authority)
  const config = join(folder, 'relay.toml')
  writeFileSync(config, configText({ ...options, name }, stateFolder, tls))
  const program = startMsrp(['relay', '--json', '--config', config], { lifetime, within, env })
  const [line] = await program.stdout.line(/^\{"event":"listening".*\}$/, { milliseconds: 20_000 })
  const { path, ca } = JSON.parse(line) as { path: string; ca?: string }
  return new TestRelay({ program, name, uri: path, ca: tls?.ca ?? ca ?? '', config, stateFolder, lifetime })
}

/** An authority that certifies several relays, so that they trust each other. PEM. */
export interface TestAuthority {
  certificate: string
  key: string
}

/** A new authority. */
export function newAuthority(): Promise<TestAuthority> {
  return createAuthority()
}

/** Text of a configuration file: one listener with TLS, then whatever is given. */
export function configText(
  {
    name,
    settings = {},
    host = '127.0.0.1',
    port = 0,
    tcpPort,
    webSockets = [],
    listen,
    tables: further = '',
  }: RelayOptions,
  stateFolder: string,
  tls?: Record<string, string>,
): string {
  const top: string[] = [`state_folder = ${JSON.stringify(stateFolder)}`]
  const tables = new Map<string, string[]>()
  const table = (title: string): string[] => {
    const lines = tables.get(title) ?? []
    tables.set(title, lines)
    return lines
  }
  if (name !== undefined) table('advertised').push(`name = ${JSON.stringify(name)}`)
  if (tls !== undefined) table('tls').push(...pairs(tls))
  for (const [key, value] of Object.entries(settings)) {
    if (typeof value === 'object' && !Array.isArray(value))
      table(key).push(...pairs(value as Record<string, TomlValue>))
    else top.push(...pairs({ [key]: value as TomlValue }))
  }
  const listeners = ['[[listen]]', `host = "${host}"`, `port = ${port}`, ...(listen === undefined ? [] : [listen])]
  if (tcpPort !== undefined)
    listeners.push('[[listen]]', 'host = "127.0.0.1"', `port = ${tcpPort}`, 'transport = "tcp"')
  for (const { transport, port: its } of webSockets)
    listeners.push('[[listen]]', 'host = "127.0.0.1"', `port = ${its}`, `transport = "${transport}"`)
  const rest = [...tables].flatMap(([title, lines]) => [`[${title}]`, ...lines])
  return `${[...top, ...listeners, ...rest, further].join('\n')}\n`
}

/** A value of JSON is one of TOML too, as long as it is no object. */
function pairs(values: Record<string, TomlValue>): string[] {
  return Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
}

async function writeCertificate(
  folder: string,
  signed: { name: string; authority: TestAuthority; also?: readonly string[] },
  trusted: TestAuthority,
): Promise<{ certificate: string; key: string; ca: string }> {
  const { certificate, key } = await issueCertificate({
    names: [signed.name, '127.0.0.1', ...(signed.also ?? [])],
    ca: signed.authority,
  })
  const files = { certificate: join(folder, 'relay.pem'), key: join(folder, 'relay.key'), ca: join(folder, 'ca.pem') }
  writeFileSync(files.certificate, certificate)
  writeFileSync(files.key, key, { mode: 0o600 })
  writeFileSync(files.ca, trusted.certificate)
  return files
}
