import type { RandomBytes } from 'msrp/wire'

/** How a nonce is to be taken: made here for whoever brings it, and lately; long ago; or by or for somebody else. */
export type NonceVerdict = 'fresh' | 'stale' | 'forged'

/**
 * Nonces that carry their own proof: time, random bits and an HMAC over both and over whom they were given to, so that
 * every process with the key can check them and none has to store them (RFC 7616 §3.3). They are bound to one client
 * connection, or to one authenticated relay and the path through it, so credentials replayed elsewhere are refused.
 */
export class Nonces {
  readonly #time: () => number
  readonly #random: RandomBytes
  readonly #hmac: (text: string) => string
  readonly #equal: (one: string, other: string) => boolean
  readonly #lifetime: () => number
  #lastIssued = 0

  /** `lifetime`, as it is at present, and `time` in seconds. */
  constructor(options: {
    time: () => number
    random: RandomBytes
    hmac: (text: string) => string
    equal: (one: string, other: string) => boolean
    lifetime: () => number
  }) {
    this.#time = options.time
    this.#random = options.random
    this.#hmac = options.hmac
    this.#equal = options.equal
    this.#lifetime = options.lifetime
  }

  /** A new nonce for whoever `binding` names. */
  issue(binding: string): string {
    // Never the same twice, and never less than the one before: then it names the nonce, and says which is older.
    this.#lastIssued = Math.max(this.#lastIssued + 1, Math.floor(this.#time() * 1e6))
    const issued = this.#lastIssued.toString(16)
    const salt = [...this.#random(8)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    return `${issued}.${salt}.${this.#proof(issued, salt, binding)}`
  }

  check(nonce: string, binding: string): NonceVerdict {
    const [issued = '', salt = '', proof = '', ...rest] = nonce.split('.')
    if (rest.length > 0 || !this.#equal(proof, this.#proof(issued, salt, binding))) return 'forged'
    const age = this.#time() - issuedAt(nonce) / 1e6
    return age >= -1 && age <= this.#lifetime() ? 'fresh' : 'stale'
  }

  #proof(issued: string, salt: string, binding: string): string {
    return this.#hmac(`${issued}.${salt}.${binding}`)
  }
}

/**
 * The highest nonce count seen with each nonce: a count that is not higher than the last is a replay (RFC 7616 §3.4.5).
 * It holds the `capacity` nonces that were used last; those as old as one it had to forget count as used up. It knows a
 * nonce by the time at which it was issued and does not hold the text, which would keep all of its header alive.
 */
export class NonceCounts {
  readonly #counts: Map<number, number> = new Map()
  readonly #capacity: number
  #forgottenUntil = -1

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Takes note of a use; false for a replay, and where a replay cannot be told from a first use any more. */
  use(nonce: string, count: number): boolean {
    const issued = issuedAt(nonce)
    const last = this.#counts.get(issued)
    if (last === undefined ? issued <= this.#forgottenUntil : count <= last) return false
    this.#counts.delete(issued)
    this.#counts.set(issued, count)
    if (this.#counts.size > this.#capacity) this.#forgetOldest()
    return true
  }

  #forgetOldest(): void {
    const oldest = this.#counts.keys().next().value
    if (oldest === undefined) return
    this.#counts.delete(oldest)
    this.#forgottenUntil = Math.max(this.#forgottenUntil, oldest)
  }
}

/** When a nonce was made, in microseconds since 1970; it stands in front. */
function issuedAt(nonce: string): number {
  return Number.parseInt(nonce, 16)
}
