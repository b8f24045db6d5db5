import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const FAR = 'msrps://far.example.net:7000/f;tcp'
const message = [['Message-ID', 'message1'] as const]
const nickname = [['Use-Nickname', '"Ally"'] as const]
const reportFields = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-5/5'],
  ['Status', '000 200 OK'],
] as const

describe('a request to a token', () => {
  it("from a peer goes to its holder, over the holder's connection, whatever the next URI says (RFC4976-6.4-1)", async () => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const peer = network.connect()
    for (const next of [alice.uri, 'msrps://127.0.0.1:22/x;tcp', 'msrp://10.0.0.1:80/x;tcp', FAR, alice.token]) {
      expect((await peer.response(peer.send([alice.token, next], 'hello'))).head.status).toBe(200)
    }
    expect(alice.all('SEND').map(({ head }) => String(head.fields.toPath[0]))).toEqual([
      alice.uri,
      'msrps://127.0.0.1:22/x;tcp',
      'msrp://10.0.0.1:80/x;tcp',
      FAR,
      alice.token,
    ])
    expect(network.dialed).toEqual([])
  })

  it('from its holder goes to whom the holder names, by one connection made for it (RFC4976-6.4.2-1, RFC4976-6.4.1-11)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const far = network.within(FAR)
    far.answers = true
    for (const body of ['one', 'two']) alice.send([alice.token, FAR], body)
    await settle()
    expect(network.dialed.map(({ uri, kind }) => `${kind} ${uri}`)).toEqual([`peer ${FAR}`])
    expect(far.all('SEND').map(({ body }) => body.toString())).toEqual(['one', 'two'])
    expect(far.requests[0]?.head.fields.fromPath.map(String)).toEqual([alice.token, alice.uri])
    expect(far.requests[0]?.head.fields.toPath.map(String)).toEqual([FAR])
    // What is no message takes the same one.
    alice.request('NICKNAME', { toPath: [alice.token, FAR], fields: nickname })
    await settle()
    expect(far.all('NICKNAME')).toHaveLength(1)
    expect(network.dialed).toHaveLength(1)
  })

  it('from its holder to another relay asks for a connection to a relay, and does not take one to a peer for it', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    network.within(FAR)
    alice.send([alice.token, FAR], 'to a peer, whose certificate may be anything')
    await settle()
    network.within(FAR)
    alice.send([alice.token, FAR, 'msrps://behind.example.net:1/b;tcp'], 'to a relay')
    await settle()
    expect(network.dialed.map(({ kind }) => kind)).toEqual(['peer', 'relay'])
  })

  it('that names no other URI is not for us', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    expect((await alice.response(alice.send([alice.token], 'dear relay'))).head.status).toBe(481)
    const peer = network.connect()
    expect((await peer.response(peer.send([alice.token], 'dear relay'))).head.status).toBe(481)
  })

  it('of both users goes from one to the other inside the relay, and both URIs are moved', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    bob.answers = true
    const { head } = await alice.response(alice.send([alice.token, ...bob.path], 'hello'))
    expect(head.status).toBe(200)
    expect(bob.requests[0]?.head.fields.fromPath.map(String)).toEqual([bob.token, alice.token, alice.uri])
    expect(network.dialed).toEqual([])
    expect(network.relay.connections).toBe(2)
  })

  it('of two sessions of one client goes back to it', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const first = alice.token
    await alice.authenticate('alice', 'wonderland')
    expect((await alice.response(alice.send([first, alice.token, alice.uri], 'to myself'))).head.status).toBe(200)
    expect(alice.all('SEND')).toHaveLength(1)
    expect(network.dialed).toEqual([])
  })

  it('addressed by a listener without TLS is let in when such a listener is there', async () => {
    const network = new Network({ ports: [2855, 2856] })
    const alice = await network.client('alice')
    const peer = network.connect({ secure: false, uri: 'msrp://peer.invalid:9000/p;tcp' })
    const plain = alice.token.replace('msrps:', 'msrp:')
    alice.answers = true
    expect((await peer.response(peer.send([plain, alice.uri], 'hello'))).head.status).toBe(200)
    expect(alice.requests[0]?.head.fields.fromPath.map(String)).toEqual([plain, peer.uri])
    alice.report(alice.requests[0])
    await settle()
    expect(peer.reports).toEqual(['200 1-5/5'])
  })
})

