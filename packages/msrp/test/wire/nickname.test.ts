import { describe, expect, test } from 'vitest'
import { parseNickname } from '../../src/wire/index.ts'

const long = 'n'.repeat(1023)

describe('nicknames (Use-Nickname)', () => {
  test.each([
    ['"Alice the great"', 'Alice the great'],
    ['"a \\"b\\" \\\\c"', 'a "b" \\c'],
    [`"${long}"`, long],
    ['""', ''],
  ])('%s is %s', (text, nickname) => {
    expect(parseNickname(text)).toBe(nickname)
  })

  test.each(['Alice', `"${long}n"`, '"a"b"', ''])('%s is none: the error names the field', (text) => {
    const expected = { code: 'malformed', message: expect.stringContaining('Use-Nickname') }
    expect(() => parseNickname(text)).toThrow(expect.objectContaining(expected))
  })
})
