import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const PATIENCE = 60

async function twoClients(settings = {}): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network({ stalled: PATIENCE, flowBuffer: 20_000, ...settings })
  const alice = await network.client('alice', { capacity: 5000 })
  const bob = await network.client('bob', { capacity: 5000 })
  bob.answers = true
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

const megabyte = [['Byte-Range', '1-*/1000000']] as const

describe('a connection that takes nothing of what waits for it', () => {
  it('is closed after the time that the settings give it, and whoever sends there is told', async () => {
    const { network, alice, bob, path } = await twoClients()
    bob.pause()
    const sent = alice.send(path, Buffer.alloc(1_000_000), megabyte)
    await network.clock.advance((PATIENCE - 1) * 1000)
    expect([network.relay.connections, alice.statuses(sent)]).toEqual([2, []])
    await network.clock.advance(3_000)
    expect(network.relay.connections).toBe(1)
    expect(alice.statuses(sent)).toEqual([481])
    expect(network.logged).toContain('closed: it takes nothing of what waits for it')
    expect(alice.closed).toBe(false)
  })

  it('has all its time again when it takes something', async () => {
    const { network, alice, bob, path } = await twoClients()
    bob.pause()
    const sent = alice.send(path, Buffer.alloc(1_000_000), megabyte)
    let received = 0
    for (let turn = 0; turn < 5; turn++) {
      await network.clock.advance((PATIENCE - 10) * 1000)
      bob.resume()
      const more = bob.open?.body.length ?? 0
      await Promise.resolve()
      bob.pause()
      expect(bob.open?.body.length).toBeGreaterThan(Math.min(received, more))
      received = bob.open?.body.length ?? 0
    }
    bob.resume()
    await settle()
    expect(bob.body()).toHaveLength(1_000_000)
    expect(alice.statuses(sent)).toEqual([200])
  })

  it('is not one for which nothing waits, however long it is silent', async () => {
    const { network, alice, bob, path } = await twoClients()
    bob.pause()
    await network.clock.advance(10 * PATIENCE * 1000)
    bob.resume()
    const sent = alice.send(path, 'hello')
    expect((await alice.response(sent)).head.status).toBe(200)
  })

  it('is not closed for the time in which the relay itself stood still', async () => {
    const { network, alice, bob, path } = await twoClients()
    const { clock } = network
    bob.pause()
    alice.send(path, Buffer.alloc(1_000_000), megabyte)
    await clock.advance(2_000)
    // The process is stopped: its timers go off late, all at once.
    const now = clock.now.bind(clock)
    let late = 0
    clock.now = () => now() + late
    late = 3 * PATIENCE * 1000
    await clock.advance((PATIENCE - 5) * 1000)
    expect(network.relay.connections).toBe(2)
    await clock.advance(10_000)
    expect(network.relay.connections).toBe(1)
  })

  it('leaves no timer behind when it was the last', async () => {
    const { network, alice, bob } = await twoClients()
    alice.close()
    bob.close()
    await settle()
    expect([network.relay.connections, network.clock.pending]).toEqual([0, 0])
  })
})

describe('a far side that has not shown any business here', () => {
  const challenges = async (stranger: Node, count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      stranger.request('AUTH', { toPath: ['msrps://relay.example.com:2855;tcp'] })
      await settle()
    }
  }

  it('and does not read its responses is not read on after 128 KiB of them, and is closed in its time', async () => {
    const network = new Network()
    const stranger = network.connect({ capacity: 5000 })
    stranger.pause()
    await challenges(stranger, 2000)
    expect(stranger.pair.right.paused).toBe(true)
    expect(stranger.pair.right.bufferedBytes).toBeLessThan(150 * 1024)
    await network.clock.advance(30_000)
    expect(network.relay.connections).toBe(0)
  })

  it('and reads them after all gets every one of them', async () => {
    const network = new Network()
    const stranger = network.connect({ capacity: 5000 })
    stranger.pause()
    await challenges(stranger, 1000)
    stranger.resume()
    await settle()
    expect(stranger.responses).toHaveLength(1000)
    expect(stranger.pair.right.paused).toBe(false)
  })
})
