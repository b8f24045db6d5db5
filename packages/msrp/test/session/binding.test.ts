import { describe, expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MsrpUri } from '../../src/wire/index.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { RawPeer, type SendParts, settled } from './raw-peer.ts'
import { active, dialledPeer, failure, nextMessage, PEER, passive, pattern, stateOf, waiting } from './stage.ts'

const OTHER = 'msrp://other.example:9000/othersession;tcp'

/** The peer answers when it is asked whether it is still there, as every endpoint does. */
async function showPresence(peer: RawPeer): Promise<void> {
  const probe = await peer.request('SEND')
  peer.respond(probe)
  peer.report(probe.field('Message-ID')!, '1-0/0')
}

describe('The active side', () => {
  test('sends a SEND without body first, and its own path is of 128 random bits at a name that does not exist (RFC4975-5.4-2, RFC4975-5.4-4, RFC4975-14.1-1)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = endpoint.connect({ path: PEER })
    const peer = await dialledPeer(platform)
    const bind = await peer.request('SEND')
    expect(bind.hasBody).toBe(false)
    expect(bind.flag).toBe('$')
    expect(bind.field('Byte-Range')).toBe('1-0/0')
    expect(bind.field('To-Path')).toBe(PEER)
    expect(bind.fieldNames).toEqual([
      'To-Path',
      'From-Path',
      'Message-ID',
      'Success-Report',
      'Failure-Report',
      'Byte-Range',
    ])
    const local = MsrpUri.parse(bind.field('From-Path')!)
    expect(local.host).toMatch(/\.invalid$/)
    expect(local.sessionId).toMatch(/^.{26}$/)
    expect(await stateOf(connecting)).toBe('pending')
    peer.respond(bind)
    const session = await connecting
    expect(session.localPath).toBe(local.toString())
    expect(session.remotePath).toBe(PEER)
    await session.close()
  })

  test.each([
    [481, 'refused'],
    [506, 'refused'],
    [403, 'refused'],
    [408, 'timeout'],
  ])('fails with %i when the first request is answered so', async (status, code) => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'), status, 'No')
    expect(await failure(connecting)).toMatchObject({ code, status })
    await settled()
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('fails with timeout when the first request is not answered within 30 s', async () => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER })
    const peer = await dialledPeer(platform)
    await peer.request('SEND')
    await platform.clock.advance(29_999)
    expect(await stateOf(connecting)).toBe('pending')
    await platform.clock.advance(1)
    expect(await failure(connecting)).toMatchObject({ code: 'timeout' })
  })

  test('needs a port in the URI it connects to', async () => {
    const connecting = new MsrpEndpoint(new MemoryPlatform(), {}).connect({ path: 'msrp://peer.example/x;tcp' })
    expect(await failure(connecting)).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('port'),
    })
  })

  test('stops dialling when it is told to give up', async () => {
    const platform = new MemoryPlatform()
    const dialling = Promise.withResolvers<AbortSignal | undefined>()
    platform.dial = (target) => {
      dialling.resolve(target.signal)
      return new Promise(() => {})
    }
    const controller = new AbortController()
    const connecting = failure(new MsrpEndpoint(platform, {}).connect({ path: PEER, signal: controller.signal }))
    const signal = await dialling.promise
    controller.abort()
    expect(await connecting).toMatchObject({ code: 'aborted' })
    expect(signal?.aborted).toBe(true)
  })

  test('does not keep a connection that comes when the endpoint is closed', async () => {
    const platform = new MemoryPlatform()
    const dial = platform.dial.bind(platform)
    let connect = (): void => {}
    const ready = new Promise<void>((resolve) => {
      connect = resolve
    })
    platform.dial = async (target) => {
      await ready
      return dial(target)
    }
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = failure(endpoint.connect({ path: PEER }))
    await settled()
    const closing = endpoint.close()
    connect()
    expect(await connecting).toMatchObject({ code: 'closed' })
    await closing
    const peer = await dialledPeer(platform)
    await settled()
    expect(peer.closed).toBe(true)
  })

  test('gives up with aborted when it is told to', async () => {
    const platform = new MemoryPlatform()
    const controller = new AbortController()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER, signal: controller.signal })
    const peer = await dialledPeer(platform)
    controller.abort()
    expect(await failure(connecting)).toMatchObject({ code: 'aborted' })
    await settled()
    expect(peer.closed).toBe(true)
  })

  test('sends to the whole path and connects to its first URI (RFC4975-8.3-1, RFC4976-5.2-1, FIELD-endpoint-6)', async () => {
    const path = `msrps://relay.example:2855/token;tcp ${PEER}`
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: path.split(' ') })
    while (platform.dialled.length === 0) await settled(1)
    expect(platform.dialled[0]!.target).toMatchObject({ host: 'relay.example', port: 2855, secure: true })
    const peer = await dialledPeer(platform)
    const bind = await peer.request('SEND')
    expect(bind.field('To-Path')).toBe(path)
    expect(bind.field('From-Path')).toMatch(/^msrps:/)
    peer.to = bind.field('From-Path')!
    peer.from = path
    peer.respond(bind)
    const session = await connecting
    const transactionId = peer.send({ body: 'through the relay' })
    const response = await peer.response(transactionId)
    // RFC 4975 §7.2: a response to SEND goes to the previous hop only.
    expect(response.field('To-Path')).toBe('msrps://relay.example:2855/token;tcp')
    expect(await (await nextMessage(session)).text()).toBe('through the relay')
  })

  test.each([
    ['not a path', /MSRP URI/],
    ['msrp://host.example:1;tcp', /session-id/],
    ['', /no URI/],
  ])('says what is wrong with the path "%s"', async (path, what) => {
    const error = await failure(new MsrpEndpoint(new MemoryPlatform(), {}).connect({ path }))
    expect(error).toMatchObject({ code: 'invalid-argument' })
    expect(error.message).toMatch(what)
  })
})

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

