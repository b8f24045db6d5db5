import type { Hash } from 'msrp/wire'

/** Milliseconds after which a failed AUTH is forgiven. */
const FORGIVEN_AFTER = 300_000

/**
 * The failed AUTHs of one connection (RFC 4976 §6.3). Who succeeds in the end is forgiven his own failures, and nobody
 * else's: whoever has an account could otherwise guess another's password for ever. What is not forgiven so is after a
 * while, for a gateway behind which somebody's password is wrong now and then.
 */
export class FailedAuths {
  readonly #hash: Hash
  /** In the order in which they failed. */
  #failed: { who: string; at: number }[] = []

  constructor(hash: Hash) {
    this.#hash = hash
  }

  /** Takes note of a failure of `who`, in whatever words; gives how many are not forgiven at `now`, in milliseconds. */
  add(who: string, now: number): number {
    this.#failed = this.#failed.filter(({ at }) => now - at < FORGIVEN_AFTER)
    // A digest, so that a name of thousands of characters costs no more than others.
    this.#failed.push({ who: this.#hash('sha-256', who), at: now })
    return this.#failed.length
  }

  /** `who` has succeeded. */
  forgive(who: string): void {
    if (this.#failed.length === 0) return
    const known = this.#hash('sha-256', who)
    this.#failed = this.#failed.filter((failure) => failure.who !== known)
  }
}
