import type { Cancel, Clock } from '../connection/index.ts'

/** At least so many new bytes … */
const LEAST_BYTES = 1024 * 1024
/** … and so many milliseconds lie between two REPORTs of one message, */
const LEAST_WAIT = 1_000
/** unless the reader is so slow that the sender would take it for lost. Milliseconds. */
const LONGEST_WAIT = 10_000

/**
 * Decides when a success REPORT goes out for a message that asks for them (RFC 4975 §7.1.3). Each covers all bytes from
 * the first on; the last one covers the message.
 */
export class SuccessReporter {
  readonly #clock: Clock
  readonly #report: (until: number) => void
  #reported: number
  #reportedAt: number
  #until: number
  #timer: Cancel | undefined
  #finished = false

  /** `report` sends one about the first `until` bytes. */
  constructor(clock: Clock, start: number, report: (until: number) => void) {
    this.#clock = clock
    this.#report = report
    this.#reported = start
    this.#until = start
    this.#reportedAt = clock.now()
  }

  /** No further REPORT follows. */
  get finished(): boolean {
    return this.#finished
  }

  /** The first `until` bytes have arrived where they have to; `finished`: they are the whole message. */
  progress(until: number, finished: boolean): void {
    if (this.#finished) return
    this.#until = until
    if (finished) {
      this.stop()
      this.#report(until)
    } else if (this.#timer === undefined) {
      this.#consider()
    }
  }

  /** The message comes to no end: what has arrived is told at once, so that its sender can go on behind it another time. */
  giveUp(): void {
    if (!this.#finished && this.#until > this.#reported) this.#report(this.#until)
    this.stop()
  }

  /** No further REPORT, whatever progress there is. */
  stop(): void {
    this.#finished = true
    this.#timer?.()
    this.#timer = undefined
  }

  #consider(): void {
    const fresh = this.#until - this.#reported
    if (fresh <= 0) return
    const now = this.#clock.now()
    const due = this.#reportedAt + (fresh >= LEAST_BYTES ? LEAST_WAIT : LONGEST_WAIT)
    if (now >= due) {
      this.#reported = this.#until
      this.#reportedAt = now
      this.#report(this.#until)
    } else if (fresh >= LEAST_BYTES) {
      this.#timer = this.#clock.after(due - now, () => {
        this.#timer = undefined
        this.#consider()
      })
    }
  }
}
