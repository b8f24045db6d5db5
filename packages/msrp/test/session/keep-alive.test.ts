import { describe, expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { type RawPeer, type Seen, settled } from './raw-peer.ts'
import { active, dialledPeer, PEER, passive } from './stage.ts'

describe('Keep-alive', () => {
  test('sends a SEND without body when the connection was silent, and only then', async () => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    await platform.clock.advance(6_000)
    session.send('talking')
    const chunk = await peer.request('SEND')
    peer.respond(chunk)
    peer.report(chunk.field('Message-ID')!, '1-7/7')
    await settled()
    await platform.clock.advance(9_999)
    expect(await peer.all()).toEqual([])
    await platform.clock.advance(1)
    const beat = await peer.request('SEND')
    expect(beat).toMatchObject({ hasBody: false })
    peer.respond(beat)
    await settled()
    await platform.clock.advance(10_000)
    expect(await peer.request('SEND')).toMatchObject({ hasBody: false })
    await session.close()
    expect(platform.clock.pending).toBe(0)
  })

  test.each([
    ['answered', async (peer: RawPeer) => peer.respond(await peer.request('SEND'), 481, 'No')],
    [
      'reported',
      async (peer: RawPeer) => {
        const beat = await peer.request('SEND')
        peer.respond(beat)
        peer.report(beat.field('Message-ID')!, undefined, '000 481 No')
      },
    ],
  ])('that is %s 481 ends the session', async (_, react) => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    await platform.clock.advance(10_000)
    await react(peer)
    const error = { code: 'refused', status: 481, message: 'The session has ended, or there is none: 481 No' }
    expect(await session.closed).toMatchObject({ by: 'failure', error })
  })

  /** Until the connection has been silent for ten seconds again. */
  async function beat(platform: MemoryPlatform, peer: RawPeer): Promise<Seen> {
    await platform.clock.advance(10_000)
    return peer.request('SEND')
  }

  test('without an answer ends the session when the next one is not answered either', async () => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    await beat(platform, peer)
    await beat(platform, peer)
    await beat(platform, peer)
    // 30 s after the first; those that were under way then say nothing new.
    await beat(platform, peer)
    await platform.clock.advance(29_999)
    await settled()
    expect(session.state).toBe('open')
    await platform.clock.advance(1)
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'timeout' } })
  })

  test('is not waited for when not even the first request came through', async () => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER, keepAlive: 10_000 })
    const peer = await dialledPeer(platform)
    const bind = await peer.request('SEND')
    peer.to = bind.field('From-Path')!
    peer.respond(bind)
    const session = await connecting
    peer.report(bind.field('Message-ID')!, undefined, '000 408 Silence')
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'timeout' } })
  })

  test('to which a relay gets no answer ends the session when the next one goes the same way (RFC4975-10-1, RFC4975-7.3.2-2)', async () => {
    const { session, peer, platform } = await active({ keepAlive: 10_000 })
    const lost = (request: Seen): void => peer.report(request.field('Message-ID')!, undefined, '000 408 Silence')
    const answered = async (): Promise<Seen> => {
      const request = await beat(platform, peer)
      peer.respond(request)
      await settled()
      return request
    }
    const [first, second] = [await answered(), await answered()]
    lost(first)
    lost(second)
    // A peer that was stopped for a while is there again.
    await answered()
    const fourth = await answered()
    lost(fourth)
    await settled()
    expect(session.state).toBe('open')
    lost(await answered())
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'timeout', status: 408 } })
  })

  test('is not sent unless asked for', async () => {
    const { peer, platform } = await active()
    await platform.clock.advance(3_600_000)
    expect(await peer.all()).toEqual([])
    expect(platform.clock.pending).toBe(0)
  })
})

describe('Idle timeout', () => {
  test('ends a session in which nothing is under way', async () => {
    const { session, peer, platform } = await passive({ idleTimeout: 10_000 })
    await platform.clock.advance(9_000)
    peer.send({ messageId: 'slow1', body: 'x', range: '1-*/2', flag: '+' })
    await settled()
    await platform.clock.advance(60_000)
    expect(session.state).toBe('open')
    peer.send({ messageId: 'slow1', body: 'y', range: '2-2/2' })
    await settled()
    await platform.clock.advance(20_000)
    await settled()
    expect(await session.closed).toEqual({ by: 'local' })
  })
})
