import { describe, expect, test } from 'vitest'
import { cpimEnvelope } from '../../src/cpim/index.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { SessionOptions } from '../../src/session/options.ts'
import type { Parts } from '../../src/session/parts.ts'
import { PARTS_AT_HAND } from '../../src/session/parts-at-hand.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { settle } from '../transport/fake-clock.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { active, failure, nextMessage, PEER, stateOf, waiting } from './stage.ts'

const LONG = 'x'.repeat(5_000)

/** Has a platform load one of its parts when it is asked for, which `arrive` ends. */
function late<Name extends keyof Parts>(name: Name) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  promise.catch(() => {})
  let loaded = false
  const part = PARTS_AT_HAND[name]
  const load = async (): Promise<unknown> => {
    await promise
    loaded = true
    return part()
  }
  return {
    setUp: (platform: MemoryPlatform): void => {
      platform.parts = { ...PARTS_AT_HAND, [name]: () => (loaded ? part() : load()) }
    },
    arrive: resolve,
    fail: () => reject(new MsrpError('internal', 'It could not be loaded')),
  }
}

describe('While what it takes for long messages is loaded,', () => {
  test('what is sent meanwhile waits behind the long one', async () => {
    const part = late('longMessages')
    const { session, peer } = await active({}, part.setUp)
    const [long, next] = [session.send(LONG, { successReport: false }), session.send('next', { successReport: false })]
    await settle()
    expect([long.total, long.sent, next.sent]).toEqual([5_000, 0, 0])
    part.arrive()
    const first = await peer.request('SEND')
    expect(first.field('Message-ID')).toBe(long.messageId)
    peer.respond(first)
    const second = await peer.request('SEND')
    expect(second.text).toContain('next')
    peer.respond(second)
    await Promise.all([long.delivered, next.delivered])
    expect(session.statistics.sent).toMatchObject({ messages: 2, bytes: 5_004 })
  })

  test('a message can be abandoned, and its body is closed', async () => {
    const part = late('longMessages')
    const { session, peer } = await active({}, part.setUp)
    let closed = false
    const read = async (): Promise<Uint8Array> => new Uint8Array(1)
    const close = (): void => {
      closed = true
    }
    const sent = session.send({ size: 5_000, read, close })
    sent.abort()
    await expect(sent.delivered).rejects.toMatchObject({ code: 'aborted' })
    part.arrive()
    await settle()
    expect([closed, await peer.all()]).toEqual([true, []])
  })

  test('a session that is closed sends what is short of that', async () => {
    const part = late('longMessages')
    const { session, peer } = await active({}, part.setUp)
    const [long, short] = [session.send(LONG), session.send('short', { successReport: false, failureReport: 'no' })]
    const closing = session.close()
    part.arrive()
    await closing
    expect(await failure(long.delivered)).toMatchObject({ code: 'closed' })
    await short.delivered
    expect((await peer.request('SEND')).text).toContain('short')
  })
})

test('A message fails when what it takes cannot be loaded; the others go on', async () => {
  const part = late('longMessages')
  const { session, peer } = await active({}, part.setUp)
  const [long, short] = [session.send(LONG), session.send('short', { successReport: false })]
  part.fail()
  expect(await failure(long.delivered)).toMatchObject({ code: 'internal' })
  peer.respond(await peer.request('SEND'))
  await short.delivered
})

describe('While what it takes to save messages is loaded,', () => {
  test('a message that is saved can neither be read otherwise nor be lost', async () => {
    const part = late('calls')
    const { session, peer } = await active({}, part.setUp)
    peer.send({ body: 'Hello', success: 'yes' })
    const message = await nextMessage(session)
    const saved = message.blob()
    await expect(message.text()).rejects.toMatchObject({ code: 'invalid-argument' })
    part.arrive()
    expect(await (await saved).text()).toBe('Hello')
    await peer.request('REPORT')
  })

  test('it fails, and its sender hears of it, when that cannot be loaded', async () => {
    const part = late('calls')
    const { session, peer } = await active({}, part.setUp)
    const transactionId = peer.send({ body: 'Hel', range: '1-3/5', flag: '+', messageId: 'saved1' })
    const saved = (await nextMessage(session)).blob()
    expect((await peer.response(transactionId)).status).toBe(200)
    part.fail()
    expect(await failure(saved)).toMatchObject({ code: 'internal' })
    expect((await peer.response(peer.send({ body: 'lo', range: '4-5/5', messageId: 'saved1' }))).status).toBe(413)
  })
})

