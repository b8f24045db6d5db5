import { describe, expect, test } from 'vitest'
import { settled } from './raw-peer.ts'
import { failure, nextMessage, OTHER, PEER, passive, showPresence, stateOf, waiting } from './stage.ts'

describe("With remotePath 'first'", () => {
  test('the first sender becomes the peer, and its first request may carry a message (RFC4975-5.4-5)', async () => {
    const { prepared, arrive } = await waiting()
    const peer = arrive()
    const transactionId = peer.send({ body: 'hello' })
    expect((await peer.response(transactionId)).status).toBe(200)
    const session = (await prepared.sessions().next()).value!
    expect(session.remotePath).toBe(PEER)
    expect(await (await nextMessage(session)).text()).toBe('hello')
  })

  test('another peer gets 506 while the session lives, and is welcome after it has ended (RFC4975-5.4-14, FIELD-relay-4)', async () => {
    const { prepared, peer, arrive, session } = await passive()
    const other = arrive(OTHER)
    const refused = other.send({ body: 'me too' })
    await showPresence(peer)
    expect((await other.response(refused)).status).toBe(506)
    peer.transport.close()
    expect(await session.closed).toEqual({ by: 'peer' })
    expect((await other.response(other.send({ body: 'me now' }))).status).toBe(200)
    const second = (await prepared.sessions().next()).value!
    expect(second.remotePath).toBe(OTHER)
  })

  test('a peer that has not noticed the end of its session begins no other one with what is left of a message', async () => {
    const { endpoint, prepared, peer, session } = await passive()
    // Another session keeps the connection open.
    const another = await endpoint.prepare({ listen: {}, remotePath: 'first' })
    const [to, from] = [peer.to, peer.from]
    peer.to = another.localPath
    expect((await peer.response(peer.send())).status).toBe(200)
    peer.to = to
    peer.send({ messageId: 'long1', body: 'first ', range: '1-6/10', flag: '+' })
    await session.close()
    const rest = peer.send({ messageId: 'long1', body: 'rest', range: '7-10/10' })
    expect((await peer.response(rest)).status).toBe(481)
    expect((await peer.response(peer.send())).status).toBe(481)
    // As another session it is welcome.
    peer.from = from.replace('peersession', 'nextsession')
    expect((await peer.response(peer.send())).status).toBe(200)
    expect((await prepared.sessions().next()).value!.remotePath).toBe(peer.from)
  })

  test.each([
    ['only binds', undefined],
    ['comes with a message', 'in a hurry'],
  ])('another peer that %s waits until the one before it has shown whether it is still there', async (_, body) => {
    const { platform, peer, arrive, prepared } = await passive()
    const other = arrive(OTHER)
    const transactionId = other.send({ body })
    const probe = await peer.request('SEND')
    expect(probe.field('Byte-Range')).toBe('1-0/0')
    expect(probe.field('Success-Report')).toBe('yes')
    peer.respond(probe)
    await settled()
    expect(other.seen).toEqual([])
    peer.report(probe.field('Message-ID')!, '1-0/0')
    expect((await other.response(transactionId)).status).toBe(506)
    // A peer that knows no such REPORT is taken to be there after 2 s.
    const again = other.send({ body })
    peer.respond(await peer.request('SEND'))
    await platform.clock.advance(2_000)
    expect((await other.response(again)).status).toBe(506)
    // One that is gone makes room.
    const last = other.send({ body })
    const third = await peer.request('SEND')
    peer.respond(third)
    peer.report(third.field('Message-ID')!, undefined, '000 481 No such session')
    expect((await other.response(last)).status).toBe(200)
    const session = (await prepared.sessions().next()).value!
    expect(session.remotePath).toBe(OTHER)
    if (body !== undefined) expect(await (await nextMessage(session)).text()).toBe(body)
  })

  test('an endpoint that is closed while the one before is asked leaves no timer', async () => {
    const { endpoint, peer, platform, arrive } = await passive()
    arrive('msrp://other.example:1/other;tcp').send()
    peer.respond(await peer.request('SEND'))
    await settled()
    await endpoint.close()
    expect(platform.clock.pending).toBe(0)
  })

  test('what a newcomer sends while the one before it is asked is held, and read once that one turns out to be gone', async () => {
    const { peer, arrive, prepared } = await passive()
    const other = arrive(OTHER)
    const ids = [other.send(), other.send({ body: 'at once' })]
    const probe = await peer.request('SEND')
    const half = other.bytesOf({ transactionId: 'half0001', body: 'in two parts' })
    other.write(half.subarray(0, -30))
    await settled()
    expect(other.seen).toEqual([])
    peer.respond(probe)
    peer.report(probe.field('Message-ID')!, undefined, '000 481 No such session')
    await settled()
    other.write(half.subarray(-30))
    for (const id of [...ids, 'half0001']) expect((await other.response(id)).status).toBe(200)
    const session = (await prepared.sessions().next()).value!
    expect(await (await nextMessage(session)).text()).toBe('at once')
    expect(await (await nextMessage(session)).text()).toBe('in two parts')
  })

  test('a newcomer who sends a great many small requests meanwhile is refused at once: each costs more than its bytes', async () => {
    const { peer, arrive } = await passive()
    const other = arrive(OTHER)
    const first = other.send()
    await peer.request('SEND')
    for (let n = 0; n < 32 * 1024; n++) other.write(other.bytesOf({ failure: 'no' }))
    expect((await other.response(first)).status).toBe(506)
  })

  test('what a newcomer sends meanwhile is refused with it, and at once when it is much', async () => {
    const { peer, arrive, session } = await passive()
    const other = arrive(OTHER)
    const ids = [other.send(), other.send({ body: 'at once' })]
    const probe = await peer.request('SEND')
    const large = other.send({ body: 'x'.repeat(32 * 1024 * 1024) })
    for (const id of [...ids, large]) expect((await other.response(id)).status).toBe(506)
    peer.respond(probe)
    peer.report(probe.field('Message-ID')!, undefined, '000 481 No such session')
    await session.closed
    await settled()
    expect((await other.response(other.send({ body: 'now' }))).status).toBe(200)
  })

  test('a REPORT or NICKNAME begins no session', async () => {
    const { arrive } = await waiting()
    const peer = arrive()
    peer.report('nobody', '1-1/1')
    const transactionId = peer.send({
      method: 'NICKNAME',
      fields: ['Use-Nickname: "x"'],
      messageId: '',
      range: undefined,
    })
    expect((await peer.response(transactionId)).status).toBe(481)
    expect(await peer.all()).toEqual([])
  })
})

