/** Statuses that are told apart (RFC 4975 §10, RFC 4976, RFC 7701 §12); others count together. */
export const STATUSES: readonly number[] = [200, 400, 401, 403, 404, 408, 413, 415, 423, 425, 428, 481, 501, 506]

/** How often each status was seen. Peers make statuses up: there are never more counts than names for them. */
export class StatusCounts {
  /** By far the most. */
  #ok = 0
  #other = 0
  readonly #counts: Map<number, number> = new Map(STATUSES.map((status) => [status, 0]))

  add(status: number): void {
    if (status === 200) {
      this.#ok++
      return
    }
    const count = this.#counts.get(status)
    if (count === undefined) this.#other++
    else this.#counts.set(status, count + 1)
  }

  /** Each status, or `other`, with its count; those that never came as well. */
  *entries(): Generator<[status: string, count: number]> {
    for (const [status, count] of this.#counts) yield [String(status), status === 200 ? this.#ok : count]
    yield ['other', this.#other]
  }
}
