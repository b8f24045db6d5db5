import { describe, expect, it } from 'vitest'
import { type Arrived, authorization, Network, type Node, settle } from './network.ts'

/** The relay in front of ours, seen from ours; or behind it. */
const OTHER = 'msrps://other.example.net:2855/t1;tcp'
const OTHER_RELAY = 'msrps://other.example.net;tcp'
const CLIENT = 'msrps://client.invalid:9000/c;tcp'
const alice = ['alice', 'wonderland'] as const

describe('an AUTH that comes through another relay', () => {
  const through = { fromPath: [OTHER, CLIENT] }

  it('gets a token behind that relay, when its certificate names it (RFC4976-6.3-1)', async () => {
    const network = new Network()
    const relay = network.connect({ certificate: ['x.example.net', 'Other.Example.Net'] })
    const { head } = await relay.authenticate(...alice, through)
    expect(head.status).toBe(200)
    expect(head.fields.toPath.map(String)).toEqual([OTHER, CLIENT])
    expect(head.fields.usePath?.map(String)).toEqual([OTHER, relay.token])
    expect(network.relay.tokens).toBe(1)
  })

  it('through two gets Use-Path in the order in which the client will send', async () => {
    const relay = new Network().connect({ certificate: ['other.example.net'] })
    const inner = 'msrps://inner.example.net:2855/t0;tcp'
    await relay.authenticate(...alice, { fromPath: [OTHER, inner, CLIENT] })
    expect(relay.usePath.slice(0, 2).map(String)).toEqual([inner, OTHER])
    expect(relay.usePath).toHaveLength(3)
  })

  it.each([
    ['none', []],
    ['that of another relay', ['elsewhere.example.net']],
    ['one that only begins like it', ['other.example.net.evil.example']],
  ])('is refused when the certificate is %s (RFC4976-9.2-5)', async (_, certificate) => {
    const network = new Network()
    const relay = network.connect({ certificate })
    const { head } = await relay.challenge(through)
    expect(head.status).toBe(403)
    expect(head.fields.get('WWW-Authenticate')).toBeUndefined()
    expect(network.relay.tokens).toBe(0)
  })

  it('is challenged like any other, and needs the right password (RFC4976-5.1-4, RFC4976-9.1-1, FIELD-relay-22)', async () => {
    const network = new Network()
    const relay = network.connect({ certificate: ['other.example.net'] })
    const { head } = await relay.challenge(through)
    expect([head.status, head.fields.wwwAuthenticate[0]?.realm]).toEqual([401, 'example.com'])
    expect((await relay.authenticate('alice', 'guess', through)).head.status).toBe(401)
    expect(network.relay.tokens).toBe(0)
  })

  it('does not end the connection of the relay, however often it fails (RFC4976-6.3-9)', async () => {
    const network = new Network({ authFailures: 2 })
    const relay = network.connect({ certificate: ['other.example.net'] })
    for (let count = 0; count < 20; count++) await relay.authenticate('alice', `guess${count}`, through)
    expect(relay.closed).toBe(false)
    expect((await relay.authenticate(...alice, through)).head.status).toBe(200)
  })

  it('has a nonce that is good for the path it came by, over any connection of that relay', async () => {
    const network = new Network()
    const connect = (name: string): Node => network.connect({ certificate: [name] })
    const challenge = await connect('other.example.net').challenge(through)
    const elsewhere = { fromPath: ['msrps://third.example.net:1/t1;tcp', CLIENT] }
    const otherPath = { fromPath: ['msrps://other.example.net:2855/t2;tcp', CLIENT] }
    const statuses: number[] = []
    for (const [name, options] of [
      ['third.example.net', elsewhere],
      ['other.example.net', otherPath],
      ['other.example.net', through],
      ['other.example.net', through],
    ] as const) {
      statuses.push((await connect(name).answer(challenge, ...alice, options)).head.status)
    }
    // The last is a replay.
    expect(statuses).toEqual([401, 401, 200, 401])
  })

  it('to its token extends it over any connection of that relay, by the same path alone', async () => {
    const network = new Network()
    const first = network.connect({ certificate: ['other.example.net'] })
    await first.authenticate(...alice, through)
    const toPath = [first.token]
    const second = network.connect({ certificate: ['other.example.net'] })
    const other = network.connect({ certificate: ['third.example.net'] })
    const status = async (node: Node, name: string, fromPath: string[]): Promise<number> => {
      const password = network.passwords.get(name) ?? ''
      return (await node.authenticate(name, password, { toPath, fromPath })).head.status
    }
    expect(await status(second, 'alice', through.fromPath)).toBe(200)
    expect(String(second.usePath.at(-1))).toBe(first.token)
    expect(await status(second, 'bob', through.fromPath)).toBe(481)
    expect(await status(second, 'alice', ['msrps://other.example.net:2855/t2;tcp', CLIENT])).toBe(481)
    expect(await status(other, 'alice', ['msrps://third.example.net:1/t1;tcp', CLIENT])).toBe(481)
    expect(network.relay.tokens).toBe(1)
  })

  it('gives a token whose messages come back over the connection that was used last', async () => {
    const network = new Network()
    const nodes = [1, 2].map(() => network.connect({ certificate: ['other.example.net'] })) as [Node, Node]
    await nodes[0].authenticate(...alice, through)
    const { token } = nodes[0]
    const peer = network.connect()
    peer.answers = true
    const answer = async (): Promise<string[]> => {
      const before = nodes.map((node) => node.all('SEND').length)
      expect((await peer.response(peer.send([token, OTHER, CLIENT], 'answer'))).head.status).toBe(200)
      await settle()
      return nodes.flatMap((node, index) => (node.all('SEND').length > (before[index] ?? 0) ? [`${index}`] : []))
    }
    for (const node of nodes) node.answers = true
    expect(await answer()).toEqual(['0'])
    for (const used of [1, 0, 1, 1, 0]) {
      const fields = [['Message-ID', 'message1']] as const
      nodes[used]?.request('SEND', { toPath: [token, peer.uri], fromPath: [OTHER, CLIENT], fields })
      await settle()
      expect(await answer()).toEqual([`${used}`])
    }
  })

  it('gives a token that outlives the connection, and can be used over the next (RFC4976-6.3-1)', async () => {
    const network = new Network()
    const first = network.connect({ certificate: ['other.example.net'] })
    await first.authenticate(...alice, through)
    const { token } = first
    first.close()
    await settle()
    expect(network.relay.tokens).toBe(1)
    const peer = network.connect()
    expect((await peer.response(peer.send([token, OTHER, CLIENT], 'nobody there'))).head.status).toBe(481)
    const second = network.connect({ certificate: ['other.example.net'] })
    second.answers = true
    const far = network.within('msrps://far.example.org:7000/f;tcp')
    second.request('SEND', {
      toPath: [token, far.uri],
      fromPath: [OTHER, CLIENT],
      fields: [['Message-ID', 'message1']],
    })
    await settle()
    expect(far.requests[0]?.head.fields.fromPath.map(String)).toEqual([token, OTHER, CLIENT])
    expect((await peer.response(peer.send([token, OTHER, CLIENT], 'somebody there'))).head.status).toBe(200)
    expect(second.all('SEND')).toHaveLength(1)
    await network.clock.advance(900_000)
    expect(network.relay.tokens).toBe(0)
  })

  it('gives a token that is of no use to another relay, nor to a client', async () => {
    const network = new Network()
    const relay = network.connect({ certificate: ['other.example.net'] })
    await relay.authenticate(...alice, through)
    const far = network.within('msrps://far.example.org:7000/f;tcp')
    for (const certificate of [['third.example.net'], []]) {
      const thief = network.connect({ certificate })
      thief.request('SEND', {
        toPath: [relay.token, far.uri],
        fromPath: [OTHER, CLIENT],
        fields: [['Message-ID', 'message1']],
      })
      await settle()
    }
    expect(network.dialed).toEqual([])
    expect(far.requests).toEqual([])
  })

  it('keeps its token where it is when another connection of that relay is lost, which used it before', async () => {
    const network = new Network()
    const [first, second] = [network, network].map((net) => net.connect({ certificate: ['other.example.net'] }))
    await first!.authenticate(...alice, through)
    const { token } = first!
    const far = network.within('msrps://far.example.org:7000/f;tcp')
    second!.request('SEND', {
      toPath: [token, far.uri],
      fromPath: [OTHER, CLIENT],
      fields: [['Message-ID', 'message1']],
    })
    await settle()
    expect(far.requests).toHaveLength(1)
    first!.pair.drop()
    await settle()
    second!.answers = true
    const peer = network.connect()
    expect((await peer.response(peer.send([token, OTHER, CLIENT], 'hello'))).head.status).toBe(200)
    expect(second!.body().toString()).toBe('hello')
  })

  it('finds its token on a connection of that relay that was made after the one it used was lost', async () => {
    const network = new Network()
    const first = network.connect({ certificate: ['other.example.net'] })
    await first.authenticate(...alice, through)
    first.pair.drop()
    await settle()
    const [stranger, second] = ['third.example.net', 'other.example.net'].map((name) =>
      network.connect({ certificate: [name] }),
    )
    second!.answers = true
    const peer = network.connect()
    expect((await peer.response(peer.send([first.token, OTHER, CLIENT], 'hello'))).head.status).toBe(200)
    expect(second!.body().toString()).toBe('hello')
    expect(stranger!.requests).toEqual([])
  })

  it('gives an account as many tokens as one connection may hold, over whatever connections and paths', async () => {
    const network = new Network({ tokensPerConnection: 3, expires: { default: 900, minimum: 60, maximum: 3600 } })
    const ask = async (name: string, account: string, session: number, toPath?: string[]): Promise<number> => {
      const relay = network.connect({ certificate: [name] })
      const fromPath = [`msrps://${name}:2855/t${session};tcp`, CLIENT]
      const password = network.passwords.get(account) ?? ''
      const { head } = await relay.authenticate(account, password, { fromPath, toPath })
      if (head.status === 403)
        expect(head.comment).toBe('this account, through other relays, holds as many sessions as it may')
      if (session === 0) token = relay.token
      // The client and its relay are gone; the token is not.
      relay.close()
      await settle()
      return head.status
    }
    let token = ''
    const names = ['other.example.net', 'other.example.net', 'third.example.net', 'other.example.net']
    const statuses: number[] = []
    for (const [session, name] of names.entries()) statuses.push(await ask(name, 'alice', session))
    expect(statuses).toEqual([200, 200, 200, 403])
    expect(network.relay.tokens).toBe(3)
    // What it has can be extended, others are not concerned, and neither is the account by itself.
    expect(await ask('other.example.net', 'alice', 0, [token])).toBe(200)
    expect(await ask('other.example.net', 'bob', 5)).toBe(200)
    expect((await network.connect().authenticate(...alice)).head.status).toBe(200)
    await network.clock.advance(900_000)
    expect(network.relay.tokens).toBe(0)
    expect(await ask('other.example.net', 'alice', 6)).toBe(200)
  })

  it('moves its token to another connection of that relay when the one it used is lost (RFC4976-6.3-1)', async () => {
    const network = new Network()
    const [first, second] = [network, network].map((net) => net.connect({ certificate: ['other.example.net'] }))
    await first!.authenticate(...alice, through)
    await second!.authenticate('bob', 'builder', { fromPath: ['msrps://other.example.net:2855/t2;tcp', CLIENT] })
    first!.pair.drop()
    await settle()
    const peer = network.connect()
    second!.answers = true
    expect((await peer.response(peer.send([first!.token, OTHER, CLIENT], 'hello'))).head.status).toBe(200)
    expect(second!.body().toString()).toBe('hello')
  })
})

