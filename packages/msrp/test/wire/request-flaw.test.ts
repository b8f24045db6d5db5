import { describe, expect, test } from 'vitest'
import { requestFlaw } from '../../src/wire/index.ts'
import { request } from './parsing.ts'

const id = 'Message-ID: 12339sdqwer\n'

describe('requests that are fine', () => {
  test.each<[name: string, method: string, lines: string, withBody?: boolean]>([
    [
      'a SEND with everything',
      'SEND',
      `${id}Success-Report: yes\nFailure-Report: partial\nByte-Range: 1-*/8\nContent-Type: text/plain\n`,
      true,
    ],
    ['a SEND that binds a connection', 'SEND', `${id}Byte-Range: 1-0/0\n`],
    ['a SEND that binds a connection without Byte-Range', 'SEND', id],
    ['an id of three characters', 'SEND', 'Message-ID: abc\n'],
    ['an empty Content-Transfer-Encoding', 'SEND', `${id}Content-Transfer-Encoding:\nContent-Type: text/plain\n`, true],
    ['fields that are not known', 'SEND', `${id}X-Note: a: b\nX-NOTE: c\n`],
    [
      'a Content-Disposition that cannot be read',
      'SEND',
      `${id}Content-Disposition: ?\nContent-Type: text/plain\n`,
      true,
    ],
    ['a Content-Type without body', 'SEND', `${id}Content-Type: text/plain\n`],
    ['MIME fields after Content-Type', 'SEND', `${id}Content-Type: text/plain\nContent-ID: <a@b>\n`, true],
    ['a REPORT', 'REPORT', `${id}Byte-Range: 1-106/106\nStatus: 000 200 OK\n`],
    ['a REPORT of a range beyond its total', 'REPORT', `${id}Byte-Range: 1-106/100\nStatus: 000 200\n`],
    ['a REPORT with a report field of any kind', 'REPORT', `${id}Failure-Report: x\nStatus: 000 200 OK\n`],
    ['an AUTH', 'AUTH', 'Expires: 900\n'],
    ['an AUTH with credentials that cannot be read', 'AUTH', 'Authorization: x\n'],
    ['a NICKNAME', 'NICKNAME', 'Use-Nickname: "Alice"\n'],
    ['a NICKNAME with a nickname that is none, which gets 424', 'NICKNAME', 'Use-Nickname: Alice\n'],
    ['a method that is not known', 'XYZZY', ''],
  ])('%s', (_, method, lines, withBody = false) => {
    expect(requestFlaw(request(method, lines, withBody ? '\n' : undefined))).toBeUndefined()
  })
})

describe('requests with a flaw', () => {
  test.each<[requirement: string, method: string, lines: string, flaw: string, withBody?: boolean]>([
    ['RFC4975-7.1.1-2', 'SEND', '', 'There is no Message-ID'],
    ['RFC4975-7.1.2-2', 'REPORT', 'Status: 000 200 OK\n', 'There is no Message-ID'],
    ['RFC4975-7.1.2-1', 'REPORT', id, 'There is no Status'],
    ['RFC4975-9', 'SEND', 'Message-ID: a b\n', 'Message-ID is "a b", expected 4 to 32 id characters'],
    ['RFC4975-9', 'SEND', 'Message-ID: ab\n', 'Message-ID is "ab", expected 4 to 32 id characters'],
    [
      'RFC4975-9',
      'SEND',
      `${id}Byte-Range: 1-2\n`,
      'Byte-Range is "1-2", expected for example 1-2048/10000 or 2049-*/*',
    ],
    ['RFC4975-9', 'SEND', `${id}Success-Report: maybe\n`, 'Success-Report is "maybe", expected one of no, yes'],
    [
      'RFC4975-9',
      'SEND',
      `${id}Failure-Report: maybe\n`,
      'Failure-Report is "maybe", expected one of yes, no, partial',
    ],
    ['RFC4975-9', 'REPORT', `${id}Status: fine\n`, 'Status is "fine", expected for example 000 200 OK'],
    ['RFC4975-7.1-3', 'SEND', id, 'There is a body but no Content-Type', true],
    [
      'RFC4975-9',
      'SEND',
      `${id}Content-Type: plain\n`,
      'Content-Type is "plain", expected for example text/plain',
      true,
    ],
    ['RFC4976-7', 'AUTH', 'Expires: soon\n', 'Expires is "soon", expected a whole number of seconds'],
    ['RFC7701-7.1', 'NICKNAME', '', 'There is no Use-Nickname'],
    ['two of a kind', 'SEND', `${id}message-id: other\n`, 'There are two Message-ID fields'],
    ['two of a kind', 'SEND', `${id}Byte-Range: 1-1/1\nByte-Range: 1-2/2\n`, 'There are two Byte-Range fields'],
    ['two of a kind', 'XYZZY', 'Content-Type: a/b\nContent-Type: a/c\n', 'There are two Content-Type fields', true],
    ['no header field', 'SEND', `${id}no colon\n`, '"no colon" is no header field'],
    ['no header field', 'XYZZY', 'X: a␍To-Path: b\n', '"X: a\\rTo-Path: b" is no header field'],
  ])('%s: %s %j: %s', (_, method, lines, flaw, withBody = false) => {
    expect(requestFlaw(request(method, lines, withBody ? '\n' : undefined))).toBe(flaw)
  })

  test.each(['\u0000', '\u0007', '\u007f', '\u0085'])(
    'control characters of the peer (%j) do not get into the sentence',
    (control) => {
      for (const name of ['Message-ID', 'Byte-Range', 'Success-Report', 'Content-Type', 'X-Y']) {
        const flaw = requestFlaw(request('SEND', `${name}: a${control}b\n${name}: c\n${control.repeat(200)}\n`))
        expect(flaw).toMatch(/^\P{Cc}{1,200}$/u)
      }
    },
  )
})
