/** What is remembered of the latest so many ids; the oldest are forgotten. */
export class RecentIds<T> {
  readonly #most: number
  readonly #entries: Map<string, T> = new Map()
  /** Goes on where it stopped: to begin again each time would be to pass over the gaps that the forgotten ones left. */
  readonly #oldest: Iterator<string, undefined> = this.#entries.keys()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  get(id: string): T | undefined {
    return this.#entries.get(id)
  }

  set(id: string, value: T): void {
    this.#entries.delete(id)
    this.#entries.set(id, value)
    if (this.#entries.size <= this.#most) return
    const oldest = this.#oldest.next().value
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(id: string): void {
    this.#entries.delete(id)
  }
}
