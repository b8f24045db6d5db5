import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeResolver } from '../../src/node/index.ts'
import { srvServer } from './dns-server.ts'

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

describe('finding services', () => {
  let server: Awaited<ReturnType<typeof srvServer>>
  beforeAll(async () => {
    server = await srvServer({
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
