import { nodeHash } from 'msrp/node'
import { type DigestAlgorithm, ha1, parseAuthenticationInfo, type ResponseHead, rspauth } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { type Arrived, type AuthOptions, authorization, Network, RELAY, settle } from './network.ts'

const alice = ['alice', 'wonderland'] as const

describe('an AUTH without credentials', () => {
  it('is challenged, as RFC 4976 restricts Digest (RFC4976-5.1-4, RFC4976-9.1-1, RFC4976-9.1-7)', async () => {
    const client = new Network().connect()
    const { head } = await client.challenge()
    expect(head.status).toBe(401)
    expect(head.fields.get('WWW-Authenticate')).toMatch(
      /^Digest realm="example\.com", qop="auth", nonce="[0-9a-f.]{60,}", opaque="[^"]+", algorithm=MD5$/,
    )
    expect(head.fields.toPath.map(String)).toEqual([client.uri])
    expect(head.fields.fromPath.map(String)).toEqual([RELAY])
  })

  it('gets another nonce each time, and none that says too much (RFC4976-9.1-3, RFC4976-9.1-4, RFC4976-9.1-6)', async () => {
    const client = new Network({ algorithms: ['sha-256', 'md5'] }).connect()
    const [first, second] = [await client.challenge(), await client.challenge()]
    const all = [first, second].flatMap(({ head }) => head.fields.all('WWW-Authenticate'))
    expect(all).toHaveLength(4)
    expect(new Set(all.map((text) => /nonce="([^"]+)"/.exec(text)?.[1])).size).toBe(4)
    expect(all.join()).not.toMatch(/domain|auth-int|-sess|Basic/i)
  })

  it('does not count as a failure, however often it comes', async () => {
    const client = new Network({ authFailures: 2 }).connect()
    for (let count = 0; count < 20; count++) expect((await client.challenge()).head.status).toBe(401)
    expect((await client.authenticate(...alice)).head.status).toBe(200)
  })
})

