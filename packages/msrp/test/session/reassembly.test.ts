import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { IncomingMessage } from '../../src/session/api.ts'
import { MemoryFile } from './memory-platform.ts'
import { type RawPeer, settled } from './raw-peer.ts'
import { failure, nextMessage, passive, pattern } from './stage.ts'

/** A chunk as a test writes it: positions count from 0. */
interface Chunk {
  start: number
  body: Uint8Array
  end: '*' | 'real' | 'lie'
  flag: '+' | '$'
}

/** The four ways to read a message, each to its bytes. */
const READERS: [string, (message: IncomingMessage) => Promise<Uint8Array>][] = [
  ['bytes', (message) => message.bytes()],
  ['text', async (message) => Buffer.from(await message.text(), 'latin1')],
  [
    'stream',
    async (message) => {
      const pieces: Uint8Array[] = []
      for await (const piece of message.stream()) pieces.push(piece)
      return new Uint8Array(Buffer.concat(pieces))
    },
  ],
  [
    'saveTo',
    async (message) => {
      const file = new MemoryFile('x')
      await message.saveTo(file)
      expect(file.state).toBe('finished')
      return file.bytes
    },
  ],
]

function fullDisk(): MemoryFile {
  const file = new MemoryFile('x')
  file.failure = new Error('no space left')
  return file
}

function write(peer: RawPeer, messageId: string, chunk: Chunk, total: string, type: string): void {
  const { start, body, end, flag } = chunk
  const last = end === '*' ? '*' : start + body.length + (end === 'lie' ? 17 : 0)
  peer.send({ messageId, body, range: `${start + 1}-${last}/${total}`, flag, type, success: 'yes' })
}

/** A message cut into chunks, in any order, some of them twice or overlapping, with the last one anywhere. */
const journey = fc
  .record({
    size: fc.integer({ min: 1, max: 300 }),
    cuts: fc.array(fc.nat(300), { maxLength: 8 }),
    repeats: fc.array(fc.tuple(fc.nat(300), fc.nat(60)), { maxLength: 4 }),
    order: fc.infiniteStream(fc.nat()),
    ends: fc.infiniteStream(fc.constantFrom('*' as const, 'real' as const, 'lie' as const)),
    knowsTotal: fc.boolean(),
    split: fc.integer({ min: 1, max: 40 }),
    reader: fc.nat(3),
    readFirst: fc.boolean(),
    window: fc.constantFrom(1, 20, 1_000_000),
  })
  .map((it) => {
    const bytes = pattern(it.size).map((byte) => byte & 0x7f)
    const bounds = [...new Set([0, ...it.cuts.filter((cut) => cut < it.size), it.size])].sort(
      (one, other) => one - other,
    )
    const chunks: Chunk[] = []
    for (const [index, start] of bounds.slice(0, -1).entries()) {
      const end = bounds[index + 1]!
      chunks.push({ start, body: bytes.slice(start, end), end: '*', flag: end === it.size ? '$' : '+' })
    }
    for (const [start, length] of it.repeats) {
      const body = bytes.slice(start, start + length)
      if (start < it.size) chunks.push({ start, body, end: '*', flag: '+' })
    }
    const order = it.order[Symbol.iterator]()
    const ends = it.ends[Symbol.iterator]()
    const shuffled = chunks
      .map((chunk) => ({ chunk: { ...chunk, end: ends.next().value! }, key: order.next().value! }))
      .sort((one, other) => one.key - other.key)
      .map(({ chunk }) => chunk)
    return { ...it, bytes, chunks: shuffled }
  })

