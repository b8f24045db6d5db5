import { type DigestAlgorithm, MsrpError } from 'msrp/wire'
import { type Ha1, ha1Of, parseHa1 } from './ha1.ts'
import { parseUserAddress } from './user-address.ts'
import type { UserBackend } from './user-backend.ts'

/** A user that is written in the configuration: with a password, or with H(A1). */
export interface ListedUser {
  /** `NAME@DOMAIN`. */
  readonly user: string
  readonly password?: string
  /** 32 hexadecimal digits, and after a space 64 for SHA-256 where they are known. */
  readonly ha1?: string
}

/** Users that are written in the configuration: for tests, and for a handful of people. */
export class ListedUsers implements UserBackend {
  readonly description: string
  readonly #ha1s: Map<string, string> = new Map()

  /** @throws MsrpError `invalid-argument` that names the user, and nothing of the password */
  constructor(users: readonly ListedUser[]) {
    this.description = `the ${users.length} users of the configuration`
    for (const listed of users) {
      const flaw = listedUserFlaw(listed)
      if (flaw !== undefined) throw new MsrpError('invalid-argument', `users.list: ${listed.user} ${flaw}`)
      const { username, domain } = parseUserAddress(listed.user)
      const { md5, sha256 } = hashesOf(listed)
      this.#ha1s.set(keyOf(username, domain, 'md5'), md5)
      if (sha256 !== undefined) this.#ha1s.set(keyOf(username, domain, 'sha-256'), sha256)
    }
  }

  async ha1(username: string, realm: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    return this.#ha1s.get(keyOf(username, realm, algorithm))
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

/** What is wrong with a user in the configuration, to be read after his name; undefined when nothing is. */
export function listedUserFlaw(listed: ListedUser): string | undefined {
  if (listed.password === undefined && listed.ha1 === undefined) return 'has neither password nor ha1; give one of them'
  if (listed.password !== undefined && listed.ha1 !== undefined) return 'has both password and ha1; give one of them'
  try {
    parseUserAddress(listed.user)
    hashesOf(listed)
    return undefined
  } catch (error) {
    return `cannot be: ${(error as MsrpError).message}`
  }
}

function hashesOf({ user, password, ha1 }: ListedUser): Ha1 {
  return password === undefined ? parseHa1(ha1 ?? '') : ha1Of(parseUserAddress(user), password)
}

function keyOf(username: string, realm: string, algorithm: DigestAlgorithm): string {
  // Neither can hold a line break: the one is checked above, the other is a domain.
  return `${algorithm}\n${realm}\n${username}`
}
