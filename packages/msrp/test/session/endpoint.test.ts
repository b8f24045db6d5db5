import { describe, expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { settled } from './raw-peer.ts'
import { both, dialledPeer, failure, PEER, passive, pattern } from './stage.ts'

describe('An endpoint', () => {
  test('that is closed ends everything: sessions, listening sockets, connections and timers', async () => {
    const { endpoint, session, peer, platform, arrive } = await passive({ keepAlive: 1_000, idleTimeout: 100_000 })
    const waitingPeer = arrive('msrp://other.example:1/other1;tcp')
    session.send('x')
    await endpoint.close()
    expect(await session.closed).toEqual({ by: 'local' })
    await settled()
    expect([peer.closed, waitingPeer.closed]).toEqual([true, true])
    expect(platform.ports).toEqual([])
    expect(platform.clock.pending).toBe(0)
    expect(await failure(endpoint.prepare({}))).toMatchObject({ code: 'closed' })
  })

  test('shows what passes on its connections, with credentials masked', async () => {
    const lines: string[] = []
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, { trace: ({ direction, text }) => lines.push(`${direction} ${text}`) })
    const connecting = endpoint.connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    const session = await connecting
    session.send('hello')
    await peer.request('SEND')
    const id = peer.send({
      method: 'AUTH',
      range: undefined,
      messageId: '',
      fields: ['Authorization: Digest username="alice", response="0123456789abcdef", cnonce="abc"'],
    })
    await peer.response(id)
    const text = lines.join('\n')
    expect(text).toContain('username="alice"')
    expect(text).not.toContain('0123456789abcdef')
    expect(text).toMatch(/out MSRP \w+ SEND/)
    expect(text).toMatch(/in MSRP \w+ 200 OK/)
    expect(text).toContain('(5 bytes of body)')
    expect(text).not.toContain('hello')
  })

  test('talks to another one in both directions at once, over narrow connections', async () => {
    const { sender, receiver, close } = await both({
      setUp: (near) => {
        near.pairOptions = { capacity: 3_000, split: (available) => Math.ceil(available / 3) }
      },
    })
    const bodies = [pattern(300_000, 3), pattern(10, 4), pattern(0), pattern(2_049, 5), pattern(100_000, 6)]
    const take = async (session: typeof sender): Promise<number[]> => {
      const results: number[] = []
      const messages = session[Symbol.asyncIterator]()
      for (const _ of bodies) {
        const { value } = await messages.next()
        const body = await value.bytes()
        results.push(bodies.findIndex((wanted) => Buffer.compare(wanted, body) === 0))
      }
      return results
    }
    const taking = [take(sender), take(receiver)]
    const sent = [sender, receiver].flatMap((session) => bodies.map((body) => session.send(body)))
    for (const results of await Promise.all(taking)) expect(results.toSorted()).toEqual([0, 1, 2, 3, 4])
    await Promise.all(sent.map(({ delivered }) => delivered))
    await close()
  })
})
