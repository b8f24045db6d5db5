import fc from 'fast-check'
import * as sdpTransform from 'sdp-transform'
import { describe, expect, test } from 'vitest'
import { SessionDescription } from '../../src/sdp/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { samples } from './descriptions.ts'

const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n'
const path = 'a=path:msrp://192.0.2.1:2855/abc;tcp\r\n'
const types = 'a=accept-types:text/plain\r\n'
const section = (...lines: string[]): string => `m=message 2855 TCP/MSRP *\r\n${lines.join('\r\n')}\r\n`

function only(text: string): NonNullable<ReturnType<SessionDescription['message']>> {
  const [message] = SessionDescription.parse(text).messages
  if (message === undefined) throw new Error('no section for MSRP')
  return message
}

function failure(text: string): MsrpError {
  try {
    void SessionDescription.parse(text).messages
  } catch (error) {
    if (error instanceof MsrpError) return error
    throw error
  }
  throw new Error('it was read')
}

describe('A description', () => {
  test.each(samples)('of $from comes back byte for byte', ({ text }) => {
    expect(SessionDescription.parse(text).toString()).toBe(text)
  })

  test.each(samples)('of $from is understood', ({ text, says }) => {
    const message = only(text)
    expect({ ...message, path: message.path.join(' ') }).toMatchObject(says)
  })

  test.each(samples)('of $from says in all other lines what sdp-transform reads', ({ text }) => {
    const description = SessionDescription.parse(text)
    const oracle = sdpTransform.parse(text)
    expect(description.media.map(({ media, port, protocol }) => ({ type: media, port, protocol }))).toEqual(
      oracle.media.map(({ type, port, protocol }) => ({ type, port, protocol })),
    )
    const { origin } = oracle
    if (origin !== undefined) {
      expect(description.origin).toMatchObject({
        username: origin.username,
        sessionId: String(origin.sessionId),
        version: String(origin.sessionVersion),
      })
    }
    expect(description.address).toBe(oracle.connection?.ip.toLowerCase())
    expect(only(text).direction).toBe(oracle.media.at(-1)?.direction ?? 'sendrecv')
  })

  test.each([
    ['LF alone', `${head}${section('a=x')}`.replaceAll('\r\n', '\n')],
    ['line ends of both kinds', `v=0\no=- 1 1 IN IP4 a\r\n\ns=-\r\nm=audio 1 RTP/AVP 0\n\r\n`],
    ['no end of the last line', `${head}m=audio 1 RTP/AVP 0\r\na=last`],
    ['blank lines at its end', `${head}m=audio 1 RTP/AVP 0\r\n\r\n\r\n`],
    ['types of lines that nobody knows', `${head}Z=what\r\nm=video 0 X/Y 1\r\n?=\r\n`],
    ['an a-line of 10 000 characters', `${head}a=${'x'.repeat(10_000)}\r\n`],
    ['nothing', ''],
  ])('with %s comes back byte for byte', (_, text) => {
    expect(SessionDescription.parse(text).toString()).toBe(text)
  })

  test('of any lines comes back byte for byte, or names the line that is none', () => {
    const line = fc.oneof(
      fc.tuple(fc.constantFrom(...'vosictmabkuezr'), fc.string()).map(([type, value]) => `${type}=${value}`),
      fc.string(),
    )
    const text = fc.array(fc.tuple(line, fc.constantFrom('\r\n', '\n', ''))).map((lines) => lines.flat().join(''))
    fc.assert(
      fc.property(text, (input) => {
        try {
          expect(SessionDescription.parse(input).toString()).toBe(input)
        } catch (error) {
          expect((error as Error).message).toMatch(/^line \d+/)
        }
      }),
    )
  })

  test('cut anywhere is read or fails with its own error', () => {
    for (const { text } of samples) {
      for (let at = 0; at < text.length; at++) {
        try {
          void SessionDescription.parse(text.slice(0, at)).messages
        } catch (error) {
          expect(error).toBeInstanceOf(MsrpError)
        }
      }
    }
  })

  test('takes no longer for being hostile', () => {
    const big = 200_000
    for (const value of [
      '"'.repeat(big),
      '"\\'.repeat(big / 2),
      ' '.repeat(big),
      ' ;'.repeat(big / 2),
      'a/b '.repeat(9),
    ]) {
      for (const name of ['accept-types', 'path', 'setup', 'max-size', 'fingerprint', 'chatroom', 'sendonly']) {
        try {
          void SessionDescription.parse(`${head}${section(`a=${name}:${value}`)}`).messages
        } catch (error) {
          expect(error).toBeInstanceOf(MsrpError)
        }
      }
    }
  })
})