test('What a session asks for by its options is loaded before it begins', async () => {
  const cases: SessionOptions[] = [{ onRequest: () => 'accept' }, { containers: [] }, { idleTimeout: 60_000 }]
  for (const options of cases) {
    const part = late('options')
    const stage = active(options, part.setUp)
    part.arrive()
    const { session, peer } = await stage
    peer.send({ body: 'Hello' })
    expect(await (await nextMessage(session)).text()).toBe('Hello')
    const missing = late('options')
    const platform = new MemoryPlatform()
    missing.setUp(platform)
    missing.fail()
    const endpoint = new MsrpEndpoint(platform, {})
    expect(await failure(endpoint.connect({ path: PEER, ...options }))).toMatchObject({ code: 'internal' })
  }
})

test('Connecting, and preparing, can be given up while that is loaded', async () => {
  const platform = new MemoryPlatform()
  late('options').setUp(platform)
  const endpoint = new MsrpEndpoint(platform, {})
  const controller = new AbortController()
  const { signal } = controller
  const options = { keepAlive: 1_000, signal }
  const begun = [endpoint.connect({ ...options, path: PEER }), endpoint.prepare(options)]
  const errors = begun.map(failure)
  await settle()
  expect(await Promise.all(begun.map(stateOf))).toEqual(['pending', 'pending'])
  controller.abort('enough')
  for (const error of errors) expect(await error).toMatchObject({ code: 'aborted', cause: 'enough' })
  expect(await failure(endpoint.prepare(options))).toMatchObject({ code: 'aborted' })
})

test('The end of a session in order needs nothing that has to be loaded', async () => {
  const { session, peer } = await active({}, late('calls').setUp)
  const sent = session.send('last', { successReport: false })
  const finished = session.finish()
  expect(session.state).toBe('closing')
  peer.respond(await peer.request('SEND'))
  await sent.delivered
  expect(await finished).toEqual({ undelivered: [] })
  expect(await session.closed).toEqual({ by: 'local' })
})

test('Nor does it when it is given up', async () => {
  const { session, peer } = await active({}, late('calls').setUp)
  const sent = session.send('last')
  await peer.request('SEND')
  expect(await session.finish({ signal: AbortSignal.abort() })).toEqual({ undelivered: [sent] })
})

test('A peer that wants its messages wrapped may come at once, and go: nothing has to be loaded', async () => {
  const { prepared, arrive } = await waiting({ remotePath: 'strict' }, {}, late('options').setUp)
  const envelope = cpimEnvelope({ from: 'Bob <im:bob@example.com>', to: 'Alice <im:alice@example.com>' })
  const completed = prepared.complete(PEER, { envelope, peerAcceptTypes: ['message/cpim'] })
  const peer = arrive()
  expect((await peer.response(peer.send({ body: 'Hello' }))).status).toBe(200)
  const session = await completed
  session.send('Bonjour', { failureReport: 'no' })
  expect((await peer.request('SEND')).field('Content-Type')).toBe('message/cpim')
  peer.transport.close()
  expect(await (await nextMessage(session)).text()).toBe('Hello')
})

