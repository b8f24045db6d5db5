import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const KiB = 1024
/** What stays with a connection beside what is counted: the transport's room, and a last read. */
const ROOM = 256 * KiB + 64 * KiB + 10_000

/** A relay that may keep 300 kB altogether, with pairs of clients; their receivers are named `bobN`. */
async function pairs(count: number, settings = {}): Promise<{ network: Network; pairs: [from: Node, to: Node][] }> {
  const network = new Network({ totalBuffer: 300_000, flowBuffer: 262_144, stalled: 300, ...settings })
  const made: [Node, Node][] = []
  for (let index = 0; index < count; index++) {
    for (const name of ['alice', 'bob']) network.passwords.set(`${name}${index}`, 'secret')
    const from = await network.client(`alice${index}`, { capacity: 5000, split: 5000 })
    const to = await network.client(`bob${index}`, { capacity: 5000 })
    to.answers = true
    made.push([from, to])
  }
  return { network, pairs: made }
}

const size = 2_000_000
const large = [['Byte-Range', `1-*/${size}`]] as const

/** Bytes that the relay has taken from a sender. */
const taken = (sender: Node): number => size - sender.pair.left.bufferedBytes

describe('when a relay keeps as much as it may', () => {
  it('each of its senders gets the least room that keeps it going', async () => {
    const { network, pairs: made } = await pairs(6)
    for (const [from, to] of made) {
      to.pause()
      from.send([from.token, ...to.path], Buffer.alloc(size), large)
      await network.clock.advance(500)
    }
    expect(taken(made[0]![0])).toBeLessThan(262_144 + ROOM)
    for (const [from] of made.slice(2)) expect(taken(from)).toBeLessThan(16 * KiB + ROOM)
  })

  it('those who read are served all the same', async () => {
    const { network, pairs: made } = await pairs(4)
    const [one, two, three, well] = made as [[Node, Node], [Node, Node], [Node, Node], [Node, Node]]
    for (const [from, to] of [one, two, three]) {
      to.pause()
      from.send([from.token, ...to.path], Buffer.alloc(size), large)
    }
    await network.clock.advance(1000)
    const [from, to] = well
    const sent = from.send([from.token, ...to.path], Buffer.alloc(size, 'x'), large)
    expect((await from.response(sent)).head.status).toBe(200)
    expect(to.body()).toHaveLength(size)
  })

  it('those who take nothing are given up after seconds, the longest stalled first, until there is room', async () => {
    const { network, pairs: made } = await pairs(6)
    for (const [from, to] of made) {
      to.pause()
      from.send([from.token, ...to.path], Buffer.alloc(size), large)
      await network.clock.advance(1000)
    }
    await network.clock.advance(60_000)
    const told = made.map(([from]) => from.responses.at(-1)?.head.status)
    expect(told[0]).toBe(481)
    // What is left fits, so that it is waited for: the last thing its sender has heard is the 200 to its AUTH.
    expect(told.at(-1)).toBe(200)
    expect(told).toEqual([...told].sort((one = 0, other = 0) => other - one))
  })

  it('a connection that carries many sessions keeps little for the slow ones among them', async () => {
    const { network, pairs: made } = await pairs(3, { totalBuffer: 40_000 })
    const source = network.connect({ uri: 'msrps://gateway.invalid:1/g;tcp' })
    const sent: string[] = []
    for (const [, to] of made) source.send(to.path, 'hello')
    await settle()
    for (const [, to] of made) {
      to.pause()
      const id = source.begin(to.path, [['Message-ID', 'large']])
      source.write(Buffer.alloc(300_000))
      source.end(id)
      sent.push(id)
      await network.clock.advance(1000)
    }
    expect(sent.map((id) => source.statuses(id)[0])).toContain(413)
    expect(source.closed).toBe(false)
  })
})

describe('a connection between relays that share it', () => {
  it('is read on when the first session stalls, so that a second one can begin', async () => {
    const { network, pairs: made } = await pairs(2, { sharedConnectionsTo: ['other.example.net'] })
    const source = network.connect({ uri: 'msrps://other.example.net:1/g;tcp', certificate: ['other.example.net'] })
    const [[, stalled], [, reading]] = made as [[Node, Node], [Node, Node]]
    stalled.pause()
    const first = source.begin(stalled.path, large)
    source.write(Buffer.alloc(size))
    source.end(first)
    await network.clock.advance(10)
    const second = source.send(reading.path, 'hello')
    expect((await source.response(second)).head.status).toBe(200)
    expect([source.statuses(first), reading.body().toString()]).toEqual([[413], 'hello'])
  })
})

describe('a connection between relays whose stalled sessions have filled its room', () => {
  it('goes on with those whose receivers read', async () => {
    const sharedConnectionsTo = ['Other.Example.Net']
    const { network, pairs: made } = await pairs(20, { totalBuffer: 1 << 28, flowBuffer: 16_384, sharedConnectionsTo })
    const source = network.connect({ uri: 'msrps://other.example.net:1/g;tcp', certificate: ['other.example.net'] })
    const [reading, ...stalled] = made.map(([, to]) => to) as [Node, ...Node[]]
    for (const to of stalled) {
      to.pause()
      for (let part = 0; part < 40; part++) source.send(to.path, Buffer.alloc(16_000), [['Message-ID', `part${part}`]])
      await settle()
    }
    for (let part = 0; part < 50; part++) {
      const id = source.send(reading.path, Buffer.alloc(10_000), [['Message-ID', `good${part}`]])
      await network.clock.advance(10)
      expect(source.statuses(id)).toEqual([200])
    }
    expect(reading.all('SEND')).toHaveLength(50)
    expect(network.logged).not.toContain('closed: it takes nothing of what waits for it')
  })
})
