import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { MessageBody } from '../../src/session/body.ts'
import type { SendOptions, SendProgress } from '../../src/session/options.ts'
import { type Seen, settled, describe as short } from './raw-peer.ts'
import { active, failure, pattern, stateOf } from './stage.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

async function* asynchronous(...pieces: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) {
    await settled(1)
    yield piece
  }
}

/** As one reads a file piece by piece. */
async function* reusing(bytes: Uint8Array, buffer: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += buffer.length) {
    const piece = bytes.subarray(at, at + buffer.length)
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
  }
  buffer.fill(0)
}

function readable(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(piece)
    },
  })
}

function whole(chunks: readonly Seen[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks.map(({ body }) => body)))
}

describe('Anything can be sent:', () => {
  const bytes = pattern(5000)
  const text = 'Grüße, 世界'
  const cases: [string, () => MessageBody, Uint8Array, string, string][] = [
    [
      'a string',
      () => text,
      encode(text),
      `1-${encode(text).length}/${encode(text).length}`,
      'text/plain;charset=utf-8',
    ],
    ['an empty string', () => '', encode(''), '1-0/0', 'text/plain;charset=utf-8'],
    ['bytes', () => bytes, bytes, '1-*/5000', 'application/octet-stream'],
    ['an ArrayBuffer', () => bytes.slice().buffer as ArrayBuffer, bytes, '1-*/5000', 'application/octet-stream'],
    [
      'a Blob',
      () => new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'image/png' }),
      bytes,
      '1-*/5000',
      'image/png',
    ],
    ['a Blob without type', () => new Blob(['x']), encode('x'), '1-1/1', 'application/octet-stream'],
    [
      'something to be read anywhere',
      () => ({ size: 5000, read: async (at, n) => bytes.slice(at, at + n) }),
      bytes,
      '1-*/5000',
      'application/octet-stream',
    ],
    [
      'a ReadableStream',
      () => readable(bytes.slice(0, 100), bytes.slice(100)),
      bytes,
      '1-*/*',
      'application/octet-stream',
    ],
    [
      'a stream of known size',
      () => ({ size: 5000, stream: readable(bytes) }),
      bytes,
      '1-*/5000',
      'application/octet-stream',
    ],
    [
      'an async iterable of strings',
      () => asynchronous('Grüße', ', ', '', '世界'),
      encode(text),
      '1-*/*',
      'application/octet-stream',
    ],
    ['an iterable of bytes', () => [bytes.slice(0, 1), bytes.slice(1)], bytes, '1-*/*', 'application/octet-stream'],
    [
      'a stream that uses its Buffer again',
      () => reusing(bytes, Buffer.alloc(700)),
      bytes,
      '1-*/*',
      'application/octet-stream',
    ],
    ['an empty iterable', () => [], encode(''), '1-0/0', 'application/octet-stream'],
  ]
  test.each(cases)(
    '%s (RFC4975-7.1.1-14, RFC4975-7.1.1-15, RFC4975-7.1.1-16)',
    async (_, body, expected, range, type) => {
      const { session, peer } = await active()
      const sent = session.send(body())
      const chunks: Seen[] = []
      do {
        const chunk = await peer.request('SEND')
        peer.respond(chunk)
        chunks.push(chunk)
      } while (chunks.at(-1)!.flag === '+')
      expect(whole(chunks)).toEqual(expected)
      expect(chunks[0]!.field('Byte-Range')).toBe(range)
      expect(chunks[0]!.field('Content-Type')).toBe(type)
      expect(chunks.at(-1)!.flag).toBe('$')
      // What has a body, though it may be empty, has a Content-Type, and it comes last (RFC 4975 §7.1).
      for (const chunk of chunks) {
        expect(chunk.hasBody).toBe(true)
        expect(chunk.fieldNames.at(-1)).toBe('Content-Type')
      }
      expect(sent.total).toBe(expected.length)
      expect(sent.sent).toBe(expected.length)
      peer.report(sent.messageId, `1-${expected.length}/${expected.length}`)
      await sent.delivered
    },
  )

  test('a ReadableStream where streams cannot be iterated over, and it is cancelled when the message is given up', async () => {
    const { session, peer } = await active()
    const plain = (stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> =>
      ({ getReader: () => stream.getReader() }) as ReadableStream<Uint8Array>
    session.send(plain(readable(bytes)))
    expect(whole([await peer.request('SEND')])).toEqual(bytes)
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(pattern(3000)),
      cancel: () => {
        cancelled = true
      },
    })
    const sent = session.send(plain(endless), { chunkSize: 2048 })
    await peer.request('SEND')
    sent.abort()
    expect(await failure(sent.delivered)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(cancelled).toBe(true)
  })

  test.each([
    ['a size that is none', { size: -1, stream: [] }],
    ['a stream that is none', { stream: {} }],
    ['a stream that is a number', { stream: 5 }],
    ['null', null],
  ])('but not %s', async (_, body) => {
    const { session, peer } = await active()
    expect(() => session.send(body as unknown as MessageBody)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
    expect(await peer.all()).toEqual([])
  })

  test('but not two at a time with one Message-ID', async () => {
    const { session, peer } = await active()
    session.send('one', { messageId: 'same1' })
    expect(() => session.send('two', { messageId: 'same1' })).toThrow(/same1 is being sent/)
    expect((await peer.all()).map(({ text }) => text)).toEqual(['one'])
  })

  test('but not what is none of these', async () => {
    const { session } = await active()
    expect(() => session.send(42 as unknown as MessageBody)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
    expect(() => session.send([1, 2] as unknown as MessageBody)).not.toThrow()
    expect(await failure(session.send([1, 2] as unknown as MessageBody).delivered)).toMatchObject({
      code: 'invalid-argument',
    })
  })
})

