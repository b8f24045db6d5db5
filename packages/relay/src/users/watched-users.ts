import type { DigestAlgorithm } from 'msrp/wire'
import type { Log, Users } from '../forwarding/settings.ts'
import type { UserBackend } from './user-backend.ts'

/**
 * A user database with somebody who watches it: counts what it is asked, and tells the log when it stops answering and when
 * it answers again, once each.
 */
export class WatchedUsers implements Users {
  readonly #backend: UserBackend
  #log: Log
  #queries = 0
  #failures = 0
  #answers = true

  constructor(backend: UserBackend, log: Log) {
    this.#backend = backend
    this.#log = log
  }

  /** Tells another log from now on. */
  watch(log: Log): void {
    this.#log = log
  }

  /** Questions it was asked, since the start. */
  get queries(): number {
    return this.#queries
  }

  /** Those that it did not answer. */
  get failures(): number {
    return this.#failures
  }

  /** False since the last question failed. */
  get answers(): boolean {
    return this.#answers
  }

  async ha1(
    username: string,
    realm: string,
    algorithm: DigestAlgorithm,
  ): Promise<string | readonly string[] | undefined> {
    this.#queries++
    try {
      return await this.#watch(() => this.#backend.ha1(username, realm, algorithm))
    } catch (error) {
      this.#failures++
      throw error
    }
  }

  /** Asks it for nobody, for the log alone. Never rejects. */
  async check(): Promise<void> {
    await this.#watch(() => this.#backend.check()).catch(() => {})
  }

  async #watch<T>(ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask()
      if (!this.#answers) this.#log.info({ users: this.#backend.description }, 'the user database answers again')
      this.#answers = true
      return answer
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (this.#answers)
        this.#log.warn({ error: reason }, 'the user database cannot be asked; AUTH is refused until it can')
      this.#answers = false
      throw error
    }
  }
}