describe('the right credentials', () => {
  it('get a URI of the relay, with name, port and 130 random bits (RFC4976-4.2-1, RFC4976-6.3-5, RFC4975-14.1-1)', async () => {
    const client = await new Network().client('alice')
    const [uri] = client.usePath
    expect(client.usePath).toHaveLength(1)
    expect(uri).toMatchObject({ scheme: 'msrps', host: 'relay.example.com', port: 2855, transport: 'tcp' })
    expect(uri?.sessionId).toMatch(/^[a-z2-7]{26}$/)
  })

  it.each<DigestAlgorithm>(['md5', 'sha-256'])(
    'get a proof that the relay knows the password too: %s (RFC4976-9.1-9, RFC4976-9.1-10)',
    async (algorithm) => {
      const client = new Network({ algorithms: ['sha-256', 'md5'] }).connect()
      const challenge = await client.challenge()
      const { head } = await client.answer(challenge, ...alice, { algorithm })
      const nonce = challenge.head.fields.wwwAuthenticate.find((one) => one.algorithm === algorithm)?.nonce ?? ''
      const info = head.fields.get('Authentication-Info') ?? ''
      const password = ha1(nodeHash, algorithm, 'alice', 'example.com', 'wonderland')
      const input = { algorithm, ha1: password, nonce, nc: '00000001', cnonce: 'c0ffee', uri: RELAY }
      expect(parseAuthenticationInfo(info)).toMatchObject({
        rspauth: rspauth(nodeHash, input),
        cnonce: 'c0ffee',
        nc: '00000001',
      })
      expect(info).toContain(', qop=auth')
      expect(head.fields.expires).toBe(900)
    },
  )

  it('may use the nonce that came with the last success', async () => {
    const client = new Network().connect()
    let last = await client.authenticate(...alice)
    for (let count = 0; count < 5; count++) {
      last = await client.answer(last, ...alice)
      expect(last.head.status).toBe(200)
    }
  })

  it.each([
    ['with userinfo, and letters in any case', 'msrps://Alice@Relay.Example.COM:2855;tcp'],
    ['without port (RFC4976-8-1)', 'msrps://relay.example.com;tcp'],
    ['with parameters', 'msrps://relay.example.com:2855;tcp;a=b'],
  ])('are over the URI as it was sent: %s', async (_, uri) => {
    const client = new Network().connect()
    const { head } = await client.authenticate(...alice, { toPath: [uri] })
    expect(head.status).toBe(200)
    expect(head.fields.fromPath.map(String)).toEqual([uri])
  })

  it.each([
    ['without uri', (value: string) => value.replace(/uri="[^"]*", /, '')],
    ['without opaque', (value: string) => value.replace(/opaque="[^"]*", /, '')],
    [
      'with quotes around nc, qop and algorithm',
      (value: string) => value.replace(/(nc|qop|algorithm)=([^,"]+)/g, '$1="$2"'),
    ],
    ['without algorithm, which is MD5', (value: string) => value.replace(/, algorithm=MD5/, '')],
    ['without blanks', (value: string) => value.replaceAll(', ', ',')],
    ['with parameters that nobody knows', (value: string) => `${value}, auth-param="x", y=z`],
  ])('are taken as peers in the field write them: %s', async (_, change) => {
    const client = new Network().connect()
    const value = change(authorization(await client.challenge(), ...alice))
    for (const name of ['AUTHORIZATION']) {
      const id = client.request('AUTH', { toPath: [RELAY], fields: [[name, value]] })
      expect((await client.response(id)).head.status).toBe(200)
    }
  })

  it('do not get more tokens than a connection may hold', async () => {
    const client = new Network({ tokensPerConnection: 2 }).connect()
    const statuses: number[] = []
    for (let count = 0; count < 3; count++) statuses.push((await client.authenticate(...alice)).head.status)
    expect(statuses).toEqual([200, 200, 403])
  })

  it('are taken from a gateway that logs in many at once, each with a nonce of its own', async () => {
    const client = new Network({ tokensPerConnection: 100 }).connect()
    const statuses = new Set<number>()
    for (let count = 0; count < 50; count++) statuses.add((await client.authenticate(...alice)).head.status)
    expect(statuses).toEqual(new Set([200]))
  })

  it('may come in any order, after all challenges', async () => {
    const client = new Network({ tokensPerConnection: 100 }).connect()
    const challenges: Arrived<ResponseHead>[] = []
    for (let count = 0; count < 100; count++) challenges.push(await client.challenge())
    const statuses = new Set<number>()
    for (const challenge of challenges.reverse()) {
      statuses.add((await client.answer(challenge, ...alice)).head.status)
      // And are no replay for that.
      expect((await client.answer(challenge, ...alice)).head.status).toBe(401)
    }
    expect(statuses).toEqual(new Set([200]))
  })
})

describe('wrong credentials', () => {
  const wrong: [string, string, string, AuthOptions][] = [
    ['the password', 'alice', 'looking-glass', {}],
    ['the user', 'mallory', 'wonderland', {}],
    ['both', 'mallory', 'x', {}],
    ['an empty password', 'alice', '', {}],
    ['the URI', ...alice, { change: { uri: 'msrps://relay.example.com;tcp' } }],
    ['the realm', ...alice, { change: { realm: 'other.example.com' } }],
    ['an algorithm that was not offered', ...alice, { change: { algorithm: 'sha-256' } }],
    ['the nonce', ...alice, { change: { nonce: '1.2.3' } }],
    ['no nonce at all', ...alice, { change: { nonce: '' } }],
    ['the response', ...alice, { change: { response: '0'.repeat(32) } }],
    ['an empty response', ...alice, { change: { response: '' } }],
    ['the count', ...alice, { change: { nc: '00000002' } }],
    ['the cnonce', ...alice, { change: { cnonce: 'decaf' } }],
  ]

  it.each(wrong)(
    'are answered 401 with a new challenge: %s (RFC4976-9.1-1)',
    async (_, username, password, options) => {
      const network = new Network()
      const client = network.connect()
      const { head } = await client.answer(await client.challenge(), username, password, options)
      expect(head.status).toBe(401)
      expect(head.fields.get('Use-Path')).toBeUndefined()
      expect(head.fields.get('Authentication-Info')).toBeUndefined()
      expect(head.fields.get('WWW-Authenticate')).not.toContain('stale')
      expect(network.relay.tokens).toBe(0)
      expect((await client.authenticate(...alice)).head.status).toBe(200)
    },
  )

  it('do not tell whether it was the user or the password', async () => {
    const client = new Network({ authFailures: 100 }).connect()
    const texts: string[] = []
    for (const [, username, password] of wrong.slice(0, 4)) {
      const before = client.received.byteLength
      const { head } = await client.answer(await client.challenge(), username, password)
      const text = client.received.subarray(before).toString().split(`MSRP ${head.transactionId}`)[1] ?? ''
      texts.push(text.replaceAll(head.transactionId, 'id').replace(/nonce="[^"]*"/, 'nonce'))
    }
    expect(new Set(texts).size).toBe(1)
  })

  it.each([
    ['Basic (RFC4976-9.1-2)', `Basic ${Buffer.from('alice:wonderland').toString('base64')}`],
    ['nothing', ''],
    ['no parameters', 'Digest'],
    [
      'another qop',
      'Digest username="alice", realm="example.com", nonce="n", response="0", cnonce="c", nc=1, qop=auth-int',
    ],
    ['no cnonce', 'Digest username="alice", realm="example.com", nonce="n", response="0", nc=1, qop=auth'],
    [
      'a count that is none',
      'Digest username="a", realm="example.com", nonce="n", response="0", nc=x, qop=auth, cnonce="c"',
    ],
    ['quotes that do not end', 'Digest username="alice'],
  ])('that are not what was asked for are challenged again: %s', async (_, value) => {
    const client = new Network().connect()
    const id = client.request('AUTH', { toPath: [RELAY], fields: [['Authorization', value]] })
    const { head } = await client.response(id)
    expect(head.status).toBe(401)
    expect(head.fields.get('WWW-Authenticate')).toMatch(/^Digest /)
  })

  it('that are right but for a qop, which is missing, are challenged again (RFC4976-9.1-7)', async () => {
    const client = new Network().connect()
    const value = authorization(await client.challenge(), ...alice).replace('qop=auth, ', '')
    expect(value).not.toContain('qop')
    const id = client.request('AUTH', { toPath: [RELAY], fields: [['Authorization', value]] })
    expect((await client.response(id)).head.status).toBe(401)
  })

  it('several times end the connection, after each was answered (RFC4976-6.3-7, FIELD-relay-10)', async () => {
    const network = new Network({ authFailures: 3 })
    const client = network.connect()
    for (let count = 0; count < 3; count++) {
      expect(client.closed).toBe(false)
      expect((await client.authenticate('alice', `guess${count}`)).head.status).toBe(401)
    }
    await settle()
    expect(client.closed).toBe(true)
    expect(network.relay.connections).toBe(0)
    expect(network.relay.counters.authenticationFailures).toBe(3)
  })

  it('are logged with the address, which a firewall wants to know, and the name, and without the port', async () => {
    const network = new Network({ authFailures: 1 })
    const client = network.connect({ description: 'tls 192.0.2.9:40312' })
    await client.authenticate('a'.repeat(200), 'guess')
    await settle()
    const of = (line: string): unknown => network.loggedFields[network.logged.indexOf(line)]
    expect(of('an AUTH failed')).toMatchObject({ address: '192.0.2.9', user: 'a'.repeat(100) })
    expect(of('closed for failed AUTHs')).toMatchObject({ address: '192.0.2.9', failures: 1 })
  })

  it('sent all at once are no more guesses than sent one by one', async () => {
    const network = new Network({ authFailures: 3 })
    const client = network.connect()
    const challenge = await client.challenge()
    let lookUps = 0
    const known = network.ha1
    network.ha1 = (...user) => {
      lookUps++
      return known(...user)
    }
    for (let count = 0; count < 50; count++) {
      const password = count === 40 ? 'wonderland' : `guess${count}`
      const value = authorization(challenge, 'alice', password, { nc: count.toString(16).padStart(8, '0') })
      client.request('AUTH', { toPath: [RELAY], fields: [['Authorization', value]] })
    }
    await settle()
    expect(lookUps).toBe(3)
    expect(client.closed).toBe(true)
    expect(client.responses.map(({ head }) => head.status)).toEqual([401, 401, 401, 401])
    expect(network.relay.tokens).toBe(0)
  })

  it('are forgiven by right ones', async () => {
    const client = new Network({ authFailures: 2 }).connect()
    for (let count = 0; count < 5; count++) {
      expect((await client.authenticate('alice', 'guess')).head.status).toBe(401)
      expect((await client.authenticate(...alice)).head.status).toBe(200)
    }
    expect(client.closed).toBe(false)
  })

  it("are not forgiven by another account's right ones", async () => {
    const client = new Network({ authFailures: 3 }).connect()
    for (let count = 0; count < 3; count++) {
      expect(client.closed).toBe(false)
      expect((await client.authenticate('bob', 'builder')).head.status).toBe(200)
      expect((await client.authenticate('alice', `guess${count}`)).head.status).toBe(401)
    }
    await settle()
    expect(client.closed).toBe(true)
  })

  it('are forgiven after five minutes', async () => {
    const network = new Network({ authFailures: 2 })
    const client = await network.client('bob')
    for (let count = 0; count < 3; count++) {
      await client.authenticate('alice', 'guess')
      await network.clock.advance(300_000)
      expect(client.closed).toBe(false)
    }
    await client.authenticate('alice', 'guess')
    await network.clock.advance(299_999)
    await client.authenticate('alice', 'guess')
    await settle()
    expect(client.closed).toBe(true)
  })

  it('may be as many for each account that has a session on the connection: it is that of a gateway', async () => {
    const network = new Network({ authFailures: 2 })
    const client = network.connect()
    for (const name of ['alice', 'bob', 'carol', 'dave']) {
      network.passwords.set(name, name)
      for (let count = 0; count < 2; count++) await client.authenticate(name, name)
    }
    for (let count = 0; count < 8; count++) {
      expect(client.closed).toBe(false)
      expect((await client.authenticate('erin', 'forgotten')).head.status).toBe(401)
    }
    await settle()
    expect(client.closed).toBe(true)
  })
})

describe('a nonce', () => {
  it('that has become old is stale, which is no failure (RFC4976-9.1-1)', async () => {
    const network = new Network({ nonceLifetime: 300, authFailures: 1, probation: 1000 })
    const client = network.connect()
    const challenge = await client.challenge()
    await network.clock.advance(301_000)
    const stale = await client.answer(challenge, ...alice)
    expect(stale.head.status).toBe(401)
    expect(stale.head.fields.get('WWW-Authenticate')).toContain('stale=true')
    expect((await client.answer(stale, ...alice)).head.status).toBe(200)
  })

  it('that is old does not make a wrong password stale', async () => {
    const network = new Network({ nonceLifetime: 300, probation: 1000 })
    const client = network.connect()
    const challenge = await client.challenge()
    await network.clock.advance(301_000)
    const wrong = await client.answer(challenge, 'alice', 'guess')
    expect(wrong.head.fields.get('WWW-Authenticate')).not.toContain('stale')
    expect(network.relay.counters.authenticationFailures).toBe(1)
  })

  it('serves as often as its count rises, and never twice with the same (RFC4976-9.1-8)', async () => {
    const client = new Network().connect()
    const challenge = await client.challenge()
    const use = async (count: number): Promise<number> =>
      (await client.answer(challenge, ...alice, { nc: count.toString(16).padStart(8, '0') })).head.status
    expect([await use(1), await use(2), await use(2), await use(1), await use(300), await use(3)]).toEqual([
      200, 200, 401, 401, 200, 401,
    ])
  })

  it('is that of one connection: what was heard on it is of no use on another (FIELD-relay-8)', async () => {
    const network = new Network()
    const [one, other] = [network.connect(), network.connect()]
    const challenge = await one.challenge()
    const unused = await other.answer(challenge, ...alice)
    expect(unused.head.status).toBe(401)
    const value = authorization(challenge, ...alice)
    const fields = [['Authorization', value]] as const
    expect((await one.response(one.request('AUTH', { toPath: [RELAY], fields }))).head.status).toBe(200)
    const replayed = await other.response(other.request('AUTH', { toPath: [RELAY], fields }))
    expect(replayed.head.status).toBe(401)
    expect(replayed.head.fields.get('Use-Path')).toBeUndefined()
    const again = await one.response(one.request('AUTH', { toPath: [RELAY], fields }))
    expect(again.head.status).toBe(401)
    expect(network.relay.tokens).toBe(1)
  })

  it('of the connection with the same number of another worker, which has the same key, are refused', async () => {
    const [one, other] = [new Network().connect(), new Network().connect()]
    const challenge = await one.response(one.request('AUTH', { toPath: [RELAY] }))
    expect((await other.answer(challenge, ...alice)).head.status).toBe(401)
    expect((await one.answer(challenge, ...alice)).head.status).toBe(200)
  })
})

describe('Expires', () => {
  it.each([
    [undefined, 900],
    [60, 60],
    [3600, 3600],
    [600, 600],
  ])('of %s gives a token for %d seconds (RFC4976-5.1-7, RFC4976-6.3-4, FIELD-relay-21)', async (asked, given) => {
    const network = new Network()
    const client = network.connect()
    const fields = asked === undefined ? [] : [['Expires', String(asked)] as const]
    const { head } = await client.authenticate(...alice, { fields })
    expect(head.status).toBe(200)
    expect(head.fields.expires).toBe(given)
    await network.clock.advance(given * 1000 - 1)
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(1)
    expect(network.relay.tokens).toBe(0)
  })

  it.each([
    [0, 'Min-Expires', '60'],
    [59, 'Min-Expires', '60'],
    [3601, 'Max-Expires', '3600'],
    [999_999_999_999, 'Max-Expires', '3600'],
  ])('of %d is out of bounds, and the bound is told (RFC4976-5.1-7)', async (asked, name, value) => {
    const network = new Network()
    const client = network.connect()
    const { head } = await client.authenticate(...alice, { fields: [['Expires', String(asked)]] })
    expect(head.status).toBe(423)
    expect(head.fields.get(name)).toBe(value)
    expect(head.fields.get(name === 'Min-Expires' ? 'Max-Expires' : 'Min-Expires')).toBeUndefined()
    expect(network.relay.tokens).toBe(0)
    expect((await client.authenticate(...alice, { fields: [['Expires', value]] })).head.status).toBe(200)
  })

  it('that is no number is a bad request', async () => {
    const client = new Network().connect()
    expect(
      (await client.response(client.request('AUTH', { toPath: [RELAY], fields: [['Expires', 'soon']] }))).head.status,
    ).toBe(400)
  })
})

describe('an AUTH', () => {
  it('without TLS is refused before any password is asked for (RFC4976-8-3, RFC4976-9.2-6)', async () => {
    const client = new Network().connect({ secure: false })
    const { head } = await client.challenge()
    expect(head.status).toBe(403)
    expect(head.fields.get('WWW-Authenticate')).toBeUndefined()
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('database on fire'))],
    [
      'throws',
      () => {
        throw new Error('database on fire')
      },
    ],
  ])('is refused, and never granted, when the users %s', async (_, ha1) => {
    const network = new Network()
    network.ha1 = ha1
    const client = network.connect()
    const { head } = await client.authenticate(...alice)
    expect(head.status).toBe(403)
    expect(head.comment).toMatch(/at the moment/)
    expect(head.comment).not.toContain('fire')
    expect(head.fields.get('Retry-After')).toBe('10')
    expect(network.relay.tokens).toBe(0)
    // So that the client tries the next target of the SRV record.
    expect(client.closed).toBe(true)
  })

  it('that cannot be checked does not end sessions that are there, and extends them later', async () => {
    const network = new Network()
    const known = network.ha1
    const client = await network.client('alice')
    network.ha1 = () => Promise.reject(new Error('database on fire'))
    const { head } = await client.authenticate(...alice, { toPath: [client.token] })
    expect(head.status).toBe(403)
    expect(client.closed).toBe(false)
    network.ha1 = known
    expect((await client.authenticate(...alice, { toPath: [client.token] })).head.status).toBe(200)
  })

  it('that cannot be checked does not end the sessions of others: a peer that logs in as well stays', async () => {
    const network = new Network()
    const client = await network.client('alice')
    client.answers = true
    const peer = network.connect()
    await peer.response(peer.send(client.path, 'hello'))
    network.ha1 = () => Promise.reject(new Error('database on fire'))
    expect((await peer.authenticate('bob', 'builder')).head.status).toBe(403)
    expect(peer.closed).toBe(false)
  })

  it('that cannot be checked is no failure of the client', async () => {
    const network = new Network({ authFailures: 1 })
    const client = await network.client('alice')
    network.ha1 = () => Promise.reject(new Error('database on fire'))
    for (let count = 0; count < 5; count++) await client.authenticate(...alice)
    expect(client.closed).toBe(false)
    expect(network.relay.counters.authenticationFailures).toBe(0)
  })

  it('that comes through another relay and cannot be checked leaves that relay connected', async () => {
    const network = new Network()
    network.ha1 = () => Promise.reject(new Error('database on fire'))
    const relay = network.connect({ certificate: ['other.example.net'] })
    const fromPath = ['msrps://other.example.net:2855/token;tcp', 'msrps://alice.invalid:9000/alice;tcp']
    expect((await relay.authenticate(...alice, { fromPath })).head.status).toBe(403)
    expect(relay.closed).toBe(false)
  })

  it('with a wrong password has whoever remembers the right one doubt it, and one of nobody has not', async () => {
    const network = new Network()
    await network.connect().authenticate('alice', 'wonderland')
    await network.connect().authenticate('mallory', 'wonderland')
    expect(network.doubted).toEqual([])
    await network.connect().authenticate('alice', 'changed')
    expect(network.doubted).toEqual(['alice example.com md5'])
  })

  it('by another name of the same account extends its session, and by a name of another does not', async () => {
    const network = new Network()
    network.account = (username, realm) => `${username.replace(/\d+$/, '')}@${realm}`
    for (const name of ['web1', 'web2', 'other1']) network.passwords.set(name, 'p')
    const client = network.connect()
    await client.authenticate('web1', 'p')
    const toPath = [client.token]
    expect((await client.authenticate('other1', 'p', { toPath })).head.status).toBe(481)
    expect((await client.authenticate('web2', 'p', { toPath })).head.status).toBe(200)
  })

  it('is right with any of several secrets, and the proof is made with the one that fitted', async () => {
    const network = new Network()
    const both = ['old', 'new'].map((password) => ha1(nodeHash, 'md5', 'alice', 'example.com', password))
    network.ha1 = async () => both
    for (const [index, password] of ['old', 'new'].entries()) {
      const client = network.connect()
      const challenge = await client.challenge()
      const { head } = await client.answer(challenge, 'alice', password)
      expect(head.status).toBe(200)
      const { nonce } = challenge.head.fields.wwwAuthenticate[0]!
      const input = {
        algorithm: 'md5' as const,
        ha1: both[index]!,
        nonce,
        nc: '00000001',
        cnonce: 'c0ffee',
        uri: RELAY,
      }
      expect(parseAuthenticationInfo(head.fields.get('Authentication-Info') ?? '').rspauth).toBe(
        rspauth(nodeHash, input),
      )
    }
    expect((await network.connect().authenticate('alice', 'neither')).head.status).toBe(401)
    network.ha1 = async () => []
    expect((await network.connect().authenticate('alice', 'old')).head.status).toBe(401)
  })

  it('whose client is gone before the users answer leaves no token behind', async () => {
    const network = new Network()
    const known = network.ha1
    const { promise, resolve } = Promise.withResolvers<void>()
    network.ha1 = async (...user) => {
      await promise
      return known(...user)
    }
    const client = network.connect()
    const challenge = await client.challenge()
    client.request('AUTH', { toPath: [RELAY], fields: [['Authorization', authorization(challenge, ...alice)]] })
    await settle()
    client.pair.drop()
    await settle()
    resolve()
    await settle()
    expect(network.relay.tokens).toBe(0)
    expect(network.clock.pending).toBe(0)
  })

  it('holds up what comes behind it on its connection until it is answered', async () => {
    const network = new Network()
    const known = network.ha1
    const { promise, resolve } = Promise.withResolvers<void>()
    network.ha1 = async (...user) => {
      await promise
      return known(...user)
    }
    const client = network.connect()
    const challenge = await client.challenge()
    client.request('AUTH', { toPath: [RELAY], fields: [['Authorization', authorization(challenge, ...alice)]] })
    client.request('AUTH', { toPath: [RELAY], fields: [['Authorization', authorization(challenge, ...alice)]] })
    await settle()
    expect(client.pair.right.paused).toBe(true)
    resolve()
    await settle()
    expect(client.pair.right.paused).toBe(false)
    expect(client.responses.map(({ head }) => head.status)).toEqual([401, 200, 401])
  })
})