describe('nobody makes the relay connect', () => {
  const attempts: [string, (network: Network, alice: Node, bob: Node, peer: Node) => void][] = [
    [
      'with the From-Path of a message and a success REPORT',
      (_network, alice, _bob, peer) => {
        peer.request('SEND', {
          toPath: alice.path,
          fromPath: ['msrp://victim.example:80/x;tcp'],
          fields: [...message, ['Success-Report', 'yes']],
        })
      },
    ],
    [
      'with a REPORT of the holder to somebody unknown',
      (_network, alice) => alice.request('REPORT', { toPath: [alice.token, FAR], fields: reportFields }),
    ],
    [
      'with a NICKNAME of the holder to somebody unknown',
      (_network, alice) => alice.request('NICKNAME', { toPath: [alice.token, FAR], fields: nickname }),
    ],
    [
      'with an unknown method of the holder',
      (_network, alice) => alice.request('FROBNICATE', { toPath: [alice.token, FAR] }),
    ],
    [
      'with a message towards the holder and a foreign URI behind the token',
      (_network, alice, bob, peer) => {
        peer.send([alice.token, FAR], 'hello')
        bob.send([bob.token, alice.token, FAR], 'hello')
      },
    ],
    [
      'with the token of somebody else',
      (_network, alice, bob) => {
        bob.send([alice.token, FAR], 'hello')
        bob.request('AUTH', { toPath: [alice.token, FAR] })
      },
    ],
    [
      'with a token that does not exist, or our bare name',
      (_network, _alice, bob, peer) => {
        for (const node of [bob, peer]) {
          node.send(['msrps://relay.example.com:2855/none;tcp', FAR], 'hello')
          node.send(['msrps://relay.example.com:2855;tcp', FAR], 'hello')
        }
      },
    ],
    [
      'with a token of ours that has run out',
      (network, alice) => {
        void network.clock.advance(900_000).then(() => alice.send([alice.token, FAR], 'hello'))
      },
    ],
    [
      'to itself',
      (_network, alice) => {
        alice.send([alice.token, 'msrps://relay.example.com:2855/none;tcp'], 'hello')
        alice.send([alice.token, 'msrps://relay.example.com:2855;tcp'], 'hello')
        alice.send([alice.token, 'msrps://relay.example.com;tcp'], 'hello')
        alice.send([alice.token, 'msrp://RELAY.example.com:2855/none;tcp', FAR], 'hello')
        alice.send([alice.token, 'msrps://192.0.2.1:2855/none;tcp', FAR], 'hello')
      },
    ],
  ]

  it.each(attempts)('%s', async (_, attempt) => {
    const network = new Network({ names: ['relay.example.com', '192.0.2.1'] })
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    const peer = network.connect()
    attempt(network, alice, bob, peer)
    await settle()
    await settle()
    for (const { head } of alice.all('SEND')) {
      alice.request('REPORT', { toPath: head.fields.fromPath.map(String), fields: reportFields })
    }
    await settle()
    expect(network.dialed).toEqual([])
  })

  it('more often than is good for it', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    network.onDial = () => new Promise(() => {})
    const sent = Array.from({ length: 20 }, (_, index) =>
      alice.send([alice.token, `msrps://h${index}.example:1/x;tcp`], 'x'),
    )
    await settle()
    expect(network.dialed).toHaveLength(16)
    expect(sent.flatMap((id) => alice.reports.length + alice.statuses(id).length).every((count) => count > 0)).toBe(
      true,
    )
    expect(alice.reports).toEqual(['403 1-1/1', '403 1-1/1', '403 1-1/1', '403 1-1/1'])
  })
})

describe('a request that is not for us', () => {
  it.each([
    ['another name', ['msrps://elsewhere.example.com:2855/x;tcp', FAR], undefined],
    ['another port', ['msrps://relay.example.com:2856/x;tcp', FAR], undefined],
    ['no port (RFC4976-8-1)', ['msrps://relay.example.com/x;tcp', FAR], undefined],
    ['its sender', ['msrps://peer.invalid:9000/peer;tcp'], undefined],
    ['us, from us: spoofing', ['msrps://relay.example.com:2855/x;tcp', FAR], ['msrps://relay.example.com:2855/y;tcp']],
  ])('ends the connection: %s (RFC4976-6.4.1-11)', async (_, toPath, fromPath) => {
    const network = new Network()
    for (const method of ['SEND', 'REPORT', 'NICKNAME']) {
      const peer = network.connect()
      peer.request(method, { toPath, fromPath, fields: method === 'NICKNAME' ? nickname : reportFields })
      await settle()
      expect(peer.closed).toBe(true)
      expect(peer.received.byteLength).toBe(0)
    }
    expect(network.relay.counters.misdirected).toBe(3)
  })

  it('a From-Path that begins with a token of ours ends the connection, even when token and peer are right', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    const thief = network.connect()
    thief.request('SEND', { toPath: alice.path, fromPath: [bob.token, bob.uri], fields: message })
    await settle()
    expect(thief.closed).toBe(true)
    expect(alice.all('SEND')).toEqual([])
  })

  it('over the connection of a relay is discarded, and the connection stays (RFC4976-6.4.1-11, RFC4976-6.4.1-12)', async () => {
    const network = new Network()
    const relay = network.connect({ certificate: ['other.example.net'] })
    const elsewhere = relay.send(['msrps://elsewhere.example.com:2855/x;tcp', FAR], 'hello')
    const silent = relay.send(['msrps://elsewhere.example.com:2855/x;tcp', FAR], 'hello', [['Failure-Report', 'no']])
    const gone = relay.send(['msrps://relay.example.com:2855/gone;tcp', FAR], 'hello')
    for (let count = 0; count < 20; count++) relay.send(['msrps://relay.example.com:2855/gone;tcp', FAR], 'hello')
    await settle()
    expect([elsewhere, silent, gone].map((id) => relay.statuses(id))).toEqual([[481], [], [481]])
    expect(relay.closed).toBe(false)
    expect(network.relay.counters).toMatchObject({ misdirected: 2, unknownTokens: 21 })
  })
})

