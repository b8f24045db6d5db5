import { describe, expect, test } from 'vitest'
import { isLoopback, networkSet, parseNetwork } from '../../src/config/index.ts'

describe('a network is read from ADDRESS/PREFIX or ADDRESS', () => {
  test.each([
    ['192.0.2.0/24', { address: '192.0.2.0', prefix: 24, family: 'ipv4' }],
    ['192.0.2.1', { address: '192.0.2.1', prefix: 32, family: 'ipv4' }],
    ['0.0.0.0/0', { address: '0.0.0.0', prefix: 0, family: 'ipv4' }],
    ['2001:db8::/32', { address: '2001:db8::', prefix: 32, family: 'ipv6' }],
    ['::1', { address: '::1', prefix: 128, family: 'ipv6' }],
  ])('%s', (text, expected) => {
    expect(parseNetwork(text)).toEqual(expected)
  })

  test.each([
    '',
    '192.0.2',
    '192.0.2.0/33',
    '::/129',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '192.0.2.0/8/8',
    'localhost',
    'fe80::1%eth0',
  ])('and not from %j', (text) => {
    expect(parseNetwork(text)).toBeUndefined()
  })
})

test('a set of networks holds their addresses, of both families', () => {
  const set = networkSet(['192.0.2.0/24', '2001:db8::/32', '203.0.113.7'])
  const held = ['192.0.2.255', '192.0.3.0', '203.0.113.7', '203.0.113.8'].map((address) => set.check(address, 'ipv4'))
  expect(held).toEqual([true, false, true, false])
  expect(['2001:db8::1', '2001:db9::1'].map((address) => set.check(address, 'ipv6'))).toEqual([true, false])
})

test.each([
  ['127.0.0.1', true],
  ['127.255.255.255', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.0.2.1', false],
  ['localhost', false],
])('whether %s is loopback: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected)
})
