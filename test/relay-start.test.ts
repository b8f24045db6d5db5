import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createAuthority, issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Program, startMsrp, startProgram } from './support/process.ts'
import { randomBytes, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { RawClient } from './support/raw-client.ts'
import { configText, startRelay } from './support/relay.ts'
import { repositoryRoot } from './support/repository.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'

// A relay from its first start to its end, as whoever runs it sees it.

describe('a first start', () => {
  let relay: Program
  let state: string

  beforeAll(async () => {
    const folder = temporaryFolderOfFile()
    state = join(folder, 'state')
    const config = join(folder, 'relay.toml')
    writeFileSync(config, configText({ settings: { log: { level: 'trace' } } }, state))
    relay = startMsrp(['relay', '--config', config], { lifetime: 'file' })
    await relay.line(/Ctrl-C/)
  })

  test('makes all that is needed, and shows secrets to nobody', () => {
    const modes = Object.fromEntries(readdirSync(state).map((name) => [name, mode(join(state, name))]))
    expect(modes).toMatchObject({
      'alice.password': '600',
      'bob.password': '600',
      'ca.key': '600',
      'ca.pem': '644',
      'server.key': '600',
      'server.pem': '644',
      'users.sqlite': '600',
    })
    expect(Object.entries(modes).filter(([, value]) => value !== '600' && value !== '644')).toEqual([])
    expect(mode(state)).toBe('700')
  })

  test('greets with where it listens and what to try, and with no password', () => {
    const welcome = relay.stdout.text
    expect(welcome).toMatch(/^MSRP relay msrps:\/\/localhost:(\d+);tcp$/m)
    expect(welcome).toMatch(/listens on +tls 127\.0\.0\.1:\d+$/m)
    expect(welcome).toContain(state)
    expect(commands(relay).map((line) => line.split(' ')[1])).toEqual(['receive', 'send', 'chat', 'chat'])
    const secrets = ['alice', 'bob'].map((name) => readFileSync(join(state, `${name}.password`), 'utf8').trim())
    expect(secrets.filter((secret) => secret.length < 16)).toEqual([])
    for (const secret of secrets) expect(welcome + relay.stderr.text).not.toContain(secret)
  })

  test('prints commands that send a file when they are pasted into two shells', async () => {
    const [receive = '', send = ''] = commands(relay)
    const [inbox, outbox] = [temporaryFolder(), temporaryFolder()]
    const file = await writeRandomFile(join(outbox, 'holiday photo.jpg'), 300_000)
    const receiver = shell(receive, inbox)
    const [, path = ''] = await receiver.line(/--to ('[^']+')/)
    const sender = shell(send.replace('FILE', "'holiday photo.jpg'").replace("'PATH'", path), outbox)
    expect(await sender.exit(), sender.describe()).toEqual({ code: 0, signal: null })
    await receiver.line(/holiday photo\.jpg/)
    expect(await sha256OfFile(join(inbox, 'received', 'holiday photo.jpg'))).toBe(file.sha256)
  })
})

describe('a second start', () => {
  test('finds everything as the first one left it', async () => {
    const folder = copyOfState()
    const state = join(folder, 'state')
    const before = contents(state)
    const again = startMsrp(['relay', '--config', join(folder, 'relay.toml')])
    await again.line(/Ctrl-C/)
    await login(again, state)
    await again.stop()
    const { 'users.sqlite': _, ...after } = contents(state)
    expect(before).toMatchObject(after)
    expect(Object.keys(after)).toContain('ca.pem')
  })

  test('at the same time, on the same state, does no harm', async () => {
    const { relay, state, config } = start()
    const other = startMsrp(['relay', '--config', config])
    await Promise.all([relay.line(/Ctrl-C/), other.line(/Ctrl-C/)])
    await Promise.all([login(relay, state), login(other, state)])
  })

  test('after a kill in the middle of the first one makes good what is missing', async () => {
    const states = [['users.sqlite'], ['server.pem', 'server.key'], ['ca.pem'], ['bob.password', 'users.sqlite']]
    const startWithout = async (missing: readonly string[]): Promise<void> => {
      const folder = copyOfState()
      for (const name of missing) rmSync(join(folder, 'state', name))
      const relay = startMsrp(['relay', '--config', join(folder, 'relay.toml')])
      await relay.line(/Ctrl-C/)
      await login(relay, join(folder, 'state'))
    }
    await Promise.all(states.map(startWithout))
  })
})

describe('a relay that cannot start says why in one line', () => {
  test('when its port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close()
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const folder = temporaryFolder()
    writeFileSync(
      join(folder, 'relay.toml'),
      configText({}, join(folder, 'state')).replace('port = 0', `port = ${port}`),
    )
    await refuses(startMsrp(['relay', '--config', join(folder, 'relay.toml')]), 5, `127.0.0.1:${port}`)
  })

  test('when its state folder cannot be made', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    await refuses(start(join(folder, 'file', 'state')).relay, 4, join(folder, 'file'))
  })

  test('when its state folder cannot be written', async (context) => {
    const { status } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'])
    context.skip(status !== 0, 'mounting in a namespace is not permitted here; run as root')
    const folder = temporaryFolder()
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    writeFileSync(join(folder, 'relay.toml'), configText({}, join(disk, 'state')))
    const readOnly = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" "$3" relay --config "$4"'
    const main = join(repositoryRoot, 'packages/cli/src/main.ts')
    const words = ['sh', disk, process.execPath, main, join(folder, 'relay.toml')]
    await refuses(startProgram('unshare', ['--mount', 'sh', '-c', readOnly, ...words]), 4, disk)
    expect(readdirSync(disk)).toEqual([])
  })

  const damage: [what: string, file: string, how: (file: string) => void | Promise<void>][] = [
    ['damaged behind its first page', 'users.sqlite', (file) => overwrite(file, randomBytes(4096), 4096)],
    ['garbage', 'users.sqlite', (file) => writeFileSync(file, randomBytes(20_000))],
    ['empty', 'users.sqlite', (file) => truncateSync(file)],
    ['garbage', 'server.pem', (file) => writeFileSync(file, randomBytes(500))],
    ['damaged', 'server.pem', (file) => writeFileSync(file, readFileSync(file, 'latin1').replace('\nMII', '\nAAA'))],
    ['garbage', 'server.key', (file) => writeFileSync(file, randomBytes(500))],
    ["another certificate's", 'server.key', async (file) => writeFileSync(file, (await createAuthority()).key)],
    ['garbage', 'ca.pem', (file) => writeFileSync(file, randomBytes(500))],
    ['garbage', 'ca.key', (file) => writeFileSync(file, randomBytes(500))],
    ["another authority's", 'ca.key', async (file) => writeFileSync(file, (await createAuthority()).key)],
  ]

  test.each(damage)('when there is something %s in its state: %s', async (_, name, how) => {
    const folder = copyOfState()
    const file = join(folder, 'state', name)
    await how(file)
    const before = readFileSync(file)
    await refuses(startMsrp(['relay', '--config', join(folder, 'relay.toml')]), 4, file)
    // What may still be saved by hand is not touched.
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test.each([
    ['no such certificate', 'tls.certificate', 'missing.pem'],
    ['a key that is none', 'tls.key', 'garbage.pem'],
    ['a key that does not fit', 'tls.key', 'other.key'],
    ['authorities that are none', 'tls.ca', 'garbage.pem'],
  ])('when its settings name %s', async (_, setting, name) => {
    const folder = temporaryFolder()
    const ca = await createAuthority()
    const good = await issueCertificate({ names: ['localhost'], ca })
    writeFileSync(join(folder, 'good.pem'), good.certificate)
    writeFileSync(join(folder, 'good.key'), good.key)
    writeFileSync(join(folder, 'other.key'), ca.key)
    writeFileSync(join(folder, 'garbage.pem'), randomBytes(500))
    const tls = { certificate: 'good.pem', key: 'good.key', [setting.replace('tls.', '')]: name }
    writeFileSync(join(folder, 'relay.toml'), configText({ settings: { tls } }, 'state'))
    await refuses(startMsrp(['relay', '--config', join(folder, 'relay.toml')]), 4, join(folder, name))
  })

  test.each([
    ['an unknown key', 'colour = "blue"', 'colour'],
    ['an unknown key in a table', '[limits]\nconnection = 5', 'limits.connection'],
    ['a value out of bounds', '[limits]\nunauthenticated_time = 0', 'limits.unauthenticated_time'],
    ['no TOML', 'drain: 5', 'line 1'],
  ])('when its configuration holds %s', async (_, text, named) => {
    const folder = temporaryFolder()
    const config = join(folder, 'relay.toml')
    writeFileSync(config, text)
    const relay = startMsrp(['relay', '--config', config])
    await refuses(relay, 2, config)
    expect(relay.stderr.text).toContain(named)
    expect(readdirSync(folder)).toEqual(['relay.toml'])
  })

  test('when its configuration does not exist', async () => {
    const config = join(temporaryFolder(), 'missing.toml')
    await refuses(startMsrp(['relay', '--config', config]), 3, config)
  })

  test('with --json on standard output as well', async () => {
    const config = join(temporaryFolder(), 'relay.toml')
    writeFileSync(config, 'colour = "blue"')
    const relay = startMsrp(['relay', '--json', '--config', config])
    await refuses(relay, 2, config)
    const message = expect.stringContaining('colour')
    expect(relay.stdout.json).toEqual([
      {
        event: 'error',
        code: 'invalid-argument',
        message,
        confirmedBytes: 0,
        mistakes: [{ key: 'colour', line: 1, code: 'invalid-argument', message }],
      },
    ])
  })
})

describe('a relay ends', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('with 0 on %s, and its connections with it', async (signal) => {
    const relay = await startRelay()
    const [alice, stranger] = [await relay.login(relay.alice), await relay.connect()]
    relay.program.kill(signal)
    expect(await relay.program.exit(5_000)).toEqual({ code: 0, signal: null })
    await Promise.all([alice.untilClosed(), stranger.untilClosed()])
    expect(relay.program.stderr.text).not.toMatch(/error/i)
  })

  test('at once on a second signal, whatever is still under way', async () => {
    const relay = await startRelay({ settings: { drain: 60 } })
    const bob = await relay.login(relay.bob)
    const sender = await relay.connect()
    bob.pause()
    sender.write(sender.head('SEND', { transactionId: 'abcd1234', toPath: bob.path, fields: longMessage, body: '' }))
    await Promise.race([sender.write(Buffer.alloc(64 << 20)), relay.settle(await relay.connect())])
    relay.program.kill('SIGTERM')
    await relay.program.line(/stops/)
    expect(relay.program.exited).toBeUndefined()
    while (relay.program.exited === undefined) {
      relay.program.kill('SIGTERM')
      await Promise.race([relay.program.exit(), new Promise((resolve) => setTimeout(resolve, 200))])
    }
    expect(relay.program.exited).toEqual({ code: 143, signal: null })
  })

  test('after telling the sender of what it had taken over and could not bring on', async () => {
    const relay = await startRelay({ settings: { drain: 0 } })
    const bob = await relay.login(relay.bob)
    const sender = await relay.connect()
    const sent = sender.send(bob.path, 'hello', { fields: [['Message-ID', 'message1']] })
    expect((await sender.response(sent)).head.status).toBe(200)
    await bob.nextRequest()
    relay.program.kill('SIGTERM')
    const { head } = await sender.nextRequest()
    expect([head.method, head.fields.messageId, head.fields.status?.code]).toEqual(['REPORT', 'message1', 481])
    expect(await relay.program.exit(10_000)).toEqual({ code: 0, signal: null })
  })
})

let madeState: string

beforeAll(async () => {
  madeState = temporaryFolderOfFile()
  writeFileSync(join(madeState, 'relay.toml'), configText({}, 'state'))
  const relay = startMsrp(['relay', '--config', join(madeState, 'relay.toml')], { lifetime: 'file' })
  await relay.line(/Ctrl-C/)
  await relay.stop()
})

/** A configuration with the state that a relay has left. */
function copyOfState(): string {
  const folder = temporaryFolder()
  cpSync(madeState, folder, { recursive: true })
  for (const name of readdirSync(join(folder, 'state'))) chmodSync(join(folder, 'state', name), 0o600)
  return folder
}

const longMessage = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-*/*'],
] as const

/** A relay on a state folder of its own. */
function start(state?: string): { relay: Program; state: string; config: string } {
  const folder = temporaryFolder()
  const stateFolder = state ?? join(folder, 'state')
  const config = join(folder, 'relay.toml')
  writeFileSync(config, configText({}, stateFolder))
  return { relay: startMsrp(['relay', '--config', config]), state: stateFolder, config }
}

function overwrite(file: string, bytes: Uint8Array, at: number): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, bytes, 0, bytes.byteLength, at)
  closeSync(descriptor)
}

