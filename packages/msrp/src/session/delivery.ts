import type { Cancel, Clock } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import type { ConfirmedBytes } from './api.ts'
import { ByteRanges } from './byte-ranges.ts'

/** How often the wait for a REPORT is looked at, in parts of it. */
const PARTS = 4

/** What proves that a message has arrived: success REPORTs, 200s, or nothing but its being sent. */
export type Proof = 'reports' | 'responses' | 'none'

/** Keeps account of what is confirmed of a message, and settles `delivered`. */
export class Delivery {
  /** Settles once; a rejection that nobody handles does no harm. */
  readonly delivered: Promise<void>
  readonly proof: Proof
  readonly #clock: Clock
  readonly #reportTimeout: number
  readonly #blocked: () => boolean
  readonly #ranges = new ByteRanges()
  readonly #resolve: () => void
  readonly #reject: (error: MsrpError) => void
  #total: number | undefined
  /** A REPORT or 200 came for an empty message, which has no byte to confirm. */
  #confirmedEmpty = false
  #settled = false
  #timer: Cancel | undefined
  #quietParts = 0

  constructor(options: {
    proof: Proof
    clock: Clock
    /** Milliseconds without news after which a REPORT is given up. */
    reportTimeout: number
    /** Whether our own bytes are held up, or we do not read, so that no REPORT can be expected. */
    blocked: () => boolean
  }) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.delivered = promise
    this.delivered.catch(() => {})
    this.#resolve = resolve
    this.#reject = reject
    this.proof = options.proof
    this.#clock = options.clock
    this.#reportTimeout = options.reportTimeout
    this.#blocked = options.blocked
  }

  get settled(): boolean {
    return this.#settled
  }

  get confirmedBytes(): number {
    return this.#ranges.bytes
  }

  get confirmed(): ConfirmedBytes {
    const ranges = [...this.#ranges.within(0, this.#ranges.end)]
    return {
      contiguous: this.#ranges.contiguousFrom(0),
      bytes: this.#ranges.bytes,
      ranges: ranges.map(({ start, end }) => ({ start: start + 1, end })),
    }
  }

  /** How far bytes are confirmed without a gap. */
  get contiguous(): number {
    return this.#ranges.contiguousFrom(0)
  }

  /**
   * Bytes from `start` up to `end`, not included, have arrived; 0 is the first. What would make more than `most` runs of
   * confirmed bytes does not count.
   */
  confirm(start: number, end: number, most?: number): void {
    if (end <= start) this.#confirmedEmpty = true
    // The time to wait is that without news.
    if (this.#ranges.add(start, end, most) > 0) this.#quietParts = 0
    this.#check()
  }

  /** Every byte is out. */
  sent(total: number): void {
    this.#total = total
    this.#check()
    if (!this.#settled && this.proof === 'reports') this.#wait()
  }

  /** A part has to go out again. */
  unsent(): void {
    this.#total = undefined
    this.#quietParts = 0
    this.#timer?.()
    this.#timer = undefined
  }

  fail(error: MsrpError): void {
    if (this.#settled) return
    this.#settle()
    this.#reject(error)
  }

  #check(): void {
    const total = this.#total
    if (this.#settled || total === undefined) return
    const confirmed = total === 0 ? this.#confirmedEmpty : this.#ranges.covers(0, total)
    if (this.proof !== 'none' && !confirmed) return
    this.#settle()
    this.#resolve()
  }

  #settle(): void {
    this.#settled = true
    this.#timer?.()
    this.#timer = undefined
  }

  // Time counts in parts, and a part only when at its end nothing held a REPORT up on our side.
  #wait(): void {
    this.#timer?.()
    this.#timer = this.#clock.after(this.#reportTimeout / PARTS, () => {
      this.#timer = undefined
      if (!this.#blocked()) this.#quietParts++
      if (this.#quietParts < PARTS) {
        this.#wait()
        return
      }
      const { contiguous } = this
      const text = `No REPORT for ${this.#reportTimeout} ms: ${contiguous} of ${this.#total} bytes are confirmed`
      this.fail(new MsrpError('report-timeout', text))
    })
  }
}
