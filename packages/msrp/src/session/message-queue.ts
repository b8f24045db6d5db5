/**
 * What waits for the application, in order, as an async iteration: each item is presented when it is asked for. Several
 * iterations share the items.
 */
export class MessageQueue<Item, Presented> implements AsyncIterableIterator<Presented> {
  readonly #present: (item: Item) => Presented
  readonly #onFirstAsked: () => void
  readonly #items: Set<Item> = new Set()
  readonly #asking: ((result: IteratorResult<Presented>) => void)[] = []
  #asked = false
  #ended = false

  constructor(present: (item: Item) => Presented, onFirstAsked: () => void = () => {}) {
    this.#present = present
    this.#onFirstAsked = onFirstAsked
  }

  /** How many items nobody has asked for yet. */
  get waiting(): number {
    return this.#items.size
  }

  /** Whether anybody has ever asked. */
  get asked(): boolean {
    return this.#asked
  }

  /** Whether an item waits. */
  has(item: Item): boolean {
    return this.#items.has(item)
  }

  push(item: Item): void {
    const ask = this.#asking.shift()
    if (ask === undefined) this.#items.add(item)
    else ask({ done: false, value: this.#present(item) })
  }

  /** Takes an item back that nobody has asked for. */
  remove(item: Item): void {
    this.#items.delete(item)
  }

  /** No further item comes; those that wait are still given. */
  end(): void {
    this.#ended = true
    for (const ask of this.#asking.splice(0)) ask({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<Presented>> {
    if (!this.#asked) {
      this.#asked = true
      this.#onFirstAsked()
    }
    const first = this.#items.values().next()
    if (!first.done) {
      this.#items.delete(first.value)
      return Promise.resolve({ done: false, value: this.#present(first.value) })
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#asking.push(resolve))
  }

  /** Leaving a loop ends that loop only: what comes waits for the next one. */
  return(): Promise<IteratorResult<Presented>> {
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
