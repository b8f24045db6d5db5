import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteRanges } from '../../src/session/byte-ranges.ts'

const run = fc.tuple(fc.nat(60), fc.nat(20)).map(([start, length]) => ({ start, end: start + length }))

describe('ByteRanges', () => {
  test('agrees with a set of single positions, whatever is added in whatever order', () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 40 }), fc.nat(90), fc.nat(90), (runs, from, length) => {
        const ranges = new ByteRanges()
        const positions = new Set<number>()
        for (const { start, end } of runs) {
          const before = positions.size
          for (let at = start; at < end; at++) positions.add(at)
          expect(ranges.add(start, end)).toBe(positions.size - before)
        }
        const until = from + length
        const within = [...positions].filter((at) => at >= from && at < until).sort((one, other) => one - other)
        let contiguous = from
        while (positions.has(contiguous)) contiguous++

        expect(ranges.bytes).toBe(positions.size)
        expect(ranges.end).toBe(Math.max(0, ...[...positions].map((at) => at + 1)))
        expect(ranges.contiguousFrom(from)).toBe(contiguous)
        expect(ranges.covers(from, until)).toBe(within.length === length)
        expect(flat(ranges.within(from, until))).toEqual(within)
        const runsLeft = [...ranges.within(0, 200)]
        expect(ranges.runs).toBe(runsLeft.length)
        // Runs that touch are one.
        for (const [index, { start }] of runsLeft.entries())
          if (index > 0) expect(start).toBeGreaterThan(runsLeft[index - 1]!.end)
      }),
      { numRuns: 500 },
    )
  })

  test('makes no more runs than wanted', () => {
    const ranges = new ByteRanges()
    expect([ranges.add(0, 1, 2), ranges.add(4, 5, 2), ranges.add(8, 9, 2), ranges.add(2, 4, 2)]).toEqual([1, 1, 0, 2])
    expect([ranges.add(1, 2, 2), ranges.add(8, 9, 2), ranges.runs, ranges.bytes]).toEqual([1, 1, 2, 6])
  })

  test('holds positions far beyond any buffer', () => {
    const ranges = new ByteRanges()
    ranges.add(2 ** 52, 2 ** 52 + 10)
    ranges.add(0, 5)
    expect(ranges.runs).toBe(2)
    expect(ranges.bytes).toBe(15)
    expect(ranges.contiguousFrom(2 ** 52)).toBe(2 ** 52 + 10)
  })
})

function flat(runs: Iterable<{ start: number; end: number }>): number[] {
  return [...runs].flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index))
}
