import { describe, expect, test } from 'vitest'
import { orderSrv, type SrvRecord } from '../../src/node/srv-order.ts'
import {
  connectToRelay,
  locateRelay,
  type RelayAddress,
  type SrvResolver,
} from '../../src/session/relay-client/index.ts'
import { MsrpError, MsrpUri } from '../../src/wire/index.ts'

/** A resolver that orders as Node's does, with a lot of the test's own. */
function resolver(
  records: Record<string, SrvRecord[]>,
  random: (most: number) => number = () => 0,
): SrvResolver & { asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    async resolveSrv(name) {
      asked.push(name)
      return orderSrv(records[name] ?? [], random).map(({ name: host, port }) => ({ host, port }))
    },
  }
}

function shown(addresses: RelayAddress[]): string[] {
  return addresses.map(({ host, port, serverName }) => `${host}:${port} as ${serverName}`)
}

const RECORDS: Record<string, SrvRecord[]> = {
  '_msrps._tcp.example.com': [
    { name: 'backup.example.net', port: 2855, priority: 20, weight: 0 },
    { name: 'server1.example.com', port: 9000, priority: 0, weight: 1 },
    { name: 'server2.example.com', port: 9001, priority: 0, weight: 2 },
  ],
}

describe('A relay is looked for', () => {
  test('at the host and port of its URI alone, when that has a port: no SRV (RFC 4976 §8)', async () => {
    const dns = resolver(RECORDS)
    const found = await locateRelay(MsrpUri.parse('msrps://alice@example.com:9999;tcp'), dns)
    expect(shown(found)).toEqual(['example.com:9999 as example.com'])
    expect(dns.asked).toEqual([])
  })

  test('at its SRV targets, by priority and lot, and at last at the domain and port 2855 (RFC4975-6.2-4, RFC4976-9.2-2)', async () => {
    const one = await locateRelay(
      MsrpUri.parse('msrps://Example.com;tcp'),
      resolver(RECORDS, () => 1),
    )
    expect(shown(one)).toEqual([
      'server1.example.com:9000 as example.com',
      'server2.example.com:9001 as example.com',
      'backup.example.net:2855 as example.com',
      'example.com:2855 as example.com',
    ])
    const other = await locateRelay(
      MsrpUri.parse('msrps://example.com;tcp'),
      resolver(RECORDS, (most) => most),
    )
    expect(other.map(({ port }) => port)).toEqual([9001, 9000, 2855, 2855])
  })

  test('by weight: of 3,000 lots two thirds fall to the target of twice the weight', async () => {
    let seed = 7
    // A small generator of fixed seed (Park and Miller).
    const random = (most: number): number => {
      seed = (seed * 48271) % 2147483647
      return seed % (most + 1)
    }
    let first = 0
    const records = ['light', 'heavy'].map((name, index) => ({ name, port: 1, priority: 0, weight: 100 * (index + 1) }))
    const dns = resolver({ '_msrps._tcp.example.com': records }, random)
    for (let round = 0; round < 3000; round++) {
      const [head] = await locateRelay(MsrpUri.parse('msrps://example.com;tcp'), dns)
      if (head?.host === 'heavy') first++
    }
    expect(first / 3000).toBeGreaterThan(0.63)
    expect(first / 3000).toBeLessThan(0.7)
  })

  test('at the domain and port 2855 when there is no SRV record', async () => {
    const dns = resolver({})
    const found = await locateRelay(MsrpUri.parse('msrps://other.example;tcp'), dns)
    expect(dns.asked).toEqual(['_msrps._tcp.other.example'])
    expect(shown(found)).toEqual(['other.example:2855 as other.example'])
  })

  test('there only once, when SRV names the same', async () => {
    const dns = resolver({ '_msrps._tcp.a.example': [{ name: 'a.example', port: 2855, priority: 0, weight: 0 }] })
    expect(await locateRelay(MsrpUri.parse('msrps://a.example;tcp'), dns)).toHaveLength(1)
  })

  test('on this machine for localhost, without asking DNS (RFC 6761 §6.3)', async () => {
    const dns = resolver({})
    const hosts = ['localhost', 'relay-a.localhost']
    for (const host of hosts) {
      expect(shown(await locateRelay(MsrpUri.parse(`msrps://${host};tcp`), dns))).toEqual([`${host}:2855 as ${host}`])
    }
    expect(dns.asked).toEqual([])
  })

  test.each(['msrps://192.0.2.1;tcp', 'msrps://[2001:db8::1];tcp'])(
    'never at %s: an address needs a port (RFC4976-8-2)',
    async (uri) => {
      await expect(locateRelay(MsrpUri.parse(uri), resolver({}))).rejects.toMatchObject({ code: 'invalid-argument' })
    },
  )

  test('never without TLS (RFC4976-8-3)', async () => {
    const promise = locateRelay(MsrpUri.parse('msrp://relay.example.com:2855;tcp'), resolver({}))
    await expect(promise).rejects.toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('msrps') })
  })

  test('nowhere when DNS says that the domain has none', async () => {
    const none = new MsrpError('unreachable', 'not offered')
    const promise = locateRelay(MsrpUri.parse('msrps://a.example;tcp'), { resolveSrv: () => Promise.reject(none) })
    await expect(promise).rejects.toBe(none)
  })
})

