import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const hello = async (from: Node, to: Node): Promise<number> =>
  (await from.response(from.send(to.path, 'hello'))).head.status

describe('a session', () => {
  it('has one peer; a second is refused, and told why (RFC4975-5.4-14, FIELD-relay-4)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const peer = network.connect({ uri: 'msrps://peer.invalid:1/p;tcp' })
    const other = network.connect({ uri: 'msrps://other.invalid:1/o;tcp' })
    expect(await hello(peer, alice)).toBe(200)
    expect(await hello(other, alice)).toBe(506)
    expect(await hello(peer, alice)).toBe(200)
    expect(alice.all('SEND')).toHaveLength(2)
    expect(network.relay.counters.intruders).toBe(1)
    expect(other.closed).toBe(false)
  })

  it('has no second one on the connection of the first either', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const peer = network.connect()
    peer.send(alice.path, 'hello')
    const sent = peer.request('SEND', {
      toPath: alice.path,
      fromPath: ['msrps://other.invalid:1/o;tcp'],
      fields: [['Message-ID', 'message1']],
    })
    expect((await peer.response(sent)).head.status).toBe(506)
  })

  it('takes another when the first is gone', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const peer = network.connect({ uri: 'msrps://peer.invalid:1/p;tcp' })
    await hello(peer, alice)
    peer.close()
    await settle()
    expect(await hello(network.connect({ uri: 'msrps://other.invalid:1/o;tcp' }), alice)).toBe(200)
  })

  it('takes those whom its holder has sent a message: one offer may have several answers (RFC 4975 §8.8)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const peers = ['one', 'two'].map((name) => network.connect({ uri: `msrps://${name}.invalid:1/p;tcp` }))
    expect(await hello(peers[0]!, alice)).toBe(200)
    expect(await hello(peers[1]!, alice)).toBe(506)
    network.onDial = () => Promise.reject(new Error('there is no way out'))
    alice.request('NICKNAME', { toPath: [alice.token, peers[1]!.uri], fields: [['Use-Nickname', '"Ally"']] })
    expect(await hello(peers[1]!, alice)).toBe(506)
    alice.send([alice.token, peers[1]!.uri], 'are you there?')
    await settle()
    expect(await hello(peers[1]!, alice)).toBe(200)
    expect(await hello(peers[0]!, alice)).toBe(200)
  })

  it('remembers those by sixteen URIs of the usual length, and by fewer long ones', async () => {
    const admitted = async (length: number, others: number): Promise<number> => {
      const network = new Network()
      const alice = await network.client('alice')
      alice.answers = true
      await hello(network.connect({ uri: 'msrps://peer.invalid:1/p;tcp' }), alice)
      network.onDial = () => Promise.reject(new Error('there is no way out'))
      const late = network.connect({ uri: 'msrps://late.invalid:1/l;tcp' })
      for (let count = 0; count < others; count++) {
        alice.send([alice.token, `msrps://other.invalid:${count + 1}/${'o'.repeat(length)};tcp`], 'hello')
      }
      alice.send([alice.token, late.uri], 'hello')
      await settle()
      return hello(late, alice)
    }
    expect([await admitted(200, 15), await admitted(200, 16)]).toEqual([200, 506])
    expect([await admitted(2000, 2), await admitted(4064, 1)]).toEqual([200, 506])
  })

  it('goes on over the new connection of a peer that comes back, and the old one is closed (RFC4975-5.4-13)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const uri = 'msrps://peer.invalid:1/p;tcp'
    const old = network.connect({ uri })
    old.answers = true
    await hello(old, alice)
    await alice.response(alice.send([alice.token, uri], 'to the old one'))
    const back = network.connect({ uri })
    back.answers = true
    expect(await hello(back, alice)).toBe(200)
    expect(old.closed).toBe(true)
    alice.send([alice.token, uri], 'to the new one', [['Message-ID', 'message2']])
    await settle()
    expect(back.body('message2').toString()).toBe('to the new one')
    expect(network.dialed).toEqual([])
  })

  it('that goes on elsewhere leaves the old connection alone when that serves others as well (RFC4975-5.4-25)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    alice.answers = bob.answers = true
    const uri = 'msrps://gateway.invalid:1/g;tcp'
    const gateway = network.connect({ uri })
    gateway.answers = true
    await hello(gateway, alice)
    await hello(gateway, bob)
    await alice.response(alice.send([alice.token, uri], 'hello first', [['Message-ID', 'message8']]))
    expect(gateway.body('message8').toString()).toBe('hello first')
    // Alice, or whoever has her path, poses as the gateway.
    const thief = network.connect({ uri })
    thief.answers = true
    expect(await hello(thief, alice)).toBe(200)
    expect(gateway.closed).toBe(false)
    expect(await hello(gateway, bob)).toBe(200)
    // What alice sends from now on takes the new way, though it began on the old one.
    await alice.response(alice.send([alice.token, uri], 'hello gateway', [['Message-ID', 'message9']]))
    expect(thief.body('message9').toString()).toBe('hello gateway')
    expect(gateway.body('message9').toString()).toBe('')
  })

  it('that goes on elsewhere does not end the connection of a client of ours', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    alice.answers = true
    expect((await bob.response(bob.send([bob.token, ...alice.path], 'hello'))).head.status).toBe(200)
    const thief = network.connect({ uri: bob.uri })
    thief.send([bob.token, ...alice.path], 'hello')
    await settle()
    expect(bob.closed).toBe(false)
    expect((await bob.response(bob.send([bob.token, ...alice.path], 'still there'))).head.status).toBe(200)
  })
})

