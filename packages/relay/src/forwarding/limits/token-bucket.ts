/** What may go at once after a pause, where a second's worth would be less: a message of some length, in bytes. */
const LEAST_BURST = 16 * 1024

/**
 * Bytes that somebody may use, so many a second. What is not used gathers, up to a second's worth. More may be taken than
 * there is: whoever did waits until the debt is paid, so that on average it is never more than the rate.
 */
export class TokenBucket {
  readonly #rate: number
  /** The most that gathers, in bytes: a second's worth, or 16 KiB. */
  readonly burst: number
  #level: number
  #at: number

  /** `rate` in bytes a second, above 0; full at `now`, in milliseconds of a clock that never goes back. */
  constructor(rate: number, now: number) {
    this.#rate = rate
    this.burst = Math.max(rate, LEAST_BURST)
    this.#level = this.burst
    this.#at = now
  }

  /** Takes bytes out, whether they are there or not; a negative number puts them back. */
  take(bytes: number, now: number): void {
    this.#level = Math.min(this.burst, this.level(now) - bytes)
    this.#at = now
  }

  /** Bytes that are there; below zero what is owed. */
  level(now: number): number {
    return Math.min(this.burst, this.#level + ((now - this.#at) * this.#rate) / 1000)
  }

  /** Milliseconds until so many bytes are there, at most `burst`; 0 when they are. */
  delay(bytes: number, now: number): number {
    return Math.max(0, ((bytes - this.level(now)) * 1000) / this.#rate)
  }
}
