import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { chat } from './support/chat.ts'
import { expectChat, nattedPair, silentConnection } from './support/nat/natted-pair.ts'
import { requiresNats } from './support/nat/two-nats.ts'
import { randomBytes, sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  filesIn,
  nextEvent,
  startReceiver,
  startSender,
  underWay,
  until,
} from './support/transfer.ts'

// See nat.test.ts. Here NATs remember for little more than a minute, real ones for two and more, and are switched off and on.

/** Seconds; TCP asks after 60 of silence. */
const REMEMBERS = 75

beforeEach(requiresNats)

test('a receiver that nobody calls for longer than its NAT remembers can be called', async () => {
  const network = await nattedPair({ remembers: REMEMBERS })
  const { way, bob } = network
  const waiting = await startReceiver(way, { args: ['--count', '1'] })
  const own = bob.nat.mappings
  const other = await silentConnection(network, bob)
  const forgotten = (): boolean => !bob.nat.mappings.includes(other)
  await until(forgotten, 'the NAT forgets a silent connection', (REMEMBERS + 20) * 1000)
  expect(bob.nat.mappings).toEqual(own)
  const file = await writeRandomFile(join(temporaryFolder(), 'late.bin'), 5_000_000)
  await expectExit(startSender([file.path], waiting, { within: way.within?.sender }))
  await expectExit(waiting.program)
  expect(await sha256OfFile(join(waiting.folder, 'late.bin'))).toBe(file.sha256)
})

test('one whose NAT is switched off and on is told when nothing comes back, and so is the other side', async () => {
  const { way, bob } = await nattedPair({ remembers: REMEMBERS })
  const first = await chat(way, { args: ['--keep-alive', '1'] })
  bob.nat.forget()
  await first.alice.program.write('are you there\n')
  // TCP asks after a second, and ten times then.
  await expectExit(first.bob.program, 12, 20_000)
  // Told of the connection, and of a text whose report was still on its way.
  const told = eventsNamed(first.bob.program, 'error').map(({ code }) => code)
  expect(new Set(told)).toEqual(new Set(['connection-lost']))
  await nextEvent(first.alice.program, ({ event, code }) => event === 'error' && code === 'timeout', 45_000)
  // With a new login he has a new path.
  await expectChat(await chat(way))
})

test('a sender whose NAT is switched off and on in the middle of a file is told, and the receiver keeps nothing', async () => {
  const { way, alice, server } = await nattedPair({ remembers: REMEMBERS })
  // Else TCP takes a quarter of an hour to give up what nobody acknowledges: the file, and answers that are on their way.
  for (const host of [alice.host, server]) host.run('echo 5 > /proc/sys/net/ipv4/tcp_retries2')
  const waiting = await startReceiver(way)
  const sender = startSender(['-', '--name', 'half.bin', '--no-retry'], waiting, { within: way.within?.sender })
  await sender.write(randomBytes(2_000_000))
  await underWay(waiting.folder, 1_999_999)
  alice.nat.forget()
  // It takes no more than it can hold, and then no more at all.
  void sender.write(randomBytes(2_000_000)).catch(() => {})
  await expectExit(sender, 12, 60_000)
  await until(() => eventsNamed(waiting.program, 'error').length > 0, 'the receiver is told', 100_000)
  await until(() => filesIn(waiting.folder).length === 0, 'nothing of the file is left')
})
