import { describe, expect, test } from 'vitest'
import { formatQuotedString, parseMediaType, parseQuotedString } from '../../src/wire/index.ts'

describe('media types', () => {
  test.each<[text: string, type: string, parameters?: Array<[string, string]>]>([
    ['text/plain', 'text/plain'],
    ['Text/PLAIN', 'text/plain'],
    ['message/cpim', 'message/cpim'],
    ['application/im-iscomposing+xml', 'application/im-iscomposing+xml'],
    ['text/plain;charset=UTF-8', 'text/plain', [['charset', 'UTF-8']]],
    [
      'text/plain ; Charset = "utf-8" ; format=flowed',
      'text/plain',
      [
        ['charset', 'utf-8'],
        ['format', 'flowed'],
      ],
    ],
    ['multipart/mixed; boundary="a; b\\"c"', 'multipart/mixed', [['boundary', 'a; b"c']]],
    ['text/plain;', 'text/plain'],
    ['text/plain; ;charset=x', 'text/plain'],
    ['text/plain; flag', 'text/plain', [['flag', '']]],
    ['text/plain; a=1; a=2', 'text/plain', [['a', '1']]],
  ])('%s', (text, type, parameters = []) => {
    const parsed = parseMediaType(text)
    expect(parsed?.type).toBe(type)
    expect([...(parsed?.parameters ?? [])]).toEqual(parameters)
  })

  test.each([
    '',
    'text',
    'text/',
    '/plain',
    'text/plain/x',
    'text /plain',
    'text/pl ain',
    'text/plain charset=x',
    '*/*x(',
    'a,b/c',
  ])('%j is none', (text) => {
    expect(parseMediaType(text)).toBeUndefined()
  })
})

describe('quoted strings', () => {
  test.each([
    ['""', ''],
    ['"a b"', 'a b'],
    ['"\\"\\\\"', '"\\'],
    ['"\\a"', 'a'],
    ['"漢"', '漢'],
  ])('%s', (text, value) => {
    expect(parseQuotedString(text)).toBe(value)
    if (text !== '"\\a"') expect(formatQuotedString(value)).toBe(text)
  })

  test.each(['', '"', 'a', '"a', 'a"', '"a"b"', '"a\\"', ' "a"'])('%s is none', (text) => {
    expect(parseQuotedString(text)).toBeUndefined()
  })
})