describe('A strict local path', () => {
  test('lets in the peer it was completed with and nobody else (RFC4975-5.4-14)', async () => {
    const { prepared, arrive } = await waiting({ remotePath: 'strict' })
    const early = arrive()
    expect((await early.response(early.send())).status).toBe(481)
    const completing = prepared.complete(PEER)
    const other = arrive(OTHER)
    expect((await other.response(other.send())).status).toBe(481)
    expect(await stateOf(completing)).toBe('pending')
    expect((await early.response(early.send({ body: 'hello' }))).status).toBe(200)
    const session = await completing
    expect(await (await nextMessage(session)).text()).toBe('hello')
    expect((await other.response(other.send())).status).toBe(506)
  })

  test('serves several peers when one offer gets several answers (forking)', async () => {
    const { prepared, arrive } = await waiting({ remotePath: 'strict' })
    const completing = [prepared.complete(PEER), prepared.complete(OTHER)]
    const [one, two] = [arrive(PEER), arrive(OTHER)]
    two.send({ body: 'two' })
    one.send({ body: 'one' })
    const [first, second] = await Promise.all(completing)
    expect(await (await nextMessage(first!)).text()).toBe('one')
    expect(await (await nextMessage(second!)).text()).toBe('two')
  })

  test('gives up waiting when it is told to, or closed', async () => {
    const { prepared, platform } = await waiting({ remotePath: 'strict' })
    const controller = new AbortController()
    const aborted = prepared.complete(PEER, { signal: controller.signal })
    controller.abort()
    expect(await failure(aborted)).toMatchObject({ code: 'aborted' })
    const closed = prepared.complete(OTHER)
    await prepared.close()
    expect(await failure(closed)).toMatchObject({ code: 'closed' })
    expect(platform.ports).toEqual([])
  })
})

describe('sessmatch', () => {
  const rewritten = (path: string): string => path.replace(/\/\/[^/]+\//, '//sbc.example:7000/')

  test('finds the session by its session-id when a border controller has rewritten the rest', async () => {
    const { prepared, arrive } = await waiting({ remotePath: 'strict', sessmatch: true })
    const completing = prepared.complete(rewritten(PEER))
    const peer = arrive(PEER)
    peer.to = rewritten(prepared.localPath)
    const response = await peer.response(peer.send({ body: 'x' }))
    expect(response.status).toBe(200)
    expect(response.field('From-Path')).toBe(peer.to)
    await completing
  })

  test.each([
    ['another session-id', (to: string) => to.replace(/\/[a-z0-9]+;/, '/guessed;')],
    ['another scheme', (to: string) => to.replace('msrp:', 'msrps:')],
  ])('does not find it with %s', async (_, change) => {
    const { prepared, arrive } = await waiting({ sessmatch: true })
    const peer = arrive()
    peer.to = rewritten(change(prepared.localPath))
    expect((await peer.response(peer.send({ body: 'x' }))).status).toBe(481)
  })

  test('is off unless asked for', async () => {
    const { prepared, arrive } = await waiting()
    const peer = arrive()
    peer.to = rewritten(prepared.localPath)
    expect((await peer.response(peer.send({ body: 'x' }))).status).toBe(481)
  })
})

describe('A connection without a session', () => {
  test('is closed after 30 s (FIELD-relay-9)', async () => {
    const { platform, arrive } = await waiting()
    const peer = arrive()
    await platform.clock.advance(29_999)
    expect(peer.closed).toBe(false)
    await platform.clock.advance(1)
    await settled()
    expect(peer.closed).toBe(true)
  })

  test('is not let in when 256 others wait already', async () => {
    const { arrive } = await waiting()
    const peers = Array.from({ length: 257 }, () => arrive())
    await settled()
    expect(peers.map(({ closed }) => closed).indexOf(true)).toBe(256)
  })
})
