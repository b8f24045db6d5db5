import { describe, expect, it } from 'vitest'
import { Outbox } from '../../src/connection/index.ts'
import { ChunkParser } from '../../src/wire/index.ts'
import { settle } from '../transport/fake-clock.ts'
import { memoryPair } from '../transport/memory-transport.ts'
import { controlRequest, FarSide } from './far-side.ts'
import { someBody, TestSource } from './test-source.ts'

const MAXIMUM = 32 * 1024

/** An outbox on a transport with messages; `messages` are those that went out. */
function setUp() {
  const pair = memoryPair({ messages: MAXIMUM, capacity: 50_000 })
  let ids = 0
  const outbox = new Outbox({
    transport: pair.left,
    newTransactionId: () => `outgoing${ids++}`,
    onWritten: () => {},
  })
  pair.left.start({ onData: () => {}, onDrain: () => outbox.pump(), onClose: () => outbox.lost() })
  return { pair, outbox, far: new FarSide(pair.right), messages: pair.left.sent }
}

/** How many requests or responses end in a message, and whether nothing is left over. */
function ends(message: Uint8Array): number {
  let [heads, count] = [0, 0]
  const parser = new ChunkParser({ onHead: () => heads++, onBody: () => {}, onEnd: () => count++ })
  parser.push(message)
  return heads === count && parser.partialHead === undefined ? count : -1
}

describe('where bytes travel in messages', () => {
  it.each([0, 1, 2048, 2049, MAXIMUM - 300, MAXIMUM, 10 * MAXIMUM + 1])(
    'each chunk is one message and no message holds more: %d bytes (RFC7977-5.1-3, RFC7977-5.1-4)',
    async (size) => {
      const { outbox, far, messages } = setUp()
      outbox.add(TestSource.of('message1', someBody(size)))
      await settle()
      expect(far.body('message1').equals(someBody(size))).toBe(true)
      expect(messages.map(ends)).toEqual(messages.map(() => 1))
      expect(messages).toHaveLength(far.arrived.length)
      for (const message of messages) expect(message.length).toBeLessThanOrEqual(MAXIMUM)
      // Full but for the last one: no more are needed.
      for (const message of messages.slice(0, -1)) expect(message.length).toBe(MAXIMUM)
      expect(far.arrived.map(({ flag }) => flag)).toEqual(
        messages.map((_, at) => (at === messages.length - 1 ? '$' : '+')),
      )
    },
  )

  it('a body that holds the end-line of its chunk goes on under another transaction id, as elsewhere', async () => {
    const { outbox, far, messages } = setUp()
    const body = Buffer.concat([
      someBody(MAXIMUM - 400),
      ...Array.from({ length: 8 }, (_, at) => Buffer.from(`\r\n-------outgoing${at}$\r\n`)),
      someBody(100_000),
    ])
    outbox.add(TestSource.of('message1', body))
    await settle()
    expect(far.body('message1').equals(body)).toBe(true)
    expect(messages.map(ends)).toEqual(messages.map(() => 1))
  })

  it('a source that pauses in the middle of a chunk does not keep back what it has given', async () => {
    const { outbox, far } = setUp()
    const source = new TestSource('message1').give(someBody(5000))
    outbox.add(source)
    await settle()
    expect(far.arrived.map(({ flag }) => flag)).toEqual(['+'])
    source.give('rest').finish()
    outbox.wake()
    await settle()
    expect(far.body('message1').equals(Buffer.concat([someBody(5000), Buffer.from('rest')]))).toBe(true)
  })

  it('responses and REPORTs are messages of their own, between chunks and never inside of one (RFC7977-4.1-3)', async () => {
    const { outbox, far, messages } = setUp()
    outbox.add(TestSource.of('message1', someBody(200_000)))
    outbox.add(TestSource.of('message2', someBody(200_000, 2)))
    for (let at = 0; at < 5; at++) outbox.control(controlRequest(`control${at}`, 500))
    outbox.queue(controlRequest('queued0', 500))
    outbox.queue(controlRequest('queued1', 500))
    await settle()
    expect(messages.map(ends)).toEqual(messages.map(() => 1))
    expect(far.arrived.filter(({ what }) => what === 'REPORT')).toHaveLength(7)
    expect(far.body('message1').equals(someBody(200_000))).toBe(true)
    expect(far.body('message2').equals(someBody(200_000, 2))).toBe(true)
  })
})
