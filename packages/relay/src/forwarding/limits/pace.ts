import type { Cancel, Clock } from 'msrp/connection'
import { TokenBucket } from './token-bucket.ts'

/** Whoever waits does so for this long at least, in milliseconds: otherwise there would be a pause for each read. */
const LEAST_PAUSE = 10

/** What somebody who goes on is taken to use at once, in bytes. */
const READ = 64 * 1024

/** Something that is held up. */
export interface Paced {
  /** It may go on. */
  paceOver(pace: Pace): void
}

/**
 * The bytes a second of one account, or one domain, in one direction. Files wait as soon as they are used up; short messages
 * may run up a debt, of as much again, before they wait as well.
 */
export class Pace {
  readonly #bucket: TokenBucket
  readonly #clock: Clock
  /** Who waits, and for how many bytes to be there. */
  readonly #waiting: Map<Paced, number> = new Map()
  #timer: Cancel | undefined
  /** The bytes for which the timer waits to be there. */
  #next = 0

  /** `rate` in bytes a second. */
  constructor(rate: number, clock: Clock) {
    this.#bucket = new TokenBucket(rate, clock.now())
    this.#clock = clock
  }

  /** Bytes have passed; a negative number: they have not after all. */
  take(bytes: number): void {
    this.#bucket.take(bytes, this.#clock.now())
  }

  /** Whether somebody who sends there has to wait; `bulk` is what is not a short message. */
  exceeded(bulk: boolean): boolean {
    return this.#bucket.level(this.#clock.now()) < this.#floor(bulk)
  }

  /** Milliseconds until nothing of it is used. */
  get recovery(): number {
    return this.#bucket.delay(this.#bucket.burst, this.#clock.now())
  }

  /** Tells somebody, once, when it may go on. False when it waits already: then for the later of both. */
  wait(paced: Paced, bulk: boolean): boolean {
    const before = this.#waiting.get(paced)
    const enough = Math.max(this.#floor(bulk), before ?? Number.NEGATIVE_INFINITY)
    if (enough === before) return false
    this.#waiting.set(paced, enough)
    if (this.#timer === undefined || enough < this.#next) this.#arm(enough)
    return before === undefined
  }

  /** There is no such limit any more: all go on. */
  end(): void {
    this.#disarm()
    this.#letGo([...this.#waiting.keys()])
  }

  #floor(bulk: boolean): number {
    return bulk ? 0 : -this.#bucket.burst
  }

  /** One timer, for who may go on first: when so many bytes are there. */
  #arm(next: number): void {
    this.#disarm()
    this.#next = next
    const delay = Math.ceil(this.#bucket.delay(next, this.#clock.now()))
    this.#timer = this.#clock.after(Math.max(delay, LEAST_PAUSE), () => this.#round())
  }

  #disarm(): void {
    this.#timer?.()
    this.#timer = undefined
  }

  /** Those who have waited longest go on, as many as there is something for: all at once would take far too much. */
  #round(): void {
    this.#timer = undefined
    let level = this.#bucket.level(this.#clock.now())
    let next = Number.POSITIVE_INFINITY
    const free: Paced[] = []
    for (const [paced, enough] of this.#waiting) {
      if (enough > level) {
        next = Math.min(next, enough)
        continue
      }
      free.push(paced)
      level -= READ
    }
    this.#letGo(free)
    if (this.#waiting.size > 0 && this.#timer === undefined) this.#arm(next)
  }

  #letGo(those: readonly Paced[]): void {
    for (const paced of those) this.#waiting.delete(paced)
    for (const paced of those) paced.paceOver(this)
  }
}