describe('A request', () => {
  test('to an unknown session is answered 481, ignored, and the connection stays (RFC4975-5.4-12, RFC4975-7.3-2, RFC4975-7.3-3)', async () => {
    const { peer, session } = await passive()
    const wrong = peer.to.replace(/\/[a-z0-9]+;/, '/guessed;')
    expect((await peer.response(peer.send({ body: 'x'.repeat(5000), to: wrong, success: 'yes' }))).status).toBe(481)
    expect(await peer.all()).toEqual([])
    expect((await peer.response(peer.send({ body: 'right' }))).status).toBe(200)
    expect(await (await nextMessage(session)).text()).toBe('right')
  })

  test('with Failure-Report no to an unknown session is not answered (RFC4975-7.1.4-3, RFC4975-7.3-3)', async () => {
    const { peer } = await passive()
    peer.send({ body: 'x', to: peer.to.replace(/\/[a-z0-9]+;/, '/guessed;'), failure: 'no' })
    expect(await peer.all()).toEqual([])
  })

  test('that is not for us alone is answered 481: we are no relay (RFC4975-7.3-2, RFC4975-7.3-3)', async () => {
    const { peer } = await passive()
    expect((await peer.response(peer.send({ to: `${peer.to} ${PEER}` }))).status).toBe(481)
  })

  test.each<[string, SendParts]>([
    ['of a type that is not taken', { body: 'x', type: 'image/png' }],
    ['without Message-ID', { body: 'x', messageId: '' }],
    ['with a line that is no field', { body: 'x', fields: ['no colon'] }],
    ['with a Failure-Report that is none', { body: 'x', fields: ['Failure-Report: maybe'] }],
    ['that is too large', { body: 'x', range: '1-*/1000000' }],
    ['of an unknown method', { method: 'INVENT' }],
  ])('%s to an unknown session is answered 481: To-Path decides first (RFC4975-7.3-1)', async (_, parts) => {
    const { peer } = await passive({ acceptTypes: ['text/plain'], maxMessageSize: 1000 })
    const wrong = peer.to.replace(/\/[a-z0-9]+;/, '/guessed;')
    expect((await peer.response(peer.send({ ...parts, to: wrong }))).status).toBe(481)
    expect((await peer.response(peer.send(parts))).status).not.toBe(481)
  })

  test('is answered under its own transaction id, over its own connection (RFC4975-7.2-3, RFC4975-7.2-4)', async () => {
    const { endpoint, platform, peer, port, session } = await passive()
    const other = await endpoint.prepare({ listen: {}, remotePath: 'first' })
    const second = new RawPeer(platform.arrive(port), other.localPath, OTHER)
    const [one, two, three] = [peer, second, peer].map((sender, index) =>
      sender.send({ body: `${index}`, transactionId: `trans${index}%=+.-` }),
    )
    const atFirst = (await peer.all()).map(({ transactionId, status }) => [transactionId, status])
    const atSecond = (await second.all()).map(({ transactionId, status }) => [transactionId, status])
    expect(atFirst).toEqual([
      [one, 200],
      [three, 200],
    ])
    expect(atSecond).toEqual([[two, 200]])
    expect(session.state).toBe('open')
  })

  test('of an unknown method is answered 501, with the whole way back (RFC4975-12-3)', async () => {
    const { peer } = await passive()
    const transactionId = peer.send({ method: 'INVENT', range: undefined })
    const response = await peer.response(transactionId)
    expect(response.status).toBe(501)
    expect(response.field('To-Path')).toBe(PEER)
    const from = `msrp://relay.example:1/r;tcp ${PEER}`
    const { arrive } = await waiting()
    const far = arrive(from)
    await far.response(far.send())
    expect((await far.response(far.send({ method: 'INVENT', range: undefined }))).field('To-Path')).toBe(from)
  })

  test.each<[string, Parameters<Awaited<ReturnType<typeof passive>>['peer']['send']>[0]]>([
    ['without Message-ID', { messageId: '', body: 'x' }],
    ['with two Byte-Range fields', { body: 'x', fields: ['Byte-Range: 1-1/1'] }],
    ['with a Byte-Range that is none', { body: 'x', range: 'all' }],
    ['with a body and no Content-Type', { body: 'x', type: undefined, fields: ['X-Type: none'] }],
    ['with Success-Report maybe', { body: 'x', fields: ['Success-Report: maybe'] }],
  ])('%s is answered 400, and the connection stays', async (_, parts) => {
    const { peer } = await passive()
    const bytes = Buffer.from(peer.bytesOf({ ...parts, transactionId: 'flaw0001' }))
    const text =
      parts!.type === undefined && 'type' in parts!
        ? bytes.toString().replace('Content-Type: text/plain\r\n', '')
        : bytes
    peer.write(text)
    const response = await peer.response('flaw0001')
    expect(response.status).toBe(400)
    expect(response.comment).not.toBe('')
    expect((await peer.response(peer.send({ body: 'fine' }))).status).toBe(200)
  })

  test.each<[string, SendParts]>([
    ['SEND', { body: 'hello', messageId: 'known1' }],
    ['NICKNAME', { method: 'NICKNAME', messageId: '', range: undefined }],
    ['REPORT', { method: 'REPORT', range: '1-3/3' }],
  ])('%s with header fields that nobody knows is what it is without them (RFC4975-12-2)', async (method, parts) => {
    const { peer, session } = await passive({ onNickname: () => 'accept' })
    const unknown = ['X-Unknown: Byte-Range: 9-9/9', 'Status2: 000 481 No', 'FROM-PATHS: msrp://x.example:1/x;tcp']
    const needed = { SEND: [], NICKNAME: ['Use-Nickname: "x"'], REPORT: ['Status: 000 200 OK'] }[method]!
    const sent = session.send('own')
    peer.respond(await peer.request('SEND'))
    const about = method === 'REPORT' ? { messageId: sent.messageId } : {}
    const transactionId = peer.send({ ...parts, ...about, fields: [...unknown, ...needed] })
    if (method === 'REPORT') await sent.delivered
    else expect((await peer.response(transactionId)).status).toBe(200)
    if (method === 'SEND') expect(await (await nextMessage(session)).text()).toBe('hello')
  })

  test('a response with header fields that nobody knows is what it is without them (RFC4975-12-2)', async () => {
    const { peer, session } = await passive()
    const sent = session.send('own', { successReport: false })
    const { transactionId } = await peer.request('SEND')
    peer.write(
      `MSRP ${transactionId} 200 OK\r\nTo-Path: ${peer.to}\r\nFrom-Path: ${peer.from}\r\n` +
        `X-Unknown: 481\r\nStatus2: 000 413 No\r\n-------${transactionId}$\r\n`,
    )
    await sent.delivered
  })

  test('that cannot be framed ends the connection and the session', async () => {
    const { peer, session } = await passive()
    peer.write('GET / HTTP/1.1\r\n\r\n')
    const end = await session.closed
    expect(end).toMatchObject({ by: 'failure', error: { code: 'malformed' } })
  })
})

