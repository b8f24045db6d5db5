import type { Cancel, Clock } from './clock.ts'
import type { Identified, OpenTable, RequestTable } from './transaction-table.ts'

/** How long a request may stay unanswered after its last byte went out, in milliseconds (RFC 4975 §7.1.1). */
export const TRANSACTION_TIMEOUT = 30_000

/** When nothing of what waits is taken for longer than this, in milliseconds, the far side has stopped reading. */
const STALL = 1_000

interface Entry<T> extends Identified<Entry<T>> {
  record: T
  /** End of the request in the connection's outgoing bytes. */
  position: number
  /** Hop time at which that end was taken by the operating system; undefined while it is still with us. */
  sentAt: number | undefined
  /** Those that were added before and after it, and wait as well. */
  before: Entry<T> | undefined
  after: Entry<T> | undefined
}

/**
 * The requests of one connection that wait for their response, and the 30 s rule of RFC 4975 §7.1.1 and RFC 4976 §6.4.1.
 *
 * The rule tells a lost request from an answered one only when the far side had a chance to answer, so the time that
 * counts (hop time) stands still while we do not read from the connection, and while the far side takes none of our
 * bytes; and because answers come in order, the answer to the oldest request gives those behind it a fresh start.
 * One timer is armed at most. It may go off early, and is then set again: what it waits for only ever moves away.
 */
export class Transactions<T> {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #table: OpenTable
  readonly #onTimeout: (record: T, transactionId: string) => void
  /** Made when it is needed: most connections of a relay only listen. */
  #entries: RequestTable<Entry<T>> | undefined
  #oldest: Entry<T> | undefined
  #newest: Entry<T> | undefined
  /** The first entry whose end has not reached the operating system yet; those behind it have not either. */
  #unsent: Entry<T> | undefined
  #timer: Cancel | undefined
  #progressAt = 0

  // Hop time: what counted until `#since`, and since when it has been counting again.
  #counted = 0
  #since: number
  #reading = true
  /** Since when bytes have been waiting of which none was taken. */
  #blockedSince: number | undefined
  /** Position up to which the operating system has taken the outgoing bytes. */
  #taken = 0

  constructor(options: {
    clock: Clock
    onTimeout: (record: T, transactionId: string) => void
    /** Milliseconds; 30 s unless given. */
    timeout?: number
    /** A `Map` unless given. */
    table?: OpenTable | undefined
  }) {
    this.#clock = options.clock
    this.#timeout = options.timeout ?? TRANSACTION_TIMEOUT
    this.#onTimeout = options.onTimeout
    this.#table = options.table ?? Map<string, never>
    this.#since = this.#clock.now()
  }

  get size(): number {
    return this.#entries?.size ?? 0
  }

  /** The end of the request that has waited longest, in the connection's outgoing bytes; undefined when none waits. */
  get oldestPosition(): number | undefined {
    return this.#oldest?.position
  }

  has(transactionId: string): boolean {
    return this.#entries?.get(transactionId) !== undefined
  }

  /** Remembers a request whose last byte has the given position in the connection's outgoing bytes. */
  add(transactionId: string, record: T, position: number): void {
    const before = this.#newest
    const entry: Entry<T> = {
      transactionId,
      record,
      position,
      sentAt: undefined,
      before,
      after: undefined,
      beside: undefined,
    }
    this.#entries ??= new this.#table<Entry<T>>()
    this.#entries.set(transactionId, entry)
    if (before === undefined) this.#oldest = entry
    else before.after = entry
    this.#newest = entry
    this.#unsent ??= entry
  }

  /** Everything before `position` has been taken by the operating system, and nothing waits. */
  sent(position: number): void {
    this.#settle()
    this.#blockedSince = undefined
    this.#take(position)
  }

