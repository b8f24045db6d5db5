import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderSrv, type SrvRecord, uniform } from '../../src/node/srv-order.ts'

/** Always the same "random" numbers: mulberry32. */
function seeded(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % (most + 1)
  }
}

const record = (name: string, priority: number, weight: number): SrvRecord => ({ name, port: 2855, priority, weight })

/** How often each record came first in many draws. */
function firsts(records: readonly SrvRecord[], draws: number): Record<string, number> {
  const random = seeded(7)
  const counts: Record<string, number> = {}
  for (let draw = 0; draw < draws; draw++) {
    const name = orderSrv(records, random)[0]?.name ?? ''
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe('the order of SRV records (RFC 2782)', () => {
  it('puts lower priorities first, whatever the weights', () => {
    const records = [record('c', 20, 65535), record('a', 1, 0), record('b', 10, 1)]
    for (let seed = 0; seed < 50; seed++) {
      expect(orderSrv(records, seeded(seed)).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    }
  })

  it('draws records of one priority in proportion to their weights', () => {
    const counts = firsts([record('one', 0, 10), record('two', 0, 20), record('three', 0, 70)], 20_000)
    expect(counts.one! / 20_000).toBeCloseTo(0.1, 1)
    expect(counts.two! / 20_000).toBeCloseTo(0.2, 1)
    expect(counts.three! / 20_000).toBeCloseTo(0.7, 1)
  })

  it('draws a record of weight 0 rarely beside others, but does draw it', () => {
    const counts = firsts([record('spare', 0, 0), record('main', 0, 99)], 20_000)
    expect(counts.spare).toBeGreaterThan(50)
    expect(counts.spare).toBeLessThan(600)
  })

  it('gives every record of weight 0 its turn when all have it', () => {
    const orders = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const names = orderSrv([record('a', 0, 0), record('b', 0, 0)], seeded(seed)).map(({ name }) => name)
      orders.add(names.join())
    }
    // The algorithm of the RFC takes the first of them; what matters is that none is lost.
    for (const order of orders) expect(order.split(',').sort()).toEqual(['a', 'b'])
  })

  it('draws the rest by the weights that are left', () => {
    const random = seeded(3)
    let twoBeforeOne = 0
    for (let draw = 0; draw < 10_000; draw++) {
      const rest = orderSrv([record('one', 0, 1), record('two', 0, 3), record('big', 0, 1000)], random)
        .map(({ name }) => name)
        .filter((name) => name !== 'big')
      if (rest[0] === 'two') twoBeforeOne += 1
    }
    expect(twoBeforeOne / 10_000).toBeGreaterThan(0.6)
    expect(twoBeforeOne / 10_000).toBeLessThan(0.8)
  })

  it('gives every record exactly once, by priority', () => {
    const records = fc.array(
      fc.record({
        name: fc.string(),
        port: fc.nat(65535),
        priority: fc.nat(3),
        weight: fc.oneof(fc.constant(0), fc.nat(65535)),
      }),
    )
    fc.assert(
      fc.property(records, fc.integer(), (list, seed) => {
        const ordered = orderSrv(list, seeded(seed))
        expect(ordered).toHaveLength(list.length)
        expect(new Set(ordered)).toEqual(new Set(list))
        const priorities = ordered.map(({ priority }) => priority)
        expect(priorities).toEqual([...priorities].sort((a, b) => a - b))
      }),
    )
  })
})

describe('even integers from random bytes', () => {
  it('covers the whole range, both ends included', () => {
    const bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 4]
    const random = uniform((size) => Uint8Array.from(bytes.splice(0, size)))
    expect([random(3), random(3), random(3)]).toEqual([0, 3, 0])
  })
})
