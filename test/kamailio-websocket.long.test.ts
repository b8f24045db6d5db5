import { join } from 'node:path'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type Kamailio, startKamailio } from './support/kamailio.ts'
import { writeRandomFile } from './support/random-file.ts'
import { findProgram, requires } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { eventsNamed, expectExit, startReceiver, startSender } from './support/transfer.ts'

// Kamailio as a relay by WebSocket, between our clients.

let kamailio: Kamailio

beforeEach((context) => requires(context, 'kamailio'))

beforeAll(async () => {
  if (findProgram('kamailio') !== undefined) kamailio = await startKamailio({ webSocket: true })
})

test.each([
  ['from WebSocket to TLS', true, false],
  ['from TLS to WebSocket', false, true],
  ['from WebSocket to WebSocket', true, true],
])('texts and a file arrive %s', async (_, sending, receiving) => {
  const file = await writeRandomFile(join(temporaryFolder(), 'photo.jpg'), 1_000_000)
  const options = (user: string, webSocket: boolean): string[] =>
    kamailio
      .options(user)
      .map((word) => (webSocket && word.startsWith('msrps:') ? `wss://localhost:${kamailio.port}/` : word))
  const way = { receiver: options('bob', receiving), sender: options('alice', sending) }
  const receiver = await startReceiver(way, { args: ['--count', '2'] })
  // Kamailio takes no larger ones.
  const sender = startSender(['--text', 'Grüße', '--chunk-size', '8192', file.path], receiver)
  await expectExit(sender)
  await expectExit(receiver.program)
  expect(eventsNamed(receiver.program, 'message')).toEqual([
    expect.objectContaining({ text: 'Grüße' }),
    expect.objectContaining({ sha256: file.sha256 }),
  ])
})