describe('A section for MSRP', () => {
  const [ours, theirs] = [`sha-256 ${'AA:'.repeat(31)}AA`, `sha-256 ${'BB:'.repeat(31)}BB`]
  test.each<[string, string, Record<string, unknown>]>([
    ['has the address of its own c-line', `c=IN IP6 2001:DB8::1\r\n${types}${path}`, { address: '2001:db8::1' }],
    ['has the address of the session otherwise', `${types}${path}`, { address: '192.0.2.1' }],
    ['may have an address in brackets', `c=IN IP6 [2001:db8::1]\r\n${types}${path}`, { address: '2001:db8::1' }],
    ['may name a host', `c=IN IP4 Host.example.com\r\n${types}${path}`, { address: 'host.example.com' }],
    [
      'keeps the parameters of types, with blanks in quotes and around semicolons',
      `a=accept-types:text/plain;charset="a b" text/html ; level=1 *\r\n${path}`,
      { acceptTypes: ['text/plain;charset="a b"', 'text/html;level=1', '*'] },
    ],
    ['may write a star and another for any type', `a=accept-types:*/*\r\n${path}`, { acceptTypes: ['*'] }],
    [
      'may have its types in several lines',
      `${types}a=accept-types:text/html\r\n${path}`,
      { acceptTypes: ['text/plain', 'text/html'] },
    ],
    ['may be of no use but to wait', `a=inactive\r\n${types}${path}`, { direction: 'inactive' }],
    ['may say its direction twice', `a=sendonly\r\na=sendonly\r\n${types}${path}`, { direction: 'sendonly' }],
    ['has a setup in any case', `a=setup: ActPass \r\n${types}${path}`, { setup: 'actpass' }],
    ['ignores holdconn (RFC6135-4.2.1-4)', `a=setup:holdconn\r\n${types}${path}`, { setup: undefined }],
    ['ignores connection (RFC6135-4.4-2)', `a=connection:existing\r\n${types}${path}`, { setup: undefined }],
    ['has a chatroom without tokens', `a=chatroom\r\n${types}${path}`, { chatroom: [] }],
    ['is read when a token of chatroom comes twice', `a=chatroom:x x y\r\n${types}${path}`, { chatroom: ['x', 'y'] }],
    [
      'may want more than a number can say',
      `a=max-size:${'9'.repeat(30)}\r\n${types}${path}`,
      { maxSize: Number.MAX_SAFE_INTEGER },
    ],
  ])('%s', (_, lines, says) => {
    expect(only(`${head}m=message 2855 TCP/MSRP *\r\n${lines}`)).toMatchObject(says)
  })

  test.each([
    ['direction', 'a=sendonly', 'a=recvonly', 'sendonly', 'recvonly'],
    ['setup', 'a=setup:active', 'a=setup:passive', 'active', 'passive'],
    ['fingerprints', `a=fingerprint:${ours}`, `a=fingerprint:${theirs}`, [ours], [theirs]],
  ])('takes its %s from the session, unless it has its own', (key, session, own, ofSession, ofOwn) => {
    expect(only(`${head}${session}\r\n${section(types + path)}`)).toHaveProperty(key, ofSession)
    expect(only(`${head}${session}\r\n${section(own, types + path)}`)).toHaveProperty(key, ofOwn)
  })

  test('gives every attribute, known or not, with its line', () => {
    const message = only(`${head}${section('a=file-selector:name:"a.txt"', 'a=file-selector', types + path)}`)
    expect(message.attribute('file-selector')).toBe('name:"a.txt"')
    expect(message.attribute('msrp-cema')).toBeUndefined()
    expect(message.attributes.slice(0, 2)).toEqual([
      { name: 'file-selector', value: 'name:"a.txt"', line: 7 },
      { name: 'file-selector', value: undefined, line: 8 },
    ])
  })

  test('is none when its media or protocol are others', () => {
    const text = `${head}m=message 2855 SIP/MSRP *\r\nm=text 1 TCP/MSRP *\r\nm=audio 1 RTP/AVP 0\r\n`
    expect(SessionDescription.parse(text).messages).toEqual([])
  })

  test('is one whatever equal ports another one has (RFC4975-8.1-6)', () => {
    const one = `m=message 2855 TCP/MSRP *\r\n${types}`
    const text = `${head}${one}${path}${one}a=path:msrp://192.0.2.1:2855/other;tcp\r\n`
    expect(SessionDescription.parse(text).messages.map((message) => message.path.join())).toEqual([
      'msrp://192.0.2.1:2855/abc;tcp',
      'msrp://192.0.2.1:2855/other;tcp',
    ])
  })
})

