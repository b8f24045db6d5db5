import { describe, expect, test } from 'vitest'
import { cpimContainer } from '../../src/cpim/index.ts'
import { multipartContainer } from '../../src/multipart/index.ts'
import type { IncomingMessage, Session } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { FileSink } from '../../src/session/platform.ts'
import { MemoryFile, MemoryPlatform } from './memory-platform.ts'
import { RawPeer, settled } from './raw-peer.ts'
import { active, failure, nextMessage, passive, pattern } from './stage.ts'

const MIB = 1024 * 1024
const bytes = pattern(3 * MIB)

async function pour(peer: RawPeer, from: number, until: number, flag: '+' | '$'): Promise<void> {
  peer.send({
    messageId: 'resumed',
    body: bytes.slice(from, until),
    range: `${from + 1}-*/${bytes.length}`,
    flag,
    success: 'yes',
  })
  await settled(60)
}

/** A message of which 2 MiB came before the session broke, and the session that brings the rest. */
async function broken(
  options: { resumeFor?: number; resumeKey?: string },
  readFirst: (message: IncomingMessage) => Promise<unknown>,
): Promise<{
  platform: MemoryPlatform
  peer: RawPeer
  session: Session
  first: Promise<unknown>
  endpoint: MsrpEndpoint
  port: number
}> {
  const { resumeKey, ...rest } = options
  const stage = await passive(resumeKey === undefined ? {} : { resumeKey }, { resumeFor: 60_000, ...rest })
  await pour(stage.peer, 0, 2 * MIB, '+')
  const first = readFirst(await nextMessage(stage.session))
  first.catch(() => {})
  await settled(60)
  stage.peer.transport.destroy()
  await stage.session.closed
  await settled(60)
  const peer = stage.arrive()
  await peer.response(peer.send())
  const session = (await stage.prepared.sessions().next()).value!
  return { platform: stage.platform, endpoint: stage.endpoint, port: stage.port, peer, session, first }
}

/** Another path of the same endpoint, and who comes there. */
async function another(
  { endpoint, platform, port }: Pick<Awaited<ReturnType<typeof broken>>, 'endpoint' | 'platform' | 'port'>,
  resumeKey?: string,
): Promise<{ peer: RawPeer; session: Session }> {
  const more = resumeKey === undefined ? {} : { resumeKey }
  const next = await endpoint.prepare({ listen: {}, remotePath: 'first', ...more })
  const peer = new RawPeer(platform.arrive(port), next.localPath, 'msrp://stranger.example:9001/other;tcp')
  await peer.response(peer.send())
  return { peer, session: (await next.sessions().next()).value! }
}

/** More than 2048 bytes with HTML inside, which shows in content of this type alone. */
function hidden(contentType: string): string {
  const html = `Content-Type: text/html\r\n\r\n<script>${' '.repeat(3_000)}`
  if (contentType === 'message/cpim') return `From: <sip:a@example.com>\r\n\r\n${html}`
  return `--a\r\n\r\nHello\r\n--b\r\n${html}\r\n--b--\r\n--a--\r\n`
}

/** A sink that has `size` bytes of room already; what is written to it is there once `land` is called. */
function landing(size: number): { sink: FileSink; land: () => void; fail: (error: Error) => void } {
  const file = new MemoryFile('first')
  file.bytes = new Uint8Array(size)
  const { promise: landed, resolve: land, reject: fail } = Promise.withResolvers<void>()
  const sink: FileSink = {
    write: async (at, written) => {
      await landed
      await file.write(at, written)
    },
    read: (at, length) => file.read(at, length),
    finish: () => file.finish(),
    discard: () => file.discard(),
  }
  return { sink, land, fail }
}

async function streamed(message: IncomingMessage, most = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let taken = 0
  for await (const piece of message.stream()) {
    pieces.push(piece)
    taken += piece.length
    if (taken >= most) await new Promise(() => {})
  }
  return new Uint8Array(Buffer.concat(pieces))
}

