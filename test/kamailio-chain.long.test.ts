import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Kamailio, startKamailio } from './support/kamailio.ts'
import { startMsrp } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { newAuthority, startRelay, type TestRelay } from './support/relay.ts'
import { findProgram, requires } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { eventsNamed, expectExit, nextEvent, pathOf, startReceiver, startSender, type Way } from './support/transfer.ts'

// Each user has a relay of another make: what one sends passes both. Kamailio takes no frame over 11 KiB.

const ways = new Map<string, Way>()
let kamailio: Kamailio
let relay: TestRelay

beforeEach((context) => requires(context, 'kamailio'))

beforeAll(async () => {
  if (findProgram('kamailio') === undefined) return
  const authority = await newAuthority()
  const starting = [startKamailio({ authority }), startRelay({ authority, lifetime: 'file' })] as const
  ;[kamailio, relay] = await Promise.all(starting)
  ways.set('behind Kamailio', {
    sender: kamailio.options('alice'),
    receiver: relay.options(await relay.addUser('carol')),
  })
  ways.set('before Kamailio', { sender: relay.options(relay.alice), receiver: kamailio.options('bob') })
})

test('what Kamailio has in its table of subscribers logs in to our relay as well, by the same password', async () => {
  const subscriber = join(temporaryFolder(), 'ha1')
  writeFileSync(subscriber, `${kamailio.ha1('bob')}\n`, { mode: 0o600 })
  await expectExit(relay.user(['remove', 'bob@localhost']))
  await expectExit(relay.user(['add', 'bob@localhost', '--ha1', '--password-file', subscriber]))
  const ours = kamailio.options('bob').map((word) => (word.startsWith('msrps:') ? relay.uri : word))
  const bob = await startReceiver({ receiver: ours, sender: relay.options(relay.alice) }, { args: ['--count', '1'] })
  await expectExit(startSender(['--text', 'hello bob'], bob))
  await expectExit(bob.program)
  expect(eventsNamed(bob.program, 'message')).toMatchObject([{ text: 'hello bob' }])
})

describe.each(['behind Kamailio', 'before Kamailio'])('our relay %s', (place) => {
  test('brings on texts and a file, and their success reports', async () => {
    const way = ways.get(place) as Way
    const file = await writeRandomFile(join(temporaryFolder(), 'five.bin'), 5 << 20)
    const bob = await startReceiver(way, { args: ['--count', '2'] })
    const alice = startSender(['--text', 'Grüße, 世界', file.path, '--chunk-size', '10240'], bob)
    await expectExit(alice, 0, 60_000)
    await expectExit(bob.program)
    expect(eventsNamed(bob.program, 'message').map(({ text }) => text)).toEqual(['Grüße, 世界', null])
    expect(await sha256OfFile(join(bob.folder, 'five.bin'))).toBe(file.sha256)
    expect(eventsNamed(alice, 'done')).toMatchObject([{ messages: 2 }])
  })

  test('carries a chat with texts and files both ways', async () => {
    const way = ways.get(place) as Way
    const [atBob, atAlice] = [temporaryFolder(), temporaryFolder()]
    const chat = ['chat', '--json', '--chunk-size', '10240']
    const bob = startMsrp([...chat, ...way.receiver], { cwd: atBob })
    const alice = startMsrp([...chat, ...(await pathOf(bob, way))], { cwd: atAlice })
    const toBob = await writeRandomFile(join(atAlice, 'to-bob.bin'), 2 << 20, 1)
    const toAlice = await writeRandomFile(join(atBob, 'to-alice.bin'), 2 << 20, 2)
    await alice.write('hello bob\n')
    await nextEvent(bob, ({ text }) => text === 'hello bob')
    await bob.write('hello alice\n/send to-alice.bin\n')
    await alice.write('/send to-bob.bin\nit is on its way\n')
    await nextEvent(alice, ({ text }) => text === 'hello alice')
    await nextEvent(bob, ({ text }) => text === 'it is on its way')
    await nextEvent(bob, ({ event, sha256 }) => event === 'message' && sha256 === toBob.sha256, 30_000)
    await nextEvent(alice, ({ event, sha256 }) => event === 'message' && sha256 === toAlice.sha256, 30_000)
    for (const side of [alice, bob]) side.end()
    await expectExit(alice)
    await expectExit(bob)
  })
})
