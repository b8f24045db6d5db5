import { expect, test } from 'vitest'
import { rawPeer } from '../packages/cli/test/raw-peer.ts'
import { startMsrp } from './support/process.ts'
import { eventsOf, expectExit } from './support/transfer.ts'

// The timeouts that nobody can shorten from the command line.

test('13: a peer that answers nothing is given up after 30 seconds', async () => {
  const peer = await rawPeer()
  const alice = startMsrp(['send', '--json', '--text', 'hello', '--to', peer.path])
  const start = performance.now()
  await expectExit(alice, 13, 60_000)
  expect(performance.now() - start).toBeGreaterThan(29_000)
  expect(eventsOf(alice)).toEqual([expect.objectContaining({ event: 'error', code: 'timeout', confirmedBytes: 0 })])
  expect(alice.stderr.lines).toEqual([expect.stringMatching(/^error: .*30 s/)])
})

test('13: a peer that answers but never confirms is given up after 60 seconds', async () => {
  const peer = await rawPeer({
    onRequest: (request) => request.answer(200) + (request.hasBody ? request.report(1, 2) : ''),
  })
  const alice = startMsrp(['send', '--json', '--text', 'hello', '--to', peer.path])
  await expectExit(alice, 13, 90_000)
  expect(eventsOf(alice)).toEqual([
    expect.objectContaining({ event: 'error', code: 'report-timeout', confirmedBytes: 2 }),
  ])
  expect(alice.stderr.lines).toEqual([expect.stringMatching(/^error: the text: .*; confirmed 2 of 5 bytes$/)])
})