describe('A message whose session broke goes on in the next one with the same Message-ID (RFC4975-5.4-18, RFC4975-5.4-22),', () => {
  const firsts: [string, (message: IncomingMessage) => Promise<unknown>][] = [
    ['nobody had read it', async () => {}],
    ['it was being read whole', (message) => message.bytes()],
    ['it was being saved', (message) => message.saveTo(new MemoryFile('first'))],
  ]
  const seconds: [string, (message: IncomingMessage) => Promise<Uint8Array>][] = [
    ['read whole', (message) => message.bytes()],
    ['streamed', (message) => streamed(message)],
    [
      'saved',
      async (message) => {
        const file = new MemoryFile('second')
        await message.saveTo(file)
        return file.bytes
      },
    ],
  ]
  for (const [how, first] of firsts) {
    test.each(seconds)(`although ${how}; then it is %s`, async (_, read) => {
      const stage = await broken({}, first)
      const { peer, session } = stage
      if (how !== 'nobody had read it') expect(await failure(stage.first)).toMatchObject({ code: 'connection-lost' })
      await pour(peer, 2 * MIB, 3 * MIB, '$')
      const message = await nextMessage(session)
      expect(message).toMatchObject({ offset: 0, received: 3 * MIB, duplicate: false })
      expect(Buffer.compare(await read(message), bytes)).toBe(0)
      expect((await peer.request('REPORT')).field('Byte-Range')).toBe(`1-${3 * MIB}/${3 * MIB}`)
      await stage.endpoint.close()
      await settled()
      expect(stage.platform.spools.every(({ closed }) => closed)).toBe(true)
      expect(stage.platform.clock.pending).toBe(0)
    })
  }

  test('although the session broke in the middle of its being moved to a file', async () => {
    const stage = await passive({}, { resumeFor: 60_000 })
    await pour(stage.peer, 0, 2 * MIB, '+')
    const saving = failure((await nextMessage(stage.session)).saveTo(new MemoryFile('first')))
    await settled(3)
    stage.peer.transport.destroy()
    await stage.session.closed
    expect(await saving).toMatchObject({ code: 'connection-lost' })
    const peer = stage.arrive()
    await pour(peer, 2 * MIB, 3 * MIB, '$')
    const message = await nextMessage((await stage.prepared.sessions().next()).value!)
    expect(Buffer.compare(await message.bytes(), bytes)).toBe(0)
  })

  test.each([
    ['what it has is short', 0],
    ['it has zeros in their place', 3 * MIB],
  ])('although writes to its sink were under way, until whose end %s', async (_, size) => {
    const { sink, land } = landing(size)
    const stage = await broken({}, (message) => message.saveTo(sink))
    await pour(stage.peer, 2 * MIB, 3 * MIB, '$')
    land()
    const message = await nextMessage(stage.session)
    expect(Buffer.compare(await message.bytes(), bytes)).toBe(0)
  })

  test('after what its stream has given already, and the rest is saved', async () => {
    const given = 20_000
    const stage = await passive({}, { resumeFor: 60_000 })
    await pour(stage.peer, 0, given, '+')
    const first = failure(streamed(await nextMessage(stage.session)))
    await settled(60)
    stage.peer.transport.destroy()
    expect(await first).toMatchObject({ code: 'connection-lost' })
    const peer = stage.arrive()
    await pour(peer, given, 3 * MIB, '$')
    const message = await nextMessage((await stage.prepared.sessions().next()).value!)
    expect(message.offset).toBe(given)
    const file = new MemoryFile('rest')
    await message.saveTo(file)
    expect(Buffer.compare(file.bytes, bytes.subarray(given))).toBe(0)
  })

  test('after what its stream has given already', async () => {
    const stage = await broken({}, (message) => streamed(message, MIB))
    await pour(stage.peer, 2 * MIB, 3 * MIB, '$')
    const message = await nextMessage(stage.session)
    expect(message.offset).toBe(MIB)
    expect(Buffer.compare(await message.bytes(), bytes.slice(MIB))).toBe(0)
  })

  test('although both sides have other URIs by now (RFC4975-5.4-24)', async () => {
    const { endpoint, platform, port } = await broken({ resumeKey: 'Alice' }, async () => {})
    const next = await endpoint.prepare({ listen: {}, remotePath: 'first', resumeKey: 'Alice' })
    const peer = new RawPeer(platform.arrive(port), next.localPath, 'msrp://peer.example:9001/another;tcp')
    await pour(peer, 2 * MIB, 3 * MIB, '$')
    const message = await nextMessage((await next.sessions().next()).value!)
    expect(Buffer.compare(await message.bytes(), bytes)).toBe(0)
  })

  test('with chunks that repeat what has come', async () => {
    const stage = await broken({}, async () => {})
    await pour(stage.peer, MIB, 3 * MIB, '$')
    expect(Buffer.compare(await (await nextMessage(stage.session)).bytes(), bytes)).toBe(0)
  })
})

