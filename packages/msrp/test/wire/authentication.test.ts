import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AuthenticationInfo,
  type Challenge,
  type Credentials,
  formatAuthenticationInfo,
  formatChallenge,
  formatCredentials,
  isAnswerable,
  parseAuthenticationInfo,
  parseChallenge,
  parseChallenges,
  parseCredentials,
} from '../../src/wire/index.ts'

const quotable = fc.stringMatching(/^[ -~äß漢]{0,20}$/)

describe('challenges (WWW-Authenticate)', () => {
  test.each<[text: string, challenges: Challenge[]]>([
    [
      'Digest realm="intra.example.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
      [
        {
          realm: 'intra.example.com',
          nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
          stale: false,
          algorithm: 'md5',
          qop: ['auth'],
        },
      ],
    ],
    [
      'digest REALM="r",NONCE=n, Qop=auth ,opaque="o" , stale=TRUE, algorithm="sha-256"',
      [{ realm: 'r', nonce: 'n', opaque: 'o', stale: true, algorithm: 'sha-256', qop: ['auth'] }],
    ],
    [
      'Digest realm="a, nonce=b", nonce="c\\"d\\\\e", qop="auth, auth-int", domain="/x,y", charset=UTF-8, userhash=false',
      [{ realm: 'a, nonce=b', nonce: 'c"d\\e', stale: false, algorithm: 'md5', qop: ['auth', 'auth-int'] }],
    ],
    ['Digest realm="", nonce="n"', [{ realm: '', nonce: 'n', stale: false, algorithm: 'md5' }]],
    ['Digest realm=r, nonce=n, realm=other', [{ realm: 'r', nonce: 'n', stale: false, algorithm: 'md5' }]],
    [
      'Digest realm="a", nonce="1", algorithm=SHA-512-256, Basic realm="x", Digest realm="b", nonce="2", algorithm=MD5',
      [
        { realm: 'a', nonce: '1', stale: false, algorithm: undefined },
        { realm: 'b', nonce: '2', stale: false, algorithm: 'md5' },
      ],
    ],
    ['Negotiate, Digest realm=a, nonce=1', [{ realm: 'a', nonce: '1', stale: false, algorithm: 'md5' }]],
    ['Basic realm="x"', []],
    ['', []],
  ])('%s', (text, challenges) => {
    expect(parseChallenges(text)).toEqual(challenges)
  })

  test.each([
    'Digest realm="a"',
    'Digest nonce="a"',
    'Digest',
    'Digest realm="a, nonce="b"',
    'Digest realm="a',
    'realm="a", nonce="b"',
    'Digest realm="a" nonce="b"',
    'Digest realm=a b, nonce=c',
    'Basic x==, Digest @',
  ])('%s is malformed', (text) => {
    expect(() => parseChallenges(text)).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('WWW-Authenticate') }),
    )
  })

  test('the first Digest challenge is wanted where one is', () => {
    expect(parseChallenge('Basic realm="x", Digest realm="a", nonce="1"').realm).toBe('a')
    expect(() => parseChallenge('Basic realm="x"')).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  test.each<[Partial<Challenge>, boolean]>([
    [{}, true],
    [{ qop: ['auth'] }, true],
    [{ qop: ['auth-int', 'auth'] }, true],
    [{ qop: ['auth-int'] }, false],
    [{ algorithm: 'sha-256' }, true],
    [{ algorithm: undefined }, false],
  ])('%j can be answered: %s', (part, answerable) => {
    expect(isAnswerable({ realm: 'r', nonce: 'n', algorithm: 'md5', ...part })).toBe(answerable)
  })

  test('RFC4976-9.1-7: qop is there and quoted, algorithm and stale are not quoted', () => {
    expect(formatChallenge({ realm: 'r "x"', nonce: 'n', opaque: 'o', stale: true, algorithm: 'sha-256' })).toBe(
      'Digest realm="r \\"x\\"", qop="auth", nonce="n", opaque="o", stale=true, algorithm=SHA-256',
    )
    expect(formatChallenge({ realm: 'r', nonce: 'n', algorithm: 'md5' })).toBe(
      'Digest realm="r", qop="auth", nonce="n", algorithm=MD5',
    )
  })

  test('what cannot be written is refused', () => {
    const refused = expect.objectContaining({ code: 'invalid-argument' })
    expect(() => formatChallenge({ realm: 'r', nonce: 'n', algorithm: undefined })).toThrow(refused)
    expect(() => formatChallenge({ realm: 'r\r\nX: y', nonce: 'n', algorithm: 'md5' })).toThrow(refused)
  })

  test('what is written reads as the same, several in one field as well', () => {
    const challenge = fc.record({
      realm: quotable,
      nonce: quotable,
      opaque: quotable,
      stale: fc.boolean(),
      algorithm: fc.constantFrom('md5' as const, 'sha-256' as const),
      qop: fc.constant(['auth']),
    })
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 3 }), (list) => {
        expect(parseChallenges(list.map(formatChallenge).join(', '))).toEqual(list)
      }),
    )
  })
})

