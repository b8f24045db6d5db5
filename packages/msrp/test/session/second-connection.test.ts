import { describe, expect, test } from 'vitest'
import { RawPeer, settled } from './raw-peer.ts'
import { active, failure, nextMessage, OTHER, PEER, passive, pattern, showPresence, stateOf } from './stage.ts'

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

test('A chunk that is cut off on the connection before does not end the one that is arriving', async () => {
  const { endpoint, platform, arrive, session, port } = await passive()
  // Another session keeps the first connection open.
  const other = await endpoint.prepare({ listen: {}, remotePath: 'first' })
  const shared = new RawPeer(platform.arrive(port), other.localPath, PEER)
  await shared.response(shared.send())
  shared.to = session.localPath
  await shared.response(shared.send())
  const begin = (peer: RawPeer, range: string, flag: '+' | '$') => {
    const transactionId = peer.nextId()
    const bytes = peer.bytesOf({ transactionId, messageId: 'file1', body: pattern(100), range, flag })
    peer.write(bytes.subarray(0, -20))
    return { transactionId, end: () => peer.write(bytes.subarray(-20)) }
  }
  const old = begin(shared, '1-100/200', '+')
  const message = await nextMessage(session)
  const again = arrive(PEER)
  const fresh = begin(again, '101-200/200', '$')
  await settled()
  old.end()
  expect((await shared.response(old.transactionId)).status).toBe(200)
  message.refuse(403)
  fresh.end()
  expect((await again.response(fresh.transactionId)).status).toBe(403)
})