describe('A reader who was busy while the session broke, and comes back when the next one has brought the rest,', () => {
  /** The first session's message, of which a reader has the first piece, and the next session's. */
  async function busy(
    begin: (message: IncomingMessage) => Promise<void>,
  ): Promise<{ old: IncomingMessage; message: IncomingMessage }> {
    const stage = await passive({}, { resumeFor: 60_000 })
    await pour(stage.peer, 0, MIB, '+')
    const old = await nextMessage(stage.session)
    await begin(old)
    stage.peer.transport.destroy()
    await stage.session.closed
    const peer = stage.arrive()
    await pour(peer, MIB, 3 * MIB, '$')
    return { old, message: await nextMessage((await stage.prepared.sessions().next()).value!) }
  }

  test('gets the error, and the next one gets every byte that is left', async () => {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    let had = 0
    const { message } = await busy(async (old) => {
      reader = old.stream().getReader()
      had = (await reader.read()).value!.length
    })
    const rest = message.bytes()
    expect(await failure(reader!.read())).toMatchObject({ code: 'connection-lost' })
    expect(message.offset).toBe(had)
    expect(Buffer.compare(await rest, bytes.slice(had))).toBe(0)
  })

  test('has given back what it had for itself, although the disk was slow and nobody else reads yet', async () => {
    const stage = await passive({}, { resumeFor: 60_000 })
    await pour(stage.peer, 0, 2 * MIB, '+')
    const old = await nextMessage(stage.session)
    const [spool] = stage.platform.spools
    const read = spool!.read.bind(spool)
    const { promise, resolve } = Promise.withResolvers<void>()
    spool!.read = async (at, length) => {
      await promise
      return read(at, length)
    }
    const reading = failure(old.bytes())
    await settled()
    stage.peer.transport.destroy()
    await stage.session.closed
    const peer = stage.arrive()
    await pour(peer, 2 * MIB, 3 * MIB, '$')
    const message = await nextMessage((await stage.prepared.sessions().next()).value!)
    resolve()
    expect(await reading).toMatchObject({ code: 'connection-lost' })
    expect(message.offset).toBe(0)
    expect(Buffer.compare(await message.bytes(), bytes)).toBe(0)
  })

  test.each([
    ['read', (message: IncomingMessage) => message.bytes()],
    ['saved', (message: IncomingMessage) => message.saveTo(new MemoryFile('late'))],
  ])('as well when it is only then %s at all', async (_, late) => {
    const { old, message } = await busy(async () => {})
    expect(await failure(late(old))).toMatchObject({ code: 'connection-lost' })
    expect(Buffer.compare(await message.bytes(), bytes)).toBe(0)
  })
})

