/** For how long a connection has not been read because its next hops take no more, or its users may send no more. */
export class HeldTime {
  readonly #reasons: Set<unknown> = new Set()
  #before = 0
  #since = 0

  hold(reason: unknown, now: number): void {
    if (this.#reasons.size === 0) this.#since = now
    this.#reasons.add(reason)
  }

  letGo(reason: unknown, now: number): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#before += now - this.#since
  }

  /** Milliseconds in all. */
  until(now: number): number {
    return this.#reasons.size === 0 ? this.#before : this.#before + now - this.#since
  }
}
