import type { Clock } from 'msrp/connection'

/** For how long a connection has not been read because its next hops take no more, or its users may send no more. */
export class HeldTime {
  readonly #clock: Clock
  readonly #reasons: Set<unknown> = new Set()
  #before = 0
  #since = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  hold(reason: unknown): void {
    if (this.#reasons.size === 0) this.#since = this.#clock.now()
    this.#reasons.add(reason)
  }

  letGo(reason: unknown): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#before += this.#clock.now() - this.#since
  }

  /** Milliseconds in all, until now. */
  get total(): number {
    return this.#reasons.size === 0 ? this.#before : this.#before + this.#clock.now() - this.#since
  }
}
