import { createHmac } from 'node:crypto'
import { nodeRandom } from 'msrp/node'
import { describe, expect, it } from 'vitest'
import { NonceCounts, Nonces } from '../../src/forwarding/nonce.ts'

function setUp(): { nonces: Nonces; at: (seconds: number) => void } {
  let now = 1000
  const nonces = new Nonces({
    time: () => now,
    random: nodeRandom,
    hmac: (text) => createHmac('sha256', 'key').update(text).digest('hex'),
    equal: (one, other) => one === other,
    lifetime: () => 300,
  })
  return {
    nonces,
    at: (seconds) => {
      now = seconds
    },
  }
}

describe('a nonce', () => {
  it('is fresh for its lifetime and then stale, for whom it was made', () => {
    const { nonces, at } = setUp()
    const nonce = nonces.issue('client 1')
    expect(nonces.check(nonce, 'client 1')).toBe('fresh')
    at(1300)
    expect(nonces.check(nonce, 'client 1')).toBe('fresh')
    at(1301)
    expect(nonces.check(nonce, 'client 1')).toBe('stale')
    expect(nonces.check(nonce, 'client 2')).toBe('forged')
  })

  it.each([
    ['of another time', (nonce: string) => nonce.replace(/^[0-9a-f]+/, 'fff')],
    ['with other random bits', (nonce: string) => nonce.replace(/\.[0-9a-f]+\./, '.0011223344556677.')],
    ['with another proof', (nonce: string) => nonce.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
    ['with more behind it', (nonce: string) => `${nonce}.x`],
    ['with its parts moved', (nonce: string) => nonce.replace('.', '')],
    ['empty', () => ''],
    ['of dots', () => '...'],
    ['from the future, made by a key that is ours no more', () => 'ffffffffff.00.00'],
  ])('%s is forged', (_, change) => {
    const { nonces } = setUp()
    expect(nonces.check(change(nonces.issue('client 1')), 'client 1')).toBe('forged')
  })

  it('has a beginning of its own, which tells what was issued after what, within one instant as well', () => {
    const { nonces } = setUp()
    const beginnings = Array.from({ length: 100 }, () => Number.parseInt(nonces.issue('client 1'), 16))
    expect(beginnings).toEqual([...new Set(beginnings)].sort((one, other) => one - other))
  })

  it('from the future is not fresh', () => {
    const { nonces, at } = setUp()
    at(2000)
    const nonce = nonces.issue('client 1')
    at(1000)
    expect(nonces.check(nonce, 'client 1')).toBe('stale')
  })
})

describe('counts', () => {
  const nonce = (second: number, salt = '0'): string => `${second.toString(16)}.${salt}.proof`

  it('have to rise, for each nonce by itself', () => {
    const counts = new NonceCounts(10)
    expect(counts.use(nonce(1), 1)).toBe(true)
    expect(counts.use(nonce(2), 1)).toBe(true)
    expect([
      counts.use(nonce(1), 1),
      counts.use(nonce(1), 0),
      counts.use(nonce(1), 5),
      counts.use(nonce(1), 4),
    ]).toEqual([false, false, true, false])
  })

  it('that had to be forgotten are not taken for new: neither they nor others as old', () => {
    const counts = new NonceCounts(3)
    for (const second of [1, 2, 3, 4]) expect(counts.use(nonce(second), 1)).toBe(true)
    expect(counts.use(nonce(1), 1)).toBe(false)
    expect(counts.use(nonce(1, 'other'), 1)).toBe(false)
    expect(counts.use(nonce(4), 1)).toBe(false)
    expect(counts.use(nonce(3), 2)).toBe(true)
    expect(counts.use(nonce(5), 1)).toBe(true)
    // Used again, the third is not the oldest any more.
    expect(counts.use(nonce(2), 2)).toBe(false)
    expect(counts.use(nonce(3), 3)).toBe(true)
  })
})
