import { describe, expect, test } from 'vitest'
import type { MessageBody } from '../../src/session/body.ts'
import { type RawPeer, type Seen, settled } from './raw-peer.ts'
import { active, failure, pattern } from './stage.ts'

/** Answers every SEND, 501 to those that are too large for it; gives what it took, put together. */
function limited(
  peer: RawPeer,
  most: number,
): { bytes(size: number): Uint8Array; sizes: number[]; refused: number[]; flags: string[] } {
  const taken: { start: number; body: Uint8Array }[] = []
  const state = { sizes: [] as number[], refused: [] as number[], flags: [] as string[] }
  peer.onRequest = (chunk: Seen) => {
    const fits = chunk.body.length <= most
    peer.respond(chunk, fits ? 200 : 501, fits ? 'OK' : 'Too long')
    if (!fits) {
      state.refused.push(chunk.body.length)
      return
    }
    state.sizes.push(chunk.body.length)
    state.flags.push(chunk.flag)
    taken.push({ start: Number.parseInt(chunk.field('Byte-Range')!, 10) - 1, body: chunk.body })
  }
  return {
    ...state,
    bytes: (size) => {
      const bytes = new Uint8Array(size)
      for (const { start, body } of taken) bytes.set(body, start)
      return bytes
    },
  }
}

async function* slowly(bytes: Uint8Array, piece = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) {
    await settled(1)
    yield bytes.slice(at, at + piece)
  }
}

