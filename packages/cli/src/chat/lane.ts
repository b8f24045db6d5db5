/** Lets a few pass at a time; the others wait in the order they came. */
export class Lane {
  #free: number
  readonly #waiting = new Set<() => void>()

  /** @param width how many may be on their way at once */
  constructor(width: number) {
    this.#free = width
  }

  /**
   * Resolves when it is one's turn; whoever had it calls `leave` once.
   * @param signal gives up waiting; the promise then rejects with its reason
   */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = (): void => {
      if (this.#waiting.delete(resolve)) reject(signal?.reason)
    }
    this.#waiting.add(resolve)
    signal?.addEventListener('abort', giveUp)
    await promise.finally(() => signal?.removeEventListener('abort', giveUp))
  }

  /** Makes room for the next. */
  leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
