import { describe, expect, it } from 'vitest'
import { OutboundShares } from '../../src/forwarding/outbound-shares.ts'
import { Network, type Node, settle } from './network.ts'

const peer = (index: number): string => `msrps://peer${index}.example.net:7000/p;tcp`

describe('connections that the relay makes', () => {
  it('are so many and no more; who wants one beyond is told, and one that ends makes room', async () => {
    const network = new Network({ outboundConnections: 2 })
    const alice = await network.client('alice')
    const peers = [0, 1, 2, 3].map((index) => network.within(peer(index)))
    const send = async (index: number): Promise<void> => {
      alice.send([alice.token, peer(index)], 'hello', [['Message-ID', `to${index}`]])
      await settle()
    }
    for (const index of [0, 1, 2]) await send(index)
    expect(network.dialed.map(({ uri }) => String(uri))).toEqual([peer(0), peer(1)])
    expect(alice.reports).toEqual(['481 1-5/5'])
    peers[0]?.close()
    await settle()
    await send(3)
    expect(peers[3]?.body('to3').toString()).toBe('hello')
  })

  it('do not count when they come to nothing', async () => {
    const network = new Network({ outboundConnections: 1 })
    const alice = await network.client('alice')
    for (const index of [0, 1, 2]) {
      alice.send([alice.token, peer(index)], 'hello', [['Message-ID', `to${index}`]])
      await settle()
    }
    expect(network.dialed).toHaveLength(3)
  })

  it('that never come about, however many sessions ask for them, leave some for everybody else', async () => {
    const network = new Network({ outboundConnections: 64, tokensPerConnection: 8 })
    const alice = await network.client('alice')
    const reached = network.onDial
    network.onDial = () => new Promise(() => {})
    const tokens = [alice.token]
    while (tokens.length < 8) {
      await alice.authenticate('alice', 'wonderland')
      tokens.push(alice.token)
    }
    for (const [session, token] of tokens.entries()) {
      for (let index = 0; index < 16; index++) alice.send([token, peer(100 * session + index)], 'hello')
    }
    await settle()
    expect(network.dialed).toHaveLength(16)
    network.onDial = reached
    const bob = await network.client('bob')
    const found = network.within(peer(1))
    bob.send([bob.token, peer(1)], 'hello', [['Message-ID', 'to1']])
    await settle()
    expect(found.body('to1').toString()).toBe('hello')
  })

  it('and that stay leave some when two have as many as they may; places that get free are had again', async () => {
    const network = new Network({ outboundConnections: 90, tokensPerConnection: 8 })
    const made = new Map<Node, Node[]>()
    const takeAll = async (client: Node, name: string): Promise<void> => {
      const peers: Node[] = []
      made.set(client, peers)
      for (let session = 0; session < 4; session++) {
        if (session > 0) await client.authenticate(name, network.passwords.get(name) ?? '')
        for (let index = 0; index < 16; index++) {
          const uri = `msrps://${name}${session}-${index}.example.net:7000/p;tcp`
          const before = network.dialed.length
          const far = network.within(uri)
          client.send([client.token, uri], 'hello')
          await settle()
          if (network.dialed.length > before) peers.push(far)
        }
      }
    }
    const [alice, bob] = [await network.client('alice'), await network.client('bob')]
    await takeAll(alice, 'alice')
    await takeAll(bob, 'bob')
    expect([...made.values()].map(({ length }) => length)).toEqual([45, 23])
    expect(bob.reports.at(-1)).toMatch(/^481 /)
    for (const far of made.get(alice)?.slice(0, 4) ?? []) far.close()
    await settle()
    network.within(peer(1))
    bob.send([bob.token, peer(1)], 'hello')
    await settle()
    expect(network.dialed.map(({ uri }) => String(uri))).toContain(peer(1))
  })
})

describe('the shares of connections', () => {
  it('hold dials under way to an eighth of what is free, and those who have none always get some', () => {
    const shares = new OutboundShares(() => 900)
    const alice = Array.from({ length: 900 }, () => shares.take('alice')).filter((place) => typeof place === 'object')
    expect(alice).toHaveLength(100)
    for (const { made } of alice) made()
    expect(typeof shares.take('alice')).toBe('object')
    for (let index = 0; index < 49; index++) {
      for (let place = 0; place < 16; place++) expect(typeof shares.take(`account ${index}`)).toBe('object')
    }
  })

  it('come back once, whether the dial was over or not', () => {
    const shares = new OutboundShares(() => 1)
    for (let turn = 0; turn < 3; turn++) {
      const place = shares.take('alice')
      if (typeof place === 'string') throw new Error(place)
      expect(typeof shares.take('bob')).toBe('string')
      if (turn > 0) place.made()
      place.release()
      expect(shares.total).toBe(0)
    }
  })
})
