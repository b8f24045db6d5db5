import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ByteRange, formatByteRange, parseByteRange } from '../../src/wire/index.ts'

describe('Byte-Range (RFC 4975 §7.1.1)', () => {
  test.each<[string, ByteRange]>([
    ['1-16/16', { start: 1, end: 16, total: 16 }],
    ['1-*/8', { start: 1, end: undefined, total: 8 }],
    ['2049-*/*', { start: 2049, end: undefined, total: undefined }],
    ['1-0/0', { start: 1, end: 0, total: 0 }],
    ['5-4/*', { start: 5, end: 4, total: undefined }],
    [
      '9007199254740991-*/9007199254740991',
      { start: Number.MAX_SAFE_INTEGER, end: undefined, total: Number.MAX_SAFE_INTEGER },
    ],
  ])('%s', (text, range) => {
    expect(parseByteRange(text)).toEqual(range)
    expect(formatByteRange(range)).toBe(text)
  })

  test.each([
    ['1-10/5', { start: 1, end: 10, total: 5 }],
    ['001-010/0010', { start: 1, end: 10, total: 10 }],
  ])('%s is read though nobody should send it', (text, range) => {
    expect(parseByteRange(text)).toEqual(range)
  })

  test.each([
    '',
    '1-10',
    '1/10',
    '-10/10',
    '*-10/10',
    '0-10/10',
    '10-8/10',
    '1-10/',
    '1 - 10/10',
    ' 1-10/10',
    '1-10/10 ',
    'a-b/c',
    '1-10/10x',
    '1.5-2/3',
    '+1-2/3',
    '9007199254740992-*/*',
    '1-9999999999999999/*',
    '1-*/99999999999999999999',
    '１-２/３',
  ])('%j is none, and the error names the field', (text) => {
    expect(() => parseByteRange(text)).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('Byte-Range') }),
    )
  })

  test.each<ByteRange>([
    { start: 0, end: 1, total: 1 },
    { start: 1.5, end: undefined, total: undefined },
    { start: Number.NaN, end: undefined, total: undefined },
    { start: 1, end: -1, total: undefined },
    { start: 3, end: 1, total: undefined },
    { start: 1, end: undefined, total: -1 },
    { start: 1, end: undefined, total: Number.POSITIVE_INFINITY },
    { start: 2 ** 53, end: undefined, total: undefined },
  ])('%o cannot be written', (range) => {
    expect(() => formatByteRange(range)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('what is written is read as the same', () => {
    const size = fc.maxSafeNat()
    fc.assert(
      fc.property(
        fc.integer({ min: 1 }),
        fc.option(size, { nil: undefined }),
        fc.option(size, { nil: undefined }),
        (start, extra, total) => {
          const range = {
            start,
            end: extra === undefined ? undefined : Math.min(start - 1 + extra, Number.MAX_SAFE_INTEGER),
            total,
          }
          expect(parseByteRange(formatByteRange(range))).toEqual(range)
        },
      ),
    )
  })
})
