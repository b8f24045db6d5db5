import { describe, expect, it } from 'vitest'
import { mayUse } from '../../src/forwarding/policy/access.ts'
import { namesAccount } from '../../src/forwarding/policy/address-pattern.ts'

describe('a pattern of users', () => {
  it.each([
    ['alice@example.com', 'alice@example.com', true],
    ['alice@example.com', 'Alice@example.com', false],
    ['alice@EXAMPLE.com', 'alice@example.com', true],
    ['alice@example.com', 'alice@example.com.evil.net', false],
    ['alice@example.com', 'malice@example.com', false],
    ['*@example.com', 'bob@example.com', true],
    ['*@example.com', 'bob@sub.example.com', false],
    ['example.com', 'bob@example.com', true],
    ['example.com', 'bob@notexample.com', false],
    ['*@*.example.com', 'bob@sub.example.com', true],
    ['*@*.example.com', 'bob@example.com', false],
    ['*', 'bob@example.com', true],
    ['test-*@example.com', 'test-1@example.com', true],
    ['test-*@example.com', 'test@example.com', false],
    ['*-bot-*@example.com', 'a-bot-b@example.com', true],
    ['*-bot-*@example.com', 'a-bot@example.com', false],
    ['a*a@example.com', 'a@example.com', false],
    ['a*b*b@example.com', 'ab@example.com', false],
    ['a*b*b@example.com', 'abb@example.com', true],
    // A name may hold an @; the domain is what follows the last one.
    ['*@evil.net', 'bob@evil.net@example.com', false],
    ['*@example.com', 'bob@evil.net@example.com', true],
    ['', 'bob@example.com', false],
  ])('%s: %s is %s', (pattern, account, expected) => {
    expect(namesAccount(pattern, account)).toBe(expected)
  })

  it('of many stars costs nothing much', () => {
    expect(namesAccount(`${'*a'.repeat(200)}b@example.com`, `${'a'.repeat(5000)}@example.com`)).toBe(false)
  })
})

describe('who may use the relay', () => {
  it.each([
    [[], [], true],
    [['*@example.com'], [], true],
    [['bob@example.com'], [], false],
    [[], ['alice@*'], false],
    [['alice@example.com'], ['*@example.com'], false],
    [['alice@example.com'], ['bob@example.com'], true],
  ])('allow %j and deny %j: alice may: %s', (allow, deny, expected) => {
    expect(mayUse({ allow, deny }, 'alice@example.com')).toBe(expected)
  })
})