describe('Byte-Range', () => {
  test.each([
    [2048, '1-2048/2048'],
    [2049, '1-*/2049'],
  ])(
    'of a message of %i bytes is %s: what is larger than 2048 bytes can be interrupted (RFC4975-7.1.1-15, RFC4975-7.1.1-20)',
    async (size, range) => {
      const { session, peer } = await active()
      session.send(pattern(size))
      const chunk = await peer.request('SEND')
      expect(chunk.field('Byte-Range')).toBe(range)
      expect(chunk.body).toHaveLength(size)
    },
  )

  test('of a short Blob has its end, because the chunk waits until all of it is read', async () => {
    const { session, peer } = await active()
    let give = (): void => {}
    const reading = new Promise<void>((resolve) => {
      give = resolve
    })
    // A hundred bytes at a time, and the last of them late.
    session.send({
      size: 1000,
      read: async (at) => (at === 900 ? reading : settled(1)).then(() => pattern(1000).slice(at, at + 100)),
    })
    await settled()
    session.send('quick')
    expect((await peer.request('SEND')).text).toBe('quick')
    give()
    expect((await peer.request('SEND')).field('Byte-Range')).toBe('1-1000/1000')
  })

  test('goes on where an interrupted chunk ended, in order (RFC4975-7.1.1-12, RFC4975-7.1.1-13, RFC4975-7.1.1-18)', async () => {
    const { session, peer } = await active({}, (platform) => {
      platform.pairOptions = { capacity: 50_000 }
    })
    const bytes = pattern(900_000)
    peer.transport.pause()
    session.send(bytes)
    await settled(2)
    const text = session.send('overtakes')
    peer.transport.resume()
    const chunks: Seen[] = []
    while (chunks.at(-1)?.flag !== '$') {
      const chunk = await peer.request('SEND')
      if (chunk.field('Message-ID') !== text.messageId) chunks.push(chunk)
    }
    expect(chunks.length).toBeGreaterThan(1)
    let position = 1
    for (const chunk of chunks) {
      expect(chunk.field('Byte-Range')).toBe(`${position}-*/900000`)
      position += chunk.body.length
    }
    expect(whole(chunks)).toEqual(bytes)
  })
})

