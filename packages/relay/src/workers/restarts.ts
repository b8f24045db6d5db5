import type { Clock } from 'msrp/connection'

/** Ends are counted for so long, in milliseconds. */
const MEMORY = 60_000

/** So many of all workers together in that time are too many. */
const MOST = 10

/** The wait before a worker is started again after its first end, and the longest one, in milliseconds. */
const FIRST_WAIT = 100
const LONGEST_WAIT = 5_000

/** When workers that have ended are started again: at once, later the more often it happens, at last not at all. */
export class Restarts {
  readonly #clock: Clock
  #ends: { readonly index: number; readonly at: number }[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A worker has ended: how many milliseconds it is waited; undefined when there is no sense in it any more. */
  next(index: number): number | undefined {
    const now = this.#clock.now()
    this.#ends = [...this.#ends.filter(({ at }) => now - at < MEMORY), { index, at: now }]
    if (this.#ends.length > MOST) return undefined
    const before = this.#ends.filter((end) => end.index === index).length - 1
    return Math.min(FIRST_WAIT * 2 ** before, LONGEST_WAIT)
  }
}
