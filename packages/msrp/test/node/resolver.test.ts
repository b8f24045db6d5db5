import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { nodeResolver } from '../../src/node/index.ts'
import { type DnsServer, dnsServer, type HostAnswer } from './dns-server.ts'

describe('finding addresses', () => {
  const resolver = nodeResolver({
    resolve: {
      'Relay.Example.com': '192.0.2.7',
      'six.example.com': '[2001:db8::7]',
      'both.example.com': ['2001:db8::8', '192.0.2.8'],
      'fixed.localhost': '192.0.2.9',
      '192.0.2.1': '192.0.2.2',
    },
  })

  it.each([
    ['a fixed name', 'relay.example.com', ['192.0.2.7']],
    ['a fixed name in other letters and with a dot at its end', 'RELAY.example.COM.', ['192.0.2.7']],
    ['a fixed IPv6 address in brackets', 'six.example.com', ['2001:db8::7']],
    ['several fixed addresses in their order', 'both.example.com', ['2001:db8::8', '192.0.2.8']],
    ['an address as itself (RFC4975-6.2-1)', '192.0.2.10', ['192.0.2.10']],
    ['an IPv6 address as itself (RFC4975-6.2-1)', '2001:db8::1', ['2001:db8::1']],
    ['an address that was given another one', '192.0.2.1', ['192.0.2.2']],
    ['localhost', 'localhost', ['::1', '127.0.0.1']],
    ['a name below localhost', 'relay-a.LOCALHOST', ['::1', '127.0.0.1']],
    ['a name below localhost that is fixed', 'fixed.localhost', ['192.0.2.9']],
  ])('finds %s', async (_, host, addresses) => {
    expect(await resolver.lookup(host)).toEqual(addresses)
  })

  it('does not take a name for localhost that only ends like it', async () => {
    await expect(resolver.lookup('notlocalhost')).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('names the host that cannot be found', async () => {
    const error = await resolver.lookup('no-such-host.invalid').catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(String(error)).toMatch(/cannot find the address of no-such-host\.invalid: .*DNS/)
  })

  it.each([
    ['a name', 'other.example.com'],
    ['nothing', ''],
    ['no addresses', []],
    ['an address with a port', '192.0.2.1:2855'],
  ])('refuses %s as a fixed address', (_, address) => {
    expect(() => nodeResolver({ resolve: { 'relay.example.com': address } })).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringMatching(/resolve: relay\.example\.com/),
      }),
    )
  })
})

describe('asking DNS for addresses', () => {
  let server: DnsServer
  beforeAll(async () => {
    const known: Readonly<Record<string, HostAnswer>> = {
      'four.example.com': { four: ['192.0.2.1', '192.0.2.2'] },
      'both.example.com': { four: ['192.0.2.1'], six: ['2001:db8:0:0:0:0:0:1'] },
      'half.example.com': { four: ['192.0.2.3'], six: 'silence' },
      'none.example.com': {},
      'worse.example.com': { four: 'silence' },
    }
    const silent: HostAnswer = { four: 'silence', six: 'silence' }
    server = await dnsServer({ hosts: (name) => (name.endsWith('silent.example.com') ? silent : known[name]) })
  })
  afterAll(() => server.stop())

  const resolver = (timeout = 5_000): ReturnType<typeof nodeResolver> =>
    nodeResolver({ servers: [server.address], timeout })

  it.each([
    ['of one family', 'four.example.com', ['192.0.2.1', '192.0.2.2']],
    ['of both, IPv6 first', 'both.example.com', ['2001:db8::1', '192.0.2.1']],
    ['of one, soon, when DNS is silent about the other', 'half.example.com', ['192.0.2.3']],
  ])('finds those %s', async (_, host, addresses) => {
    expect(await resolver().lookup(host)).toEqual(addresses)
  })

  it.each([
    ['does not know the name', 'unknown.example.com', /not known to DNS/],
    ['has no address for it', 'none.example.com', /knows no address/],
    ['is silent', 'silent.example.com', /DNS did not answer/],
    ['has none of one family and is silent about the other', 'worse.example.com', /DNS did not answer/],
    ['is asked for what cannot be a name', `${'x'.repeat(70)}.example.com`, /cannot be/],
  ])('says so when DNS %s', async (_, host, message) => {
    await expect(resolver(50).lookup(host)).rejects.toMatchObject({ code: 'unreachable', message })
  })

  it('finds a name while a hundred others get no answer, and leaves those when it is told to', async () => {
    const controller = new AbortController()
    const silent = Array.from({ length: 100 }, (_, index) => `${index}.silent.example.com`)
    // By ten minutes they have not given up by themselves.
    const stuck = silent.map((name) => resolver(600_000).lookup(name, controller.signal))
    const ended = Promise.allSettled(stuck)
    const names = (): Set<string> => new Set(server.asked.filter((name) => name.endsWith('.silent.example.com')))
    await vi.waitUntil(() => names().size === silent.length, 5_000)
    expect(await resolver().lookup('four.example.com')).toEqual(['192.0.2.1', '192.0.2.2'])
    controller.abort()
    expect((await ended).every(({ status }) => status === 'rejected')).toBe(true)
  })
})

describe('finding services', () => {
  let server: DnsServer
  beforeAll(async () => {
    server = await dnsServer({
      services: {
        '_msrps._tcp.example.com': [
          [20, 0, 2857, 'Backup.Example.com'],
          [10, 5, 2855, 'relay1.example.com'],
          [10, 5, 2856, 'relay2.example.com'],
        ],
        '_msrps._tcp.none.example.com': [[0, 0, 0, '.']],
        '_msrps._tcp.empty.example.com': [],
        '_msrps._tcp.broken.example.com': 2,
        '_msrps._tcp.refused.example.com': 5,
        '_msrps._tcp.silent.example.com': 'silence',
      },
    })
  })
  afterAll(() => server.stop())

  const resolver = (): ReturnType<typeof nodeResolver> => nodeResolver({ servers: [server.address], timeout: 100 })

  it('gives the targets in the order in which to try them', async () => {
    const seen = new Set<string>()
    for (let draw = 0; draw < 40; draw++) {
      const targets = await resolver().resolveSrv('_msrps._tcp.example.com')
      expect(targets).toHaveLength(3)
      expect(targets[2]).toEqual({ host: 'backup.example.com', port: 2857 })
      seen.add(`${targets[0]?.host}:${targets[0]?.port}`)
    }
    expect([...seen].sort()).toEqual(['relay1.example.com:2855', 'relay2.example.com:2856'])
  })

  it.each([
    ['the name is not known', '_msrps._tcp.unknown.example.com'],
    ['the name has no such record', '_msrps._tcp.empty.example.com'],
    ['the server fails', '_msrps._tcp.broken.example.com'],
    ['the server refuses', '_msrps._tcp.refused.example.com'],
    ['the server is silent', '_msrps._tcp.silent.example.com'],
    ['the name cannot be one', `_msrps._tcp.${'x'.repeat(70)}.example.com`],
  ])('has none when %s', async (_, name) => {
    expect(await resolver().resolveSrv(name)).toEqual([])
  })

  it('is unreachable when the domain says that it does not offer the service', async () => {
    await expect(resolver().resolveSrv('_msrps._tcp.none.example.com')).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('_msrps._tcp.none.example.com'),
    })
  })
})