describe('the way from a holder to a peer', () => {
  it('is the connection on which that peer came, not a new one (RFC4975-5.4-11, RFC4976-5.2-1, RFC4976-5.2-2)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const peer = network.connect()
    peer.answers = true
    peer.send(alice.path, 'hello')
    await settle()
    expect((await alice.response(alice.send([alice.token, peer.uri], 'hello back'))).head.status).toBe(200)
    expect(peer.body().toString()).toBe('hello back')
    expect(network.dialed).toEqual([])
  })

  it('is not one on which the same URI came with another token', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    const peer = network.connect()
    peer.send(alice.path, 'hello')
    await settle()
    bob.send([bob.token, peer.uri], 'hello from a stranger')
    await settle()
    expect(network.dialed).toHaveLength(1)
    expect(peer.all('SEND')).toEqual([])
  })

  it('is found by a peer that comes while it is still being dialled', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const { promise, reject } = Promise.withResolvers<never>()
    network.onDial = () => promise
    const peer = network.connect()
    peer.answers = true
    const early = alice.send([alice.token, peer.uri], 'early', [['Message-ID', 'early']])
    await settle()
    expect(await hello(peer, alice)).toBe(200)
    alice.send([alice.token, peer.uri], 'late', [['Message-ID', 'later']])
    await settle()
    expect(peer.all('SEND').map(({ body }) => body.toString())).toEqual(['early', 'late'])
    reject(new Error('no route to host'))
    await settle()
    expect(alice.reports).toEqual([])
    expect(alice.statuses(early)).toEqual([200])
  })

  it('is a new one after the peer that came is gone', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const peer = network.connect()
    peer.send(alice.path, 'hello')
    await settle()
    peer.close()
    await settle()
    const far = network.within(peer.uri)
    alice.send([alice.token, peer.uri], 'hello back')
    await settle()
    expect(far.body().toString()).toBe('hello back')
  })
})

describe('connections to other relays', () => {
  const R2 = 'msrps://two.example.net:2855/x;tcp'

  it('are one for each session, so that congestion is told from end to end (RFC4975-5.4-1, RFC4976-5.2-3, RFC4976-6.4.2-1)', async () => {
    const network = new Network()
    const clients = [await network.client('alice'), await network.client('bob')]
    for (const client of clients) {
      network.within(R2, { certificate: ['two.example.net'] })
      client.send([client.token, R2, 'msrps://b.invalid:1/b;tcp'], 'hello')
      await settle()
    }
    expect(network.dialed).toHaveLength(2)
  })

  it('are one for all towards relays that are named (RFC4975-5.4-1, RFC4976-5.2-2, RFC4976-6.4.2-1)', async () => {
    const network = new Network({ sharedConnectionsTo: ['Two.example.net'] })
    const clients = [await network.client('alice'), await network.client('bob')]
    const other = network.within(R2, { certificate: ['two.example.net'] })
    for (const client of clients) {
      client.send([client.token, R2, 'msrps://b.invalid:1/b;tcp'], 'hello')
      await settle()
      // Anything else goes there too, though no message has come back yet.
      client.request('NICKNAME', {
        toPath: [client.token, R2, 'msrps://b.invalid:1/b;tcp'],
        fields: [['Use-Nickname', '"Ally"']],
      })
      await settle()
    }
    expect(network.dialed).toHaveLength(1)
    expect(other.requests.map(({ head }) => head.method)).toEqual(['SEND', 'NICKNAME', 'SEND', 'NICKNAME'])
    clients[0]!.close()
    await settle()
    expect(other.closed).toBe(false)
    other.close()
    await settle()
    const again = network.within(R2, { certificate: ['two.example.net'] })
    clients[1]!.send([clients[1]!.token, R2, 'msrps://b.invalid:1/b;tcp'], 'hello again')
    await settle()
    expect(again.body().toString()).toBe('hello again')
  })

  it('lead back to the holder when both users are behind the same relay, and none is made (RFC4976-6.4-1)', async () => {
    const network = new Network()
    // Alice and Bob both come through relay one, each on a connection of its own.
    const connect = async (name: string): Promise<Node> => {
      const node = network.connect({
        certificate: ['one.example.net'],
        uri: `msrps://one.example.net:2855/${name};tcp`,
      })
      const fromPath = [node.uri, `msrps://${name}.invalid:1/${name};tcp`]
      await node.authenticate(name, network.passwords.get(name) ?? '', { fromPath })
      return node
    }
    const [a, b] = [await connect('alice'), await connect('bob')]
    b.answers = a.answers = true
    const send = (from: Node, to: readonly string[]): string =>
      from.request('SEND', {
        toPath: [...to, 'msrps://user.invalid:1/u;tcp'],
        fromPath: [from.uri, 'msrps://user.invalid:1/u;tcp'],
        fields: [['Message-ID', 'message1']],
      })
    // Through both tokens: relay one, ours, ours, relay one.
    const there = send(a, [a.token, b.token, b.uri])
    const back = send(b, [b.token, a.token, a.uri])
    // And from a user of relay one alone, to one who uses ours as well.
    const half = network.connect({ certificate: ['one.example.net'], uri: 'msrps://one.example.net:2855/half;tcp' })
    await settle()
    expect([a.statuses(there), b.statuses(back)]).toEqual([[200], [200]])
    expect([a.all('SEND').length, b.all('SEND').length]).toEqual([1, 1])
    expect(network.dialed).toEqual([])
    const second = send(half, [a.token, a.uri])
    await settle()
    expect(half.statuses(second)).toEqual([506])
    b.close()
    await settle()
    const alone = send(half, [a.token, a.uri])
    await settle()
    expect(half.statuses(alone)).toEqual([200])
    expect(a.all('SEND')).toHaveLength(2)
    expect(network.dialed).toEqual([])
  })
})
