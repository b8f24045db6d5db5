import { PassThrough } from 'node:stream'
import { MsrpError, MsrpUri } from 'msrp/wire'
import { describe, expect, test } from 'vitest'
import type { LogSettings } from '../../src/config/index.ts'
import { createLog, type LogDestination, maskSecrets, type RelayLog } from '../../src/io/index.ts'

function logged(settings: Partial<LogSettings>, write: (log: RelayLog) => void, isTTY = false): string {
  const destination: LogDestination & PassThrough = Object.assign(new PassThrough(), { isTTY })
  write(createLog({ level: 'info', format: 'json', ...settings }, destination))
  return String(destination.read() ?? '')
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('as JSON', () => {
  test('a line is an object with time, level, message and fields', () => {
    const [line] = lines(logged({}, (log) => log.warn({ far: 'tls 192.0.2.7:2855', count: 3 }, 'refused')))
    expect(line).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      far: 'tls 192.0.2.7:2855',
      count: 3,
      msg: 'refused',
    })
  })

  test('lines below the level are left out', () => {
    const write = (log: RelayLog): void => {
      log.debug({}, 'd')
      log.info({}, 'i')
      log.warn({}, 'w')
      log.error({}, 'e')
    }
    expect(lines(logged({ level: 'debug' }, write)).map(({ msg }) => msg)).toEqual(['d', 'i', 'w', 'e'])
    expect(lines(logged({ level: 'warn' }, write)).map(({ msg }) => msg)).toEqual(['w', 'e'])
    expect(logged({ level: 'silent' }, write)).toBe('')
  })

  test('a child carries its fields on every line', () => {
    const text = logged({}, (log) => {
      const connection = log.child({ connection: 7 }).child({ far: 'tls 192.0.2.7:9' })
      connection.info({ status: 200 }, 'AUTH')
    })
    expect(lines(text)).toMatchObject([{ connection: 7, far: 'tls 192.0.2.7:9', status: 200, msg: 'AUTH' }])
  })

  test('one of our errors is its code and message; another one has its stack', () => {
    const text = logged({}, (log) => {
      log.error({ err: new MsrpError('refused', 'not to that address', { status: 403 }) }, 'a')
      log.error({ err: new TypeError('x is undefined') }, 'b')
      log.error({ err: new MsrpError('internal', 'lost count') }, 'c')
    })
    expect(lines(text).map(({ err }) => err)).toEqual([
      { type: 'MsrpError', code: 'refused', status: 403, message: 'not to that address' },
      { type: 'TypeError', message: 'x is undefined', stack: expect.stringContaining('log.test.ts') },
      { type: 'MsrpError', message: 'lost count', stack: expect.stringContaining('log.test.ts') },
    ])
  })
})

describe('for people', () => {
  test('a line is short, and without colours unless it goes to a terminal', () => {
    const write = (log: RelayLog): void => log.child({ connection: 7 }).info({ count: 3 }, 'refused')
    expect(logged({ format: 'pretty' }, write)).toMatch(
      /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: refused \{"connection":7,"count":3\}\n$/,
    )
    expect(logged({ format: 'pretty' }, write, true)).toContain('\u001b[32mINFO\u001b[39m')
  })

  test('is the form of `auto` on a terminal, and JSON is that of everything else', () => {
    const write = (log: RelayLog): void => log.info({}, 'hello')
    expect(logged({ format: 'auto' }, write, true)).toContain('INFO')
    expect(lines(logged({ format: 'auto' }, write, false))).toHaveLength(1)
    expect(lines(logged({ format: 'json' }, write, true))).toHaveLength(1)
  })
})

describe('secrets do not get into the log', () => {
  const uri = 'msrps://relay.example.com:2855/kjhd37s2s20w2a3f9c;tcp'
  const authorization =
    'Digest username="alice", realm="example.com", nonce="n0", uri="msrps://a:1/x;tcp", cnonce="c0ffee", nc=00000001, qop=auth, response="0123456789abcdef"'
  const secrets = ['c0ffee', '0123456789abcdef', 's20w2a3f9c', 'Tr0ub4dor']

  test.each(['json', 'pretty'] as const)(
    '%s: as fields, inside texts, in errors, in the fields of a child',
    (format) => {
      const text = logged({ format, level: 'trace' }, (log) => {
        log.info({ password: 'Tr0ub4dor', user: { name: 'alice', password: 'Tr0ub4dor' } }, 'a')
        log.info({ authorization, head: { Authorization: authorization } }, 'b')
        log.info({ line: `Authorization: ${authorization}`, to: uri }, 'c')
        log.child({ token: uri }).info({ path: [uri, MsrpUri.parse(uri)], next: { uri } }, 'd')
        log.error({ err: new MsrpError('malformed', `Authorization: ${authorization} is not understood`) }, 'e')
        log.error({ err: new Error(`no route to ${uri}`) }, 'f')
      })
      for (const secret of secrets) expect(text).not.toContain(secret)
      for (const kept of ['alice', 'relay.example.com:2855/kjhd37', 'is not understood', 'no route to']) {
        expect(text).toContain(kept)
      }
    },
  )

  test.each([
    ['response="abc", nc=00000001', 'response="…", nc=00000001'],
    ['RESPONSE=abc,cnonce=def', 'RESPONSE="…",cnonce="…"'],
    ['rspauth="abc"', 'rspauth="…"'],
    [
      'To-Path: msrp://a:1/abcdefghij;tcp msrps://b:2/klmnopqrst;tcp',
      'To-Path: msrp://a:1/abcdef…;tcp msrps://b:2/klmnop…;tcp',
    ],
    ['msrps://relay.example.com:2855;tcp', 'msrps://relay.example.com:2855;tcp'],
    ['one\r\ntwo\u001b[2J\u009b', 'one\\x0d\\x0atwo\\x1b[2J\\x9b'],
    ['no secret in response to this', 'no secret in response to this'],
  ])('%j', (text, expected) => {
    expect(maskSecrets(text)).toBe(expected)
  })
})