describe('credentials (Authorization)', () => {
  const credentials: Credentials = {
    username: 'Alice',
    realm: 'intra.example.com',
    nonce: 'dcd98b71',
    response: '6629fae49393a05397450978507c4ef1',
    algorithm: 'md5',
    cnonce: '0a4f113b',
    nc: '00000001',
  }

  test.each<[name: string, text: string, expected: Credentials]>([
    [
      'RFC 4976 §5.1',
      'Digest username="Alice", realm="intra.example.com", nonce="dcd98b71", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1"',
      credentials,
    ],
    [
      'qop and nc quoted',
      'Digest username="Alice",realm="intra.example.com",nonce="dcd98b71",qop="auth",nc="00000001",cnonce="0a4f113b",response="6629fae49393a05397450978507c4ef1"',
      credentials,
    ],
    [
      'everything quoted the other way, with uri, opaque and algorithm',
      'DIGEST Username=Alice, realm=intra.example.com, nonce=dcd98b71, uri="msrps://r.example:1/x;tcp", qop=AUTH, nc=1, cnonce=0a4f113b, response=6629FAE49393A05397450978507C4EF1, opaque="", algorithm="SHA-256"',
      { ...credentials, uri: 'msrps://r.example:1/x;tcp', nc: '1', opaque: '', algorithm: 'sha-256' },
    ],
    [
      'an algorithm that is not known',
      'Digest username="Alice", realm="intra.example.com", nonce="dcd98b71", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", algorithm=MD5-sess',
      { ...credentials, algorithm: undefined },
    ],
  ])('%s', (_, text, expected) => {
    expect(parseCredentials(text)).toEqual(expected)
  })

  const sound = formatCredentials(credentials)
  test.each([
    ['RFC4976-9.1-2: Basic', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ['nothing', ''],
    ...['username', 'realm', 'nonce', 'response', 'cnonce', 'nc'].map((name) => [
      `RFC4976-9.1-8: no ${name}`,
      sound.replace(`${name}=`, `x-${name}=`),
    ]),
    ['RFC4976-9.1-7: no qop', sound.replace('qop=', 'x-qop=')],
    ['another qop', sound.replace('qop=auth', 'qop=auth-int')],
    ['an nc that is no count', sound.replace('nc=00000001', 'nc=0000000x')],
    ['an nc of nine digits', sound.replace('nc=00000001', 'nc=000000001')],
    ['an open quote', `${sound}, opaque="x`],
  ])('%s is malformed', (_, text) => {
    expect(() => parseCredentials(text ?? '')).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('Authorization') }),
    )
  })

  test('RFC4976-9.1-10: the uri is quoted; qop, nc and algorithm are not', () => {
    expect(formatCredentials({ ...credentials, uri: 'msrps://r;tcp', opaque: 'o' })).toBe(
      'Digest username="Alice", realm="intra.example.com", nonce="dcd98b71", uri="msrps://r;tcp", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="o", algorithm=MD5',
    )
  })

  test.each<Partial<Credentials>>([{ algorithm: undefined }, { nc: '1' }, { username: 'a\nb' }, { opaque: '\0' }])(
    '%j cannot be written',
    (part) => {
      expect(() => formatCredentials({ ...credentials, ...part })).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    },
  )

  test('what is written reads as the same', () => {
    const any = fc.record({
      username: quotable,
      realm: quotable,
      nonce: quotable,
      uri: quotable,
      cnonce: quotable,
      opaque: quotable,
    })
    fc.assert(
      fc.property(any, (part) => {
        expect(parseCredentials(formatCredentials({ ...credentials, ...part }))).toEqual({ ...credentials, ...part })
      }),
    )
  })
})

describe('Authentication-Info', () => {
  const info: AuthenticationInfo = { nextnonce: '40f2e879', rspauth: '7327570c', cnonce: '0a4f113b', nc: '00000001' }

  test.each<[text: string, info: AuthenticationInfo]>([
    ['nextnonce="40f2e879", rspauth="7327570c", cnonce="0a4f113b", nc=00000001, qop=auth', info],
    ['nextnonce="40f2e879",rspauth=7327570C , cnonce="0a4f113b",nc="00000001",qop="auth"', info],
    ['NextNonce="n"', { nextnonce: 'n' }],
    ['x=1', {}],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(parseAuthenticationInfo(text)).toEqual(expected)
  })

  test('RFC4976-9.1-10: parts are separated by commas; nc and qop are not quoted', () => {
    expect(formatAuthenticationInfo(info)).toBe(
      'nextnonce="40f2e879", rspauth="7327570c", cnonce="0a4f113b", nc=00000001, qop=auth',
    )
    expect(formatAuthenticationInfo({ nextnonce: 'n' })).toBe('nextnonce="n"')
  })

  test.each(['Digest nextnonce="n"', 'nextnonce', 'nextnonce="n', 'a=b c=d'])('%s is malformed', (text) => {
    expect(() => parseAuthenticationInfo(text)).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining('Authentication-Info') }),
    )
  })

  test('a count that is none cannot be written', () => {
    expect(() => formatAuthenticationInfo({ nc: '1' })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