describe('a request with a token that is not valid', () => {
  it.each([
    ['yes', [481]],
    ['partial', [481]],
    ['no', []],
  ])(
    'with Failure-Report %s is answered %j and goes nowhere; the connection stays (RFC4975-5.4-12, RFC4976-6.3-6, RFC4976-6.4-1)',
    async (value, statuses) => {
      const network = new Network({ names: ['relay.example.com', '192.0.2.1'], ports: [2855, 2856] })
      const alice = await network.client('alice')
      const fields = [['Failure-Report', value]] as const
      const id = alice.usePath[0]?.sessionId ?? ''
      for (const uri of [
        alice.token.replace(id, id.slice(1)),
        alice.token.replace(id, 'none'),
        alice.token.replace(id, id.toUpperCase()),
        alice.token.replace(';tcp', ';ws'),
        alice.token.replace('relay.example.com', '192.0.2.1'),
        alice.token.replace('2855', '2856'),
      ]) {
        const peer = network.connect()
        const sent = peer.send([uri, alice.uri], 'hello', fields)
        await settle()
        expect(peer.statuses(sent)).toEqual(statuses)
        expect(peer.closed).toBe(false)
      }
      expect(alice.all('SEND')).toEqual([])
      expect(network.relay.counters.unknownTokens).toBe(6)
    },
  )

  it('is never answered when it is a REPORT (RFC4975-7.3.2-6)', async () => {
    const network = new Network()
    const peer = network.connect()
    peer.request('REPORT', { toPath: ['msrps://relay.example.com:2855/none;tcp', FAR], fields: reportFields })
    peer.request('REPORT', { toPath: ['msrps://relay.example.com:2855/none;tcp', FAR], fields: [] })
    await settle()
    expect(peer.received.byteLength).toBe(0)
  })

  it('through two tokens of which the second is not', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    const sent = alice.send([alice.token, 'msrps://relay.example.com:2855/none;tcp', bob.uri], 'hello')
    expect((await alice.response(sent)).head.status).toBe(481)
    expect(bob.all('SEND')).toEqual([])
  })

  it('round and round through the same tokens goes to whom they belong, once', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    bob.answers = alice.answers = true
    const { token: a } = alice
    const { token: b } = bob
    alice.send([a, b, a, b, a, bob.uri], 'hello')
    alice.send([a, a, a, FAR], 'hello')
    alice.send(Array.from({ length: 15 }, () => a).concat(FAR), 'hello')
    await settle()
    expect(bob.all('SEND')).toHaveLength(1)
    expect(alice.all('SEND')).toHaveLength(2)
    expect(network.dialed).toEqual([])
  })
})

describe('the time before the first success', () => {
  it('is limited, for silence (RFC 4976 §6.1)', async () => {
    const network = new Network({ probation: 30 })
    const peer = network.connect()
    await network.clock.advance(29_999)
    expect(peer.closed).toBe(false)
    await network.clock.advance(1)
    expect(peer.closed).toBe(true)
    expect(network.clock.pending).toBe(0)
  })

  it('is limited, for requests that do not succeed, by time and number (RFC4976-6.1-1)', async () => {
    const network = new Network({ probation: 30 })
    const slow = network.connect()
    await slow.challenge()
    slow.send(['msrps://relay.example.com:2855/none;tcp', FAR], 'hello')
    const hasty = network.connect()
    const sent = Array.from({ length: 20 }, () => hasty.send(['msrps://relay.example.com:2855/none;tcp', FAR], 'hello'))
    await settle()
    expect(hasty.closed).toBe(true)
    expect(sent.filter((id) => hasty.statuses(id).length > 0)).toHaveLength(8)
    expect(slow.closed).toBe(false)
    await network.clock.advance(30_000)
    expect(slow.closed).toBe(true)
  })

  it('is over with an AUTH, a message or any other request that is forwarded', async () => {
    const network = new Network({ probation: 30 })
    const alice = await network.client('alice')
    const sender = network.connect({ uri: 'msrps://sender.invalid:1/s;tcp' })
    const reporter = network.connect({ uri: 'msrps://reporter.invalid:1/r;tcp' })
    sender.send(alice.path, 'hello')
    reporter.request('REPORT', { toPath: alice.path, fields: reportFields })
    await network.clock.advance(60_000)
    expect([alice.closed, sender.closed]).toEqual([false, false])
    // It is another peer, and was not let in.
    expect(reporter.closed).toBe(true)
    for (let count = 0; count < 20; count++) sender.send(['msrps://relay.example.com:2855/none;tcp', FAR], 'hello')
    await settle()
    expect(sender.closed).toBe(false)
  })
})
