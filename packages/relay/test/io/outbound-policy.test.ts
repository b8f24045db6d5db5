import { describe, expect, test } from 'vitest'
import type { OutboundSettings } from '../../src/config/index.ts'
import { type BoundListener, OutboundPolicy } from '../../src/io/index.ts'

const strict: OutboundSettings = { allowLoopback: false, allowPrivate: false, allow: [], deny: [] }
const elsewhere: BoundListener[] = [{ host: '203.0.113.5', port: 2855 }]
const interfaces = ['127.0.0.1', '::1', '203.0.113.5', '2001:db8::5', 'fe80::5']

function policy(settings: Partial<OutboundSettings> = {}, listeners = elsewhere): OutboundPolicy {
  return new OutboundPolicy({ ...strict, ...settings }, listeners, () => interfaces)
}

describe('by default the relay connects to', () => {
  test.each([
    '198.51.100.7',
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '223.255.255.255',
    '2001:db8::7',
    '2a00:1450:4001::1',
    'fe00::1',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
    '::ffff:8.8.8.8',
  ])('%s', (address) => {
    expect(policy().denial(address, 4000)).toBeUndefined()
  })
})

describe('by default the relay does not connect to', () => {
  test.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['169.254.169.254', 'metadata-service'],
    ['fd00:ec2::254', 'metadata-service'],
    ['FD00:0EC2:0::0254', 'metadata-service'],
    ['168.63.129.16', 'metadata-service'],
    ['169.254.0.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['febf:ffff::1', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['ff0e::1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.1', 'broadcast'],
    ['10.0.0.1', 'private-network'],
    ['172.16.0.1', 'private-network'],
    ['172.31.255.255', 'private-network'],
    ['192.168.0.1', 'private-network'],
    ['100.64.0.1', 'private-network'],
    ['100.127.255.255', 'private-network'],
    ['fc00::1', 'private-network'],
    ['fdff:ffff::1', 'private-network'],
    ['fec0::1', 'private-network'],
    ['64:ff9b:1::8.8.8.8', 'private-network'],
    ['localhost', 'not-an-address'],
    ['', 'not-an-address'],
    ['127.1', 'not-an-address'],
    ['2130706433', 'not-an-address'],
    ['[::1]', 'not-an-address'],
  ])('%s: %s', (address, expected) => {
    expect(policy().denial(address, 4000)).toBe(expected)
  })
})

describe('an IPv6 address that ends at an IPv4 address is judged by both', () => {
  const forms: [string, (a: number, b: number, c: number, d: number) => string][] = [
    ['IPv4-mapped', (a, b, c, d) => `::ffff:${a}.${b}.${c}.${d}`],
    ['IPv4-mapped in hexadecimal', (a, b, c, d) => `0:0:0:0:0:ffff:${pair(a, b)}:${pair(c, d)}`],
    ['IPv4-compatible', (a, b, c, d) => `::${a}.${b}.${c}.${d}`],
    ['IPv4-translated', (a, b, c, d) => `::ffff:0:${a}.${b}.${c}.${d}`],
    ['NAT64', (a, b, c, d) => `64:ff9b::${a}.${b}.${c}.${d}`],
    ['local NAT64', (a, b, c, d) => `64:ff9b:1::${a}.${b}.${c}.${d}`],
    ['6to4', (a, b, c, d) => `2002:${pair(a, b)}:${pair(c, d)}::1`],
    ['Teredo', (a, b, c, d) => `2001:0:808:808:0:0:${pair(a ^ 255, b ^ 255)}:${pair(c ^ 255, d ^ 255)}`],
  ]
  const inside: [[number, number, number, number], string][] = [
    [[127, 0, 0, 1], 'loopback'],
    [[169, 254, 169, 254], 'metadata-service'],
    [[169, 254, 7, 7], 'link-local'],
    [[224, 0, 0, 1], 'multicast'],
    [[255, 255, 255, 255], 'broadcast'],
    [[10, 1, 2, 3], 'private-network'],
    [[0, 1, 2, 3], 'unspecified'],
  ]

  function pair(high: number, low: number): string {
    return (high * 256 + low).toString(16)
  }

  test.each(
    forms.flatMap(([name, form]) => inside.map(([octets, expected]) => [name, form(...octets), expected] as const)),
  )('%s %s: %s', (_, address, expected) => {
    expect(policy().denial(address, 4000)).toBe(expected)
    expect(policy({ allowPrivate: true }).denial(address, 4000)).toBe(
      expected === 'private-network' ? undefined : expected,
    )
  })

  test('so a network denied for IPv4 is denied in every form', () => {
    const denying = policy({ deny: ['198.51.100.0/24'] })
    for (const [name, form] of forms)
      expect(denying.denial(form(198, 51, 100, 7), 4000), name).toBe('denied-by-setting')
  })
})

