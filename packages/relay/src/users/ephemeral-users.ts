import { nodeHash } from 'msrp/node'
import { type DigestAlgorithm, ha1 } from 'msrp/wire'
import type { Users } from '../forwarding/settings.ts'
import type { EphemeralVerifier } from './ephemeral-credentials.ts'

/**
 * Users with ephemeral credentials, before those of a database. The account is the user whom they were made for, so that
 * all credentials of one user share sessions and limits; those for nobody in particular are an account each.
 *
 * Credentials say nothing of a realm. They are taken in those that the settings name and in no other: who may choose any
 * realm would be somebody else in each, with limits of his own.
 */
export class EphemeralUsers implements Users {
  readonly #verifier: EphemeralVerifier
  readonly #others: Users
  readonly #realms: ReadonlySet<string>
  readonly #now: () => number

  /** `now`: milliseconds since 1970; expiry is a time of day that another machine has written. */
  constructor(options: {
    verifier: EphemeralVerifier
    others: Users
    realms: Iterable<string>
    now?: () => number
  }) {
    this.#verifier = options.verifier
    this.#others = options.others
    this.#realms = new Set(options.realms)
    this.#now = options.now ?? Date.now
  }

  async ha1(username: string, realm: string, algorithm: DigestAlgorithm): ReturnType<Users['ha1']> {
    const parsed = this.#verifier.parse(username)
    // Digits alone are also how people are called who have telephone numbers: who is in the database comes first. A name
    // with a user in it is never looked for there, or somebody could have an account that counts as another's.
    if (parsed?.user === undefined) {
      const listed = await this.#others.ha1(username, realm, algorithm)
      if (listed !== undefined) return listed
    }
    if (!this.#realms.has(realm) || this.#verifier.read(username, this.#now()).reason !== undefined) return undefined
    return this.#verifier.passwords(username).map((password) => ha1(nodeHash, algorithm, username, realm, password))
  }

  account(username: string, realm: string): string {
    const user = this.#verifier.parse(username)?.user
    return user === undefined ? (this.#others.account?.(username, realm) ?? `${username}@${realm}`) : `${user}@${realm}`
  }

  doubt(username: string, realm: string, algorithm: DigestAlgorithm): void {
    this.#others.doubt?.(username, realm, algorithm)
  }
}
