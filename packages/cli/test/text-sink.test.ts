import { buildCpim } from 'msrp/cpim'
import { describe, expect, test } from 'vitest'
import { EnvelopeSink } from '../src/incoming/envelope.ts'
import { LARGEST_TEXT, TextSink } from '../src/incoming/text-sink.ts'

const noFile = (): never => expect.unreachable('nothing is to be stored')

describe.each([
  ['a text', () => new TextSink()],
  ['an envelope', () => new EnvelopeSink(noFile)],
])('%s', (_, open) => {
  test('is taken in any order', async () => {
    const sink = open()
    await sink.write(2000, Buffer.from('world'))
    await sink.write(0, Buffer.alloc(2000, 'x'))
    expect(Buffer.from(sink.body).toString()).toBe(`${'x'.repeat(2000)}world`)
  })

  test('longer than its size was to be ends with 413, and takes no memory', async () => {
    const sink = open()
    await sink.write(0, new Uint8Array(10))
    await sink.write(10, new Uint8Array(LARGEST_TEXT - 10))
    for (const position of [1, LARGEST_TEXT, 48_000_000]) {
      const writing = sink.write(position, new Uint8Array(LARGEST_TEXT))
      await expect(writing).rejects.toMatchObject({ code: 'too-large', status: 413 })
    }
    expect(sink.body.buffer.byteLength).toBe(LARGEST_TEXT)
  })
})

test('an envelope with a text inside is read', async () => {
  const sink = new EnvelopeSink(noFile)
  await sink.write(0, buildCpim({ from: 'sip:alice@example.com', to: 'sip:bob@example.com' }, 'Grüße'))
  await sink.finish()
  expect(sink.text).toBe('Grüße')
})