describe('an AUTH that goes through our relay to another', () => {
  /** Alice at our relay, and the relay she wants to use as well. */
  async function setUp(settings = {}): Promise<{ network: Network; client: Node; other: Node }> {
    const network = new Network(settings)
    const client = await network.client('alice')
    const other = network.within(OTHER_RELAY, { certificate: ['other.example.net'] })
    return { network, client, other }
  }
  const challenge = [['WWW-Authenticate', 'Digest realm="other", nonce="n", qop="auth"']] as const

  it('leaves with our URI moved, and its answers come back with it moved again (RFC4976-6.4.3-4)', async () => {
    const { network, client, other } = await setUp()
    const sent = client.request('AUTH', { toPath: [client.token, OTHER_RELAY] })
    await settle()
    expect(network.dialed.map(({ uri, kind }) => `${kind} ${uri}`)).toEqual([`relay ${OTHER_RELAY}`])
    const [asked] = other.requests
    expect(asked?.head.method).toBe('AUTH')
    expect(asked?.head.transactionId).not.toBe(sent)
    expect(asked?.head.fields.toPath.map(String)).toEqual([OTHER_RELAY])
    expect(asked?.head.fields.fromPath.map(String)).toEqual([client.token, client.uri])
    other.respond(asked, 401, challenge)
    const { head } = await client.response(sent)
    expect(head.status).toBe(401)
    expect(head.fields.get('WWW-Authenticate')).toBe(challenge[0][1])
    expect(head.fields.toPath.map(String)).toEqual([client.uri])
    expect(head.fields.fromPath.map(String)).toEqual([client.token, OTHER_RELAY])
  })

  it('makes one connection, which the messages to the granted URI take as well', async () => {
    const { network, client, other } = await setUp()
    client.request('AUTH', { toPath: [client.token, OTHER_RELAY] })
    await settle()
    other.respond(other.requests[0], 200, [['Use-Path', `${client.token} msrps://other.example.net:2855/t9;tcp`]])
    await settle()
    other.answers = true
    const granted = 'msrps://other.example.net:2855/t9;tcp'
    const sent = client.send([client.token, granted, 'msrps://far.example.org:1/f;tcp'], 'hello')
    expect((await client.response(sent)).head.status).toBe(200)
    expect(other.body().toString()).toBe('hello')
    expect(network.dialed).toHaveLength(1)
  })

  it.each([
    ['a URI of somebody else', 'msrps://third.example.net:2855/t9;tcp'],
    ['a URI without TLS', 'msrp://other.example.net:2855/t9;tcp'],
  ])('that is answered with %s does not lead messages for it there', async (_, granted) => {
    const { network, client, other } = await setUp()
    client.request('AUTH', { toPath: [client.token, OTHER_RELAY] })
    await settle()
    other.respond(other.requests[0], 200, [['Use-Path', `${client.token} ${granted}`]])
    client.send([client.token, granted, 'msrps://far.example.org:1/f;tcp'], 'hello')
    await settle()
    expect(network.dialed).toHaveLength(2)
    expect(other.all('SEND')).toEqual([])
  })

  it('that is answered with nonsense in Use-Path harms nobody but its client', async () => {
    const { client, other } = await setUp()
    const sent = client.request('AUTH', { toPath: [client.token, OTHER_RELAY] })
    await settle()
    other.respond(other.requests[0], 200, [['Use-Path', 'nonsense']])
    expect((await client.response(sent)).head.status).toBe(200)
    expect(other.closed).toBe(false)
  })

  it('and fails there several times, ends the connection of the client, not that of the relay (RFC4976-6.3-8)', async () => {
    const { client, other } = await setUp({ authFailures: 2 })
    const fields = [['Authorization', 'Digest username="alice"']] as const
    const fail = async (stale: string, with_ = fields): Promise<void> => {
      client.request('AUTH', { toPath: [client.token, OTHER_RELAY], fields: with_ })
      await settle()
      const value = `${challenge[0][1]}${stale}`
      other.respond(other.requests.at(-1), 401, [['WWW-Authenticate', value]])
      await settle()
    }
    await fail('', [] as never)
    await fail('', [] as never)
    await fail(', stale=true')
    await fail(', stale=TRUE')
    await fail('')
    expect(client.closed).toBe(false)
    await fail('')
    expect(client.closed).toBe(true)
    expect(client.responses.filter(({ head }) => head.status === 401)).toHaveLength(7)
    // Its token went with it, and with that the connection that was made for it.
    expect(other.closed).toBe(true)
  })

  it('and succeeds there, makes no guess forgiven that was made here or at yet another relay', async () => {
    const { network, client, other } = await setUp({ authFailures: 3 })
    const third = network.within('msrps://third.example.net;tcp', { certificate: ['third.example.net'] })
    const fields = [['Authorization', authorization(await client.challenge(), 'bob', 'guess')]] as const
    const ask = async (node: Node, status: number): Promise<void> => {
      client.request('AUTH', { toPath: [client.token, node.uri], fields })
      await settle()
      node.respond(node.requests.at(-1), status, status === 401 ? challenge : [])
      await settle()
    }
    await ask(other, 401)
    await client.authenticate('bob', 'guess')
    await ask(third, 200)
    expect(client.closed).toBe(false)
    await client.authenticate('bob', 'guess')
    await settle()
    expect(client.closed).toBe(true)
  })

  it('is not the doing of anybody who does not hold the token in front', async () => {
    const { network, client, other } = await setUp()
    const stranger = network.connect()
    const bob = await network.client('bob')
    const refused: Arrived[] = []
    for (const [node, toPath] of [
      [stranger, [client.token, OTHER_RELAY]],
      [bob, [client.token, OTHER_RELAY]],
      [bob, [bob.token, client.token, OTHER_RELAY]],
      [stranger, ['msrps://relay.example.com:2855/guess;tcp', OTHER_RELAY]],
      [stranger, ['msrps://relay.example.com:2855;tcp', OTHER_RELAY]],
      [stranger, ['msrps://relay.example.com;tcp', OTHER_RELAY]],
    ] as const) {
      refused.push(await node.response(node.request('AUTH', { toPath })))
    }
    expect(refused.map(({ head }) => (head.kind === 'response' ? head.status : 0))).toEqual([
      481, 481, 481, 481, 481, 481,
    ])
    expect(network.dialed).toEqual([])
    expect(client.all('AUTH')).toEqual([])
    expect(other.requests).toEqual([])
  })

  it.each(['msrps://relay.example.com;tcp', 'msrps://relay.example.com:2855;tcp'])(
    'to ourselves again, as %s, does not make us connect to ourselves',
    async (self) => {
      const { network, client } = await setUp()
      const sent = client.request('AUTH', { toPath: [client.token, self] })
      expect((await client.response(sent)).head.status).toBe(481)
      expect(network.dialed).toEqual([])
    },
  )

  it('to a relay that cannot be reached, or does not answer, is answered', async () => {
    const network = new Network()
    const client = await network.client('alice')
    const unreachable = client.request('AUTH', { toPath: [client.token, OTHER_RELAY] })
    expect((await client.response(unreachable)).head.status).toBe(481)
    const other = network.within(OTHER_RELAY, { certificate: ['other.example.net'] })
    const silent = client.request('AUTH', { toPath: [client.token, OTHER_RELAY] })
    const lost = client.request('AUTH', { toPath: [client.token, OTHER_RELAY], transactionId: 'lost1234' })
    await settle()
    expect(other.requests).toHaveLength(2)
    await network.clock.advance(30_000)
    expect([client.statuses(silent), client.statuses(lost)]).toEqual([[408], [408]])
    other.respond(other.requests[0], 200)
    await settle()
    expect(client.statuses(silent)).toEqual([408])
  })
})
