import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { createAuthority, issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { whyNoPrivateMounts } from '../packages/msrp/test/node/private-mounts.ts'
import { freePort } from './support/free-port.ts'
import { type Program, startMsrp, startProgram } from './support/process.ts'
import { randomBytes } from './support/random-file.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { repositoryRoot } from './support/repository.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'
import {
  eventsOf,
  expectExit,
  filesIn,
  overTcp,
  overTls,
  pathOf,
  startReceiver,
  startSender,
  throughRelay,
  underWay,
  type Waiting,
} from './support/transfer.ts'

// Every exit code of docs/cli.md, provoked for real: the code, one clear line, and no half file under a final name.

const MiB = 1024 * 1024

let relay: TestRelay
/** Some file to send. */
let file: string

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file', settings: { expires: { minimum: 1, default: 2, maximum: 2 } } })
  file = join(temporaryFolderOfFile(), 'some.bin')
  writeFileSync(file, randomBytes(3 * MiB))
})

/** A program ends with a code, one line on standard error, and the error as the last event if it prints events. */
async function expectFailure(program: Program, exitCode: number, code: string, line: RegExp): Promise<void> {
  await expectExit(program, exitCode)
  const errors = program.stderr.lines.filter((text) => text.startsWith('error:'))
  expect(errors, program.describe()).toEqual([expect.stringMatching(line)])
  expect(program.stderr.lines.at(-1)).toBe(errors[0])
  // Nothing that only its makers understand.
  expect(program.stderr.text).not.toMatch(/^\s+at |\.ts:\d|undefined|\[object/m)
  if (program.stdout.lines.length > 0) {
    const last = eventsOf(program).at(-1)
    expect(last).toMatchObject({ event: 'error', code })
    expect(errors[0]).toBe(`error: ${last?.message}`)
  }
}

/** Sends to nobody in particular. */
function sendTo(path: string, ...args: string[]): Program {
  return startMsrp(['send', '--json', file, '--to', path, ...args])
}

/** A receiver with a file from a sender half arrived. */
async function halfWay(bob: Waiting): Promise<Program> {
  const alice = startSender(['-', '--name', 'half.bin', '--no-retry'], bob)
  await alice.write(randomBytes(MiB))
  await underWay(bob.folder, MiB - 1)
  return alice
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

test('0: everything is done', async () => {
  const bob = await startReceiver(throughRelay(relay), { args: ['--count', '1'] })
  const alice = startSender([file], bob)
  await expectExit(alice)
  await expectExit(bob.program)
  expect(alice.stderr.lines).toEqual([])
  expect(filesIn(bob.folder)).toEqual(['some.bin'])
})

test('1: a mistake in this program', async () => {
  // There is none to be had, so one is put in.
  const mistake =
    'import { Socket } from "node:net"; Socket.prototype.setNoDelay = () => { throw new TypeError("oops") }'
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(mistake)}` }
  const bob = await startReceiver(overTcp, { args: ['--json'] })
  const alice = startSender([file], bob, { env })
  await expectFailure(alice, 1, 'internal', /^error: .*internal fault.*oops.*report/)
})

test('2: usage', async () => {
  const program = startMsrp(['send', '--json', file])
  await expectFailure(program, 2, 'usage', /^error: .*--to/)
})

describe('3: a file is missing or cannot be read', () => {
  test.each<[what: string, args: (folder: string) => string[]]>([
    ['a file', (folder) => ['send', join(folder, 'missing'), '--to', 'msrp://127.0.0.1:1/x;tcp']],
    ['a folder', (folder) => ['send', folder, '--to', 'msrp://127.0.0.1:1/x;tcp']],
    ['the authorities to trust', (folder) => ['send', file, '--to', 'msrp://127.0.0.1:1/x;tcp', '--ca', folder]],
    [
      'a password',
      (folder) => ['receive', '--relay', 'localhost', '--user', 'a@b', '--password-file', join(folder, 'missing')],
    ],
    ['a key', (folder) => ['receive', '--listen', '127.0.0.1:0', '--cert', file, '--key', join(folder, 'missing')]],
    ['a configuration', (folder) => ['relay', '--config', join(folder, 'missing')]],
  ])('%s', async (_, args) => {
    const program = startMsrp([...args(temporaryFolder()), '--json'])
    await expectFailure(program, 3, 'file-unreadable', /^error: cannot (read|use) \//)
  })
})

describe('4: storage', () => {
  // Root may write everywhere, so the file system has to refuse by itself.
  const whyNot = whyNoPrivateMounts()

  /** Receives into a folder that is mounted for this program alone, and tells on standard error what is left in it. */
  function receiveInto(mount: string, folder: string, way: readonly string[]): Program {
    const script = `set -e; ${mount}; set +e; "$@"; code=$?; echo "left: $(ls -A "$FOLDER")" >&2; exit $code`
    const main = join(repositoryRoot, 'packages/cli/src/main.ts')
    const receive = [process.execPath, main, 'receive', '--json', '--dir', folder, ...way]
    return startProgram('unshare', ['-m', 'sh', '-c', script, 'sh', ...receive], { env: { FOLDER: folder } })
  }

  test.each([
    ['through the relay', () => throughRelay(relay)],
    ['over TCP', () => overTcp],
  ] as const)('a disk that gets full, %s: the receiver ends, the sender hears of it', async (_, way) => {
    expect(whyNot).toBeUndefined()
    const folder = temporaryFolder()
    const bob = receiveInto('mount -t tmpfs -o size=1m tmpfs "$FOLDER"', folder, way().receiver)
    const alice = startSender([file], { to: await pathOf(bob, way()) })
    await expectExit(bob, 4)
    const errors = bob.stderr.lines.filter((line) => !/^$|^Ready|^ {2}--to/.test(line))
    expect(errors).toEqual([expect.stringMatching(/^error: cannot write .*some\.bin.*(full|no space)/i), 'left: '])
    expect(eventsOf(bob).at(-1)).toMatchObject({ event: 'error', code: 'storage' })
    await expectExit(alice, 11)
    expect(alice.stderr.lines).toEqual([expect.stringMatching(/^error: .*413.*; confirmed \d+ of 3145728 bytes$/)])
    expect(eventsOf(alice).at(-1)).toMatchObject({ event: 'error', code: 'refused', status: 413 })
  })

  test('a folder that cannot be written, before anybody is let in', async () => {
    expect(whyNot).toBeUndefined()
    const folder = temporaryFolder()
    const mount = 'mount --bind "$FOLDER" "$FOLDER"; mount -o remount,ro,bind "$FOLDER"'
    const bob = receiveInto(mount, folder, overTcp.receiver)
    await expectExit(bob, 4)
    expect(bob.stderr.lines).toEqual([expect.stringMatching(/^error: cannot write .*read-only/i), 'left: '])
    expect(eventsOf(bob)).toEqual([expect.objectContaining({ event: 'error', code: 'storage' })])
  })

  test('a folder that is a file', async () => {
    const program = startMsrp(['receive', '--json', '--dir', file, '--listen', '127.0.0.1:0'])
    await expectFailure(program, 4, 'storage', /^error: cannot write .*some\.bin/)
  })
})

describe('5: cannot reach it', () => {
  test('nobody listens there', async () => {
    const port = await freePort()
    await expectFailure(sendTo(`msrp://127.0.0.1:${port}/x;tcp`), 5, 'unreachable', /^error: .*refused/)
  })

  test('no relay listens there', async () => {
    const port = await freePort()
    const args = ['--relay', `localhost:${port}`, ...relay.options(relay.bob).slice(2)]
    await expectFailure(startMsrp(['receive', '--json', ...args]), 5, 'unreachable', /^error: .*localhost.*refused/)
  })

  test('no such name', async () => {
    const line = /^error: .*nowhere\.invalid/
    await expectFailure(sendTo('msrp://nowhere.invalid:2855/x;tcp'), 5, 'unreachable', line)
  })

  test('the port to listen at is taken', async () => {
    const port = await listen(createTcpServer())
    const program = startMsrp(['receive', '--json', '--listen', `127.0.0.1:${port}`], { cwd: temporaryFolder() })
    await expectFailure(program, 5, 'unreachable', /^error: .*in use/)
  })
})