describe('While what it takes to bound unread messages is loaded,', () => {
  const fill = async (setUp: (platform: MemoryPlatform) => void) => {
    const stage = await active({ limits: { memory: 2_000 } }, (platform) => {
      Object.defineProperty(platform, 'openSpool', { value: undefined })
      setUp(platform)
    })
    const { peer } = stage
    expect((await peer.response(peer.send({ body: 'x'.repeat(1_000) }))).status).toBe(200)
    const transactionId = peer.nextId()
    const rest = peer.bytesOf({ transactionId, body: 'x'.repeat(2_000), range: '1-*/*' })
    peer.write(rest.subarray(0, -10))
    await settle()
    expect(peer.seen).toEqual([])
    return { ...stage, response: peer.response(transactionId) }
  }

  test('the connection waits', async () => {
    const part = late('calls')
    const { peer, platform, response } = await fill(part.setUp)
    part.arrive()
    peer.send({ body: 'behind' })
    await settle()
    expect(peer.seen).toEqual([])
    await platform.clock.advance(2_000)
    expect((await response).status).toBe(413)
  })

  test('it waits no longer when that cannot be loaded: what has not come to its end is refused', async () => {
    const part = late('calls')
    const { response } = await fill(part.setUp)
    part.fail()
    expect((await response).status).toBe(413)
  })
})

