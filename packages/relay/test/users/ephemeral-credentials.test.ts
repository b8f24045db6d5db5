import { createHmac } from 'node:crypto'
import { nodeHash } from 'msrp/node'
import { ha1 } from 'msrp/wire'
import { describe, expect, test } from 'vitest'
import {
  createEphemeralCredentials,
  type EphemeralOptions,
  EphemeralVerifier,
} from '../../src/users/ephemeral-credentials.ts'
import { EphemeralUsers } from '../../src/users/ephemeral-users.ts'
import { ListedUsers } from '../../src/users/listed-users.ts'

const SECRET = 'a secret of the test'
const NOW = 1_790_000_000_000
const defaults: EphemeralOptions = {
  secrets: [SECRET],
  hashes: ['sha1', 'sha256'],
  separator: '.',
  clockSkew: 30,
  maximumTtl: 86_400,
}
const verifier = (options: Partial<EphemeralOptions> = {}) => new EphemeralVerifier({ ...defaults, ...options })
const made = (options: Partial<Parameters<typeof createEphemeralCredentials>[0]> = {}) =>
  createEphemeralCredentials({ secret: SECRET, user: 'alice', ttl: 600, now: NOW, ...options })

describe('ephemeral credentials', () => {
  test('are those of TURN servers: expiry and user, and the HMAC-SHA1 of both in base64', () => {
    const password = createHmac('sha1', SECRET).update('1790000600:alice').digest('base64')
    expect(made({ separator: ':' })).toEqual({
      username: '1790000600:alice',
      password,
      expires: new Date(1_790_000_600_000),
    })
    // By hand: printf %s 1700000000:alice | openssl dgst -sha1 -hmac 0123456789abcdef -binary | base64
    const known = createEphemeralCredentials({
      secret: '0123456789abcdef',
      user: 'alice',
      ttl: 1,
      separator: ':',
      now: 1_699_999_999_000,
    })
    expect(known.password).toBe('QmpguVhgm8LJZp0MkvqhyKEkXps=')
  })

  test('have no colon in the user name unless that is asked for (RFC 7616 §4)', () => {
    expect(made().username).toBe('1790000600.alice')
    expect(made({ user: undefined }).username).toBe('1790000600')
  })

  test.each(['', 'a b', 'a:b', 'a"b', 'a\\b', 'a@b', 'a\nb', 'x'.repeat(129)])('cannot be for %j', (user) => {
    expect(() => made({ user })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test.each([0, -1, 1.5, Number.NaN])('cannot be valid for %d seconds', (ttl) => {
    expect(() => made({ ttl })).toThrow(/^ttl is/)
  })

  test('need a secret that cannot be found by trying, which errors do not show', () => {
    expect(() => made({ secret: 'short' })).toThrow(/^a shared secret has less than 16 characters/)
    expect(() => verifier({ secrets: [SECRET, 'short'] })).toThrow(/less than 16/)
    expect(() => made({ secret: 'short' })).not.toThrow(/short$/)
  })

  test.each(['', '..', 'a', '1', '"', '@', ' '])('cannot have %j between expiry and user', (separator) => {
    expect(() => made({ separator })).toThrow(/cannot separate/)
  })
})

describe('a relay takes them', () => {
  test.each([
    ['with SHA-1', made()],
    ['with SHA-256', made({ hash: 'sha256' })],
    ['for a user with any letters', made({ user: 'älîce_日本.1+2' })],
    ['that end in a second', made({ ttl: 1 })],
    ['that are as long as may be', made({ ttl: 86_400 })],
  ])('%s', (_, { username, password, expires }) => {
    const [, user] = /^\d+\.(.*)$/.exec(username)!
    expect(verifier().verify(username, password, NOW)).toEqual({ user, expiry: expires.getTime() / 1000 })
  })

  test('for nobody in particular', () => {
    const { username, password } = made({ user: undefined })
    expect(verifier().verify(username, password, NOW)).toEqual({ user: undefined, expiry: 1_790_000_600 })
  })

  test('as coturn has them, when told so', () => {
    const { username, password } = made({ separator: ':' })
    expect(verifier({ separator: ':' }).verify(username, password, NOW)).toMatchObject({ user: 'alice' })
    expect(verifier().verify(username, password, NOW)).toEqual({ reason: 'other' })
  })

  test('made with any of its secrets, for a secret to be replaced', () => {
    const { username, password } = made({ secret: 'the one before it' })
    expect(verifier({ secrets: [SECRET, 'the one before it'] }).verify(username, password, NOW)).toMatchObject({
      user: 'alice',
    })
    expect(verifier().verify(username, password, NOW)).toEqual({ reason: 'wrong' })
  })

  test('until they expire, as far as clocks may differ, and not longer', () => {
    const { username, password } = made()
    const at = (seconds: number) => verifier().verify(username, password, NOW + seconds * 1000)
    expect(at(600)).toMatchObject({ user: 'alice' })
    expect(at(630)).toMatchObject({ user: 'alice' })
    expect(at(630.001)).toEqual({ reason: 'expired' })
    expect(verifier({ clockSkew: 0 }).verify(username, password, NOW + 600_001)).toEqual({ reason: 'expired' })
  })

  test('not when they would be valid for too long', () => {
    const { username, password } = made({ ttl: 86_431 })
    expect(verifier().verify(username, password, NOW)).toEqual({ reason: 'too-long' })
  })

  test.each([
    ['another password', made().username, 'x'],
    ['no password', made().username, ''],
    ['the password of another user', made().username, made({ user: 'bob' }).password],
    ['the password of another expiry', made({ ttl: 601 }).username, made().password],
    ['a later expiry', `1790000601.alice`, made().password],
    ['another user', `1790000600.bob`, made().password],
    ['no user', '1790000600', made().password],
  ])('not with %s', (_, username, password) => {
    expect(verifier().verify(username, password, NOW)).toEqual({ reason: 'wrong' })
  })

  test('not with a hash that it is told not to take', () => {
    const { username, password } = made()
    expect(verifier({ hashes: ['sha256'] }).verify(username, password, NOW)).toEqual({ reason: 'wrong' })
  })

  test.each([
    'alice',
    '',
    '1790000600.',
    '1790000600..',
    '1790000600.a b',
    '1790000600-alice',
    '179000060.alice',
    '01790000600x',
    '1790000600.a@b',
    ' 1790000600',
    '1790000600\n',
    '１７９００００６００',
  ])('and leaves other names alone: %j', (username) => {
    const { reason } = verifier().verify(username, 'x', NOW)
    // Two full stops are a user whose name begins with one.
    expect(reason).toBe(username.endsWith('..') ? 'wrong' : 'other')
  })
})

describe('behind AUTH', () => {
  const asked: string[] = []
  const listed = new ListedUsers([{ user: '1790000001@example.com', password: 'a telephone' }])
  const others = {
    ha1: (...[name, realm, algorithm]: Parameters<ListedUsers['ha1']>) => {
      asked.push(name)
      return listed.ha1(name, realm, algorithm)
    },
  }
  const users = (now = NOW) =>
    new EphemeralUsers({
      verifier: verifier({ secrets: [SECRET, 'the one before it'] }),
      others,
      realms: ['example.com', 'example.org'],
      now: () => now,
    })

  test.each(['md5', 'sha-256'] as const)('any H(A1) of the secrets and hashes will do: %s', async (algorithm) => {
    const found = await users().ha1(made().username, 'example.com', algorithm)
    const passwords = [SECRET, 'the one before it'].flatMap((secret) =>
      (['sha1', 'sha256'] as const).map((hash) => made({ secret, hash }).password),
    )
    expect(found).toEqual(passwords.map((one) => ha1(nodeHash, algorithm, made().username, 'example.com', one)))
  })

  test('the account is the user, whatever the expiry is and whatever the time', () => {
    for (const now of [NOW, NOW + 10 ** 9]) {
      expect(users(now).account(made().username, 'example.com')).toBe('alice@example.com')
      expect(users(now).account(made({ ttl: 900 }).username, 'example.com')).toBe('alice@example.com')
      expect(users(now).account('1790000600', 'example.com')).toBe('1790000600@example.com')
      expect(users(now).account('bob', 'example.com')).toBe('bob@example.com')
    }
  })

  test('those that have expired are nobody, and are not looked for among the others', async () => {
    asked.length = 0
    expect(await users(NOW + 700_000).ha1(made().username, 'example.com', 'md5')).toBeUndefined()
    expect(asked).toEqual([])
  })

  test('they are good in the realms that are named, and in no other', async () => {
    expect(await users().ha1(made().username, 'example.org', 'md5')).toHaveLength(4)
    expect(await users().ha1(made().username, 'somewhere.example', 'md5')).toBeUndefined()
  })

  test('somebody whose name is a telephone number is who he is in the database', async () => {
    const found = await users().ha1('1790000001', 'example.com', 'md5')
    expect(found).toBe(ha1(nodeHash, 'md5', '1790000001', 'example.com', 'a telephone'))
    // And who is not in there may come with credentials for nobody in particular.
    expect(await users().ha1('1790000002', 'example.com', 'md5')).toHaveLength(4)
  })
})