describe('A message', () => {
  test('says what reports it wants on every chunk, and its name where it is a file (RFC4975-7.1.1-2, RFC4975-7.1.1-22, RFC4975-7.1.1-28)', async () => {
    const { session, peer } = await active()
    session.send(pattern(5000), {
      fileName: 'Übersicht.pdf',
      contentType: 'application/pdf',
      chunkSize: 2048,
      fields: [['X-Trial', 'yes']],
    })
    const chunks = [await peer.request('SEND'), await peer.request('SEND'), await peer.request('SEND')]
    expect(chunks.map(short)).toEqual(['SEND 1-2048/5000 +', 'SEND 2049-4096/5000 +', 'SEND 4097-5000/5000'])
    for (const chunk of chunks) {
      expect(chunk.fieldNames).toEqual([
        'To-Path',
        'From-Path',
        'Message-ID',
        'Success-Report',
        'Failure-Report',
        'Byte-Range',
        'X-Trial',
        'Content-Disposition',
        'Content-Type',
      ])
      expect(chunk.field('Success-Report')).toBe('yes')
      expect(chunk.field('Failure-Report')).toBe('yes')
      expect(chunk.field('Content-Disposition')).toBe(
        `attachment; filename="Ubersicht.pdf"; filename*=UTF-8''%C3%9Cbersicht.pdf`,
      )
      expect(chunk.field('Message-ID')).toBe(chunks[0]!.field('Message-ID'))
    }
    expect(new Set(chunks.map(({ transactionId }) => transactionId)).size).toBe(3)
  })

  test.each<[SendOptions, RegExp]>([
    [{ chunkSize: 2047 }, /chunkSize/],
    [{ chunkSize: Number.NaN }, /chunkSize/],
    [{ contentType: 'text/plain\r\nX: y' }, /contentType .*not "text\/plain\\r\\nX: y"/],
    [{ contentType: 'text/plain; x=1\r\nX: y' }, /Content-Type/],
    [{ contentType: '' }, /contentType .*not ""/],
    [{ contentType: 'text' }, /contentType has to be type\/subtype, not "text"/],
    [{ failureReport: 'never' as 'no' }, /failureReport has to be yes, partial or no, not "never"/],
    [{ failureReport: false as unknown as 'no' }, /failureReport .*not "false"/],
    [{ successReport: 'no' as unknown as boolean }, /successReport has to be true or false, not "no"/],
    [{ messageId: '?' }, /messageId/],
    [{ resumeFrom: 5 }, /resumeFrom/],
    [{ resumeFrom: 10, messageId: 'again0' }, /resumeFrom/],
    [{ disposition: 'render', fileName: 'x' }, /disposition/],
    [{ fields: [['Byte-Range', '1-1/1']] }, /Byte-Range/],
    [{ fields: [['X', 'a\r\nb']] }, /control/],
  ])('cannot be sent with %j', async (options, what) => {
    const { session, peer } = await active()
    expect(() => session.send('body', options)).toThrow(what)
    expect(await peer.all()).toEqual([])
  })

  test('tells its progress, at most once in a turn of the event loop, and at the end', async () => {
    const { session, peer, platform } = await active()
    const seen: SendProgress[] = []
    const sent = session.send(pattern(10_000), { chunkSize: 2048, onProgress: (progress) => seen.push(progress) })
    await platform.clock.advance(0)
    expect(seen).toEqual([{ sent: 10_000, confirmed: 0, total: 10_000 }])
    peer.report(sent.messageId, '1-4000/10000')
    await settled()
    await platform.clock.advance(0)
    peer.report(sent.messageId, '1-10000/10000')
    await sent.delivered
    expect(seen.slice(1)).toEqual([
      { sent: 10_000, confirmed: 4_000, total: 10_000 },
      { sent: 10_000, confirmed: 10_000, total: 10_000 },
    ])
  })
})

describe('A body that is not what was announced', () => {
  test.each([
    ['shorter', 5000, 4000],
    ['longer', 4000, 5000],
    ['empty', 5000, 0],
    ['longer than a chunk that has an end', 100, 200],
  ])('is abandoned: %s', async (_, announced, real) => {
    const { session, peer } = await active()
    const sent = session.send({ size: announced, stream: readable(...(real === 0 ? [] : [pattern(real)])) })
    expect(await failure(sent.delivered)).toMatchObject({ code: 'invalid-argument' })
    const seen = await peer.all()
    expect(seen.every(({ flag }) => flag !== '$')).toBe(true)
    expect(seen.at(-1)?.flag ?? '#').toBe('#')
    session.send('goes on')
    expect((await peer.request('SEND')).text).toBe('goes on')
  })

  const badSector = (): never => {
    throw new Error('bad sector')
  }

  test.each([
    ['rejects', async () => badSector()],
    ['throws', badSector],
  ])('or that cannot be read fails the message with storage: read %s', async (_, read) => {
    const { session, peer } = await active()
    const error = await failure(session.send({ size: 10, read }).delivered)
    expect(error).toMatchObject({ code: 'storage' })
    expect(error.message).toContain('bad sector')
    session.send('goes on')
    expect((await peer.request('SEND')).text).toBe('goes on')
  })
})

test.each([
  ['an ArrayBuffer', new ArrayBuffer(5_000)],
  ['a string', 'x'.repeat(5_000)],
])('A body whose read gives %s fails the message', async (_, given) => {
  const { session, peer } = await active()
  const body = { size: 5_000, read: async () => given } as unknown as MessageBody
  expect(await failure(session.send(body).delivered)).toMatchObject({ code: 'invalid-argument' })
  session.send('goes on')
  expect((await peer.request('SEND')).text).toBe('goes on')
})

