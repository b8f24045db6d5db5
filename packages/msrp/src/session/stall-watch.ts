import type { Cancel, Clock, MsrpConnection } from '../connection/index.ts'

/** How often it looks, in parts of its patience. */
const PARTS = 4

/** What it looks at. */
type Watched = Pick<MsrpConnection<never>, 'receivedBytes' | 'reading' | 'takenBytes' | 'transport'>

/**
 * Notices a connection that is dead although bytes are on their way. TCP asks for a far side that is silent only when
 * nothing is under way; else it repeats, and gives up after a quarter of an hour. A far side that does not read looks just
 * the same, so its patience is long. A sign of life is bytes that are taken, or come; while we do not read none can come,
 * and time does not count.
 */
export class StallWatch {
  readonly #clock: Clock
  readonly #patience: number
  readonly #connection: Watched
  readonly #onDead: () => void
  #timer: Cancel | undefined
  #passed = 0
  #quietParts = 0

  /** `patience`: milliseconds. `onDead` is called once. */
  constructor(clock: Clock, patience: number, connection: Watched, onDead: () => void) {
    this.#clock = clock
    this.#patience = patience
    this.#connection = connection
    this.#onDead = onDead
  }

  /** Something was written, or taken: begins to watch when bytes wait. */
  look(): void {
    if (this.#timer !== undefined || !this.#waits) return
    this.#quietParts = 0
    this.#passed = this.#progress
    this.#arm()
  }

  stop(): void {
    this.#timer?.()
    this.#timer = undefined
  }

  get #waits(): boolean {
    return this.#connection.transport.bufferedBytes > 0
  }

  get #progress(): number {
    return this.#connection.takenBytes + this.#connection.receivedBytes
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#patience / PARTS, () => {
      this.#timer = undefined
      if (!this.#waits) return
      const progress = this.#progress
      this.#quietParts = progress === this.#passed && this.#connection.reading ? this.#quietParts + 1 : 0
      this.#passed = progress
      if (this.#quietParts < PARTS) this.#arm()
      else this.#onDead()
    })
  }
}
