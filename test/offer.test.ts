import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Exchange, expectExchange } from './support/exchange.ts'
import { randomBytes } from './support/random-file.ts'
import { eventsNamed, expectExit, filesIn, nextEvent, outcomeOf, underWay } from './support/transfer.ts'

const MiB = 1024 * 1024
const listening = ['--listen', '127.0.0.1:0']

test('two people exchange descriptions in files, and what they offer over TLS needs no authority', async () => {
  await expectExchange({ sender: ['--tls'], receiver: listening, protocol: 'TCP/TLS/MSRP' })
})

describe('a file that is not the one that was offered', () => {
  test('is not stored: 14, and its sender hears why', async () => {
    const exchange = new Exchange()
    await exchange.file('a.bin', 200_000)
    const alice = exchange.send(['a.bin', ...listening])
    await nextEvent(alice, ({ event }) => event === 'description')
    // The same size, so that only the hash tells.
    writeFileSync(join(exchange.folder, 'a.bin'), randomBytes(200_000, 7))
    const bob = exchange.receive()
    await expectExit(bob, 14)
    expect(outcomeOf(bob)).toEqual([
      expect.objectContaining({ event: 'error', code: 'file-mismatch', name: 'a.bin', storedBytes: 0 }),
    ])
    expect(bob.stderr.lines.at(-1)).toMatch(/^error: a\.bin: .*not the one that was described.*sha-\d+.*not stored$/)
    expect(filesIn(exchange.inbox)).toEqual([])
    await expectExit(alice, 11)
    expect(outcomeOf(alice)).toEqual([expect.objectContaining({ event: 'error', code: 'refused', status: 413 })])
  })
})

test('after a receiver was killed the same two commands bring what is missing, and nothing else', async () => {
  const exchange = new Exchange()
  const file = await exchange.file('big.bin', 48 * MiB)
  const [alice, bob] = [exchange.send(['big.bin', ...listening]), exchange.receive()]
  await underWay(exchange.inbox, 4 * MiB)
  bob.kill('SIGKILL')
  await expectExit(alice, 12)
  // The receiver confirms once a second, so it depends on the machine what the sender knows, and whether that is anything.
  const { lines } = alice.stderr
  const hint = lines.indexOf('The same two commands again go on where it broke.')
  expect(lines.at(hint === -1 ? -1 : hint - 1)).toMatch(/^error: big\.bin: .*; confirmed \d+ of \d+ bytes$/)
  // Here it knows of 3 MiB.
  const confirmed = 3 * MiB
  const [, selector] = /^(a=file-selector:.*?)\r?$/m.exec(String(eventsNamed(alice, 'description')[0]?.sdp)) ?? []
  const head = 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=message 0 TCP/MSRP *\r\n'
  writeFileSync(exchange.offer, `${head}${selector}\r\na=file-range:${confirmed + 1}-*\r\n`)

  // Who is early waits for a new offer, since the old one offers nothing.
  const again = exchange.receive()
  await again.line(/^Waiting for the offer/)
  const sender = exchange.send(['big.bin', ...listening])
  await expectExit(sender)
  await expectExit(again)
  expect(eventsNamed(again, 'offered')).toEqual([expect.objectContaining({ from: confirmed, taken: true })])
  expect(outcomeOf(again)).toEqual([
    expect.objectContaining({ sha256: file.sha256, size: file.size, from: confirmed, verified: true }),
    { event: 'done', messages: 1, bytes: file.size - confirmed },
  ])
  expect(eventsNamed(sender, 'sent')).toEqual([expect.objectContaining({ from: confirmed, sha256: file.sha256 })])
  expect(filesIn(exchange.inbox)).toEqual(['big.bin'])
})