describe('What throws before a message begins leaves nothing behind:', () => {
  const locked = readable()
  locked.getReader()
  const look = (): never => {
    throw new TypeError('No')
  }
  const throwing = { [Symbol.asyncIterator]: look }

  test.each<[string, MessageBody, SendOptions, object]>([
    ['a locked stream', locked, {}, { code: 'invalid-argument', cause: expect.any(TypeError) }],
    ['an iterable', throwing, {}, { code: 'invalid-argument', cause: expect.any(TypeError) }],
    ['a container', 'Hello', { contentType: 'message/cpim' }, { name: 'TypeError' }],
  ])('%s', async (_, body, options, thrown) => {
    const { session, peer } = await active({
      peerAcceptTypes: ['message/cpim', 'text/plain'],
      peerAcceptWrappedTypes: ['text/plain'],
      containers: [{ types: ['message/cpim'], look }],
    })
    const { signal } = new AbortController()
    const messageId = 'again1'
    expect(() => session.send(body, { ...options, messageId, signal })).toThrow(expect.objectContaining(thrown))
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(session.statistics.unconfirmed).toEqual({ messages: 0, bytes: 0 })
    const sent = session.send('again', { messageId, successReport: false })
    peer.respond(await peer.request('SEND'))
    await sent.delivered
    expect(await session.finish()).toEqual({ undelivered: [] })
  })
})

describe('Giving up a message', () => {
  test('ends the open chunk with # (RFC4975-7.1-12)', async () => {
    const { session, peer } = await active()
    const controller = new AbortController()
    const sent = session.send(asynchronous(pattern(3000), ...Array.from({ length: 10_000 }, () => 'x')), {
      signal: controller.signal,
    })
    await settled(8)
    controller.abort(new Error('changed my mind'))
    const error = await failure(sent.delivered)
    expect(error).toMatchObject({ code: 'aborted', cause: expect.objectContaining({ message: 'changed my mind' }) })
    expect((await peer.request('SEND')).flag).toBe('#')
    expect(await stateOf(session.closed)).toBe('pending')
  })

  test('between two chunks sends an empty one with # (RFC4975-7.1-12)', async () => {
    const { session, peer } = await active()
    const sent = session.send(pattern(100_000), { chunkSize: 2048 })
    // 64 chunks are out and wait for their answers.
    await settled()
    expect((await peer.all()).map(({ flag }) => flag)).toEqual(Array(49).fill('+').with(48, '$').slice(0, 49))
    void sent
    const other = session.send(pattern(1_000_000), { chunkSize: 2048 })
    await settled()
    expect(await peer.all()).toHaveLength(64)
    other.abort()
    const last = await peer.request('SEND')
    expect(last).toMatchObject({ flag: '#', hasBody: true, text: '' })
    expect(last.field('Byte-Range')).toBe(`${64 * 2048 + 1}-*/1000000`)
  })

  test('before anything is out sends nothing', async () => {
    const { session, peer } = await active()
    const sent = session.send('never', { signal: AbortSignal.abort() })
    expect(await failure(sent.delivered)).toMatchObject({ code: 'aborted' })
    expect(await peer.all()).toEqual([])
  })

  test('after everything is out changes nothing', async () => {
    const { session, peer } = await active()
    const sent = session.send('all of it')
    await peer.request('SEND')
    sent.abort()
    peer.report(sent.messageId, '1-9/9')
    await sent.delivered
  })

  test.each(['at once', 'half way'])('closes a file once: %s', async (when) => {
    const { session } = await active()
    let closed = 0
    const close = (): void => {
      closed++
      throw new Error('closed already')
    }
    const sent = session.send(
      { size: 1_000_000, read: async (_, length) => pattern(length), close },
      { chunkSize: 2048 },
    )
    if (when === 'half way') await settled(8)
    sent.abort()
    expect(await failure(sent.delivered)).toMatchObject({ code: 'aborted' })
    await session.close()
    expect(closed).toBe(1)
  })

  test('closes a stream that is being read', async () => {
    const { session } = await active()
    let cancelled = false
    const stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await settled(1)
        controller.enqueue(pattern(10))
      },
      cancel: () => {
        cancelled = true
      },
    })
    const sent = session.send(stream)
    await settled(3)
    sent.abort()
    await failure(sent.delivered)
    await settled()
    expect(cancelled).toBe(true)
  })
})

describe('Memory', () => {
  test('holds two pieces of a body at most, however large it is, while the peer does not read (FIELD-relay-11)', async () => {
    const { session, peer } = await active({}, (platform) => {
      platform.pairOptions = { capacity: 10_000 }
    })
    peer.transport.pause()
    let read = 0
    session.send({
      size: 2 ** 40,
      read: async (_, length) => {
        await settled(1)
        read += length
        return new Uint8Array(length)
      },
    })
    await settled(100)
    // What the transport buffers, and two pieces.
    expect(read).toBeLessThan(1024 * 1024)
    const text = session.send('later')
    peer.transport.resume()
    const seen = await peer.take((chunk) => chunk.field('Message-ID') === text.messageId)
    expect(seen.text).toBe('later')
  })
})
