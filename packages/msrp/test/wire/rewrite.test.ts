import { describe, expect, test } from 'vitest'
import { type ByteRange, encodePaths, parsePath, rewriteRequestHead, rewriteResponse } from '../../src/wire/index.ts'
import { headOf, request, response } from './parsing.ts'
import { block, plain } from './recorder.ts'

const toPath = parsePath('msrp://b.example:1/x;tcp')
const fromPath = parsePath('msrps://r.example:2855/t;tcp msrp://a.example:1/y;tcp')
const paths = 'To-Path: msrp://b.example:1/x;tcp\nFrom-Path: msrps://r.example:2855/t;tcp msrp://a.example:1/y;tcp\n'
const rewriting = { transactionId: 'new-id-1', paths: encodePaths(toPath, fromPath) }
const range: ByteRange = { start: 5, end: undefined, total: 8 }

describe('requests that are forwarded', () => {
  const odd = 'message-ID:  12339sdqwer \nX-Note: a: b\nx-note:c\nX-Bytes: \u00ff\u00fe\n'

  test('everything but start-line and paths stays byte for byte and in order', () => {
    expect(plain(rewriteRequestHead(request('SEND', odd), rewriting))).toBe(`MSRP new-id-1 SEND\n${paths}${odd}`)
  })

  test('the method stays', () => {
    expect(plain(rewriteRequestHead(request('XYZZY', ''), rewriting))).toBe(`MSRP new-id-1 XYZZY\n${paths}`)
  })

  test('the blank line comes before a body', () => {
    const head = request('SEND', `${odd}Content-Type: a/b\n`, '\n')
    expect(plain(rewriteRequestHead(head, rewriting))).toBe(`MSRP new-id-1 SEND\n${paths}${odd}Content-Type: a/b\n\n`)
  })

  test('paths come first, wherever they were', () => {
    const head = headOf(
      block(
        'MSRP abcd SEND\nMessage-ID: m\nFROM-PATH: msrp://a:1/y;tcp\nX: y\nto-path: msrp://b:1/x;tcp\n-------abcd$\n',
      ),
    )
    if (head.kind !== 'request') throw new Error('Not a request')
    expect(plain(rewriteRequestHead(head, rewriting))).toBe(`MSRP new-id-1 SEND\n${paths}Message-ID: m\nX: y\n`)
  })

  test.each([
    ['replaced in its place', 'Message-ID: m\nbyte-range: 1-8/8\nX: y\n', 'Message-ID: m\nByte-Range: 5-*/8\nX: y\n'],
    [
      'added before the fields of the body',
      'Message-ID: m\nX: y\nContent-ID: <a>\nContent-Type: a/b\n',
      'Message-ID: m\nX: y\nByte-Range: 5-*/8\nContent-ID: <a>\nContent-Type: a/b\n',
    ],
    [
      'added before a Content-Type in any case',
      'Message-ID: m\ncontent-type: a/b\n',
      'Message-ID: m\nByte-Range: 5-*/8\ncontent-type: a/b\n',
    ],
    [
      'added last when there are no fields of a body',
      'Message-ID: m\nContentious: y\n',
      'Message-ID: m\nContentious: y\nByte-Range: 5-*/8\n',
    ],
    [
      'written once where it was there twice',
      'Byte-Range: 1-8/8\nX: y\nByte-Range: 2-8/8\n',
      'Byte-Range: 5-*/8\nX: y\n',
    ],
  ])('Byte-Range is %s', (_, before, after) => {
    const head = request('SEND', before, '\n')
    expect(plain(rewriteRequestHead(head, { ...rewriting, byteRange: range }))).toBe(
      `MSRP new-id-1 SEND\n${paths}${after}\n`,
    )
  })

  test('Byte-Range stays as it is when none is given', () => {
    const head = request('SEND', 'byte-range:  1-8/8\n')
    expect(plain(rewriteRequestHead(head, rewriting))).toBe(`MSRP new-id-1 SEND\n${paths}byte-range:  1-8/8\n`)
  })

  test('an id that is none is refused', () => {
    const wrong = { ...rewriting, transactionId: 'a b' }
    expect(() => rewriteRequestHead(request('SEND', ''), wrong)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('responses on their way back', () => {
  test.each([
    ['200 OK', 'Use-Path: msrps://r:1/x;tcp\nexpires:900\n', '200 OK'],
    ['401 Nö', 'WWW-Authenticate: Digest realm="x"\n', '401 NÃ¶'],
    ['481', '', '481'],
  ])('%s keeps status, comment and fields', (status, lines, written) => {
    const head = response(Buffer.from(status).toString('latin1'), lines)
    expect(plain(rewriteResponse(head, rewriting))).toBe(`MSRP new-id-1 ${written}\n${paths}${lines}-------new-id-1$\n`)
  })

  test('the unset memory in the 423 of Kamailio is not forwarded', () => {
    const head = headOf(block(`MSRP abcd 423 X\n${paths}junk\u0000-------abcd$\n`))
    if (head.kind !== 'response') throw new Error('Not a response')
    expect(plain(rewriteResponse(head, rewriting))).toBe(`MSRP new-id-1 423 X\n${paths}-------new-id-1$\n`)
  })
})