describe('While what file names take is loaded,', () => {
  test('messages are handed over in their order', async () => {
    const part = late('calls')
    const { session, peer } = await active({}, part.setUp)
    peer.send({ body: 'photo', fields: ['Content-Disposition: attachment; filename="a.jpg"'] })
    peer.send({ body: 'text' })
    const [first, second] = [nextMessage(session), nextMessage(session)]
    part.arrive()
    expect((await first).fileName).toBe('a.jpg')
    expect((await second).fileName).toBeUndefined()
    expect(await (await second).text()).toBe('text')
  })

  test('those that wait for it count as unread', async () => {
    const part = late('calls')
    const { session, peer } = await active({ limits: { unreadMessages: 3 } }, part.setUp)
    const ids = [
      peer.send({ body: 'photo', fields: ['Content-Disposition: attachment; filename="a.jpg"'] }),
      ...['one', 'two', 'three'].map((body) => peer.send({ body })),
    ]
    const statuses: number[] = []
    for (const id of ids) statuses.push((await peer.response(id)).status)
    expect(statuses).toEqual([200, 200, 200, 413])
    part.arrive()
    await nextMessage(session)
    await nextMessage(session)
    expect((await peer.response(peer.send({ body: 'four' }))).status).toBe(200)
  })

  test('the iteration ends with the session only after what has come was handed over', async () => {
    const part = late('calls')
    const { session, peer } = await active({}, part.setUp)
    const seen: (string | undefined)[] = []
    const reading = (async () => {
      for await (const message of session) seen.push(message.fileName ?? (await message.text()))
    })()
    peer.send({ body: 'photo', fields: ['Content-Disposition: attachment; filename="a.jpg"'] })
    await peer.response(peer.send({ body: 'text' }))
    peer.transport.close()
    expect((await session.closed).by).toBe('peer')
    expect(await stateOf(reading)).toBe('pending')
    part.arrive()
    await reading
    expect(seen).toEqual(['a.jpg', 'text'])
  })

  test('a session that is closed here has no further message', async () => {
    const part = late('calls')
    const { session, peer } = await active({}, part.setUp)
    await peer.response(peer.send({ body: 'photo', fields: ['Content-Disposition: attachment; filename="a.jpg"'] }))
    await session.close()
    part.arrive()
    await settle()
    expect((await session[Symbol.asyncIterator]().next()).done).toBe(true)
  })

  test('a file that is sent waits, and what is sent meanwhile behind it', async () => {
    const part = late('calls')
    const { session, peer } = await active({}, part.setUp)
    session.send('photo', { fileName: 'a.jpg', failureReport: 'no' })
    session.send('text', { failureReport: 'no' })
    await settle()
    expect(await peer.all()).toEqual([])
    part.arrive()
    expect((await peer.request('SEND')).field('Content-Disposition')).toBe('attachment; filename="a.jpg"')
    expect((await peer.request('SEND')).text).toContain('text')
  })

  test('what is sent meanwhile stays behind it, though a long message ends before', async () => {
    const part = late('calls')
    const { session, peer } = await active({ limits: { unfinishedMessages: 1 } }, part.setUp)
    const options = { successReport: false, failureReport: 'no' } as const
    await Promise.all([
      session.send(LONG, options).delivered,
      session.send('FILE', { ...options, fileName: 'a.jpg' }),
      session.send('TEXT', options),
      session.send(LONG, options),
    ])
    part.arrive()
    const order: (string | undefined)[] = []
    for (let at = 0; at < 4; at++) order.push((await peer.request('SEND')).text.match(/FILE|TEXT|xxx/)?.[0])
    expect(order).toEqual(['xxx', 'FILE', 'TEXT', 'xxx'])
  })

  test('what cannot be sent is refused at once', async () => {
    const { session } = await active({}, late('calls').setUp)
    const options = { fileName: 'a.jpg', fields: [['Message-ID', 'x']] } as const
    expect(() => session.send('photo', options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

test('A file whose name cannot be read is not taken; other messages are', async () => {
  const part = late('calls')
  const { session, peer } = await active({}, part.setUp)
  const disposition = 'Content-Disposition: attachment; filename="a.jpg"'
  const transactionId = peer.send({
    body: 'pho',
    range: '1-3/5',
    flag: '+',
    messageId: 'photo1',
    fields: [disposition],
  })
  peer.send({ body: 'text' })
  await peer.response(transactionId)
  part.fail()
  expect(await (await nextMessage(session)).text()).toBe('text')
  const rest = peer.send({ body: 'to', range: '4-5/5', messageId: 'photo1', fields: [disposition] })
  expect((await peer.response(rest)).status).toBe(413)
})

test('A message that nobody has time for is reported when what that takes is there', async () => {
  const part = late('calls')
  const { platform, session, peer } = await active({}, part.setUp)
  peer.send({ body: 'one', success: 'yes' })
  const first = await nextMessage(session)
  peer.send({ body: 'two', success: 'yes' })
  await settle()
  part.arrive()
  await settle()
  platform.clock.advance(2_000)
  expect((await peer.request('REPORT')).field('Byte-Range')).toBe('1-3/3')
  expect(await first.text()).toBe('one')
})

describe('A body that cannot be opened', () => {
  const locked = (): ReadableStream<Uint8Array> => {
    const stream = new ReadableStream<Uint8Array>()
    stream.getReader()
    return stream
  }
  const throwing = (): AsyncIterable<Uint8Array> => ({
    [Symbol.asyncIterator]: () => {
      throw new TypeError('No')
    },
  })

  test.each([
    ['a locked stream', locked],
    ['an iterable that throws', throwing],
  ])('fails its own message alone: %s', async (_, body) => {
    const part = late('longMessages')
    const { session, peer } = await active({}, part.setUp)
    const [bad, good] = [session.send(body()), session.send('good', { successReport: false })]
    part.arrive()
    expect(await failure(bad.delivered)).toMatchObject({ code: 'invalid-argument', cause: expect.any(TypeError) })
    peer.respond(await peer.request('SEND'))
    await good.delivered
    const later = session.send('later', { successReport: false })
    peer.respond(await peer.request('SEND'))
    await later.delivered
  })
})

describe('The body of a message is closed', () => {
  const bodies = () => {
    const over: string[] = []
    const file = { size: 5_000, read: async () => new Uint8Array(1), close: () => void over.push('file') }
    const stream = new ReadableStream<Uint8Array>({ cancel: () => void over.push('stream') })
    const inside = { stream: new ReadableStream<Uint8Array>({ cancel: () => void over.push('inside') }), size: 5_000 }
    return { over, all: [file, stream, inside, LONG, new Blob([LONG])] }
  }

  test.each(['longMessages', 'calls'] as const)('when what it takes cannot be loaded: %s', async (name) => {
    const part = late(name)
    const { session } = await active({}, part.setUp)
    const { over, all } = bodies()
    const sent = all.map((body) => session.send(body, name === 'calls' ? { fileName: 'a.jpg' } : {}))
    part.fail()
    for (const { delivered } of sent) expect(await failure(delivered)).toMatchObject({ code: 'internal' })
    expect(over).toEqual(['file', 'stream', 'inside'])
  })

  test('when it was abandoned before that', async () => {
    const part = late('longMessages')
    const { session } = await active({}, part.setUp)
    const { over, all } = bodies()
    for (const body of all) session.send(body).abort()
    part.fail()
    await settle()
    expect(over).toEqual(['file', 'stream', 'inside'])
  })
})
