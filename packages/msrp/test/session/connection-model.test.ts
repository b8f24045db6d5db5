import { describe, expect, test } from 'vitest'
import type { Transport } from '../../src/connection/index.ts'
import type { Session } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { MemoryTransport } from '../transport/memory-transport.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { RawPeer, settled } from './raw-peer.ts'
import { dialledPeer, failure, nextMessage, PEER, passive, pattern, stateOf, waiting } from './stage.ts'

// RFC 4975 §5.4, as far as it is not about one session alone: see `binding` and `resuming` for those.

const SECOND = PEER.replace('peersession', 'secondsession')

/** Two sessions that an endpoint has opened to one host, on one connection. */
async function twoOnOne(): Promise<{
  platform: MemoryPlatform
  peer: RawPeer
  /** The endpoint's end of it. */
  near: MemoryTransport
  one: Session
  two: Session
}> {
  const platform = new MemoryPlatform()
  const dial = platform.dial.bind(platform)
  let near: Transport | undefined
  platform.dial = async (target) => {
    near = await dial(target)
    return near
  }
  const endpoint = new MsrpEndpoint(platform, {})
  const connecting = [PEER, SECOND].map((path) => endpoint.connect({ path }))
  const peer = await dialledPeer(platform)
  for (const _ of connecting) peer.respond(await peer.request('SEND'))
  const [one, two] = await Promise.all(connecting)
  expect(platform.dialled).toEqual([])
  return { platform, peer, near: near as MemoryTransport, one: one!, two: two! }
}

describe('The side that waits', () => {
  test('says nothing before the first request, which tells who has come (RFC4975-5.4-10, RFC4975-5.4-11)', async () => {
    const { endpoint, prepared, arrive } = await waiting({ remotePath: 'strict' })
    const other = await endpoint.prepare({ listen: {} })
    const [first, second] = [prepared.complete(PEER), other.complete(SECOND)]
    const [late, early] = [arrive(PEER), arrive(SECOND)]
    expect([await late.all(), await early.all()]).toEqual([[], []])
    expect([await stateOf(first), await stateOf(second)]).toEqual(['pending', 'pending'])
    early.to = other.localPath
    early.send({ body: 'it is me' })
    const session = await second
    expect(await (await nextMessage(session)).text()).toBe('it is me')
    expect(await stateOf(first)).toBe('pending')
    session.send('then this is for you')
    expect((await early.request('SEND')).text).toBe('then this is for you')
    expect(await late.all()).toEqual([])
  })

  test('answers a message when it is there, not when somebody has read or stored it (RFC4975-5.3-1)', async () => {
    const { peer, session, platform } = await passive()
    expect((await peer.response(peer.send({ body: 'unread', success: 'yes' }))).status).toBe(200)
    platform.slowDisk = true
    const chunk = peer.send({ messageId: 'stored', body: pattern(10_000), success: 'yes' })
    await nextMessage(session)
    const storing = (await nextMessage(session)).saveTo('slow.bin')
    expect((await peer.response(chunk)).status).toBe(200)
    expect(await stateOf(storing)).toBe('pending')
    expect(peer.seen).toEqual([])
    platform.slowDisk = false
    await storing
  })
})

describe('The side that connects', () => {
  test('is the one that has begun the session, or the one on which both have agreed (RFC4975-5.4-2, RFC4975-5.4-3)', async () => {
    const roles = [
      [{}, {}, true],
      [{ listen: {} }, {}, false],
      [{ listen: {} }, { active: true }, true],
    ] as const
    for (const [options, role, connects] of roles) {
      const platform = new MemoryPlatform()
      const endpoint = new MsrpEndpoint(platform, {})
      const prepared = await endpoint.prepare(options)
      const completing = prepared.complete(PEER, role)
      await settled()
      expect(platform.dialled).toHaveLength(connects ? 1 : 0)
      const peer = connects
        ? await dialledPeer(platform)
        : new RawPeer(platform.arrive(platform.ports[0]!), prepared.localPath, PEER)
      if (connects) peer.respond(await peer.request('SEND'))
      else peer.send()
      expect((await completing).state).toBe('open')
      await endpoint.close()
    }
  })

  test('uses TLS for msrps, and nothing else (RFC4975-5.4-6)', async () => {
    for (const [path, secure] of [
      [PEER, false],
      [PEER.replace('msrp:', 'msrps:'), true],
    ] as const) {
      const platform = new MemoryPlatform()
      const connecting = failure(new MsrpEndpoint(platform, {}).connect({ path }))
      await settled()
      const { target, far } = platform.dialled[0]!
      expect(target.secure).toBe(secure)
      far.destroy()
      await connecting
    }
  })
})

