import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteSearch } from '../../src/wire/byte-search.ts'

const bytes = fc.array(fc.constantFrom(0x0d, 0x0a, 0x2d, 0x61), { maxLength: 60 }).map((list) => Uint8Array.from(list))
const needle = bytes.filter((list) => list.length > 0 && list.length < 12)

/** Bytes before those that may match: short and long texts are searched in different ways. */
const SIZES = [0, 500, 600]

describe.each([
  ['the search of the platform', (wanted: Uint8Array) => new ByteSearch(wanted)],
  ['the search for platforms that have none', (wanted: Uint8Array) => new ByteSearch(wanted, null)],
])('%s', (_, make) => {
  test('finds what a comparison at every place finds', () => {
    fc.assert(
      fc.property(bytes, needle, fc.nat({ max: 70 }), fc.constantFrom(...SIZES), (end, wanted, place, size) => {
        const hay = new Uint8Array(size + end.length).fill(0x62)
        hay.set(end, size)
        const from = place === 0 ? 0 : size + place
        const places = [...hay.keys()].filter(
          (at) => at >= from && wanted.every((byte, index) => hay[at + index] === byte),
        )
        expect(make(wanted).indexIn(hay, from)).toBe(places[0] ?? -1)
      }),
      { numRuns: 2000 },
    )
  })

  test('finds the last place of a long text', () => {
    const hay = new Uint8Array(100_000).fill(0x2d)
    hay.set([1, 2, 3], 99_997)
    expect(make(Uint8Array.of(0x2d, 1, 2, 3)).indexIn(hay, 0)).toBe(99_996)
  })
})
