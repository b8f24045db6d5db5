import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../src/forwarding/limits/token-bucket.ts'

const rates = fc.integer({ min: 1, max: 10_000_000 })
const steps = fc.array(fc.record({ wait: fc.nat(5000), bytes: fc.nat(2_000_000) }), { maxLength: 60 })

describe('a token bucket', () => {
  it('gives a second at once, and 16 KiB where that is more', () => {
    expect(new TokenBucket(1_000_000, 0).level(0)).toBe(1_000_000)
    expect(new TokenBucket(1000, 0).level(0)).toBe(16_384)
  })

  it('is asked for no more than a burst and what the rate brings, by those who wait until it is not empty', () => {
    fc.assert(
      fc.property(rates, steps, (rate, moves) => {
        const bucket = new TokenBucket(rate, 0)
        let now = 0
        let taken = 0
        let largest = 0
        for (const { wait, bytes } of moves) {
          now += wait
          if (bucket.level(now) < 0) continue
          bucket.take(bytes, now)
          taken += bytes
          largest = Math.max(largest, bytes)
        }
        expect(taken).toBeLessThanOrEqual(bucket.burst + (now * rate) / 1000 + largest + 1)
      }),
    )
  })

  it('keeps nobody waiting longer than it says', () => {
    fc.assert(
      fc.property(rates, steps, fc.integer({ min: -1_000_000, max: 16_384 }), (rate, moves, wanted) => {
        const bucket = new TokenBucket(rate, 0)
        let now = 0
        for (const { wait, bytes } of moves) {
          now += wait
          bucket.take(bytes, now)
        }
        const delay = bucket.delay(wanted, now)
        expect(bucket.level(now + delay)).toBeGreaterThanOrEqual(wanted - 0.01)
        if (delay > 1) expect(bucket.level(now + delay - 1)).toBeLessThan(wanted + 0.01)
      }),
    )
  })

  it('never holds more than a burst, whatever is put back', () => {
    fc.assert(
      fc.property(rates, fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 })), (rate, takes) => {
        const bucket = new TokenBucket(rate, 0)
        for (const [now, bytes] of takes.entries()) {
          bucket.take(bytes, now)
          expect(bucket.level(now + 10_000)).toBeLessThanOrEqual(bucket.burst)
        }
      }),
    )
  })
})
