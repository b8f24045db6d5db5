/** What is remembered of the latest so many ids; the oldest are forgotten. */
export class RecentIds<T> {
  readonly #most: number
  readonly #entries: Map<string, T> = new Map()
  /**
   * Goes on where it stopped: to begin again each time would be to pass over the gaps that the forgotten ones left. But as long
   * as it stands still it holds all that the map grows out of, so it is given up when something else is taken out.
   */
  #oldest: Iterator<string, undefined> | undefined

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
    this.delete(id)
    this.#entries.set(id, value)
    if (this.#entries.size <= this.#most) return
    this.#oldest ??= this.#entries.keys()
    const oldest = this.#oldest.next().value
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(id: string): void {
    if (this.#entries.delete(id)) this.#oldest = undefined
  }
}
