import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

/** URIs of hops before the sender, which every REPORT goes back through. */
const LONG = Array.from({ length: 10 }, (_, hop) => `msrps://h.invalid:9/${'z'.repeat(500)}${hop};tcp`)

/** Another relay in front of many users, over one connection that they share. */
function otherRelay(network: Network): Node {
  return network.connect({ certificate: ['other.example.net'], uri: 'msrps://other.example.net:2855/o;tcp' })
}

/** So many chunks are answered 200, and their receiver has not said anything yet. */
async function sendMany(from: Node, toPath: string[], fromPath: string[], count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    const fields = [['Message-ID', `message${sent}`] as const, ['Byte-Range', '1-2/2'] as const]
    from.request('SEND', { toPath, fromPath, body: 'hi', fields: fields.map(([name, value]) => [name, value]) })
    if (sent % 20 === 0) await settle()
  }
  await settle()
}

describe('REPORTs of a next hop that dies', () => {
  it('all reach a sender of many short messages, whose connection stays, and what it sends meanwhile', async () => {
    const network = new Network()
    const alice = await network.client('alice', { capacity: 10_000 })
    const bob = await network.client('bob')
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    carol.answers = true
    const hops = LONG.slice(0, 2)
    await sendMany(alice, [alice.token, ...bob.path], [alice.uri, ...hops], 1500)
    bob.pair.drop()
    await settle()
    expect(alice.closed).toBe(false)
    expect(alice.reports).toEqual(new Array(1500).fill('481 1-2/2'))
    expect(new Set(alice.all('REPORT').map(({ head }) => head.fields.messageId)).size).toBe(1500)
    const hello = carol.send(alice.path, 'hello')
    expect((await carol.response(hello)).head.status).toBe(200)
  })

  it('do not cut a connection that others share, nor keep their responses waiting', async () => {
    const network = new Network()
    const relay = otherRelay(network)
    const dave = await network.client('alice')
    const sessions: Node[] = []
    // Several at once, so that the REPORTs of one come when those of others are still on their way.
    for (let count = 0; count < 5; count++) sessions.push(await network.client('bob'))
    for (const [index, bob] of sessions.entries()) {
      await sendMany(relay, bob.path, [`msrps://other.example.net:2855/m${index};tcp`, ...LONG], 450)
    }
    relay.pause()
    for (const bob of sessions) bob.pair.drop()
    await settle()
    const from = 'msrps://other.example.net:2855/carol;tcp'
    const hello = relay.request('SEND', {
      toPath: dave.path,
      fromPath: [from],
      body: 'hello',
      fields: [
        ['Message-ID', 'hello1'],
        ['Byte-Range', '1-5/5'],
      ],
    })
    await settle()
    expect(dave.body('hello1').toString()).toBe('hello')
    const waited = relay.reports.length
    relay.resume()
    await settle()
    expect(relay.closed).toBe(false)
    expect(relay.reports).toHaveLength(sessions.length * 450)
    expect(relay.statuses(hello)).toEqual([200])
    expect(waited).toBe(0)
  })

  it('that another relay has told of are passed on, all of them', async () => {
    const network = new Network()
    const alice = await network.client('alice', { capacity: 10_000 })
    const relay = otherRelay(network)
    alice.pause()
    for (let count = 0; count < 3000; count++) {
      relay.request('REPORT', {
        toPath: [...alice.path, ...LONG.slice(0, 1)],
        fields: [
          ['Message-ID', `message${count}`],
          ['Byte-Range', '1-2/2'],
          ['Status', '000 481'],
        ],
      })
      if (count % 20 === 0) await settle()
    }
    alice.resume()
    await settle()
    expect(alice.reports).toHaveLength(3000)
  })

  it('are not kept without end for a client that reads none: it is not read meanwhile', async () => {
    const network = new Network()
    const alice = await network.client('alice', { capacity: 10_000 })
    const hops = LONG.slice(0, 5)
    const bob = await network.client('bob')
    await sendMany(alice, [alice.token, ...bob.path], [alice.uri, ...hops], 800)
    alice.pause()
    bob.pair.drop()
    await settle()
    expect(alice.pair.right.paused).toBe(true)
    alice.resume()
    await settle()
    expect(alice.pair.right.paused).toBe(false)
    expect(alice.reports).toHaveLength(800)
  })
})

describe('requests that nobody answers', () => {
  const nickname = (from: Node, toPath: string[]): string =>
    from.request('NICKNAME', { toPath, fields: [['Use-Nickname', '"x"']] })

  it('are refused when their next hops die, which does not cut the connection that others share', async () => {
    const network = new Network()
    const relay = otherRelay(network)
    const sessions: Node[] = []
    for (let count = 0; count < 3; count++) sessions.push(await network.client('bob'))
    const sent: string[] = []
    for (const [index, bob] of sessions.entries()) {
      for (let count = 0; count < 300; count++) {
        const fromPath = [`msrps://other.example.net:2855/m${index};tcp`, ...LONG]
        sent.push(relay.request('NICKNAME', { toPath: bob.path, fromPath, fields: [['Use-Nickname', '"x"']] }))
        if (count % 20 === 0) await settle()
      }
    }
    await settle()
    relay.pause()
    for (const bob of sessions) {
      bob.pair.drop()
      await settle()
    }
    relay.resume()
    await settle()
    expect(relay.closed).toBe(false)
    expect(sent.every((id) => relay.statuses(id).join() === '481')).toBe(true)
  })

  it('do not stop those of others that go to the same relay, nor their AUTH', async () => {
    const network = new Network({ sharedConnectionsTo: ['other.example.net'] })
    const mallory = await network.client('alice')
    const carol = await network.client('bob')
    const erin = await network.client('alice')
    const other = 'msrps://other.example.net:2855'
    const relay = network.within(`${other};tcp`, { certificate: ['other.example.net'] })
    for (const client of [mallory, carol]) client.request('AUTH', { toPath: [client.token, `${other};tcp`] })
    await settle()
    for (const request of relay.all('AUTH')) relay.respond(request, 401)
    const flood = Array.from({ length: 1500 }, (_, number) =>
      nickname(mallory, [mallory.token, `${other}/n${number % 2};tcp`, 'msrps://n.invalid:1/n;tcp']),
    )
    await settle()
    expect(flood.filter((id) => mallory.statuses(id)[0] === 413)).toHaveLength(1500 - 1024)
    relay.requests.length = 0

    const one = nickname(carol, [carol.token, `${other}/d;tcp`, 'msrps://d.invalid:1/d;tcp'])
    const auth = erin.request('AUTH', { toPath: [erin.token, `${other};tcp`] })
    await settle()
    expect(relay.requests.map(({ head }) => head.method)).toEqual(['NICKNAME', 'AUTH'])
    for (const request of relay.requests) relay.respond(request)
    await settle()
    expect([carol.statuses(one), erin.statuses(auth)]).toEqual([[200], [200]])
    // Those of the flood that waited longest had to make room.
    expect(mallory.statuses(flood[0]!)).toEqual([413])
    expect(mallory.statuses(flood[1]!)).toEqual([])
    await network.clock.advance(30_000)
    expect(flood.every((id) => mallory.statuses(id).length === 1)).toBe(true)
  })
})
