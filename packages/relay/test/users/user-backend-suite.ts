import { nodeHash } from 'msrp/node'
import { type DigestAlgorithm, ha1 } from 'msrp/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserBackend } from '../../src/users/user-backend.ts'

/** A user who has to be there, with this password, and known for both algorithms unless said otherwise. */
export interface SuiteUser {
  readonly username: string
  readonly realm: string
  readonly password: string
}

/** Whom every backend under test has to know. */
export const suiteUsers: readonly SuiteUser[] = [
  { username: 'alice', realm: 'example.com', password: 'wonderland' },
  { username: 'alice', realm: 'example.net', password: 'looking-glass' },
  { username: '491701234567', realm: 'example.com', password: 'pass word:"\\äß' },
  { username: 'o_b-r.i+en', realm: 'example.com', password: 'x' },
]

/** H(A1) of a user of the suite. */
export function suiteHa1({ username, realm, password }: SuiteUser, algorithm: DigestAlgorithm = 'md5'): string {
  return ha1(nodeHash, algorithm, username, realm, password)
}

/** What every place where users may be has to do. `open` gives one that knows the users of the suite. */
export function describeUserBackend(
  name: string,
  open: () => Promise<UserBackend>,
  { algorithms = ['md5', 'sha-256'] }: { algorithms?: readonly DigestAlgorithm[] } = {},
): void {
  describe(`users: ${name}`, () => {
    let users: UserBackend
    beforeAll(async () => {
      users = await open()
    })
    afterAll(() => users.close())

    test.each(algorithms)('are known by H(A1) with %s, in lower-case hexadecimal', async (algorithm) => {
      for (const user of suiteUsers) {
        expect(await users.ha1(user.username, user.realm, algorithm)).toBe(suiteHa1(user, algorithm))
      }
    })

    test.each([
      ['of another name', 'mallory', 'example.com'],
      ['of another domain', 'o_b-r.i+en', 'example.net'],
      ['of no domain', 'alice', ''],
      ['without a name', '', 'example.com'],
      ['in other letters, since accounts are told apart by them', 'Alice', 'example.com'],
      ['in letters that collations take for the same', 'alicé', 'example.com'],
      ['with a blank behind it', 'alice ', 'example.com'],
      ['with a blank before it', ' alice', 'example.com'],
      ['with a wildcard', 'ali%', 'example.com'],
      ['with a quote', "alice' OR '1'='1", 'example.com'],
      ['with a quote and a backslash', "alice\\' OR 1=1 -- ", 'example.com'],
      ['with a comment', 'alice"; DROP TABLE subscriber; --', 'example.com'],
      ['with U+0000', 'alice\0', 'example.com'],
      ['with half a surrogate', 'alice\ud83d', 'example.com'],
      ['of signs that few columns can hold', 'alice😀', 'example.com'],
      ['of the longest name that fits a header', 'a'.repeat(8000), 'example.com'],
      ['that is a property of every object', '__proto__', 'example.com'],
      ['that is a method of every object', 'constructor', 'example.com'],
    ])('are none %s', async (_, username, realm) => {
      for (const algorithm of ['md5', 'sha-256'] as const) {
        expect(await users.ha1(username, realm, algorithm)).toBeUndefined()
      }
    })

    test('are known to many at once', async () => {
      const asked = Array.from({ length: 60 }, (_, index) => suiteUsers[index % suiteUsers.length]!)
      const found = await Promise.all(asked.map(({ username, realm }) => users.ha1(username, realm, 'md5')))
      expect(found).toEqual(asked.map((user) => suiteHa1(user)))
    })

    test('are there at the start, and say where they are without secrets', async () => {
      await users.check()
      expect(users.description).not.toBe('')
      for (const { password } of suiteUsers.slice(0, 3)) expect(users.description).not.toContain(password)
    })
  })
}
