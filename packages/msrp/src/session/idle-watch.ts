import type { Cancel, Clock } from '../connection/index.ts'

/** Ends what has been idle for long: a session on which nothing was sent or received, and no message is under way. */
export class IdleWatch {
  readonly #clock: Clock
  readonly #patience: number
  readonly #busy: () => boolean
  readonly #onIdle: () => void
  #activeAt: number
  #timer: Cancel | undefined

  /** `patience`: milliseconds. `busy`: whether something is under way. */
  constructor(clock: Clock, patience: number, busy: () => boolean, onIdle: () => void) {
    this.#clock = clock
    this.#patience = patience
    this.#busy = busy
    this.#onIdle = onIdle
    this.#activeAt = clock.now()
    this.#arm()
  }

  /** Something was sent or received. */
  active(): void {
    this.#activeAt = this.#clock.now()
  }

  stop(): void {
    this.#timer?.()
  }

  #arm(): void {
    const left = this.#activeAt + this.#patience - this.#clock.now()
    this.#timer = this.#clock.after(Math.max(left, 0), () => {
      if (this.#clock.now() - this.#activeAt >= this.#patience) {
        if (!this.#busy()) {
          this.#onIdle()
          return
        }
        this.active()
      }
      this.#arm()
    })
  }
}
