import { LRUCache } from 'lru-cache'
import type { Clock } from 'msrp/connection'
import type { DigestAlgorithm } from 'msrp/wire'
import type { Users } from '../forwarding/settings.ts'

/** What is remembered of users, and for how long. */
export interface UserCacheOptions {
  /** Seconds for which H(A1) of a user is remembered. 0: not at all. Default: 60. */
  readonly ttl: number
  /** Seconds for which it is remembered that there is no such user. Default: 5. */
  readonly unknownTtl: number
  /** Users remembered at one time, and as many names that are none. Default: 10000. */
  readonly users: number
}

/** Characters of the longest name that is remembered: it takes memory, and somebody may send thousands. */
const LONGEST_KEY = 600

interface Remembered {
  readonly ha1: string | readonly string[] | undefined
  /** In the clock's milliseconds. */
  readonly askedAt: number
}

/**
 * A short memory in front of a user database, so that a login storm does not become a database storm. Time counts from
 * the question and not from the answer, so that nobody who was removed gets in for longer than `ttl`, and a failure is never
 * remembered. Questions for the same user at the same time are asked once.
 */
export class CachedUsers implements Users {
  readonly #users: Users
  readonly #options: UserCacheOptions
  readonly #clock: Clock
  readonly #known: LRUCache<string, Remembered>
  /** Apart, so that somebody who makes up names cannot push out those that exist. */
  readonly #unknown: LRUCache<string, Remembered>
  readonly #asked: Map<string, Promise<string | readonly string[] | undefined>> = new Map()
  #hits = 0

  constructor(users: Users, options: UserCacheOptions, clock: Clock) {
    this.#users = users
    this.#options = options
    this.#clock = clock
    this.#known = new LRUCache({ max: options.users })
    this.#unknown = new LRUCache({ max: options.users })
  }

  /** Questions that were answered without asking the database. */
  get hits(): number {
    return this.#hits
  }

  async ha1(
    username: string,
    realm: string,
    algorithm: DigestAlgorithm,
  ): Promise<string | readonly string[] | undefined> {
    const key = keyOf(username, realm, algorithm)
    if (key.length > LONGEST_KEY) return this.#users.ha1(username, realm, algorithm)
    const { ttl, unknownTtl } = this.#options
    const remembered = this.#fresh(this.#known.get(key), ttl) ?? this.#fresh(this.#unknown.get(key), unknownTtl)
    if (remembered !== undefined) {
      this.#hits++
      return remembered.ha1
    }
    const asked = this.#asked.get(key)
    if (asked !== undefined) {
      this.#hits++
      return asked
    }
    const answer = this.#ask(key, [username, realm, algorithm]).finally(() => this.#asked.delete(key))
    this.#asked.set(key, answer)
    return answer
  }

  account(username: string, realm: string): string {
    return this.#users.account?.(username, realm) ?? `${username}@${realm}`
  }

  /**
   * Somebody brought credentials that did not fit: maybe the password was changed. The database is asked again the next
   * time, but not more often than for names that are none.
   */
  doubt(username: string, realm: string, algorithm: DigestAlgorithm): void {
    const key = keyOf(username, realm, algorithm)
    const known = this.#known.get(key)
    if (this.#fresh(known, this.#options.unknownTtl) === undefined) this.#known.delete(key)
  }

  #fresh(remembered: Remembered | undefined, seconds: number): Remembered | undefined {
    return remembered !== undefined && this.#clock.now() - remembered.askedAt < seconds * 1000 ? remembered : undefined
  }

  async #ask(
    key: string,
    question: [string, string, DigestAlgorithm],
  ): Promise<string | readonly string[] | undefined> {
    const askedAt = this.#clock.now()
    const ha1 = await this.#users.ha1(...question)
    const [memory, other] = ha1 === undefined ? [this.#unknown, this.#known] : [this.#known, this.#unknown]
    memory.set(key, { ha1, askedAt })
    other.delete(key)
    return ha1
  }
}

function keyOf(username: string, realm: string, algorithm: DigestAlgorithm): string {
  return `${algorithm} ${realm.length} ${realm} ${username}`
}
