import { describe, expect, test } from 'vitest'
import { RawPeer, type SendParts } from './raw-peer.ts'
import { nextMessage, OTHER, PEER, passive, stateOf, waiting } from './stage.ts'

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
