import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalIpv6, isNumericHost } from '../../src/wire/index.ts'

describe('numeric hosts', () => {
  test.each([
    '192.0.2.1',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '1::',
    '2001:db8::1',
    '1:2:3:4:5:6:7:8',
    '::ffff:192.0.2.1',
    '1:2:3:4:5:6:192.0.2.1',
    'FE80::A',
  ])('%s is one', (host) => {
    expect(isNumericHost(host)).toBe(true)
    expect(isIP(host)).not.toBe(0)
  })

  test.each([
    '',
    'localhost',
    'a.b',
    '192.0.2',
    '192.0.2.1.1',
    '256.0.0.1',
    '192.0.2.01',
    '0x7f.0.0.1',
    '2130706433',
    ':',
    ':::',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7::8:9',
    'g::',
    '12345::',
    '::192.0.2.256',
    '192.0.2.1::',
    '::1%eth0',
    '[::1]',
    ':1',
    '1:',
    'dead.beef',
    '::.',
  ])('%s is none', (host) => {
    expect(isNumericHost(host)).toBe(false)
    if (!host.includes('%')) expect(isIP(host)).toBe(0)
  })

  test.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:0DB8:0000:0000:0001:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:1:0:0:0:1:0', '0:0:1::1:0'],
    ['::192.0.2.1', '::c000:201'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('RFC 5952: %s is spelled %s', (text, spelling) => {
    expect(canonicalIpv6(text)).toBe(spelling)
  })

  test('every spelling of an address has one canonical spelling, which is its own', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const spelling = canonicalIpv6(text)
        expect(spelling).toBeDefined()
        expect(canonicalIpv6(spelling ?? '')).toBe(spelling)
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${spelling}]`)
      }),
    )
  })
})