  /** Bytes from `position` on wait in the transport; those before it have been taken. */
  blocked(position: number): void {
    if (this.#blockedSince !== undefined && position <= this.#taken) return
    this.#settle()
    this.#blockedSince = this.#since
    this.#take(position)
  }

  /** Whether we read from the connection at present. */
  set reading(reading: boolean) {
    if (reading === this.#reading) return
    this.#settle()
    this.#reading = reading
    this.#arm()
  }

  /** A response came: the request's record, or undefined when no such request waits (RFC 4975 §7.1). */
  complete(transactionId: string): T | undefined {
    const entry = this.#entries?.get(transactionId)
    if (entry === undefined) return undefined
    if (entry === this.#oldest) this.#progressAt = this.#hopTime()
    this.#forget(entry)
    return entry.record
  }

  /** Forgets the oldest request that waits, and gives its record; undefined when there is none. */
  shift(): T | undefined {
    const oldest = this.#oldest
    if (oldest !== undefined) this.#forget(oldest)
    return oldest?.record
  }

  /** Forgets every request and gives their records, oldest first: the connection is gone. */
  drain(): T[] {
    const records = this.records()
    this.#entries = undefined
    this.#oldest = undefined
    this.#newest = undefined
    this.#unsent = undefined
    this.#disarm()
    return records
  }

  /** The records of the requests that wait, oldest first. */
  records(): T[] {
    const records: T[] = []
    for (let entry = this.#oldest; entry !== undefined; entry = entry.after) records.push(entry.record)
    return records
  }

  #forget(entry: Entry<T>): void {
    const { before, after } = entry
    this.#entries?.delete(entry.transactionId)
    if (before === undefined) this.#oldest = after
    else before.after = after
    if (after === undefined) this.#newest = before
    else after.before = before
    if (this.#unsent === entry) this.#unsent = after
    // Else those that have grown old, though they are garbage, would keep the young ones behind them.
    entry.before = undefined
    entry.after = undefined
    if (this.#oldest === undefined) this.#disarm()
  }

  /** The clocks of the requests that end before `position` start. */
  #take(position: number): void {
    this.#taken = position
    for (; this.#unsent !== undefined && this.#unsent.position <= position; this.#unsent = this.#unsent.after) {
      this.#unsent.sentAt = this.#counted
    }
    this.#arm()
  }

  /** Milliseconds that counted so far. */
  #hopTime(): number {
    this.#settle()
    return this.#counted
  }

  #settle(): void {
    const now = this.#clock.now()
    if (this.#reading) {
      // While bytes wait, only the first moment counts: after it the far side is taken to have stopped reading.
      const until = this.#blockedSince === undefined ? now : Math.min(now, this.#blockedSince + STALL)
      this.#counted += Math.max(0, until - this.#since)
    }
    this.#since = now
  }

  /** Sets the timer for the oldest request; those behind it cannot be due before it. */
  #arm(): void {
    if (this.#timer !== undefined || !this.#reading) return
    const oldest = this.#oldest
    if (oldest?.sentAt === undefined) return
    const remaining = this.#due(oldest) - this.#hopTime()
    // While the far side takes nothing, hop time cannot get there; `sent` and `blocked` set the timer again.
    if (this.#blockedSince !== undefined && this.#since + remaining > this.#blockedSince + STALL) return
    const wait = Math.max(remaining, 0)
    const due = this.#since + wait
    this.#timer = this.#clock.after(wait, () => this.#expire(due))
  }

  #disarm(): void {
    this.#timer?.()
    this.#timer = undefined
  }

  #due(entry: Entry<T>): number {
    return Math.max(entry.sentAt ?? Number.POSITIVE_INFINITY, this.#progressAt) + this.#timeout
  }

  /** `due`: when it should have been called, in the clock's milliseconds. */
  #expire(due: number): void {
    this.#timer = undefined
    const now = this.#hopTime()
    // It was this process that stood still, or the machine: answers may have come that it had no time to read.
    if (this.#since - due > STALL) this.#progressAt = now
    for (let entry = this.#oldest; entry !== undefined && this.#due(entry) <= now; entry = this.#oldest) {
      this.#forget(entry)
      this.#onTimeout(entry.record, entry.transactionId)
    }
    this.#arm()
  }
}
