import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { BlobSink } from '../../src/session/blob-sink.ts'
import { nextMessage, passive, pattern } from './stage.ts'

describe('A message read as a Blob', () => {
  test('has its bytes and its type, and the last REPORT waits for it', async () => {
    const { session, peer } = await passive()
    peer.send({ body: pattern(5000), type: 'image/png', success: 'yes' })
    const blob = await (await nextMessage(session)).blob()
    expect(blob.type).toBe('image/png')
    expect(await blob.bytes()).toEqual(pattern(5000))
    expect((await peer.request('REPORT')).field('Status')).toBe('000 200 OK')
  })

  test('comes together whatever the order of its chunks', async () => {
    const { session, peer } = await passive()
    peer.send({ messageId: 'parts', range: '8-10/10', body: 'end' })
    peer.send({ messageId: 'parts', range: '4-7/10', body: 'then', flag: '+' })
    const message = await nextMessage(session)
    const reading = message.blob()
    peer.send({ messageId: 'parts', range: '1-3/10', body: 'now', flag: '+' })
    expect(await (await reading).text()).toBe('nowthenend')
  })

  test('fails as it fails, and is read once', async () => {
    const { session, peer } = await passive()
    peer.send({ messageId: 'part', range: '1-3/10', body: 'now', flag: '+' })
    const message = await nextMessage(session)
    const reading = message.blob()
    await expect(message.text()).rejects.toMatchObject({ code: 'invalid-argument' })
    peer.send({ messageId: 'part', range: '4-6/10', body: 'not', flag: '#' })
    await expect(reading).rejects.toMatchObject({ code: 'aborted' })
  })
})

test('What is gathered as a Blob is what an array would hold, in whatever order and however often it is written', async () => {
  const write = fc.record({ position: fc.nat(60), length: fc.integer({ min: 1, max: 30 }), value: fc.nat(255) })
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 12 }), fc.nat(60), fc.nat(30), async (writes, from, length) => {
      const sink = new BlobSink('a/b')
      const all = new Uint8Array(90)
      // Everything has been written once before anything is read.
      await sink.write(0, all.slice())
      for (const { position, length, value } of writes) {
        const bytes = new Uint8Array(length).fill(value)
        all.set(bytes, position)
        await sink.write(position, bytes)
      }
      expect(await sink.read(from, length)).toEqual(all.slice(from, from + length))
      const blob = await sink.finish(90)
      expect([blob.type, await blob.bytes()]).toEqual(['a/b', all])
    }),
    { numRuns: 100 },
  )
})

test.each<[string, number, (index: number) => number]>([
  ['at two places by turns', 20, (index) => index / 2 + (index % 2) * 1_000_000],
  ['from the end to the beginning', 20, (index) => 8_000 - index],
  [
    'at a thousand places by turns',
    3_000,
    (index) => (index < 1_000 ? 1_000 * index : 1_000 * (index % 1_000) + Math.floor(index / 1_000)),
  ],
  ['over one another', 24_000, (index) => (index % 2) * 3],
])('What comes byte by byte and %s takes few steps', async (_, most, place) => {
  let steps = 0
  class CountedBlob extends Blob {
    constructor(...args: ConstructorParameters<typeof Blob>) {
      super(...args)
      steps++
    }
  }
  const slice = vi.spyOn(Blob.prototype, 'slice')
  vi.stubGlobal('Blob', CountedBlob)
  try {
    const sink = new BlobSink('a/b')
    const bytes = new Map(Array.from({ length: 8_000 }, (_, index) => [place(index), index % 251]))
    for (let index = 0; index < 8_000; index++) await sink.write(place(index), Uint8Array.of(index % 251))
    const [first = 0] = bytes.keys()
    expect(await sink.read(first, 1)).toEqual(Uint8Array.of(bytes.get(first) ?? 0))
    expect(steps + slice.mock.calls.length).toBeLessThan(most)
  } finally {
    vi.unstubAllGlobals()
    slice.mockRestore()
  }
})