describe('settings', () => {
  test('let loopback pass, and no more than that', () => {
    const allowing = policy({ allowLoopback: true })
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      expect(allowing.denial(address, 4000), address).toBeUndefined()
    }
    expect(allowing.denial('169.254.169.254', 4000)).toBe('metadata-service')
    expect(allowing.denial('0.0.0.0', 4000)).toBe('unspecified')
    expect(allowing.denial('10.0.0.1', 4000)).toBe('private-network')
  })

  test('let private networks pass, and no metadata service inside of them', () => {
    const allowing = policy({ allowPrivate: true })
    for (const address of ['10.0.0.1', '192.168.1.1', '172.20.0.1', '100.64.0.1', 'fd12::1']) {
      expect(allowing.denial(address, 4000), address).toBeUndefined()
    }
    for (const address of ['100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254']) {
      expect(allowing.denial(address, 4000), address).toBe('metadata-service')
    }
    expect(allowing.denial('127.0.0.1', 4000)).toBe('loopback')
    expect(allowing.denial('169.254.0.1', 4000)).toBe('link-local')
  })

  test('let single networks pass that are denied otherwise', () => {
    const allowing = policy({ allow: ['10.1.0.0/16', 'fe80::/10', '127.0.0.1'] })
    expect(allowing.denial('10.1.2.3', 4000)).toBeUndefined()
    expect(allowing.denial('10.2.2.3', 4000)).toBe('private-network')
    expect(allowing.denial('fe80::1', 4000)).toBeUndefined()
    expect(allowing.denial('127.0.0.1', 4000)).toBeUndefined()
    expect(allowing.denial('127.0.0.2', 4000)).toBe('loopback')
  })

  test('deny networks whatever else is allowed', () => {
    const denying = policy({ allowPrivate: true, allow: ['10.0.0.0/8'], deny: ['10.9.0.0/16', '2001:db8:bad::/48'] })
    expect(denying.denial('10.8.0.1', 4000)).toBeUndefined()
    expect(denying.denial('10.9.0.1', 4000)).toBe('denied-by-setting')
    expect(denying.denial('2001:db8:bad::1', 4000)).toBe('denied-by-setting')
    expect(denying.denial('2001:db8:bae::1', 4000)).toBeUndefined()
  })
})

describe('the relay never connects to itself, whatever is allowed', () => {
  const everything = { allowLoopback: true, allowPrivate: true, allow: ['0.0.0.0/0', '::/0'] }

  test.each([
    ['127.0.0.1', '127.0.0.1', 'own-listener'],
    ['127.0.0.1', '::ffff:127.0.0.1', 'own-listener'],
    ['127.0.0.1', '::ffff:7f00:1', 'own-listener'],
    ['127.0.0.1', '64:ff9b::127.0.0.1', 'own-listener'],
    ['127.0.0.1', '0.0.0.0', 'own-listener'],
    ['127.0.0.1', '::', 'own-listener'],
    ['127.0.0.1', '127.0.0.2', undefined],
    ['127.0.0.1', '::1', undefined],
    ['::1', '0:0:0:0:0:0:0:1', 'own-listener'],
    ['::1', '127.0.0.1', undefined],
    ['0.0.0.0', '127.0.0.1', 'own-listener'],
    ['0.0.0.0', '127.7.7.7', 'own-listener'],
    ['0.0.0.0', '203.0.113.5', 'own-listener'],
    ['0.0.0.0', '203.0.113.6', undefined],
    ['::', '2001:db8::5', 'own-listener'],
    ['::', '2001:DB8:0::5', 'own-listener'],
    ['::', 'fe80::5%eth0', 'own-listener'],
    ['::', '203.0.113.5', 'own-listener'],
    ['::', '::1', 'own-listener'],
    ['::', '2001:db8::6', undefined],
  ])('listening on %s, to %s: %s', (host, address, expected) => {
    const loop = policy(everything, [
      { host: '203.0.113.99', port: 1 },
      { host, port: 2855 },
    ])
    expect(loop.denial(address, 2855)).toBe(expected)
    expect(loop.denial(address, 2856)).toBeUndefined()
  })

  test('also on the addresses that this machine really has', () => {
    const real = new OutboundPolicy({ ...strict, ...everything }, [{ host: '0.0.0.0', port: 2855 }])
    expect(real.denial('127.0.0.1', 2855)).toBe('own-listener')
    expect(real.denial('198.51.100.7', 2855)).toBeUndefined()
  })
})
