import { nodeHash } from 'msrp/node'
import { ha1 } from 'msrp/wire'
import { beforeEach, describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

// A relay that serves several domains, as one that the SRV records of all of them lead to.

const domains = [
  { name: 'example.org', realm: 'example.org', host: 'relay.example.com' },
  { name: 'example.net', realm: 'sip.example.net', host: 'relay.example.net' },
]
const names = ['relay.example.com', 'relay.example.net', '192.0.2.1']

/** Each domain has an alice of its own. */
const passwords: Record<string, string> = {
  'alice@example.com': 'of com',
  'alice@example.org': 'of org',
  'alice@sip.example.net': 'of net',
  'alice@elsewhere.example': 'of elsewhere',
}

function relayOfDomains(settings: ConstructorParameters<typeof Network>[0] = {}): Network {
  const network = new Network({ names, domains, ...settings })
  network.ha1 = async (username, realm, algorithm) => {
    const password = passwords[`${username}@${realm}`]
    return password === undefined ? undefined : ha1(nodeHash, algorithm, username, realm, password)
  }
  return network
}

let network: Network
beforeEach(() => {
  network = relayOfDomains()
})

async function login(realm: string, toPath: string): Promise<Node> {
  const client = network.connect({ uri: 'msrps://alice.invalid:9000/alice;tcp' })
  const { head } = await client.authenticate('alice', passwords[`alice@${realm}`] ?? '', { toPath: [toPath] })
  expect(head.status).toBe(200)
  return client
}

describe('the domain of an AUTH', () => {
  it.each([
    ['the relay by its name', 'msrps://relay.example.com:2855;tcp', 'example.com'],
    ['the relay by its name without a port', 'msrps://relay.example.com;tcp', 'example.com'],
    ['the relay by its other name', 'msrps://relay.example.net;tcp', 'example.com'],
    ['the relay by its address', 'msrps://192.0.2.1:2855;tcp', 'example.com'],
    ['the domain that is the realm', 'msrps://example.com;tcp', 'example.com'],
    ['a domain', 'msrps://example.org;tcp', 'example.org'],
    ['a domain with the port of the relay', 'msrps://example.org:2855;tcp', 'example.org'],
    ['a domain in capitals', 'msrps://Example.ORG;tcp', 'example.org'],
    ['a user of a domain', 'msrps://alice@example.org;tcp', 'example.org'],
    ['a domain with another realm', 'msrps://example.net;tcp', 'sip.example.net'],
  ])('that is addressed to %s has its realm', async (_, toPath, realm) => {
    const client = network.connect()
    const { head } = await client.challenge({ toPath: [toPath] })
    expect([head.status, head.fields.wwwAuthenticate[0]?.realm]).toEqual([401, realm])
    await login(realm, toPath)
  })

  it.each([
    ['another domain', 'msrps://elsewhere.example;tcp'],
    ['a domain below one', 'msrps://chat.example.org;tcp'],
    ['a domain at another port', 'msrps://example.org:9000;tcp'],
    ['a realm that is no domain', 'msrps://sip.example.net;tcp'],
  ])('ends the connection when it is addressed to %s', async (_, toPath) => {
    const client = network.connect()
    client.request('AUTH', { toPath: [toPath] })
    await settle()
    expect([client.closed, client.responses]).toEqual([true, []])
  })

  it('may be any other where that is said, with its name as realm; an address is none', async () => {
    network = relayOfDomains({ unlistedDomains: true })
    await login('elsewhere.example', 'msrps://elsewhere.example;tcp')
    await login('sip.example.net', 'msrps://example.net;tcp')
    for (const toPath of ['msrps://192.0.2.9:2855;tcp', 'msrps://elsewhere.example:9000;tcp']) {
      const client = network.connect()
      client.request('AUTH', { toPath: [toPath] })
      await settle()
      expect(client.closed).toBe(true)
    }
  })

  it('is the only one whose credentials count', async () => {
    const client = network.connect()
    const toPath = ['msrps://example.org;tcp']
    const challenge = await client.challenge({ toPath })
    const wrong = { toPath, change: { realm: 'example.com' } }
    expect((await client.answer(challenge, 'alice', passwords['alice@example.com'] ?? '', wrong)).head.status).toBe(401)
    expect((await client.authenticate('alice', 'of com', { toPath })).head.status).toBe(401)
    expect(network.relay.tokens).toBe(0)
  })

  it('takes a message for nobody', async () => {
    const client = await login('example.org', 'msrps://example.org;tcp')
    client.send(['msrps://example.org:2855/x;tcp', 'msrps://b.invalid:1/b;tcp'], 'hello')
    await settle()
    expect(client.closed).toBe(true)
  })
})

describe('the URI that a user of a domain gets', () => {
  it('has the host of the domain', async () => {
    expect((await login('example.org', 'msrps://example.org;tcp')).token).toMatch(
      /^msrps:\/\/relay\.example\.com:2855\//,
    )
    expect((await login('sip.example.net', 'msrps://example.net;tcp')).token).toMatch(
      /^msrps:\/\/relay\.example\.net:2855\//,
    )
  })

  it('is extended with the credentials of that domain, though its host is that of the relay', async () => {
    const client = await login('example.org', 'msrps://example.org;tcp')
    const toPath = [client.token]
    const challenge = await client.challenge({ toPath })
    expect(challenge.head.fields.wwwAuthenticate[0]?.realm).toBe('example.org')
    expect((await client.answer(challenge, 'alice', 'of org', { toPath })).head.status).toBe(200)
    expect(client.token).toBe(toPath[0])
    // A user of another domain is another one, whatever his name.
    const other = { toPath, change: { realm: 'example.com' } }
    expect((await client.answer(challenge, 'alice', 'of com', other)).head.status).toBe(401)
  })

  it('is gone when it has ended, which is no fault of the credentials', async () => {
    const client = await login('example.org', 'msrps://example.org;tcp')
    const toPath = [client.token]
    await network.clock.advance(901_000)
    const challenge = await client.challenge({ toPath: ['msrps://example.org;tcp'] })
    expect((await client.answer(challenge, 'alice', 'of org', { toPath })).head.status).toBe(481)
  })

  it('tells nobody else its domain', async () => {
    const client = await login('example.org', 'msrps://example.org;tcp')
    const { head } = await network.connect().challenge({ toPath: [client.token] })
    expect(head.fields.wwwAuthenticate[0]?.realm).toBe('example.com')
  })

  it('leads to its holder from users of other domains', async () => {
    const org = await login('example.org', 'msrps://example.org;tcp')
    const net = await login('sip.example.net', 'msrps://example.net;tcp')
    net.send([net.token, ...org.path], 'hello')
    await settle()
    expect(org.body().toString()).toBe('hello')
    expect(network.dialed).toEqual([])
  })
})

it('guesses at a user of one domain are not forgiven for those of another', async () => {
  const client = await login('example.org', 'msrps://example.org;tcp')
  // An ended URI, so that To-Path is the same for both domains.
  const toPath = ['msrps://relay.example.com:2855/ended;tcp']
  const own = [client.token]
  for (let guess = 0; guess < 3 && !client.closed; guess++) {
    const challenge = await client.challenge({ toPath })
    await client.answer(challenge, 'alice', `guess ${guess}`, { toPath, change: { realm: 'example.com' } })
    if (client.closed) break
    await client.authenticate('alice', 'of org', { toPath: own })
  }
  await settle()
  expect(client.closed).toBe(true)
})

it('domains come and go while the relay runs; a URI of one that is gone is extended as ever', async () => {
  const client = await login('example.org', 'msrps://example.org;tcp')
  const added = { name: 'elsewhere.example', realm: 'elsewhere.example', host: 'relay.example.com' }
  network.relay.reconfigure({ ...network.settings, domains: [added] })
  await login('elsewhere.example', 'msrps://elsewhere.example;tcp')
  const { head } = await client.authenticate('alice', 'of org', { toPath: [client.token] })
  expect(head.status).toBe(200)
  const another = network.connect()
  another.request('AUTH', { toPath: ['msrps://example.org;tcp'] })
  await settle()
  expect(another.closed).toBe(true)
})

describe('a connection that is made', () => {
  const [peer, next] = ['msrps://b.invalid:1/b;tcp', 'msrps://two.example.org:2855/t;tcp']

  it('is made as the host of the URI that it is made for', async () => {
    const org = await login('example.org', 'msrps://example.org;tcp')
    const net = await login('sip.example.net', 'msrps://example.net;tcp')
    for (const client of [org, net]) client.send([client.token, next, peer], 'hello')
    await settle()
    expect(network.dialed.map(({ as }) => as)).toEqual(['relay.example.com', 'relay.example.net'])
  })

  it('is shared only by sessions of the same host', async () => {
    network = relayOfDomains({ sharedConnectionsTo: ['two.example.org'] })
    for (const [realm, domain] of [
      ['example.org', 'example.org'],
      ['example.com', 'relay.example.com'],
      ['sip.example.net', 'example.net'],
    ] as const) {
      const client = await login(realm, `msrps://${domain};tcp`)
      network.within(next, { certificate: ['two.example.org'] })
      client.send([client.token, next, peer], 'hello')
      await settle()
    }
    expect(network.dialed.map(({ as }) => as)).toEqual(['relay.example.com', 'relay.example.net'])
  })

  it('is none when a chain leads back to this relay by a domain', async () => {
    const client = await login('example.org', 'msrps://example.org;tcp')
    const transaction = client.request('AUTH', { toPath: [client.token, 'msrps://example.net;tcp'] })
    expect((await client.response(transaction)).head.status).toBe(481)
    expect(network.dialed).toEqual([])
  })
})