/** The commands in a welcome. */
function commands(relay: Program): string[] {
  return relay.stdout.lines.filter((line) => /^ {2}msrp /.test(line)).map((line) => line.trim())
}

/** Runs a command line as it would be pasted, with `msrp` as the command that is installed. */
function shell(command: string, cwd: string): Program {
  const main = join(repositoryRoot, 'packages/cli/src/main.ts')
  const installed = 'msrp() { "$NODE" "$MAIN" "$@"; }'
  return startProgram('sh', ['-c', `${installed}; ${command}`], { cwd, env: { NODE: process.execPath, MAIN: main } })
}

/** Alice can log in with the password in her file. */
async function login(relay: Program, state: string): Promise<void> {
  const [, uri = '', port] = await relay.line(/MSRP relay (msrps:\S+:(\d+);tcp)/)
  const client = await RawClient.connect({ port: Number(port), ca: readFileSync(join(state, 'ca.pem')) })
  const password = readFileSync(join(state, 'alice.password'), 'utf8').trim()
  const { head } = await client.authenticate({ username: 'alice', password }, { toPath: [uri] })
  expect(head.status).toBe(200)
}

/** It ends by itself with an exit code and one line, which names what is at fault. */
async function refuses(relay: Program, code: number, culprit: string): Promise<void> {
  expect(await relay.exit(20_000), relay.describe()).toEqual({ code, signal: null })
  expect(relay.stderr.lines).toEqual([expect.stringMatching(/^error: /)])
  expect(relay.stderr.text).toContain(culprit)
  if (!relay.stdout.text.startsWith('{')) expect(relay.stdout.text).toBe('')
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]))
}
