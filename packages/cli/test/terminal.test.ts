import { describe, expect, test } from 'vitest'
import { printableJson, printableLine, printableText } from '../src/terminal/printable.ts'
import { displayWidth, fit, formatProgress } from '../src/terminal/progress-line.ts'
import { Rate } from '../src/terminal/rate.ts'
import { programName, quotedWord, shellWord } from '../src/terminal/shell-word.ts'
import { formatBytes, formatDuration } from '../src/terminal/units.ts'

describe('text from the peer cannot steer the terminal', () => {
  test.each([
    ['plain', 'plain', 'plain'],
    ['grün 日本 👍🏽', 'grün 日本 👍🏽', 'grün 日本 👍🏽'],
    ['two\nlines\tand a tab', 'two\nlines\tand a tab', 'two\\nlines\\tand a tab'],
    ['dos\r\nlines', 'dos\nlines', 'dos\\r\\nlines'],
    ['over\rwrite', 'over\\rwrite', 'over\\rwrite'],
    ['\u001b[2Jcleared', '\\x1b[2Jcleared', '\\x1b[2Jcleared'],
    ['\u001b]0;title\u0007', '\\x1b]0;title\\x07', '\\x1b]0;title\\x07'],
    ['\u009b31m', '\\x9b31m', '\\x9b31m'],
    ['\b\b\u007f', '\\x08\\x08\\x7f', '\\x08\\x08\\x7f'],
    ['a\u202eb\u2066c', 'a\\u202eb\\u2066c', 'a\\u202eb\\u2066c'],
    ['a\u2028b', 'a\\u2028b', 'a\\u2028b'],
    ['half \ud83d', 'half \\ud83d', 'half \\ud83d'],
  ])('%j', (text, asText, asLine) => {
    expect(printableText(text)).toBe(asText)
    expect(printableLine(text)).toBe(asLine)
  })

  test('JSON keeps its value and holds no control character', () => {
    const value = { text: 'a\u001b[2J\u009b\u202e\u2028\nb\ud83d' }
    const line = printableJson(value)
    expect(line).not.toMatch(/[\p{Cc}\u202e\u2028]/u)
    expect(JSON.parse(line)).toEqual(value)
  })
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1500, '1.5 kB'],
  [99_940, '99.9 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [1_073_741_824, '1.1 GB'],
  [5e15, '5.0 PB'],
])('%i bytes are written as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0, '0:00'],
  [7.4, '0:07'],
  [754, '12:34'],
  [3723, '1:02:03'],
  [360_000, '100:00:00'],
])('%d seconds are written as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})

describe('a rate', () => {
  test('is that of the last five seconds', () => {
    const rate = new Rate()
    rate.add(0, 0)
    expect(rate.bytesPerSecond).toBe(0)
    rate.add(1_000, 1_000)
    expect(rate.bytesPerSecond).toBe(1_000)
    for (let at = 2_000; at <= 20_000; at += 100) rate.add(at, 1_000 + (at - 1_000) * 5)
    expect(rate.bytesPerSecond).toBe(5_000)
  })

  test('falls to nothing when nothing comes', () => {
    const rate = new Rate()
    rate.add(0, 0)
    rate.add(100, 1_000_000)
    for (let at = 200; at <= 10_000; at += 100) rate.add(at, 1_000_000)
    expect(rate.bytesPerSecond).toBe(0)
  })

  test('is kept in little memory however often it is fed', () => {
    const rate = new Rate()
    for (let at = 0; at < 100_000; at++) rate.add(at / 10, at)
    expect(rate.bytesPerSecond).toBeGreaterThan(9_900)
    expect(rate.bytesPerSecond).toBeLessThan(10_100)
  })
})

describe('a line of progress', () => {
  const state = { label: 'photo.jpg', bytes: 45_000_000, total: 100_000_000, bytesPerSecond: 5_000_000 }

  test.each([
    [100, state, 'photo.jpg  [#########-----------]   45 %  45.0 MB of 100 MB  5.0 MB/s  0:11 left'],
    [60, state, 'photo.jpg   45 %  45.0 MB of 100 MB  5.0 MB/s  0:11 left'],
    [45, state, 'photo.jpg   45 %  5.0 MB/s  0:11 left'],
    [30, state, 'photo.jpg   45 %  0:11 left'],
    [20, state, 'photo.jpg   45 %'],
    [100, { ...state, total: undefined }, 'photo.jpg  45.0 MB  5.0 MB/s'],
    [
      100,
      { ...state, bytes: 0, total: 0 },
      'photo.jpg  [####################]  100 %  0 B of 0 B  5.0 MB/s  0:00 left',
    ],
    [
      120,
      { ...state, bytes: 100_000_000, remark: 'waiting for confirmation' },
      'photo.jpg  [####################]  100 %  100 MB of 100 MB  5.0 MB/s  waiting for confirmation',
    ],
  ])('fits into %i columns', (columns, shown, line) => {
    const text = formatProgress(shown, columns, false)
    expect(displayWidth(text)).toBeLessThan(columns)
    expect(text).toBe(line)
  })

  test('fits into any width, whatever the name', () => {
    for (const label of [
      'x',
      'a very long name of a file that nobody wants to read.tar.gz',
      '日本語のとても長い名前.txt',
      '👨‍👩‍👧'.repeat(20),
    ]) {
      for (let columns = 1; columns < 130; columns++) {
        expect(displayWidth(formatProgress({ ...state, label }, columns, true))).toBeLessThan(Math.max(columns, 1))
      }
    }
  })

  test('shortens a name in its middle', () => {
    expect(fit('abcdefghij', 10)).toBe('abcdefghij')
    expect(fit('abcdefghij', 7)).toBe('abc…hij')
    expect(fit('日本語日本語', 7)).toBe('日…本語')
  })
})

test('words for a shell are quoted where they need it', () => {
  expect(shellWord('/tmp/a-b_c.pem')).toBe('/tmp/a-b_c.pem')
  expect(shellWord("it's;x")).toBe("'it'\\''s;x'")
  expect(quotedWord('a b')).toBe("'a b'")
  expect(programName({})).toBe('msrp')
  expect(programName({ npm_command: 'exec' })).toBe('npx msrp')
})
