import { describe, expect, test } from 'vitest'
import { type HeaderFields, readPaths } from '../../src/wire/header-fields.ts'
import { fields, request } from './parsing.ts'
import { block } from './recorder.ts'

describe('fields by name', () => {
  test.each<[lines: string, name: string, values: string[]]>([
    ['Message-ID: 1\n', 'Message-ID', ['1']],
    ['mEsSaGe-Id: 1\n', 'MESSAGE-id', ['1']],
    ['X: a\nY: b\nx: c\n', 'X', ['a', 'c']],
    ['X: a: b\n', 'X', ['a: b']],
    ['X:a\n', 'X', ['a']],
    ['X:\t  a b \t\n', 'X', ['a b']],
    ['X:\n', 'X', ['']],
    ['X: \n', 'X', ['']],
    ['X: é – 漢字 😀\n', 'X', ['é – 漢字 😀']],
    ['XY: a\nX-Y: b\n', 'X', []],
    ['X Y: a\n', 'X', []],
    ['Y: X: a\n', 'X', []],
    ['', 'X', []],
  ])('%j has %s %j', (lines, name, values) => {
    const found = fields(Buffer.from(lines, 'utf8').toString('latin1'))
    expect(found.all(name)).toEqual(values)
    expect(found.get(name)).toBe(values[0])
  })

  test('entries are all fields in order, with names as they were spelled', () => {
    expect([...fields('b: 1\nA: 2\nb: 3\nno colon\n').entries()]).toEqual([
      ['b', '1'],
      ['A', '2'],
      ['b', '3'],
      ['no colon', ''],
    ])
  })

  test('the bytes are the lines as they came', () => {
    const lines = block('x:1\nX:  2  \n:3\n')
    expect(fields('x:1\nX:  2  \n:3\n').bytes).toEqual(lines)
  })

  test('what is not UTF-8 does not throw', () => {
    expect(fields('X: a\u00ffb\n').get('X')).toBe('a\ufffdb')
  })
})