describe('6: the TLS authority is not trusted', () => {
  test('of a relay', async () => {
    const args = relay.options(relay.bob).slice(0, -2)
    await expectFailure(startMsrp(['receive', '--json', ...args]), 6, 'tls-authority', /^error: .*--ca/)
  })

  test('of a peer', async () => {
    const bob = await startReceiver(overTls)
    await expectFailure(sendTo(bob.to[1] ?? ''), 6, 'tls-authority', /^error: .*--ca/)
  })
})

describe('7: the TLS certificate is for another name', () => {
  test('of a relay', async () => {
    const args = ['--relay', `relay.example.com:${relay.port}`, '--resolve', 'relay.example.com=127.0.0.1']
    const program = startMsrp(['receive', '--json', ...args, ...relay.options(relay.bob).slice(2)])
    await expectFailure(program, 7, 'tls-name', /^error: .*relay\.example\.com/)
  })

  test('of a peer', async () => {
    const bob = await startReceiver({ ...overTls, receiver: [...overTls.receiver, '--host', 'bob.example.com'] })
    const [, path = '', ...rest] = bob.to
    const program = sendTo(path.replace('bob.example.com', '127.0.0.1'), ...rest)
    await expectFailure(program, 7, 'tls-name', /^error: .*bob\.example\.com/)
  })
})

