import { describe, expect, test } from 'vitest'
import { formatUserAddress, generatePassword, parseUserAddress } from '../../src/users/index.ts'

describe('a user address', () => {
  test.each([
    ['alice@localhost', { username: 'alice', domain: 'localhost' }],
    ['Alice.B@Example.COM', { username: 'Alice.B', domain: 'example.com' }],
    ['+4930123456@sip.example.com', { username: '+4930123456', domain: 'sip.example.com' }],
    ['a=b&c$d!e*f~g_h-i@example.com', { username: 'a=b&c$d!e*f~g_h-i', domain: 'example.com' }],
    ['bob@192.0.2.1', { username: 'bob', domain: '192.0.2.1' }],
  ])('%s is read', (text, expected) => {
    expect(parseUserAddress(text)).toEqual(expected)
    expect(formatUserAddress(expected)).toBe(`${expected.username}@${expected.domain}`)
  })

  test.each([
    ['alice', /NAME@DOMAIN/],
    ['', /NAME@DOMAIN/],
    ['@localhost', /NAME@DOMAIN/],
    ['alice@', /NAME@DOMAIN/],
    ['a@b@localhost', /"a@b" cannot be a user name/],
    ['a:b@localhost', /"a:b" cannot be a user name/],
    ['a"b@localhost', /cannot be a user name/],
    ['a b@localhost', /cannot be a user name/],
    ['a\nb@localhost', /"a\\nb" cannot be a user name/],
    ['../../etc/passwd@localhost', /cannot be a user name/],
    ['-a@localhost', /cannot be a user name/],
    ['.hidden@localhost', /cannot be a user name/],
    ['jörg@localhost', /cannot be a user name/],
    [`${'a'.repeat(65)}@localhost`, /cannot be a user name/],
    ['alice@exa mple', /"exa mple" is not a domain/],
    ['alice@-a.example', /is not a domain/],
    ['alice@example..com', /is not a domain/],
    ['alice@[::1]', /is not a domain/],
    [`alice@${'a'.repeat(64)}.com`, /is not a domain/],
  ])('is not %j', (text, expected) => {
    expect(() => parseUserAddress(text)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(expected) }),
    )
  })
})

test('a generated password has 144 random bits in characters that need no quoting anywhere', () => {
  const passwords = new Set(Array.from({ length: 1000 }, generatePassword))
  expect(passwords.size).toBe(1000)
  for (const password of passwords) expect(password).toMatch(/^[\w-]{24}$/)
})