describe('Connecting to a relay', () => {
  const uri = MsrpUri.parse('msrps://example.com;tcp')
  const dns = resolver(RECORDS, () => 1)

  test('takes the first place that works', async () => {
    const tried: number[] = []
    const reached = await connectToRelay(uri, dns, async ({ host, port }) => {
      tried.push(port)
      if (port !== 2855) throw new MsrpError('unreachable', `${host} is down`)
      return host
    })
    expect(reached).toBe('backup.example.net')
    expect(tried).toEqual([9000, 9001, 2855])
  })

  test('says why for each place when none works', async () => {
    const promise = connectToRelay(uri, dns, async ({ host, port }) => {
      throw new MsrpError('unreachable', `${host}:${port} is down`)
    })
    await expect(promise).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/server1.example.com:9000 is down.*server2.*backup.*example.com:2855 is down/),
    })
  })

  test('passes on the one error of the one place there is', async () => {
    const error = new MsrpError('unreachable', 'down')
    await expect(
      connectToRelay(MsrpUri.parse('msrps://a.example:1;tcp'), dns, () => Promise.reject(error)),
    ).rejects.toBe(error)
  })

  test('says most of all what is wrong with a certificate', async () => {
    const wrong = new MsrpError('tls-name', 'made out to somebody else')
    const promise = connectToRelay(uri, dns, async ({ port }) => {
      throw port === 9001 ? wrong : new MsrpError('unreachable', 'down')
    })
    await expect(promise).rejects.toBe(wrong)
  })

  test.each([
    ['refuses with a 403', new MsrpError('refused', 'full', { status: 403 })],
    ['cannot look at credentials, which it says by a 403', new MsrpError('unauthorized', 'no', { status: 403 })],
    ['does not answer', new MsrpError('timeout', 'silence')],
    ['closes the connection', new MsrpError('connection-lost', 'gone')],
  ])('goes on to the next relay when one %s', async (_, error) => {
    const tried: number[] = []
    const reached = await connectToRelay(uri, dns, async ({ port }) => {
      tried.push(port)
      if (port === 9000) throw error
      return port
    })
    expect([reached, tried]).toEqual([9001, [9000, 9001]])
    await expect(connectToRelay(uri, dns, () => Promise.reject(error))).rejects.toBe(error)
  })

  test('asks nobody else when the password is wrong', async () => {
    let tried = 0
    const promise = connectToRelay(uri, dns, async () => {
      tried++
      throw new MsrpError('unauthorized', 'wrong')
    })
    await expect(promise).rejects.toMatchObject({ code: 'unauthorized' })
    expect(tried).toBe(1)
  })

  test('goes no further when it was given up', async () => {
    let tried = 0
    const promise = connectToRelay(uri, dns, async () => {
      tried++
      throw new MsrpError('aborted', 'enough')
    })
    await expect(promise).rejects.toMatchObject({ code: 'aborted' })
    expect(tried).toBe(1)
  })
})
