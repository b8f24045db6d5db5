import type { Cancel, Clock } from 'msrp/connection'
import { TRANSACTION_TIMEOUT } from 'msrp/connection'
import type { Pending } from './pending.ts'

/** Requests remembered for one connection: the newest. */
const MOST = 1024

/** When one that was not refused is forgotten, in milliseconds after it was sent. */
const LIFE = 2 * TRANSACTION_TIMEOUT

interface Watched {
  readonly pending: Pending
  /** End of the request in the connection's outgoing bytes. */
  readonly position: number
  /** Since when, in the clock's milliseconds. */
  readonly since: number
}

/**
 * The requests of one connection that are answered only when they are refused (Failure-Report partial, RFC 4975 §7.1.4):
 * they never time out, and those that are not refused are forgotten.
 */
export class WatchedRequests {
  readonly #clock: Clock
  /** Oldest first. */
  readonly #requests: Map<string, Watched> = new Map()
  #timer: Cancel | undefined
  #taken = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Remembers a request whose last byte has the given position in the connection's outgoing bytes. */
  add(transactionId: string, pending: Pending, position: number): void {
    this.#requests.set(transactionId, { pending, position, since: this.#clock.now() })
    if (this.#requests.size > MOST) this.forgetOldest()
    this.#timer ??= this.#clock.after(LIFE, () => this.#forgetOld())
  }

  /** The operating system has taken the outgoing bytes up to `position`. */
  taken(position: number): void {
    this.#taken = position
  }

  /** A response came: what it answers, or undefined when that is not remembered here. */
  complete(transactionId: string): Pending | undefined {
    const pending = this.#requests.get(transactionId)?.pending
    this.#requests.delete(transactionId)
    return pending
  }

  /** Forgets what has been watched longest; false when nothing is. */
  forgetOldest(): boolean {
    for (const [transactionId, { pending }] of this.#requests) {
      this.#requests.delete(transactionId)
      pending.forgotten?.()
      return true
    }
    return false
  }

  /** The connection is gone: forgets all, and gives those that did not get as far as the operating system. */
  drain(): Pending[] {
    this.#timer?.()
    this.#timer = undefined
    const unsent: Pending[] = []
    for (const { pending, position } of this.#requests.values()) {
      if (position > this.#taken) unsent.push(pending)
      else pending.forgotten?.()
    }
    this.#requests.clear()
    return unsent
  }

  /** Forgets what has been watched long enough; what is still with us may have to be given back. */
  #forgetOld(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    for (const { position, since } of this.#requests.values()) {
      const remaining = since + LIFE - now
      if (remaining > 0 || position > this.#taken) {
        this.#timer = this.#clock.after(remaining > 0 ? remaining : TRANSACTION_TIMEOUT, () => this.#forgetOld())
        return
      }
      this.forgetOldest()
    }
  }
}