describe('A 501 to a chunk of more than 2048 bytes', () => {
  const bytes = pattern(100_000)
  const bodies: [string, () => MessageBody, number | undefined][] = [
    ['bytes', () => bytes, undefined],
    ['bytes in chunks', () => bytes, 20_000],
    ['a Blob', () => new Blob([bytes as Uint8Array<ArrayBuffer>]), undefined],
    ['a file', () => ({ size: 100_000, read: async (at, n) => bytes.slice(at, at + n) }), undefined],
    ['a stream in chunks', () => slowly(bytes), 20_000],
  ]
  test.each(bodies)(
    'halves the chunk size until they are taken, and sends the same bytes again: %s',
    async (_, body, chunkSize) => {
      const { session, peer } = await active()
      const took = limited(peer, 5_000)
      const sent = session.send(body(), { ...(chunkSize === undefined ? {} : { chunkSize }), successReport: false })
      await sent.delivered
      expect(Buffer.compare(took.bytes(100_000), bytes)).toBe(0)
      expect(Math.max(...took.sizes)).toBeLessThanOrEqual(5_000)
      expect(Math.max(...took.sizes)).toBeGreaterThan(2_500)
      expect(took.flags).toContain('$')
      expect(sent.confirmed).toMatchObject({ contiguous: 100_000 })
    },
  )

  test('halves once only for chunks that were under way together, and not below 2048', async () => {
    const { session, peer } = await active()
    const took = limited(peer, 2_048)
    await session.send(bytes, { chunkSize: 10_000, successReport: false }).delivered
    expect(Buffer.compare(took.bytes(100_000), bytes)).toBe(0)
    expect(new Set(took.refused.filter((size) => size % 1000 === 0 || size % 500 === 0))).toEqual(
      new Set([10_000, 5_000, 2_500]),
    )
    expect(Math.max(...took.sizes)).toBe(2_048)
  })

  test('never makes chunks larger again, however late it comes', async () => {
    const { session, peer } = await active()
    session.send(pattern(40_000), { chunkSize: 10_000, successReport: false })
    const first = await peer.all()
    expect(first.map(({ body }) => body.length)).toEqual([10_000, 10_000, 10_000, 10_000])
    peer.respond(first[0]!, 501, 'Too long')
    const second = await peer.all()
    expect(second.map(({ body }) => body.length)).toEqual([5_000, 5_000])
    peer.respond(second[0]!, 501, 'Too long')
    expect((await peer.all()).map(({ body }) => body.length)).toEqual([2_500, 2_500])
    peer.respond(first[1]!, 501, 'Too long')
    expect((await peer.all()).map(({ body }) => body.length)).toEqual([2_500, 2_500, 2_500, 2_500])
  })

  test('fails the message when a chunk of 2048 bytes or less is refused so', async () => {
    const { session, peer } = await active()
    limited(peer, 1_000)
    expect(await failure(session.send(bytes, { successReport: false }).delivered)).toMatchObject({
      code: 'refused',
      status: 501,
    })
  })

  test.each<[string, () => MessageBody, number | undefined]>([
    ['a stream in chunks', () => slowly(bytes.slice(0, 9_500), 500), 20_000],
    [
      'a file that is read slowly',
      () => ({ size: 9_500, read: (at, n) => settled(3).then(() => bytes.slice(at, Math.min(at + n, at + 500))) }),
      undefined,
    ],
  ])('but not when little of a chunk is out that might have become larger: %s', async (_, body, chunkSize) => {
    const { session, peer } = await active()
    const sent = session.send(body(), { successReport: false, ...(chunkSize === undefined ? {} : { chunkSize }) })
    const first = await peer.underWay()
    const took = limited(peer, 2_048)
    const answer = peer.onRequest!
    peer.onRequest = (chunk) => {
      if (chunk.transactionId !== first) return answer(chunk)
      expect(chunk).toMatchObject({ flag: '+' })
      expect(chunk.body.length).toBeLessThan(2_048)
    }
    peer.write(`MSRP ${first} 501 Too long\r\nTo-Path: ${peer.to}\r\nFrom-Path: ${peer.from}\r\n-------${first}$\r\n`)
    await sent.delivered
    expect(Buffer.compare(took.bytes(9_500), bytes.slice(0, 9_500))).toBe(0)
  })

  test('fails a stream without chunk size, which cannot be sent again', async () => {
    const { session, peer } = await active()
    limited(peer, 5_000)
    expect(await failure(session.send(slowly(bytes)).delivered)).toMatchObject({ code: 'refused', status: 501 })
    await settled()
    session.send('goes on')
    expect((await peer.take(({ text }) => text === 'goes on')).flag).toBe('$')
  })

  test('that comes before the end of the chunk interrupts it', async () => {
    const { session, peer } = await active()
    const sent = session.send(
      { size: 100_000, read: async (at, n) => settled(3).then(() => bytes.slice(at, at + Math.min(n, 4_000))) },
      { successReport: false },
    )
    const id = await peer.underWay()
    peer.write(`MSRP ${id} 501 Too long\r\nTo-Path: ${peer.to}\r\nFrom-Path: ${peer.from}\r\n-------${id}$\r\n`)
    const cut = await peer.request('SEND')
    expect(cut).toMatchObject({ transactionId: id, flag: '+' })
    const took = limited(peer, 100_000)
    await sent.delivered
    expect(Buffer.compare(took.bytes(100_000), bytes)).toBe(0)
  })
})

describe('With a chunk size', () => {
  test('no more than 64 chunks and 4 MiB wait for their answers', async () => {
    for (const [chunkSize, most] of [
      [2_048, 64],
      [100_000, 42],
    ] as const) {
      const { session, peer } = await active()
      session.send(pattern(10_000_000), { chunkSize })
      await settled()
      const first = await peer.all()
      expect(first).toHaveLength(most)
      for (const chunk of first) peer.respond(chunk)
      expect(await peer.all()).toHaveLength(most)
    }
  })

  test('and without answers to wait for (Failure-Report partial) nothing is held back', async () => {
    const { session, peer, platform } = await active()
    session.send(pattern(500_000), { chunkSize: 2_048, failureReport: 'partial', successReport: false })
    expect(await peer.all()).toHaveLength(245)
    await platform.clock.advance(31_000)
    expect(platform.clock.pending).toBe(0)
  })
})