describe('A message that is whole, and still being read when its sender goes on with it over the next session,', () => {
  test('is acknowledged there once it has been read (RFC4975-5.4-20)', async () => {
    const stage = await passive({}, { resumeFor: 60_000 })
    await pour(stage.peer, 0, 3 * MIB, '$')
    const message = await nextMessage(stage.session)
    stage.peer.transport.destroy()
    await stage.session.closed
    const peer = stage.arrive()
    await pour(peer, MIB, 3 * MIB, '$')
    expect((await peer.all()).filter(({ method }) => method === 'REPORT')).toEqual([])
    expect(Buffer.compare(await message.bytes(), bytes)).toBe(0)
    expect((await peer.request('REPORT')).field('Byte-Range')).toBe(`1-${3 * MIB}/${3 * MIB}`)
  })
})

describe('The rest of a message that had come through whole, which its sender could not know,', () => {
  /** The message has been read to its end, and the session broke before its sender heard of it. */
  async function through(): Promise<{ peer: RawPeer; session: Session }> {
    const stage = await passive()
    await pour(stage.peer, 0, 3 * MIB, '$')
    await (await nextMessage(stage.session)).bytes()
    stage.peer.transport.destroy()
    await stage.session.closed
    const peer = stage.arrive()
    await peer.response(peer.send())
    return { peer, session: (await stage.prepared.sessions().next()).value! }
  }

  test('is acknowledged and not shown (RFC4975-5.4-20)', async () => {
    const { peer, session } = await through()
    await pour(peer, MIB, 3 * MIB, '$')
    expect((await peer.request('REPORT')).field('Byte-Range')).toBe(`1-${3 * MIB}/${3 * MIB}`)
    peer.send({ body: 'next' })
    expect(await (await nextMessage(session)).text()).toBe('next')
  })

  test('is a message of its own when it is not of that size', async () => {
    const { peer, session } = await through()
    peer.send({ messageId: 'resumed', body: 'rest', range: '7-10/10', success: 'yes' })
    expect(await nextMessage(session)).toMatchObject({ size: 10, received: 4, duplicate: true })
  })
})

