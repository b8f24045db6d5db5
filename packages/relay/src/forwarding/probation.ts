import type { Cancel, Clock } from 'msrp/connection'

/** Requests that are turned away before a first one succeeds, and the connection with them (RFC 4976 §6.1). */
const REFUSALS = 8

/** What whoever connects here gets to make a first successful request (RFC 4976 §6.1): so much time, and so many attempts. */
export class Probation {
  readonly #timer: Cancel
  #refusals = 0

  /** `over`: there was no successful request for `seconds`. */
  constructor(clock: Clock, seconds: number, over: () => void) {
    this.#timer = clock.after(seconds * 1000, over)
  }

  /** However long it takes from now on. */
  stopWaiting(): void {
    this.#timer()
  }

  /** A request was turned away; true when there is no further attempt. */
  refused(): boolean {
    this.#refusals++
    return this.#refusals >= REFUSALS
  }
}