describe('typed fields', () => {
  test.each<[lines: string, read: (fields: HeaderFields) => unknown, value: unknown]>([
    ['Message-ID: 12339sdqwer\n', (f) => f.messageId, '12339sdqwer'],
    ['X: y\n', (f) => f.messageId, undefined],
    ['Byte-Range: 1-*/8\n', (f) => f.byteRange, { start: 1, end: undefined, total: 8 }],
    ['X: y\n', (f) => f.byteRange, undefined],
    ['Success-Report: yes\n', (f) => f.successReport, true],
    ['Success-Report: no\n', (f) => f.successReport, false],
    ['success-report: YES\n', (f) => f.successReport, true],
    ['X: y\n', (f) => f.successReport, false],
    ['Failure-Report: no\n', (f) => f.failureReport, 'no'],
    ['Failure-Report: partial\n', (f) => f.failureReport, 'partial'],
    ['Failure-Report: Yes\n', (f) => f.failureReport, 'yes'],
    ['X: y\n', (f) => f.failureReport, 'yes'],
    ['Status: 000 200 OK\n', (f) => f.status, { namespace: '000', code: 200, comment: 'OK' }],
    ['X: y\n', (f) => f.status, undefined],
    ['Content-Type: Text/Plain; charset="utf-8"\n', (f) => f.contentType, 'Text/Plain; charset="utf-8"'],
    [
      'Content-Type: Text/Plain; charset="utf-8"\n',
      (f) => f.mediaType,
      { type: 'text/plain', parameters: new Map([['charset', 'utf-8']]) },
    ],
    ['X: y\n', (f) => f.mediaType, undefined],
    ['Expires: 900\n', (f) => f.expires, 900],
    ['Expires: 0\n', (f) => f.expires, 0],
    ['Min-Expires: 60\n', (f) => f.seconds('Min-Expires'), 60],
    ['Max-Expires: 3600\n', (f) => f.seconds('Max-Expires'), 3600],
    [
      'X: y\n',
      (f) => [f.expires, f.seconds('Min-Expires'), f.seconds('Max-Expires')],
      [undefined, undefined, undefined],
    ],
    [
      'Use-Path: msrps://intra.example.com:9000/jui787s2f;tcp msrps://extra.example.com:9000/mywdEe1233;tcp\n',
      (f) => f.usePath?.map(String),
      ['msrps://intra.example.com:9000/jui787s2f;tcp', 'msrps://extra.example.com:9000/mywdEe1233;tcp'],
    ],
    ['X: y\n', (f) => f.usePath, undefined],
    ['X: y\n', (f) => f.wwwAuthenticate, []],
    ['WWW-Authenticate: Basic realm="x"\n', (f) => f.wwwAuthenticate, []],
    [
      'WWW-Authenticate: Digest realm="a", nonce="1", qop="auth", algorithm=SHA-256\nWWW-Authenticate: Digest realm="b", nonce="2", qop="auth"\n',
      (f) => f.wwwAuthenticate.map(({ realm, algorithm }) => [realm, algorithm]),
      [
        ['a', 'sha-256'],
        ['b', 'md5'],
      ],
    ],
    ['X: y\n', (f) => f.authenticationInfo, undefined],
    ['Authentication-Info: nextnonce="n"\n', (f) => f.authenticationInfo, { nextnonce: 'n' }],
  ])('%j: %s', (lines, read, value) => {
    expect(read(fields(lines))).toEqual(value)
  })

  test.each<[line: string, read: (fields: HeaderFields) => unknown]>([
    ['Byte-Range: 1-2', (f) => f.byteRange],
    ['Success-Report: maybe', (f) => f.successReport],
    ['Success-Report: partial', (f) => f.successReport],
    ['Success-Report: ', (f) => f.successReport],
    ['Failure-Report: never', (f) => f.failureReport],
    ['Status: OK', (f) => f.status],
    ['Content-Type: plain', (f) => f.mediaType],
    ['Expires: soon', (f) => f.expires],
    ['Expires: -1', (f) => f.expires],
    ['Expires: 99999999999999999999', (f) => f.expires],
    ['Min-Expires: 1.5', (f) => f.seconds('Min-Expires')],
    ['Max-Expires: ', (f) => f.seconds('Max-Expires')],
    ['WWW-Authenticate: Digest realm="x"', (f) => f.wwwAuthenticate],
    ['Authentication-Info: "x"', (f) => f.authenticationInfo],
  ])('%s: the error names the field', (line, read) => {
    const [name = ''] = line.split(':')
    const expected = expect.objectContaining({ code: 'malformed', message: expect.stringContaining(name) })
    expect(() => read(fields(`${line}\n`))).toThrow(expected)
  })

  test('a Use-Path that is no path is malformed', () => {
    expect(() => fields('Use-Path: x\n').usePath).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})

describe('paths', () => {
  test('both are there, as URIs', () => {
    const { fields } = request('SEND', '')
    expect(fields.toPath.map(String)).toEqual(['msrp://b.example:1/x;tcp'])
    expect(fields.fromPath.map(String)).toEqual(['msrp://a.example:1/y;tcp'])
    expect(fields.toPath).toBe(fields.toPath)
  })

  test.each([
    ['X: y\n', 'There is no To-Path'],
    ['To-Path: msrp://h:1/x;tcp\nto-path: msrp://h:1/x;tcp\n', 'There are two To-Path fields'],
  ])('%j: %s', (lines, message) => {
    expect(() => readPaths(fields(lines).lines)).toThrow(expect.objectContaining({ code: 'malformed', message }))
  })
})

describe('fields that are there twice', () => {
  test.each([
    ['Message-ID: 1\nmessage-id: 1\n', 'Message-ID'],
    ['X: 1\nX: 1\nContent-Type: a/b\nX: 1\ncontent-type: a/b\n', 'Content-Type'],
    ['Byte-Range: 1\nStatus: 1\nStatus: 1\nByte-Range: 1\n', 'Status'],
    ['X: 1\nX: 1\nWWW-Authenticate: a\nWWW-Authenticate: b\n', undefined],
    ['Message-ID: 1\nMessage-IDs: 1\nMessage-I: 1\n', undefined],
  ])('%j: %s', (lines, name) => {
    expect(fields(lines).repeated).toBe(name)
  })
})

describe('lines that are no header fields', () => {
  test.each([
    ['no colon', 'no colon'],
    [': no name', ': no name'],
    ['a name: x', 'a name: x'],
    ['X : y', 'X : y'],
    [' folded: y', ' folded: y'],
    ['X: a␍b', 'X: a\rb'],
    ['X: a\u0000b', 'X: a\0b'],
    ['X: a\u007fb', 'X: a\u007fb'],
    ['Byte(Range): 1', 'Byte(Range): 1'],
  ])('%j', (line, found) => {
    expect(fields(`Y: y\n${line}\nZ: z\n`).malformedLine).toBe(found)
  })

  test('there are none of them in lines that are', () => {
    expect(fields("X: y\nx-!#$%&'*+.^_`{|}~9:\tä\tb\nContent-Transfer-Encoding:\nX:\n").malformedLine).toBeUndefined()
  })
})