describe('A message', () => {
  test('comes out as it was sent, however its chunks were cut, ordered, repeated and split into reads (RFC4975-7.1.3-1, RFC4975-7.3.1-1, RFC4975-7.3.1-3)', async () => {
    await fc.assert(
      fc.asyncProperty(journey, async ({ bytes, chunks, knowsTotal, split, reader, readFirst, window, size }) => {
        const { peer, session, endpoint } = await passive({ limits: { window } })
        const [, read] = READERS[reader]!
        const type = 'text/plain;charset=latin1'
        const total = knowsTotal ? String(size) : '*'
        const raw = Buffer.concat(
          chunks.map(({ start, body, end, flag }) => {
            const last = end === '*' ? '*' : start + body.length + (end === 'lie' ? 17 : 0)
            return peer.bytesOf({
              messageId: 'journey',
              body,
              range: `${start + 1}-${last}/${total}`,
              flag,
              type,
              success: 'yes',
            })
          }),
        )
        const received = nextMessage(session)
        const reading = received.then((message) =>
          readFirst ? read(message) : message.complete.then(() => read(message)),
        )
        for (let at = 0; at < raw.length; at += split) peer.write(raw.subarray(at, at + split))
        expect(Buffer.from(await reading).equals(Buffer.from(bytes))).toBe(true)
        const seen = await peer.all()
        const reports = seen.filter(({ method }) => method === 'REPORT').map((report) => report.field('Byte-Range'))
        expect(reports.at(-1)).toBe(`1-${size}/${size}`)
        expect(seen.filter(({ status }) => status === 200)).toHaveLength(chunks.length)
        await endpoint.close()
      }),
      { numRuns: 150 },
    )
  })

  test('that overlaps itself: the last chunk received counts where bytes were not delivered yet (RFC4975-7.3.1-4, RFC4975-7.3.1-5)', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(40), bytes), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 3 }),
        async (writes, reader) => {
          const { peer, session, endpoint } = await passive({ limits: { window: reader === 0 ? 1 : 1_000_000 } })
          // The naive model: an array, written to in order.
          const size = 71
          const model = new Uint8Array(size)
          const all: [number, Uint8Array][] = [
            [0, pattern(size)],
            ...writes.map(([at, body]) => [at, body] as [number, Uint8Array]),
          ]
          for (const [at, body] of all) {
            model.set(body.subarray(0, size - at), at)
            write(
              peer,
              'over',
              { start: at, body: body.subarray(0, size - at - 1 || 1), end: '*', flag: '+' },
              '*',
              'a/b',
            )
          }
          const exact = new Uint8Array(size)
          for (const [at, body] of all) exact.set(body.subarray(0, size - at - 1 || 1), at)
          write(peer, 'over', { start: size - 1, body: new Uint8Array([7]), end: 'real', flag: '$' }, '*', 'a/b')
          exact[size - 1] = 7
          const message = await nextMessage(session)
          await message.complete
          const [, read] = READERS[[0, 2, 3, 0][reader]!]!
          expect(Buffer.from(await read(message)).equals(Buffer.from(exact))).toBe(true)
          await endpoint.close()
        },
      ),
      { numRuns: 100 },
    )
  })

  test('that overlaps what its reader has already: only the rest is new (RFC4975-7.3.1-5)', async () => {
    const { peer, session } = await passive()
    peer.send({ messageId: 'again', body: 'abcdef', range: '1-*/*', flag: '+' })
    const reader = (await nextMessage(session)).stream().getReader()
    let text = Buffer.from((await reader.read()).value!).toString()
    expect(text).toBe('abcdef')
    peer.send({ messageId: 'again', body: 'XYZ', range: '2-4/*', flag: '+' })
    peer.send({ messageId: 'again', body: 'VWghi', range: '5-9/9', flag: '$' })
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += Buffer.from(read.value)
    expect(text).toBe('abcdefghi')
  })

  test.each(READERS)('of no bytes at all is a message (RFC 4975 §7.1), read by %s', async (_, read) => {
    const { peer, session } = await passive()
    const transactionId = peer.send({ body: '', range: '1-0/0', success: 'yes' })
    expect((await peer.response(transactionId)).status).toBe(200)
    const message = await nextMessage(session)
    expect(message.size).toBe(0)
    expect(await read(message)).toHaveLength(0)
    const report = await peer.request('REPORT')
    expect(report.field('Byte-Range')).toBe('1-0/0')
  })

  test('that is whole stays as it is, whatever comes again while its file is being finished', async () => {
    const { peer, session } = await passive()
    const file = new MemoryFile('checked')
    const finish = file.holdFinish()
    peer.send({ messageId: 'whole', body: 'd', range: '4-4/4' })
    const saved = (await nextMessage(session)).saveTo(file)
    peer.send({ messageId: 'whole', body: 'abc', range: '1-3/4', flag: '+' })
    await settled()
    const again = [
      peer.send({ messageId: 'whole', body: 'EVIL', range: '1-4/4', flag: '+' }),
      peer.send({ messageId: 'whole', body: 'EV', range: '1-2/4', flag: '#' }),
    ]
    for (const id of again) expect((await peer.response(id)).status).toBe(200)
    finish()
    await saved
    expect(new TextDecoder().decode(file.bytes)).toBe('abcd')
  })

  test('appears when the header of its first chunk has come, before its body (RFC4975-7.3.1-6)', async () => {
    const { peer, session } = await passive()
    const bytes = peer.bytesOf({
      messageId: 'early1',
      body: pattern(1000),
      type: 'image/png',
      range: '1-*/1000',
      success: 'yes',
      fields: ['Content-Disposition: attachment; filename="a b.png"', 'X-Own: yes'],
    })
    const head = Buffer.from(bytes).indexOf('\r\n\r\n') + 4
    peer.write(bytes.slice(0, head))
    const message = await nextMessage(session)
    expect(message).toMatchObject({
      messageId: 'early1',
      contentType: 'image/png',
      disposition: 'attachment; filename="a b.png"',
      fileName: 'a b.png',
      size: 1000,
      received: 0,
      duplicate: false,
      offset: 0,
      successReport: true,
    })
    expect(message.field('x-own')).toBe('yes')
    peer.write(bytes.slice(head, head + 500))
    await settled()
    expect(message.received).toBeGreaterThan(450)
    peer.write(bytes.slice(head + 500))
    await message.complete
    expect(message.received).toBe(1000)
  })

  test.each([
    ['first', [0, 40], false],
    ['last', [40, 0], true],
    ['in the middle', [20, 40], true],
  ])('says whether its front is missing when the chunk that comes first is %s', async (_, starts, missing) => {
    const { session, peer } = await passive()
    for (const start of starts) {
      const body = pattern(start === 40 ? 60 : 40)
      peer.send({ messageId: 'parts', body, range: `${start + 1}-${start + body.length}/100`, flag: '+' })
    }
    await settled()
    expect((await nextMessage(session)).frontMissing).toBe(missing)
  })

  test('without SEND body is never shown, and is answered (RFC 4975 §7.1)', async () => {
    const { peer, session } = await passive()
    for (const range of ['1-0/0', '1-*/*', undefined]) {
      const id = peer.send({ range, type: undefined })
      expect((await peer.response(id)).status).toBe(200)
    }
    peer.send({ body: 'real' })
    expect(await (await nextMessage(session)).text()).toBe('real')
  })

  test('without Byte-Range is whole (RFC 4975 §7.3.1)', async () => {
    const { peer, session } = await passive()
    peer.send({ body: 'all of it', range: undefined })
    expect(await (await nextMessage(session)).text()).toBe('all of it')
  })

  test('in one chunk is as long as it is, whatever Byte-Range says (RFC4975-7.3.1-1, RFC4975-7.3.1-2)', async () => {
    const { peer, session } = await passive()
    for (const range of ['1-25/25', '1-3/3', '1-3/25', '1-*/3']) {
      const id = peer.send({ body: 'Hi, Alice!', range })
      const message = await nextMessage(session)
      expect(await message.text()).toBe('Hi, Alice!')
      expect((await peer.response(id)).status).toBe(200)
    }
  })

  test('that announces its size is complete with its last byte, also when no chunk says $', async () => {
    const { peer, session } = await passive()
    peer.send({ messageId: 'plus1', body: 'half', range: '1-4/8', flag: '+' })
    peer.send({ messageId: 'plus1', body: 'full', range: '5-8/8', flag: '+' })
    expect(await (await nextMessage(session)).text()).toBe('halffull')
  })

  test('whose last missing bytes are read before their chunk ends, which it never does, is complete', async () => {
    const { session, peer } = await passive()
    peer.send({ messageId: 'whole', range: '6-*/10', body: 'world', flag: '$' })
    const message = await nextMessage(session)
    const reading = message.bytes()
    peer.write(
      `MSRP open SEND\r\nTo-Path: ${peer.to}\r\nFrom-Path: ${peer.from}\r\n` +
        'Message-ID: whole\r\nByte-Range: 1-*/10\r\nContent-Type: text/plain\r\n\r\nhello',
    )
    expect(Buffer.from(await reading).toString()).toBe('helloworld')
    peer.transport.destroy()
    await message.complete
  })

  test.each<[string, [string, string, '+' | '$'][]]>([
    [
      'another total than before',
      [
        ['1-4/8', 'half', '+'],
        ['5-8/9', 'full', '$'],
      ],
    ],
    [
      'bytes behind the total',
      [
        ['1-4/6', 'half', '+'],
        ['5-8/6', 'full', '$'],
      ],
    ],
    [
      'a last chunk before the total',
      [
        ['1-4/9', 'half', '+'],
        ['5-8/9', 'full', '$'],
      ],
    ],
    [
      'a last chunk before what has come',
      [
        ['5-8/*', 'full', '+'],
        ['1-4/*', 'half', '$'],
      ],
    ],
    ['more than the total, and then more', [['1-4/2', 'half', '+']]],
  ])('with %s is answered 400 and fails', async (_, chunks) => {
    const { peer, session } = await passive()
    const ids = chunks.map(([range, body, flag]) => peer.send({ messageId: 'odd01', body, range, flag }))
    const message = await nextMessage(session)
    expect(await failure(message.text())).toMatchObject({ code: 'malformed' })
    expect((await peer.response(ids.at(-1)!)).status).toBe(400)
    // What else comes for it is refused, too; the session goes on.
    expect((await peer.response(peer.send({ messageId: 'odd01', body: 'x', range: '1-1/1' }))).status).toBe(400)
    expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
  })

  test('that its sender abandons with # fails in its reader, and is shown no more when nobody has seen it', async () => {
    const { peer, session } = await passive()
    peer.send({ messageId: 'gone1', body: 'half', range: '1-*/8', flag: '+' })
    const message = await nextMessage(session)
    const reading = failure(message.text())
    const id = peer.send({ messageId: 'gone1', body: '', range: '5-*/8', flag: '#' })
    expect((await peer.response(id)).status).toBe(200)
    expect(await reading).toMatchObject({ code: 'aborted' })
    expect(await failure(message.complete)).toMatchObject({ code: 'aborted' })
    peer.send({ messageId: 'gone2', body: 'half', range: '1-*/8', flag: '+' })
    peer.send({ messageId: 'gone2', range: '5-*/8', flag: '#' })
    peer.send({ body: 'next' })
    await settled()
    expect(await (await nextMessage(session)).text()).toBe('next')
  })

  test('that comes again on the same session is acknowledged and not shown (RFC4975-5.4-20)', async () => {
    const { peer, session } = await passive()
    peer.send({ messageId: 'twice', body: 'once', success: 'yes' })
    expect(await (await nextMessage(session)).text()).toBe('once')
    await peer.all()
    const id = peer.send({ messageId: 'twice', body: 'once', success: 'yes' })
    peer.send({ body: 'other' })
    expect((await peer.response(id)).status).toBe(200)
    expect((await peer.request('REPORT')).field('Byte-Range')).toBe('1-4/4')
    expect(await (await nextMessage(session)).text()).toBe('other')
  })

  test('that comes again on a later session is marked as a duplicate (RFC4975-5.4-21)', async () => {
    const { peer, session, arrive, prepared } = await passive()
    peer.send({ messageId: 'again', body: 'once' })
    expect((await nextMessage(session)).duplicate).toBe(false)
    peer.transport.close()
    await session.closed
    const later = arrive()
    later.send({ messageId: 'again', body: 'once' })
    const second = (await prepared.sessions().next()).value!
    const message = await nextMessage(second)
    expect(message.duplicate).toBe(true)
    expect(await message.text()).toBe('once')
  })

  test.each<[string, (message: IncomingMessage) => unknown]>([
    ['that could not be stored', (message) => message.saveTo(fullDisk()).catch(() => {})],
    ['that was refused', (message) => message.refuse(413)],
  ])('%s after it had arrived whole is no duplicate when it comes again', async (_, turnDown) => {
    const { peer, session, arrive, prepared } = await passive()
    peer.send({ messageId: 'again', body: 'once' })
    const first = await nextMessage(session)
    await first.complete
    await turnDown(first)
    peer.transport.close()
    await session.closed
    const later = arrive()
    later.send({ messageId: 'again', body: 'once' })
    const message = await nextMessage((await prepared.sessions().next()).value!)
    expect(message.duplicate).toBe(false)
    expect(await message.text()).toBe('once')
  })

  test('can be read once only', async () => {
    const { peer, session } = await passive()
    peer.send({ body: 'x' })
    const message = await nextMessage(session)
    await message.text()
    expect(await failure(message.bytes())).toMatchObject({ code: 'invalid-argument' })
    expect(() => message.stream()).toThrow(/once/)
  })

  test('is decoded by its charset', async () => {
    const { peer, session } = await passive()
    const cases: [string, Uint8Array, string][] = [
      ['text/plain', Buffer.from('Grüße'), 'Grüße'],
      ['text/plain; charset=ISO-8859-1', Buffer.from('Grüße', 'latin1'), 'Grüße'],
      ['text/plain; charset="utf-16le"', Buffer.from('Grüße', 'utf16le'), 'Grüße'],
      ['text/plain; charset=utf-16', Buffer.from('feff00470072', 'hex'), 'Gr'],
      ['text/plain; charset=utf-16', Buffer.from('fffe47007200', 'hex'), 'Gr'],
      ['text/plain; charset=GB18030', Buffer.from('c4e3bac3', 'hex'), '你好'],
      ['text/plain; charset=us-ascii', Buffer.from('Hi'), 'Hi'],
    ]
    for (const [type, body, text] of cases) {
      peer.send({ body, type })
      expect(await (await nextMessage(session)).text()).toBe(text)
    }
  })

  test('in a charset that is not known here can still be read as bytes', async () => {
    const { peer, session } = await passive()
    peer.send({ body: 'Hello', type: 'text/plain; charset=unknown-to-us' })
    const message = await nextMessage(session)
    const error = await failure(message.text())
    expect(error).toMatchObject({ code: 'not-understood', message: expect.stringContaining('"unknown-to-us"') })
    expect(await message.bytes()).toEqual(new TextEncoder().encode('Hello'))
  })

  test('of 1 TiB announced takes no memory before it comes (RFC4975-14.5-3)', async () => {
    const { peer, session } = await passive()
    peer.send({ messageId: 'huge1', body: 'x', range: `1-*/${2 ** 40}`, flag: '+' })
    peer.send({ messageId: 'huge1', body: 'y', range: `${2 ** 39}-*/${2 ** 40}`, flag: '+' })
    const message = await nextMessage(session)
    await settled()
    expect(message).toMatchObject({ size: 2 ** 40, received: 2 })
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 20; count++) {
      peer.send({ messageId: `large${count}`, body: 'x', range: `${2 ** 27}-*/${2 ** 28}`, flag: '+' })
    }
    await settled()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26)
  })

  test('with more than 1024 gaps is refused with 413 (RFC4975-14.5-3)', async () => {
    const { peer, session } = await passive()
    for (let gap = 0; gap < 1025; gap++) {
      peer.send({ messageId: 'holes', body: 'x', range: `${gap * 2 + 2}-*/*`, flag: '+', failure: 'partial' })
    }
    const message = await nextMessage(session)
    expect((await peer.take(({ status }) => status !== 0)).status).toBe(413)
    expect(await failure(message.complete)).toMatchObject({ status: 413 })
  })
})
