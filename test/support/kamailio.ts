import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { issueCertificate } from 'msrp-relay/certificates'
import { afterAll } from 'vitest'
import { freePort } from './free-port.ts'
import { type Program, startProgram } from './process.ts'
import { newAuthority, type TestAuthority } from './relay.ts'
import { findProgram } from './requires.ts'
import { temporaryFolderOfFile } from './temporary-folder.ts'

const users = ['alice', 'bob']
const templates = new URL('./kamailio/', import.meta.url)

/** Kamailio as an MSRP relay. Whoever uses it guards the tests with `requires(context, 'kamailio')`. */
export class Kamailio {
  readonly program: Program
  readonly port: number
  /** File with the authority of its certificate. */
  readonly ca: string
  /** File with the password of every user. */
  readonly passwordFile: string
  /** It runs in this one. */
  readonly folder: string

  constructor(program: Program, port: number, folder: string) {
    this.program = program
    this.port = port
    this.ca = join(folder, 'ca.pem')
    this.passwordFile = join(folder, 'password')
    this.folder = folder
  }

  /** What the command line needs to go through it. */
  options(username: string): string[] {
    const relay = `msrps://localhost:${this.port};tcp`
    return ['--relay', relay, '--user', `${username}@localhost`, '--password-file', this.passwordFile, '--ca', this.ca]
  }

  /** What its table of subscribers holds for a user: H(A1) by MD5. */
  ha1(username: string): string {
    const table = readFileSync(join(this.folder, 'database/subscriber'), 'utf8')
    const row = table.split('\n').find((line) => line.split(':')[1] === username)
    return row?.split(':')[4] ?? ''
  }

  /** Ends it with all processes it is made of, and resolves when none is left. */
  async stop(): Promise<void> {
    await this.program.stop()
    await stopProcessesIn(this.folder)
  }
}

/** Starts Kamailio in a folder of its own, on a free port, until the end of the test file: for `beforeAll`. */
export async function startKamailio({
  authority,
  webSocket = false,
}: {
  authority?: TestAuthority
  /** Takes clients by WebSocket on the same port; needs Debian's kamailio-websocket-modules. */
  webSocket?: boolean
} = {}): Promise<Kamailio> {
  const folder = temporaryFolderOfFile()
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const ca = authority ?? (await newAuthority())
  const { certificate, key } = await issueCertificate({ names: ['localhost', '127.0.0.1'], ca })
  const values: Record<string, string> = { PORT: String(port), FOLDER: folder }
  const written = {
    'ca.pem': ca.certificate,
    'cert.pem': certificate,
    'key.pem': key,
    password: `${password}\n`,
    ...Object.fromEntries(['kamailio.cfg', 'tls.cfg'].map((name) => [name, filledIn(name, values)])),
  }
  for (const [name, text] of Object.entries(written)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  writeSubscribers(join(folder, 'database'), password)
  const run = join(folder, 'run')
  mkdirSync(run)
  const args = ['-DD', '-E', '-m', '128', '-M', '8', '-w', folder, '-Y', run, '-f', join(folder, 'kamailio.cfg')]
  const command = findProgram('kamailio') ?? 'kamailio'
  const defined = webSocket ? ['-A', 'WITH_WEBSOCKET'] : []
  const program = startProgram(command, [...args, ...defined, '-L', kamailioModules()], {
    cwd: folder,
    lifetime: 'file',
  })
  const kamailio = new Kamailio(program, port, folder)
  running.add(kamailio)
  await untilListening(kamailio)
  return kamailio
}

const running = new Set<Kamailio>()

afterAll(async () => {
  for (const kamailio of running) await kamailio.stop()
})

/** Kamailio's own layout of the table, as files: H(A1) stands in `ha1`, the column for a password in the clear is empty. */
function writeSubscribers(folder: string, password: string): void {
  mkdirSync(folder)
  const rows = users.map((user, index) => `${index + 1}:${user}:localhost::${subscriberHa1(user, password)}:`)
  const layout = 'id(int,auto) username(string) domain(string) password(string,null) ha1(string) ha1b(string,null)'
  writeFileSync(join(folder, 'subscriber'), `${[layout, ...rows].join('\n')}\n`, { mode: 0o600 })
  writeFileSync(join(folder, 'version'), 'table_name(string) table_version(int)\nsubscriber:7\n')
}

function subscriberHa1(user: string, password: string): string {
  return createHash('md5').update(`${user}:localhost:${password}`).digest('hex')
}

function filledIn(name: string, values: Record<string, string>): string {
  const template = readFileSync(new URL(name, templates), 'utf8')
  return template.replace(/\{\{(\w+)\}\}/g, (_, word: string) => values[word] ?? '')
}

/** Kamailio works in many processes. Should one have outlived the first, it is known by the folder it runs in. */
export async function stopProcessesIn(folder: string): Promise<void> {
  for (let left = processesIn(folder); left.length > 0; left = processesIn(folder)) {
    for (const pid of left) process.kill(pid, 'SIGKILL')
    await delay(20)
  }
}

/** Its modules: Debian puts them under the name of the machine's architecture. */
export function kamailioModules(): string {
  const lib = '/usr/lib'
  const folders = readdirSync(lib).map((name) => join(lib, name, 'kamailio/modules'))
  return folders.find((folder) => existsSync(join(folder, 'msrp.so'))) ?? join(lib, 'kamailio/modules')
}

async function untilListening({ program, port, folder }: Kamailio): Promise<void> {
  const deadline = performance.now() + 20_000
  // It listens before the processes are there that answer.
  while (processesIn(folder).length < 4 || !(await answers(port))) {
    if (program.exited !== undefined || performance.now() > deadline) {
      throw new Error(`Kamailio does not listen: ${program.describe()}`)
    }
    await delay(50)
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Processes whose working folder this is. */
export function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => workingFolder(pid) === folder)
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}
