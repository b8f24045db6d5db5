import { readFileSync } from 'node:fs'
import { MsrpError, type MsrpErrorCode } from 'msrp'
import { describe, expect, test } from 'vitest'
import { Failure, type FailureCode, Incomplete, Undelivered, verdictOn } from '../src/failure.ts'

const library: [MsrpErrorCode, number][] = [
  ['internal', 1],
  ['invalid-argument', 2],
  ['file-unreadable', 3],
  ['storage', 4],
  ['unreachable', 5],
  ['tls-authority', 6],
  ['tls-fingerprint', 6],
  ['tls-name', 7],
  ['not-msrp', 8],
  ['malformed', 8],
  ['limit-exceeded', 8],
  ['unauthorized', 9],
  ['token-expired', 10],
  ['refused', 11],
  ['too-large', 11],
  ['type-not-accepted', 11],
  ['not-understood', 11],
  ['not-acceptable', 11],
  ['glare', 11],
  ['offer-due', 11],
  ['connection-lost', 12],
  ['closed', 12],
  ['queue-full', 12],
  ['aborted', 12],
  ['timeout', 13],
  ['report-timeout', 13],
  ['file-mismatch', 14],
]

const own: [FailureCode, number][] = [
  ['usage', 2],
  ['hung-up', 129],
  ['interrupted', 130],
  ['broken-pipe', 141],
  ['terminated', 143],
]

describe('each error has its exit code', () => {
  test.each(library)('of the library: %s → %i', (code, exitCode) => {
    expect(verdictOn(new MsrpError(code, 'what happened'))).toEqual({ exitCode, code, message: 'what happened' })
  })

  test.each(own)('of the command: %s → %i', (code, exitCode) => {
    expect(verdictOn(new Failure(code, 'what happened'))).toEqual({ exitCode, code, message: 'what happened' })
  })

  test('anything else is a fault of this program', () => {
    expect(verdictOn(new TypeError('x is not a function'))).toMatchObject({ exitCode: 1, code: 'internal' })
    expect(verdictOn('thrown text')).toMatchObject({ exitCode: 1, code: 'internal' })
  })
})

test('the status of the peer stands in the line, once', () => {
  const refused = (message: string): string => verdictOn(new MsrpError('refused', message, { status: 413 })).message
  expect(refused('the peer refuses it')).toBe('the peer refuses it (status 413)')
  expect(refused('the peer answered 413 Stop')).toBe('the peer answered 413 Stop')
})

test.each([
  ['the peer wants to connect, and there is neither `listen` nor `relay`', 'neither --listen nor --relay'],
  ['the offer wants TLS, and there is no `listen.tls`', 'there is no --tls'],
  ['TLS is wanted here (`secure`), and the path is without it', 'TLS is wanted here (--tls)'],
])('an option of the library is called as it is on the command line: %s', (text, told) => {
  expect(verdictOn(new MsrpError('not-acceptable', `The medium cannot come about: ${text}`)).message).toContain(told)
})

test('a relay that hangs up on the first AUTH may be known to itself by another name', () => {
  const hungUp = new MsrpError('connection-lost', 'the relay closed the connection before it answered AUTH')
  expect(verdictOn(hungUp)).toMatchObject({ exitCode: 12, message: expect.stringMatching(/AUTH\. Is it .*--relay/) })
})

describe('what was not delivered', () => {
  const lost = new MsrpError('connection-lost', 'the connection broke')

  test('says which part is confirmed', () => {
    expect(verdictOn(new Undelivered('photo.jpg', { confirmedBytes: 123, total: 456 }, lost))).toEqual({
      exitCode: 12,
      code: 'connection-lost',
      message: 'photo.jpg: the connection broke; confirmed 123 of 456 bytes',
      confirmedBytes: 123,
    })
  })

  test('says so as well when nobody knows how much there was', () => {
    const verdict = verdictOn(new Undelivered('standard input', { confirmedBytes: 0, total: undefined }, lost))
    expect(verdict.message).toMatch(/confirmed 0 of an unknown number of bytes$/)
  })

  test('has the exit code of what failed inside, through what the library makes of it', () => {
    const failure = new Failure('broken-pipe', 'standard output was closed')
    const wrapped = new MsrpError('aborted', 'the caller gave up', { cause: failure })
    const verdict = verdictOn(new Undelivered('disk.img', { confirmedBytes: 1, total: 2 }, wrapped))
    expect(verdict).toMatchObject({ exitCode: 141, code: 'broken-pipe' })
    expect(verdict.message).toBe('disk.img: standard output was closed; confirmed 1 of 2 bytes')
  })

  test('has the exit code of the signal that stopped it', () => {
    const stopped = new Undelivered('a', { confirmedBytes: 1, total: 2 }, new Failure('interrupted', 'interrupted'))
    expect(verdictOn(stopped)).toMatchObject({ exitCode: 130, message: 'a: interrupted; confirmed 1 of 2 bytes' })
  })
})

test('a program that went on after failures ends with the code of the first', () => {
  const first = verdictOn(new MsrpError('refused', 'no', { status: 413 }))
  expect(verdictOn(new Incomplete('2 messages were not delivered', first))).toEqual({
    exitCode: 11,
    code: 'refused',
    message: '2 messages were not delivered',
    status: 413,
  })
})

test('docs/cli.md lists every error under its exit code', () => {
  const text = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| (\d+) \|[^|]*\| ([^|]*) \|$/gm)]
  const listed = rows.flatMap(([, exitCode, codes = '']) =>
    [...codes.matchAll(/`([\w-]+)`/g)].map(([, code]) => `${code} ${exitCode}`),
  )
  expect(listed.sort()).toEqual([...library, ...own].map(([code, exitCode]) => `${code} ${exitCode}`).sort())
})