describe('What came before the session broke', () => {
  test('is thrown away after the time to keep it', async () => {
    const stage = await broken({ resumeFor: 5_000 }, async () => {})
    await stage.platform.clock.advance(5_000)
    await pour(stage.peer, 2 * MIB, 3 * MIB, '+')
    expect((await nextMessage(stage.session)).received).toBe(MIB)
  })

  test('makes room for what broke later, when there is much of it', async () => {
    const stage = await passive({}, { resumeFor: 60_000, limits: { interruptedMessages: 1 } })
    for (const messageId of ['older', 'newer']) {
      stage.peer.send({ messageId, body: messageId, range: '1-*/10', flag: '+' })
    }
    await settled()
    stage.peer.transport.destroy()
    await stage.session.closed
    const peer = stage.arrive()
    for (const messageId of ['older', 'newer']) peer.send({ messageId, body: '67890', range: '6-10/10' })
    const session = (await stage.prepared.sessions().next()).value!
    const [older, newer] = [await nextMessage(session), await nextMessage(session)]
    expect([older.received, newer.received]).toEqual([5, 10])
    expect(await newer.text()).toBe('newer67890')
    peer.transport.destroy()
    await session.closed
    // What is kept goes with the endpoint.
    await stage.endpoint.close()
    expect(stage.platform.clock.pending).toBe(0)
  })

  test('makes no room for one of which nothing is left', async () => {
    const stage = await passive({}, { resumeFor: 60_000, limits: { interruptedMessages: 1 } })
    for (const messageId of ['unread', 'saved']) {
      stage.peer.send({ messageId, body: '12345', range: '1-*/10', flag: '+' })
    }
    await nextMessage(stage.session)
    const unreadable = { write: async () => {}, finish: async () => {}, discard: async () => {} }
    const saving = failure((await nextMessage(stage.session)).saveTo(unreadable))
    await settled()
    stage.peer.transport.destroy()
    expect(await saving).toMatchObject({ code: 'connection-lost' })
    const peer = stage.arrive()
    peer.send({ messageId: 'unread', body: '67890', range: '6-10/10' })
    const message = await nextMessage((await stage.prepared.sessions().next()).value!)
    expect(await message.text()).toBe('1234567890')
    await stage.endpoint.close()
  })

  test('makes room for no other peer that leaves more behind', async () => {
    const stage = await passive({ resumeKey: 'Alice' }, { resumeFor: 60_000, limits: { interruptedMessages: 3 } })
    const { peer, session } = await another(stage, 'Bob')
    const begin = (from: RawPeer, messageId: string): void => {
      from.send({ messageId, body: '12345', range: '1-*/10', flag: '+' })
    }
    begin(stage.peer, 'alice')
    await settled()
    stage.peer.transport.destroy()
    await stage.session.closed
    for (const messageId of ['bob1', 'bob2', 'bob3']) begin(peer, messageId)
    await settled()
    peer.transport.destroy()
    await session.closed
    const again = await Promise.all([another(stage, 'Alice'), another(stage, 'Bob')])
    const [ofAlice, ofBob] = again.map((one) => one.peer)
    ofAlice!.send({ messageId: 'alice', body: '67890', range: '6-10/10' })
    for (const messageId of ['bob1', 'bob2', 'bob3']) ofBob!.send({ messageId, body: '67890', range: '6-10/10' })
    expect((await nextMessage(again[0].session)).received).toBe(10)
    const received: number[] = []
    for (let count = 0; count < 3; count++) received.push((await nextMessage(again[1].session)).received)
    expect(received).toEqual([5, 10, 10])
  })

  test.each([
    ['text/plain', 'message/cpim'],
    ['multipart/mixed;boundary=a', 'multipart/mixed;boundary=b'],
  ])('as %s is nothing of a message that goes on as %s, which nobody has looked into', async (before, after) => {
    const containers = [cpimContainer, multipartContainer]
    const acceptTypes = ['text/plain', 'message/cpim', 'multipart/mixed']
    const stage = await passive({ acceptTypes, containers }, { resumeFor: 60_000 })
    const body = hidden(after)
    const cut = body.length - 5
    const parts = { messageId: 'disguised', failure: 'yes' } as const
    const range = `1-${cut}/${body.length}`
    stage.peer.send({ ...parts, type: before, body: body.slice(0, cut), range, flag: '+' })
    expect((await nextMessage(stage.session)).contentType).toBe(before)
    stage.peer.transport.destroy()
    await stage.session.closed
    const peer = stage.arrive()
    peer.send({ ...parts, type: after, body: body.slice(cut), range: `${cut + 1}-${body.length}/${body.length}` })
    const beginning = peer.send({ ...parts, type: after, body: body.slice(0, cut), range, flag: '+' })
    expect((await peer.response(beginning)).status).toBe(415)
    const session = (await stage.prepared.sessions().next()).value!
    peer.send({ body: 'Hello' })
    expect(await (await nextMessage(session)).text()).toBe('Hello')
  })

  test('is not kept unless asked for', async () => {
    const stage = await broken({ resumeFor: 0 }, async () => {})
    await pour(stage.peer, 2 * MIB, 3 * MIB, '+')
    expect((await nextMessage(stage.session)).received).toBe(MIB)
    expect(stage.platform.spools[0]!.closed).toBe(true)
  })

  test('is lost when it was in a sink that cannot be read', async () => {
    const stage = await broken({}, (message) =>
      message.saveTo({ write: async () => {}, finish: async () => {}, discard: async () => {} }),
    )
    expect(await failure(stage.first)).toMatchObject({ code: 'connection-lost' })
    await pour(stage.peer, 2 * MIB, 3 * MIB, '+')
    expect((await nextMessage(stage.session)).received).toBe(MIB)
  })

  test.each([
    ['fewer bytes', (at: number, length: number) => bytes.slice(at, at + length - 1)],
    ['none', () => undefined],
  ])('is lost when the sink that it was in gives %s back', async (_, give) => {
    const read = async (at: number, length: number): Promise<Uint8Array> => give(at, length) as Uint8Array
    const stage = await broken({}, (message) =>
      message.saveTo({ write: async () => {}, read, finish: async () => {}, discard: async () => {} }),
    )
    await pour(stage.peer, 2 * MIB, 3 * MIB, '+')
    expect((await nextMessage(stage.session)).received).toBe(MIB)
  })

  test('is lost when a write to the sink that it was in fails afterwards', async () => {
    const { sink, fail } = landing(3 * MIB)
    const stage = await broken({}, (message) => message.saveTo(sink))
    fail(new Error('the disk is gone'))
    await settled()
    await pour(stage.peer, 2 * MIB, 3 * MIB, '+')
    expect((await nextMessage(stage.session)).received).toBe(MIB)
  })

  test('is not kept when the session was closed here', async () => {
    const stage = await passive({}, { resumeFor: 60_000 })
    await pour(stage.peer, 0, MIB, '+')
    await stage.session.close()
    const peer = stage.arrive()
    await pour(peer, 2 * MIB, 3 * MIB, '+')
    expect((await nextMessage((await stage.prepared.sessions().next()).value!)).received).toBe(MIB)
  })
})