describe('A first request with a flaw', () => {
  test.each(['first', 'strict'] as const)(
    'is answered 400 and begins no session: remotePath %s',
    async (remotePath) => {
      const { prepared, arrive } = await waiting({ remotePath })
      const completing = remotePath === 'strict' ? prepared.complete(PEER) : undefined
      const peer = arrive()
      expect((await peer.response(peer.send({ body: 'x', range: 'all' }))).status).toBe(400)
      if (completing !== undefined) expect(await stateOf(completing)).toBe('pending')
      expect((await peer.response(peer.send({ body: 'right' }))).status).toBe(200)
      const session = completing === undefined ? (await prepared.sessions().next()).value! : await completing
      expect(await (await nextMessage(session)).text()).toBe('right')
    },
  )

  test('of somebody who is not expected is answered 481', async () => {
    const { prepared, arrive } = await waiting({ remotePath: 'strict' })
    void prepared.complete(PEER).catch(() => {})
    const other = arrive(OTHER)
    expect((await other.response(other.send({ body: 'x', range: 'all' }))).status).toBe(481)
  })

  test('does not take a session over', async () => {
    const { arrive, peer, session } = await passive()
    const again = arrive(PEER)
    expect((await again.response(again.send({ body: 'x', range: 'all' }))).status).toBe(506)
    expect((await peer.response(peer.send({ body: 'still here' }))).status).toBe(200)
    expect(await (await nextMessage(session)).text()).toBe('still here')
  })
})

