import type { Clock } from 'msrp/connection'
import type { DailyBytes } from './daily-bytes.ts'
import { type Limits, NO_LIMITS } from './limits.ts'
import { Pace } from './pace.ts'

/** Seen from the holder of a URI. */
export type Direction = 'sent' | 'received'

/** What one account, or one domain, uses of what it may. */
export class Usage {
  /** The account, such as `alice@example.com`, or the domain. */
  readonly name: string
  /** URIs held at present. */
  sessions = 0
  #limits: Limits = NO_LIMITS
  #paces: Record<Direction, Pace> | undefined
  readonly #clock: Clock
  readonly #days: DailyBytes

  constructor(name: string, clock: Clock, days: DailyBytes) {
    this.name = name
    this.#clock = clock
    this.#days = days
  }

  get limits(): Limits {
    return this.#limits
  }

  set limits(limits: Limits) {
    const before = this.#limits.bytesPerSecond
    this.#limits = limits
    const { bytesPerSecond } = limits
    if (bytesPerSecond === before) return
    for (const pace of Object.values(this.#paces ?? {})) pace.end()
    const pace = (): Pace => new Pace(bytesPerSecond, this.#clock)
    this.#paces = bytesPerSecond === 0 ? undefined : { sent: pace(), received: pace() }
  }

  /** Whether it holds as many URIs as it may. */
  get full(): boolean {
    return this.#limits.sessions > 0 && this.sessions >= this.#limits.sessions
  }

  /** Whether its bytes are to be counted. */
  get counted(): boolean {
    return this.#limits.bytesPerDay > 0 || this.#paces !== undefined
  }

  /** Whether its bytes of today are used up. */
  get spent(): boolean {
    const { bytesPerDay } = this.#limits
    return bytesPerDay > 0 && this.#days.used(this.name) >= bytesPerDay
  }

  /** The pace of a direction, if it is limited. */
  pace(direction: Direction): Pace | undefined {
    return this.#paces?.[direction]
  }

  /** Bytes have passed; a negative number: they have not after all. */
  pay(direction: Direction, bytes: number): void {
    this.#paces?.[direction].take(bytes)
    if (this.#limits.bytesPerDay > 0) this.#days.add(this.name, bytes)
  }

  /** Milliseconds until it is of no importance what was used of the bytes a second. */
  get recovery(): number {
    return Math.max(0, ...Object.values(this.#paces ?? {}).map((pace) => pace.recovery))
  }
}
