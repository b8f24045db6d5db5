/** Connections that an account may have made whatever it has already, as long as there is room at all. */
const LEAST = 16

/** Dials under way take no more of what is free than one in so many. */
const DIALING_SHARE = 8

/** A connection that an account has made, or is making. */
export interface OutboundPlace {
  /** The dial is over. */
  made(): void
  /** The connection is gone, or came to nothing. */
  release(): void
}

/**
 * The connections that the relay may make, shared among the accounts for whose sessions it makes them. An account gets no
 * more than it leaves to the others: one alone half of all, the next half of what is left, so that whoever comes then
 * finds some as well. Dials under way, which cost most and may come to nothing, are held to less.
 */
export class OutboundShares {
  readonly #most: () => number
  #total = 0
  readonly #taken: Map<string, { all: number; dialing: number }> = new Map()

  /** `most`: how many there may be at present. */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Connections made, or on their way. */
  get total(): number {
    return this.#total
  }

  /** A place for a dial; or why there is none. */
  take(account: string): OutboundPlace | string {
    const free = this.#most() - this.#total
    if (free <= 0) return 'the relay has made as many connections as it may'
    const taken = this.#taken.get(account) ?? { all: 0, dialing: 0 }
    if (taken.all >= Math.max(LEAST, free)) return 'this account has had as many connections made as it may'
    if (taken.dialing >= Math.max(LEAST, free / DIALING_SHARE)) {
      return 'this account is having as many connections made at once as it may'
    }
    this.#total++
    taken.all++
    taken.dialing++
    this.#taken.set(account, taken)
    let dialing = true
    const made = (): void => {
      if (dialing) taken.dialing--
      dialing = false
    }
    const release = (): void => {
      made()
      this.#total--
      taken.all--
      if (taken.all === 0) this.#taken.delete(account)
    }
    return { made, release }
  }
}