describe('A second connection for a live session', () => {
  test('takes over when its From-Path is the peer of the session; messages go on there (RFC4975-5.4-13)', async () => {
    const { peer, arrive, session } = await passive()
    peer.send({ body: 'first half, ', range: '1-*/23', messageId: 'moved', flag: '+' })
    const message = await nextMessage(session)
    const again = arrive(PEER)
    const rest = again.send({ body: 'second half', range: '13-23/23', messageId: 'moved' })
    expect((await again.response(rest)).status).toBe(200)
    expect(await message.text()).toBe('first half, second half')
    await settled()
    expect(peer.closed).toBe(true)
    expect(session.state).toBe('open')
  })

  test('gets what the endpoint has sent and not heard about (RFC4975-5.4-19)', async () => {
    const { peer, arrive, session } = await passive()
    const sent = session.send('important')
    const first = await peer.request('SEND')
    expect(first.text).toBe('important')
    const again = arrive(PEER)
    again.send()
    const second = await again.request('SEND')
    expect(second.text).toBe('important')
    expect(second.field('Message-ID')).toBe(first.field('Message-ID'))
    again.respond(second)
    again.report(sent.messageId, '1-9/9')
    await sent.delivered
  })

  test.each(['', 'x'.repeat(5_000)])('gets again also a message that is %s', async (text) => {
    const { arrive, peer, session } = await passive()
    const sent = session.send(text, { successReport: false })
    await peer.request('SEND')
    const again = arrive(PEER)
    again.send()
    const second = await again.request('SEND')
    expect(second).toMatchObject({ text, flag: '$' })
    again.respond(second)
    await sent.delivered
  })

  test('does not get a stream again, which cannot be read twice: its message fails', async () => {
    const { peer, arrive, session } = await passive()
    const sent = session.send(['once ', 'only'])
    await peer.request('SEND')
    const again = arrive(PEER)
    await again.response(again.send())
    expect(await failure(sent.delivered)).toMatchObject({ code: 'connection-lost' })
    expect(session.state).toBe('open')
    expect((await again.all()).filter(({ method }) => method === 'SEND')).toEqual([])
  })

  test('hears nothing more of a message that was given up on the one before', async () => {
    const { peer, arrive, session } = await passive({}, {}, (platform) => {
      platform.pairOptions = { capacity: 1000 }
    })
    peer.transport.pause()
    const sent = session.send(pattern(1_000_000))
    await settled()
    sent.abort()
    const again = arrive(PEER)
    await again.response(again.send())
    expect(await failure(sent.delivered)).toMatchObject({ code: 'aborted' })
    expect(await again.all()).toEqual([])
    session.send('next')
    expect((await again.request('SEND')).text).toBe('next')
  })

  test('waits for the reader that the one before it waited for', async () => {
    const { arrive, session, peer } = await passive({ limits: { window: 100_000 } })
    peer.send({ messageId: 'full1', body: 'x', range: '1-*/900000', flag: '+' })
    const message = await nextMessage(session)
    const reader = message.stream().getReader()
    peer.send({ messageId: 'full1', body: 'x'.repeat(200_000), range: '2-*/900000', flag: '+' })
    await settled()
    const again = arrive(PEER)
    await again.response(again.send())
    const unread = again.send({ body: 'behind' })
    await settled()
    expect(again.seen).toEqual([])
    for (let taken = 0; taken < message.received; ) taken += (await reader.read()).value!.length
    expect((await again.response(unread)).status).toBe(200)
  })

  test('keeps it: what still comes over the one before is answered 506 (RFC4975-5.4-13, RFC4975-5.4-14)', async () => {
    const { endpoint, platform, arrive, session, port } = await passive()
    // Another session keeps the first connection open.
    const other = await endpoint.prepare({ listen: {}, remotePath: 'first' })
    const shared = new RawPeer(platform.arrive(port), other.localPath, PEER)
    await shared.response(shared.send())
    shared.to = session.localPath
    await shared.response(shared.send())
    const again = arrive(PEER)
    await again.response(again.send())
    expect((await shared.response(shared.send({ body: 'late' }))).status).toBe(506)
    expect((await again.response(again.send({ body: 'in time' }))).status).toBe(200)
    expect(await (await nextMessage(session)).text()).toBe('in time')
  })

  test('does not take over with anything but a SEND', async () => {
    const { arrive, session, peer } = await passive()
    const again = arrive(PEER)
    const id = again.send({ method: 'NICKNAME', messageId: '', range: undefined, fields: ['Use-Nickname: "x"'] })
    expect((await again.response(id)).status).toBe(506)
    const sent = session.send('hello')
    await peer.request('SEND')
    again.report(sent.messageId, '1-5/5')
    await settled()
    expect(await stateOf(sent.delivered)).toBe('pending')
    expect(again.seen).toEqual([])
    expect(peer.closed).toBe(false)
  })

  test('of another sender gets 506 (RFC4975-5.4-14)', async () => {
    const { arrive, session, peer } = await passive()
    const other = arrive(OTHER)
    const transactionId = other.send({ body: 'x' })
    await showPresence(peer)
    expect((await other.response(transactionId)).status).toBe(506)
    expect(session.state).toBe('open')
  })

  test('does not take the place of one that the endpoint has opened itself', async () => {
    const { peer, session } = await active()
    expect(session.state).toBe('open')
    expect((await peer.response(peer.send({ body: 'over the bound one' }))).status).toBe(200)
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
