import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Exchange, expectExchange } from './support/exchange.ts'
import { startMsrp } from './support/process.ts'
import { sha256OfFile } from './support/random-file.ts'
import { startRelay } from './support/relay.ts'
import { eventsNamed, expectExit, filesIn, nextEvent, outcomeOf, until } from './support/transfer.ts'

const MiB = 1024 * 1024
const listening = ['--listen', '127.0.0.1:0']

test('two people exchange descriptions in files: the sender waits', async () => {
  await expectExchange({ sender: listening, receiver: [], protocol: 'TCP/MSRP' })
})

test.each([
  ['both', true],
  ['the sender', false],
])('two people exchange descriptions in files: %s behind a relay', async (_, both) => {
  const relay = await startRelay()
  const receiver = both ? relay.options(relay.bob) : ['--ca', relay.ca]
  await expectExchange({ sender: relay.options(relay.alice), receiver, protocol: 'TCP/TLS/MSRP' })
})

test('an offer of the rest to somebody who has nothing is refused, and the next one is of all', async () => {
  const exchange = new Exchange()
  await exchange.file('a.bin', 1000)
  const first = exchange.send(['a.bin', ...listening])
  const { sdp } = await nextEvent(first, ({ event }) => event === 'description')
  first.kill('SIGKILL')
  writeFileSync(exchange.offer, `${String(sdp).replace(/^m=message \d+/m, 'm=message 0')}a=file-range:501-*\r\n`)
  const [alice, bob] = [exchange.send(['a.bin', ...listening]), exchange.receive()]
  await expectExit(bob, 11)
  expect(eventsNamed(bob, 'offered')).toEqual([expect.objectContaining({ from: 500, stored: 0, taken: false })])
  await expectExit(alice, 11)
  const [sender, receiver] = [exchange.send(['a.bin', ...listening]), exchange.receive()]
  await expectExit(sender)
  await expectExit(receiver)
  expect(filesIn(exchange.inbox)).toEqual(['a.bin'])
})

test('only the files that are wanted come, and the others are not taken for lost', async () => {
  const exchange = new Exchange()
  for (const name of ['a.txt', 'b.txt']) await exchange.file(name, 10)
  const alice = exchange.send(['a.txt', 'b.txt', ...listening])
  const mistaken = exchange.receive(['--only', 'b.txt', '--only', 'c.txt'])
  await expectExit(mistaken, 2)
  expect(mistaken.stderr.text).toContain('no file called c.txt is offered')
  const bob = exchange.receive(['--only', 'b.txt'])
  await expectExit(bob)
  await expectExit(alice, 11)
  expect(filesIn(exchange.inbox)).toEqual(['b.txt'])
  expect(outcomeOf(alice)).toEqual([
    expect.objectContaining({ event: 'error', code: 'not-acceptable', message: expect.stringContaining('a.txt') }),
    expect.objectContaining({ message: '1 of 2 files were not delivered' }),
  ])
})

test('an offer that is given up, or that nobody answers, loses nothing of what was confirmed', async () => {
  const exchange = new Exchange()
  await exchange.file('a.bin', 1000)
  const first = exchange.send(['a.bin', ...listening])
  const { sdp } = await nextEvent(first, ({ event }) => event === 'description')
  first.kill('SIGKILL')
  await first.exit()
  writeFileSync(exchange.offer, `${String(sdp)}a=file-range:501-*\r\n`)
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGINT'] as const) {
    const again = exchange.send(['a.bin', ...listening])
    const { sdp: offered } = await nextEvent(again, ({ event }) => event === 'description')
    expect(offered).toContain('a=file-range:501-*')
    again.kill(signal)
    await again.exit()
  }
  expect(noted(exchange)).toBe(500)
  expect(readFileSync(exchange.offer, 'utf8')).toMatch(/^m=message 0 /m)
})

test('a chat is agreed on by hand', async () => {
  const { offer, answer, folder: cwd } = new Exchange()
  const alice = startMsrp(['chat', '--offer', offer, '--answer', answer, '--json', ...listening], { cwd })
  const bob = startMsrp(['chat', '--take', offer, '--answer', answer, '--json'], { cwd, input: 'hello\n' })
  expect(await nextEvent(alice, ({ event }) => event === 'message')).toMatchObject({ text: 'hello' })
  await expectExit(bob)
  await expectExit(alice)
  expect(filesIn(cwd)).toEqual(['answer.sdp'])
})

test('descriptions are pasted as well', async () => {
  const exchange = new Exchange()
  await exchange.file('a.bin', 100_000)
  const cwd = exchange.folder
  const alice = startMsrp(['send', 'a.bin', '--offer', '-', ...listening], { cwd })
  await alice.line(/^and gives back an answer/)
  const bob = startMsrp(['receive', '--offer', '-', '--dir', 'inbox'], { cwd })
  await bob.write(`${alice.stdout.text}.\n`)
  await bob.line(/is the answer/)
  await alice.write(`${bob.stdout.text}.\n`)
  await expectExit(alice)
  await expectExit(bob)
  expect(filesIn(exchange.inbox)).toEqual(['a.bin'])
})

/** How far the sender says it is, in the offer that it leaves behind. */
function noted(exchange: Exchange): number {
  if (!existsSync(exchange.offer)) return 0
  return Number(/^a=file-range:(\d+)-/m.exec(readFileSync(exchange.offer, 'utf8'))?.[1] ?? 1) - 1
}

test.each([
  ['sender', 'SIGKILL'],
  ['receiver', 'SIGKILL'],
  ['receiver', 'SIGINT'],
  ['relay', 'SIGKILL'],
] as const)(
  'what was there when the %s got %s is not sent again',
  async (killed, signal) => {
    let relay = await startRelay()
    const exchange = new Exchange()
    const file = await exchange.file('big.bin', 512 * MiB)
    const sending = (): ReturnType<Exchange['send']> => exchange.send(['big.bin', ...relay.options(relay.alice)])
    const receiving = (): ReturnType<Exchange['receive']> => exchange.receive(relay.options(relay.bob))
    const [alice, bob] = [sending(), receiving()]
    await until(() => noted(exchange) > 0, 'a note of how far it is', 60_000)
    const victim = { sender: alice, receiver: bob, relay: relay.program }[killed]
    victim.kill(signal)
    if (killed === 'relay') relay = await startRelay()
    if (killed !== 'sender') await alice.exit(120_000)
    // Behind a relay nobody sees that the other side was killed, so one that waits is told to stop.
    if (killed === 'sender') bob.kill('SIGINT')
    if (killed !== 'receiver') await bob.exit()
    const confirmed = noted(exchange)
    expect(confirmed).toBeGreaterThan(0)
    const [sender, receiver] = [sending(), receiving()]
    await expectExit(sender, 0, 120_000)
    await expectExit(receiver)
    expect(eventsNamed(receiver, 'offered').at(-1)).toMatchObject({ from: confirmed, taken: true })
    expect(outcomeOf(receiver)[0]).toMatchObject({ sha256: file.sha256, size: file.size, verified: true })
    expect(await sha256OfFile(join(exchange.inbox, 'big.bin'))).toBe(file.sha256)
    expect(filesIn(exchange.inbox)).toEqual(['big.bin'])
  },
  300_000,
)
