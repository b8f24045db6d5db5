/** Seconds. */
const DAY = 86_400

/**
 * Who is counted at most: whoever can make up names, as with credentials that a web application hands out, must not make
 * the table grow. Beyond it those who have used least are forgotten.
 */
const MOST = 100_000

/** The part of them that is forgotten at once then: looking for them costs something. */
const FORGOTTEN = 0.1

/** Bytes that accounts and domains have used today, in days of UTC. */
export class DailyBytes {
  readonly #time: () => number
  readonly #most: number
  readonly #bytes: Map<string, number> = new Map()
  #day: number
  /** How often something has changed; whoever stores them compares. */
  changes = 0

  /** `time` in seconds since 1970; `most` is how many are counted. */
  constructor(time: () => number, most: number = MOST) {
    this.#time = time
    this.#most = most
    this.#day = this.#today
  }

  /** The day that is counted, such as `2026-02-28`. */
  get day(): string {
    this.#turn()
    return new Date(this.#day * DAY * 1000).toISOString().slice(0, 10)
  }

  /** Bytes of an account or domain today. */
  used(who: string): number {
    this.#turn()
    return this.#bytes.get(who) ?? 0
  }

  /** Counts bytes; a negative number: they were not used after all. */
  add(who: string, bytes: number): void {
    const used = this.used(who)
    if (used === 0 && this.#bytes.size >= this.#most) this.#forget()
    this.#bytes.set(who, Math.max(0, used + bytes))
    this.changes++
  }

  /** All that are counted today. */
  entries(): IterableIterator<[who: string, bytes: number]> {
    this.#turn()
    return this.#bytes.entries()
  }

  /** Goes on with what was counted before a restart; of another day nothing counts. */
  load(day: string, entries: Iterable<[who: string, bytes: number]>): void {
    if (day !== this.day) return
    for (const [who, bytes] of entries) if (this.#bytes.size < this.#most) this.#bytes.set(who, bytes)
  }

  get #today(): number {
    return Math.floor(this.#time() / DAY)
  }

  #turn(): void {
    const today = this.#today
    if (today === this.#day) return
    this.#day = today
    this.#bytes.clear()
    this.changes++
  }

  #forget(): void {
    const least = [...this.#bytes].sort(([, one], [, other]) => one - other)
    for (const [who] of least.slice(0, Math.ceil(this.#most * FORGOTTEN))) this.#bytes.delete(who)
  }
}
