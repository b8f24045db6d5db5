import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeEndLine,
  encodeRequest,
  encodeResponse,
  type Field,
  MsrpUri,
  parsePath,
  type RequestParts,
} from '../../src/wire/index.ts'
import { naiveParse } from './naive-codec.ts'
import { plain } from './recorder.ts'

const toPath = parsePath('msrps://r.example:2855/t;tcp msrp://b.example:1/x;tcp')
const fromPath = parsePath('msrp://a.example:1/y;tcp')
const base: RequestParts = { transactionId: 'd93kswow', method: 'SEND', toPath, fromPath }
const start = 'To-Path: msrps://r.example:2855/t;tcp msrp://b.example:1/x;tcp\nFrom-Path: msrp://a.example:1/y;tcp\n'

describe('requests', () => {
  test('fields come in canonical case and in the order of RFC 4975 §9, and RFC4975-7.1-4, RFC4975-7.1-5: Content-Type last, then an empty line', () => {
    const fields: Field[] = [
      ['content-disposition', 'render'],
      ['x-Other', '1'],
      ['byte-range', '1-3/3'],
      ['FAILURE-REPORT', 'no'],
      ['content-id', '<a@b>'],
      ['x-Another', '2'],
      ['success-report', 'yes'],
      ['message-id', 'abcd'],
    ]
    expect(plain(encodeRequest({ ...base, fields, contentType: 'text/plain' }))).toBe(
      `MSRP d93kswow SEND\n${start}Message-ID: abcd\nSuccess-Report: yes\nFailure-Report: no\nByte-Range: 1-3/3\nx-Other: 1\nx-Another: 2\nContent-Disposition: render\nContent-ID: <a@b>\nContent-Type: text/plain\n\n`,
    )
  })

  test('RFC4975-7.1-8: without body there is no blank line', () => {
    expect(plain(encodeRequest(base))).toBe(`MSRP d93kswow SEND\n${start}`)
  })

  test('values are UTF-8', () => {
    const bytes = encodeRequest({ ...base, fields: [['Use-Nickname', '"Zoë 😀"']] })
    expect(new TextDecoder().decode(bytes)).toContain('Use-Nickname: "Zoë 😀"\r\n')
  })

  test.each<[name: string, parts: Partial<RequestParts>]>([
    ['a transaction id of two characters', { transactionId: 'ab' }],
    ['a transaction id of 33 characters', { transactionId: 'x'.repeat(33) }],
    ['a transaction id with a line end', { transactionId: 'abc\r\n' }],
    ['a method in small letters', { method: 'send' }],
    ['a method with a line end', { method: 'SEND\r\nX: y' }],
    ['an empty method', { method: '' }],
    ['an empty To-Path', { toPath: [] }],
    ['an empty From-Path', { fromPath: [] }],
    ['a field name with a colon', { fields: [['X:', '1']] }],
    ['a field name with a space', { fields: [['X Y', '1']] }],
    ['an empty field name', { fields: [['', '1']] }],
    ['a field name that begins like an end-line', { fields: [['-------', '1']] }],
    ['a second field smuggled into a value', { fields: [['X', 'a\r\nTo-Path: b']] }],
    ['LF alone in a value', { fields: [['X', 'a\nb']] }],
    ['NUL in a value', { fields: [['X', 'a\0b']] }],
    ['a line end in the content type', { contentType: 'text/plain\r\n\r\n' }],
    ['To-Path as a field', { fields: [['to-path', 'msrp://h:1/x;tcp']] }],
    ['RFC4975-7.1-7: a MIME field without body', { fields: [['Content-ID', '<a@b>']] }],
    ['RFC4975-7.1-7: Content-Type among the fields of a request without body', { fields: [['Content-Type', 'a/b']] }],
  ])('%s is refused', (_, parts) => {
    expect(() => encodeRequest({ ...base, ...parts })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('whatever is written reads as the same', () => {
    const name = fc.stringMatching(/^X-[A-Za-z0-9]{1,8}$/)
    const value = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/)
    const fields = fc.array(fc.tuple(name, value), { maxLength: 8 })
    fc.assert(
      fc.property(fields, fc.boolean(), fc.constantFrom('$', '+', '#'), (list, withBody, flag) => {
        const head = encodeRequest({ ...base, fields: list, ...(withBody ? { contentType: 'a/b' } : {}) })
        const end = encodeEndLine(base.transactionId, flag, { afterBody: withBody })
        const [chunk] = naiveParse(Buffer.concat([head, end]).toString('latin1'))
        const expected = [
          ...start.trimEnd().split('\n'),
          ...list.map(([name, value]) => `${name}: ${value}`),
          ...(withBody ? ['Content-Type: a/b'] : []),
        ]
        expect(chunk).toEqual({ start: 'd93kswow SEND', fields: expected, flag, ...(withBody ? { body: '' } : {}) })
      }),
    )
  })
})

describe('responses', () => {
  test.each([
    [{ status: 200 }, 'MSRP d93kswow 200 OK\n'],
    [{ status: 200, comment: '' }, 'MSRP d93kswow 200\n'],
    [{ status: 599 }, 'MSRP d93kswow 599\n'],
    [{ status: 400, comment: 'Nö: there is no Message-ID' }, 'MSRP d93kswow 400 NÃ¶: there is no Message-ID\n'],
  ])('%j begins %j', (parts, line) => {
    const bytes = encodeResponse({ transactionId: 'd93kswow', toPath: fromPath, fromPath: toPath, ...parts })
    expect(plain(bytes)).toBe(
      `${line}To-Path: msrp://a.example:1/y;tcp\nFrom-Path: msrps://r.example:2855/t;tcp msrp://b.example:1/x;tcp\n-------d93kswow$\n`,
    )
  })

  test('fields come before the end-line', () => {
    const bytes = encodeResponse({
      transactionId: 'abcd',
      status: 200,
      toPath,
      fromPath,
      fields: [
        ['use-path', 'x'],
        ['expires', '900'],
      ],
    })
    expect(plain(bytes)).toBe(`MSRP abcd 200 OK\n${start}Expires: 900\nUse-Path: x\n-------abcd$\n`)
  })

  test.each([
    ['a status of two digits', { status: 99 }],
    ['a status of four digits', { status: 1000 }],
    ['a status that is not whole', { status: 200.5 }],
    ['a comment with a line end', { comment: 'a\r\nb' }],
    ['a transaction id that is none', { transactionId: 'a b' }],
    ['a field with a line end', { fields: [['X', '\r\n']] as Field[] }],
  ])('%s is refused', (_, parts) => {
    const sound = { transactionId: 'd93kswow', status: 200, toPath, fromPath }
    expect(() => encodeResponse({ ...sound, ...parts })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('end-lines', () => {
  test('RFC4975-7.1-9, RFC4975-7.1-10: hyphens, id, flag; after a body CRLF before it', () => {
    expect(plain(encodeEndLine('abcd', '+', { afterBody: true }))).toBe('\n-------abcd+\n')
    expect(plain(encodeEndLine('abcd', '#', { afterBody: false }))).toBe('-------abcd#\n')
  })

  test('an id that is none is refused', () => {
    expect(() => encodeEndLine('a\r\n', '$', { afterBody: true })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

test('URIs are written byte for byte as they were received', () => {
  const odd = MsrpUri.parse('MSRPS://Ali%63e@Relay.Example:02855/S%41;TCP;x')
  const bytes = encodeRequest({ ...base, toPath: [odd], fromPath: [odd] })
  expect(new TextDecoder().decode(bytes)).toContain(
    `To-Path: ${odd}\r\nFrom-Path: MSRPS://Ali%63e@Relay.Example:02855/S%41;TCP;x\r\n`,
  )
})