describe('What a stranger sends under the same Message-ID', () => {
  test.each([
    [undefined, undefined],
    ['Alice', undefined],
    ['Alice', 'Mallory'],
  ])('brings nothing of what is kept on another path to light: keys %s, %s', async (own, other) => {
    const stage = await broken(own === undefined ? {} : { resumeKey: own }, async () => {})
    const { peer, session } = await another(stage, other)
    await pour(peer, 2 * MIB, 3 * MIB, '+')
    expect((await nextMessage(session)).received).toBe(MIB)
    // For whom it was kept it still is.
    await pour(stage.peer, 2 * MIB, 3 * MIB, '$')
    expect(Buffer.compare(await (await nextMessage(stage.session)).bytes(), bytes)).toBe(0)
  })

  test('makes nothing on another path a duplicate, and confirms nothing there', async () => {
    const stage = await passive()
    const { peer, session } = await another(stage)
    peer.send({ messageId: '0001', body: 'x', range: '1-1/1' })
    await (await nextMessage(session)).text()
    stage.peer.send({ messageId: '0001', body: 'hello', range: '1-5/5', success: 'yes' })
    const message = await nextMessage(stage.session)
    expect(message.duplicate).toBe(false)
    expect(await message.text()).toBe('hello')
  })

  test('is known again on another path when both have one key', async () => {
    const stage = await passive({ resumeKey: 'Alice' })
    const { peer, session } = await another(stage, 'Alice')
    peer.send({ messageId: '0001', body: 'x', range: '1-1/1' })
    await (await nextMessage(session)).text()
    stage.peer.send({ messageId: '0001', body: 'x', range: '1-1/1' })
    expect((await nextMessage(stage.session)).duplicate).toBe(true)
  })
})