describe('An error names line and attribute', () => {
  test.each<[string, string, RegExp]>([
    ['a line that is none', `${head}nonsense\r\n`, /^line 6: "nonsense" is no line/],
    ['an m-line without its fields', `${head}m=message\r\n`, /^line 6, m=: /],
    ['an m-line with a port above 65535', `${head}m=message 70000 TCP/MSRP *\r\n`, /^line 6, m=: /],
    ['no path', `${head}${section(types)}`, /^line 6, m=message: .*a=path/],
    ['two paths', `${head}${section(types + path + path)}`, /^line 9, a=path: /],
    [
      'a path that is none',
      `${head}${section(types, 'a=path:sip:bob@example.com')}`,
      /a=path: "sip:bob@example.com" is no MSRP URI/,
    ],
    [
      'a path without session-id',
      `${head}${section(types, 'a=path:msrp://a.example:1;tcp')}`,
      /a=path: .* has no session-id/,
    ],
    [
      'a path of 17 URIs',
      `${head}${section(types, `a=path:${'msrp://a.example:1/x;tcp '.repeat(17)}`)}`,
      /a=path: .*16/,
    ],
    ['no types (RFC4975-8.6-1)', `${head}${section(path)}`, /^line 6, m=message: .*accept-types/],
    ['an empty list of types', `${head}${section('a=accept-types:', path)}`, /^line 7, a=accept-types: /],
    [
      'a type that is none',
      `${head}${section('a=accept-types:text', path)}`,
      /^line 7, a=accept-types: "text" is no media type/,
    ],
    [
      '300 types',
      `${head}${section(`a=accept-types:${'a/b '.repeat(300)}`, path)}`,
      /^line 7, a=accept-types: at most 256/,
    ],
    ['a size that is none', `${head}${section('a=max-size:big', types + path)}`, /^line 7, a=max-size: "big"/],
    [
      'a setup that is none',
      `${head}${section('a=setup:foo', types + path)}`,
      /^line 7, a=setup: "foo" is none of active/,
    ],
    ['a setup of nothing', `${head}${section('a=setup', types + path)}`, /^line 7, a=setup: "" is none of/],
    [
      'a direction beside another one',
      `${head}${section('a=sendonly', 'a=recvonly', types + path)}`,
      /^line 8, a=recvonly: there is a=sendonly already/,
    ],
    [
      'a fingerprint that is none',
      `${head}${section('a=fingerprint:sha-256', types + path)}`,
      /^line 7, a=fingerprint: /,
    ],
    [
      'a fingerprint of a hash function that nobody names',
      `${head}${section('a=fingerprint: AB:CD', types + path)}`,
      /^line 7, a=fingerprint: /,
    ],
    ['a fingerprint without anything', `${head}${section('a=fingerprint', types + path)}`, /^line 7, a=fingerprint: /],
    [
      'a fingerprint of another length than its hash function has',
      `${head}${section(`a=fingerprint:SHA-256 ${'ab:'.repeat(19)}ab`, types + path)}`,
      /^line 7, a=fingerprint: .*: by sha-256 it has 32 bytes/,
    ],
    [
      'a fingerprint of another length beside one that is right',
      `${head}${section(`a=fingerprint:sha-256 ${'AB:'.repeat(31)}AB`, 'a=fingerprint:sha-512 AB:CD', types + path)}`,
      /^line 8, a=fingerprint: .*: by sha-512 it has 64 bytes/,
    ],
    [
      'a token of chatroom that is none',
      `${head}${section('a=chatroom:a "b"', types + path)}`,
      /^line 7, a=chatroom: /,
    ],
    [
      'a CR within a line',
      `${head}${section('a=file-selector:name:"a\rb"', types + path)}`,
      /^line 7, a=file-selector: .*CR or NUL/,
    ],
    ['a NUL within a line', `${head.replace('s=', 's=\0')}${section(types + path)}`, /^line \d, s=: .*CR or NUL/],
  ])('for %s', (_, text, message) => {
    expect(failure(text)).toMatchObject({ code: 'malformed', message: expect.stringMatching(message) })
  })

  test.each([
    ['a description of 256 Ki characters', `${head}a=${'x'.repeat(256 * 1024)}`],
    ['65 m-lines', head + 'm=audio 0 RTP/AVP 0\r\n'.repeat(65)],
  ])('except for %s, which is over a limit', (_, text) => {
    expect(failure(text).code).toBe('limit-exceeded')
  })
})
