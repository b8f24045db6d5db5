import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type Kamailio, processesIn, startKamailio } from './support/kamailio.ts'
import { startMsrp } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { findProgram, requires } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  filesIn,
  nextEvent,
  pathOf,
  startReceiver,
  startSender,
  type Way,
} from './support/transfer.ts'

// A relay of other make in between, to which both users log in. It keeps whole chunks and takes none over 11 KiB.

let kamailio: Kamailio
let way: Way

beforeEach((context) => requires(context, 'kamailio'))

beforeAll(async () => {
  if (findProgram('kamailio') === undefined) return
  kamailio = await startKamailio()
  way = { receiver: kamailio.options('bob'), sender: kamailio.options('alice') }
})

test('10 MiB arrive whole in chunks of 10240 bytes, and their sender has it in writing', async () => {
  const file = await writeRandomFile(join(temporaryFolder(), 'ten.bin'), 10 << 20)
  const bob = await startReceiver(way, { args: ['--count', '1'] })
  const alice = startSender([file.path, '--chunk-size', '10240'], bob)
  await expectExit(alice, 0, 60_000)
  await expectExit(bob.program)
  expect(filesIn(bob.folder)).toEqual(['ten.bin'])
  expect(await sha256OfFile(join(bob.folder, 'ten.bin'))).toBe(file.sha256)
  expect(eventsNamed(alice, 'done')).toMatchObject([{ messages: 1, bytes: file.size }])
})

test('a sender who does not know how little it takes finds out by its 501s', async () => {
  const file = await writeRandomFile(join(temporaryFolder(), 'three.bin'), 3 << 20)
  const bob = await startReceiver(way, { args: ['--count', '1'] })
  const alice = startSender([file.path, '--chunk-size', '32k'], bob)
  await expectExit(alice, 0, 60_000)
  await expectExit(bob.program)
  expect(await sha256OfFile(join(bob.folder, 'three.bin'))).toBe(file.sha256)
})

test('texts and a file from one sender arrive in their order', async () => {
  const bob = await startReceiver(way, { args: ['--count', '2'] })
  const file = join(temporaryFolder(), 'note.txt')
  writeFileSync(file, 'a file\n')
  const alice = startSender(['--text', 'Grüße, 世界', file], bob)
  await expectExit(alice)
  await expectExit(bob.program)
  const texts = eventsNamed(bob.program, 'message').map(({ text, name }) => text ?? name)
  expect(texts).toEqual(['Grüße, 世界', 'note.txt'])
})

test('a chat goes both ways while a file flows', async () => {
  const args = ['chat', '--json', '--chunk-size', '10240']
  const [atBob, atAlice] = [temporaryFolder(), temporaryFolder()]
  const bob = startMsrp([...args, ...way.receiver], { cwd: atBob })
  const alice = startMsrp([...args, ...(await pathOf(bob, way))], { cwd: atAlice })
  const file = await writeRandomFile(join(atAlice, 'five.bin'), 5 << 20)
  await alice.write('hello bob\n')
  await nextEvent(bob, ({ text }) => text === 'hello bob')
  await alice.write('/send five.bin\nit is on its way\n')
  await nextEvent(bob, ({ text }) => text === 'it is on its way')
  await bob.write('hello alice\n')
  await nextEvent(alice, ({ text }) => text === 'hello alice')
  const arrived = await nextEvent(bob, ({ event, name }) => event === 'message' && name === 'five.bin', 30_000)
  expect(arrived.sha256).toBe(file.sha256)
  // Nobody tells one side through this relay that the other has left.
  for (const side of [alice, bob]) side.end()
  await expectExit(alice)
  await expectExit(bob)
})

test('a wrong password is told as one', async () => {
  const wrong = join(temporaryFolder(), 'password')
  writeFileSync(wrong, 'wrong\n', { mode: 0o600 })
  const options = way.sender.map((word) => (word === kamailio.passwordFile ? wrong : word))
  const alice = startMsrp(['send', '--text', 'hello', '--to', 'msrps://x.invalid:9/y;tcp', ...options])
  await expectExit(alice, 9)
})

test('it is gone with all its processes when it is stopped', async () => {
  const another = await startKamailio()
  const { folder } = another
  expect(processesIn(folder).length).toBeGreaterThan(1)
  await another.stop()
  expect(processesIn(folder)).toEqual([])
  expect(existsSync(`/proc/${another.program.pid}`)).toBe(false)
})