describe('8: what answers is no MSRP peer', () => {
  const answer: RequestListener = (_, response) => response.end('It works!')

  test('but a web server', async () => {
    const port = await listen(createServer(answer))
    await expectFailure(
      sendTo(`msrp://127.0.0.1:${port}/x;tcp`),
      8,
      'not-msrp',
      /^error: .*127\.0\.0\.1.*does not speak MSRP/,
    )
  })

  test('but a web server with TLS, taken for a relay', async () => {
    const authority = await createAuthority()
    const { certificate, key } = await issueCertificate({ names: ['localhost'], ca: authority })
    const ca = join(temporaryFolder(), 'ca.pem')
    writeFileSync(ca, authority.certificate)
    const port = await listen(createHttpsServer({ cert: certificate, key }, answer))
    const args = ['--relay', `localhost:${port}`, ...relay.options(relay.bob).slice(2, -1), ca]
    await expectFailure(
      startMsrp(['receive', '--json', ...args]),
      8,
      'not-msrp',
      /^error: .*127\.0\.0\.1.*does not speak MSRP/,
    )
  })
})

test('9: a wrong password and an unknown user cannot be told apart', async () => {
  const lines: string[] = []
  for (const user of [relay.bob.address, 'nobody@localhost']) {
    const args = ['--relay', relay.uri, '--user', user, '--ca', relay.ca]
    const program = startMsrp(['receive', '--json', ...args], { env: { MSRP_PASSWORD: 'guessed' } })
    await expectFailure(program, 9, 'unauthorized', /^error: /)
    const [name = ''] = user.split('@')
    lines.push((program.stdout.text + program.stderr.text).replaceAll(name, 'NAME'))
  }
  expect(lines[0]).toBe(lines[1])
})

test('10: the relay no longer grants the path', async () => {
  const carol = await relay.addUser('carol')
  const program = startMsrp(['receive', '--json', ...relay.options(carol)], { cwd: temporaryFolder() })
  await pathOf(program, throughRelay(relay))
  // Paths of this relay live for two seconds unless they are refreshed.
  await expectExit(relay.user(['remove', carol.address]))
  await expectFailure(program, 10, 'token-expired', /^error: .*expired/)
})

describe('11: refused by the peer', () => {
  test('which has another one', async () => {
    const bob = await startReceiver(overTcp)
    await halfWay(bob)
    await expectFailure(startSender([file], bob), 11, 'refused', /^error: .*506/)
  })

  test('which is not there any more', async () => {
    const bob = await startReceiver(throughRelay(relay))
    await bob.program.stop()
    await expectFailure(startSender([file], bob), 11, 'refused', /^error: .*481/)
  })
})

test('12: the connection is lost', async () => {
  const bob = await startReceiver(overTls)
  const alice = await halfWay(bob)
  bob.program.kill('SIGKILL')
  await expectFailure(alice, 12, 'connection-lost', /^error: standard input: .*; confirmed \d+ of an unknown number of/)
  expect(filesIn(bob.folder)).toEqual([expect.stringMatching(/^\.msrp-.*\.part$/)])
})

test('13: timeout', async () => {
  const port = await listen(createTcpServer(() => {}))
  const args = ['--user', 'bob@localhost', '--timeout', '0.5', '--json']
  const program = startMsrp(['probe', `localhost:${port}`, ...args], { env: { MSRP_PASSWORD: 'x' } })
  await expectFailure(program, 13, 'timeout', /^error: .*0\.5 s/)
})

test.each([
  ['SIGHUP', 129, 'hung-up', 'the terminal is gone'],
  ['SIGINT', 130, 'interrupted', 'interrupted'],
  ['SIGTERM', 143, 'terminated', 'terminated'],
] as const)('%s: %i, and nothing is left of a file half arrived', async (signal, exitCode, code, line) => {
  const bob = await startReceiver(throughRelay(relay))
  const alice = await halfWay(bob)
  bob.program.kill(signal)
  await expectExit(bob.program, exitCode)
  expect(bob.program.stderr.lines.at(-1)).toBe(line)
  expect(eventsOf(bob.program).at(-1)).toMatchObject({ event: 'error', code, message: line })
  expect(filesIn(bob.folder)).toEqual([])
  alice.kill(signal)
  await alice.exit()
})

test('141: nobody reads standard output any more', async () => {
  const main = join(repositoryRoot, 'packages/cli/src/main.ts')
  const script = '{ "$@"; echo "ended with $?" >&2; } | head -n 1'
  const receive = [process.execPath, main, 'receive', '--json', ...overTcp.receiver]
  const bob = startProgram('sh', ['-c', script, 'sh', ...receive], { cwd: temporaryFolder() })
  const alice = startSender(['--text', 'hello'], { to: await pathOf(bob, overTcp) })
  await bob.stderr.line(/^ended with 141$/)
  expect(bob.stderr.text).not.toMatch(/^error:/m)
  await alice.exit()
})
