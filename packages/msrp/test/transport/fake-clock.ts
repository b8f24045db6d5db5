import type { Cancel, Clock } from '../../src/connection/clock.ts'

interface Due {
  readonly at: number
  readonly order: number
  readonly action: () => void
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number
  #order = 0
  readonly #due: Due[] = []

  /** `start`: where the clock begins, in milliseconds; the origin of a clock is arbitrary, so 0 is not assumed. */
  constructor(start = 1_000_000) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(milliseconds: number, action: () => void): Cancel {
    const due: Due = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, action }
    this.#due.push(due)
    return () => {
      const index = this.#due.indexOf(due)
      if (index >= 0) this.#due.splice(index, 1)
    }
  }

  /** How many actions wait: 0 shows that nothing was left armed. */
  get pending(): number {
    return this.#due.length
  }

  /** Milliseconds from now to the earliest action, or undefined when nothing is armed. */
  get next(): number | undefined {
    const first = this.#first()
    return first && first.at - this.#now
  }

  /**
   * Moves time on. Runs what falls due, earliest first (same instant: in the order armed), also what those actions arm
   * within the span; before, between and after them every promise that can settle does.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settle()
    for (let due = this.#first(); due && due.at <= end; due = this.#first()) {
      this.#due.splice(this.#due.indexOf(due), 1)
      this.#now = Math.max(this.#now, due.at)
      due.action()
      await settle()
    }
    this.#now = end
  }

  #first(): Due | undefined {
    let first: Due | undefined
    for (const due of this.#due) {
      if (!first || due.at < first.at || (due.at === first.at && due.order < first.order)) first = due
    }
    return first
  }
}

/** One turn of the event loop: when it resolves, every microtask (and all that they queued) has run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