describe('Messages that have come through are known when they come again (RFC4975-5.4-20),', () => {
  /** Sends whole messages, and tells of each whether it was one that had come through. */
  async function duplicates(
    { peer, session }: { peer: RawPeer; session: Session },
    messageIds: readonly string[],
  ): Promise<boolean[]> {
    const found: boolean[] = []
    for (const messageId of messageIds) {
      peer.send({ messageId, body: 'x', range: '1-1/1' })
      const message = await nextMessage(session)
      await message.text()
      found.push(message.duplicate)
    }
    return found
  }

  test('the latest of each peer, however much others send', async () => {
    const alice = await passive({ resumeKey: 'Alice' }, { limits: { rememberedMessages: 2 } })
    await duplicates(alice, ['a001', 'a002', 'a003'])
    await duplicates(await another(alice, 'Bob'), ['b001', 'b002', 'b003', 'b004', 'b005'])
    expect(await duplicates(await another(alice, 'Alice'), ['a003', 'a002', 'a001'])).toEqual([true, true, false])
    expect(await duplicates(await another(alice, 'Bob'), ['b005', 'b004', 'b003'])).toEqual([true, true, false])
  })

  test('and so many of all peers together: the one that has sent nothing for longest is forgotten', async () => {
    const limits = { rememberedMessages: 2, rememberedInAll: 4 }
    const alice = await passive({ resumeKey: 'Alice' }, { limits })
    await duplicates(alice, ['a001', 'a002'])
    await duplicates(await another(alice, 'Bob'), ['b001', 'b002'])
    await duplicates(alice, ['a003'])
    await duplicates(await another(alice, 'Carol'), ['c001'])
    expect(await duplicates(await another(alice, 'Alice'), ['a003', 'a002'])).toEqual([true, true])
    expect(await duplicates(await another(alice, 'Carol'), ['c001'])).toEqual([true])
    expect(await duplicates(await another(alice, 'Bob'), ['b002'])).toEqual([false])
  })

  test('but none beyond what all together may have', async () => {
    const alice = await passive({ resumeKey: 'Alice' }, { limits: { rememberedMessages: 10, rememberedInAll: 1 } })
    await duplicates(alice, ['a001', 'a002'])
    expect(await duplicates(await another(alice, 'Alice'), ['a002', 'a001'])).toEqual([true, false])
  })
})

describe('The sender', () => {
  test.each([
    [undefined, '1-10/10', '1234567890'],
    [6, '7-10/10', '7890'],
  ])(
    'sends again what it wants to, all of it or from a place on: %s (RFC4975-5.4-18, RFC4975-5.4-19)',
    async (resumeFrom, range, rest) => {
      const { session, peer } = await active()
      session.send('1234567890', { messageId: 'interrupted', ...(resumeFrom === undefined ? {} : { resumeFrom }) })
      const chunk = await peer.request('SEND')
      expect(chunk.field('Message-ID')).toBe('interrupted')
      expect(chunk.field('Byte-Range')).toBe(range)
      expect(chunk.text).toBe(rest)
    },
  )

  test('sends what is left under the same Message-ID, and delivered needs only that confirmed (RFC4975-5.4-16, RFC4975-5.4-18, RFC4975-5.4-19)', async () => {
    const far = new MemoryPlatform()
    const near = new MemoryPlatform(far.clock)
    let cable: { destroy(): void } | undefined
    near.onDial = (transport, target) => {
      cable = transport
      far.take(target.port, transport)
    }
    const receiving = new MsrpEndpoint(far, { resumeFor: 60_000 })
    const sending = new MsrpEndpoint(near, {})
    const prepared = await receiving.prepare({ listen: {}, remotePath: 'first' })
    const first = await sending.connect({ path: prepared.localPath })
    let more = true
    const sent = first.send({
      size: bytes.length,
      read: (at, n) => (more || at < 2 * MIB ? Promise.resolve(bytes.slice(at, at + n)) : new Promise(() => {})),
    })
    more = false
    const receiver = (await prepared.sessions().next()).value!
    const saving = failure((await nextMessage(receiver)).saveTo(new MemoryFile('first')))
    await far.clock.advance(1_000)
    await settled(60)
    expect(sent.confirmed.contiguous).toBeGreaterThan(MIB)
    cable!.destroy()
    expect(await failure(sent.delivered)).toMatchObject({ code: 'connection-lost' })
    expect(await saving).toMatchObject({ code: 'connection-lost' })

    const second = await sending.connect({ path: prepared.localPath })
    const rest = second.send(bytes, { messageId: sent.messageId, resumeFrom: sent.confirmed.contiguous })
    const again = (await prepared.sessions().next()).value!
    const message = await nextMessage(again)
    expect(message.messageId).toBe(sent.messageId)
    expect(Buffer.compare(await message.bytes(), bytes)).toBe(0)
    await rest.delivered
    expect(rest.confirmed.contiguous).toBe(bytes.length)
  })
})
