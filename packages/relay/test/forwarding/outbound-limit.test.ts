import { describe, expect, it } from 'vitest'
import { Network, settle } from './network.ts'

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
})