describe('Sessions on one connection', () => {
  test('have each message on one of them, whatever the others send meanwhile (RFC4975-5.4-23)', async () => {
    const { peer, one, two } = await twoOnOne()
    const bytes = pattern(300_000)
    const long = one.send(bytes, { chunkSize: 20_000 })
    for (let count = 0; count < 5; count++) two.send(`short ${count}`)
    const chunks = (await peer.all()).filter(({ method }) => method === 'SEND')
    const [ofOne, ofTwo] = [PEER, SECOND].map((path) => chunks.filter((chunk) => chunk.field('To-Path') === path))
    expect(Buffer.compare(Buffer.concat(ofOne!.map(({ body }) => body)), bytes)).toBe(0)
    expect(new Set(ofOne!.map((chunk) => chunk.field('Message-ID')))).toEqual(new Set([long.messageId]))
    expect(ofTwo!.map(({ text }) => text)).toEqual([0, 1, 2, 3, 4].map((count) => `short ${count}`))
    expect(ofOne!.length + ofTwo!.length).toBe(chunks.length)
  })

  test.each<[string, (peer: RawPeer, near: MemoryTransport) => void]>([
    ['is closed', (peer) => peer.transport.close()],
    ['breaks', (_, near) => near.lose('cable cut')],
    ['brings what is no MSRP', (peer) => peer.write('what is this\r\n')],
  ])('have failed, all of them, when it %s (RFC4975-5.4-15)', async (_, end) => {
    const { platform, peer, near, one, two } = await twoOnOne()
    const sent = [one, two].map((session) => session.send('is anybody there?'))
    await settled()
    end(peer, near)
    await Promise.all([one.closed, two.closed])
    expect([one.state, two.state]).toEqual(['closed', 'closed'])
    for (const message of sent) {
      expect((await failure(message.delivered)).code).toMatch(/^(connection-lost|malformed)$/)
    }
    expect(await failure(two.send('too late').delivered)).toMatchObject({ code: 'closed' })
    expect(platform.clock.pending).toBe(0)
  })
})

describe('A session that has failed', () => {
  test('is not made anew by the side that had opened it: the application has to exchange paths (RFC4975-5.4-17)', async () => {
    const { platform, peer, one } = await twoOnOne()
    peer.transport.destroy()
    await one.closed
    await platform.clock.advance(3_600_000)
    expect(platform.dialled).toEqual([])
  })

  test('is not made anew by its former peer, unless that is expected again (RFC4975-5.4-17)', async () => {
    const { prepared, arrive } = await waiting({ remotePath: 'strict' })
    const completing = prepared.complete(PEER)
    const peer = arrive()
    await peer.response(peer.send())
    const session = await completing
    peer.transport.destroy()
    await session.closed
    const back = arrive()
    expect((await back.response(back.send({ body: 'again' }))).status).toBe(481)
    const again = prepared.complete(PEER)
    expect((await back.response(back.send({ body: 'once more' }))).status).toBe(200)
    expect(await (await nextMessage(await again)).text()).toBe('once more')
  })

  test('is followed by one for which we have a URI that was never used before (RFC4975-5.4-24)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const locals: string[] = []
    for (const path of [PEER, SECOND]) {
      const connecting = endpoint.connect({ path })
      const peer = await dialledPeer(platform)
      const bind = await peer.request('SEND')
      expect(bind.field('To-Path')).toBe(path)
      locals.push(bind.field('From-Path')!)
      peer.respond(bind)
      const session = await connecting
      peer.transport.destroy()
      await session.closed
    }
    expect(new Set(locals).size).toBe(2)
  })
})
