import { expect, test } from 'vitest'
import { shown } from '../../src/wire/shown.ts'

test.each([
  ['plain text', 'http://x;tcp', '"http://x;tcp"'],
  ['quotes and backslashes', 'a"b\\c', String.raw`"a\"b\\c"`],
  ['other letters', 'Grüße 👍', '"Grüße 👍"'],
  ['control characters', 'a\r\n\u001b[31m\u0085\u007f', String.raw`"a\r\n\u001b[31m\u0085\u007f"`],
  ['what ends a line or turns it around', 'a\u2028b\u202ec\u2066d', String.raw`"a\u2028b\u202ec\u2066d"`],
  ['half a character', 'a\ud83d', String.raw`"a\ud83d"`],
])('%s of others stand in an error so that it stays one line, and theirs is seen', (_, text, expected) => {
  expect(shown(text)).toBe(expected)
})

test.each([
  ['x'.repeat(81), `"${'x'.repeat(79)}…"`],
  ['x'.repeat(80), `"${'x'.repeat(80)}"`],
])('a long one is cut: %s', (text, expected) => {
  expect(shown(text)).toBe(expected)
})
