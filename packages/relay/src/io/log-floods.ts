import type { Clock } from 'msrp/connection'
import type { Log } from '../forwarding/settings.ts'

/** For how long lines that are alike are counted instead of written, in milliseconds. */
const SPAN = 10_000

/** Addresses and accounts that are told apart at one time; beyond them only what happened is. */
const MOST_KEYS = 256

/** A line was written, and so many like it were not since then. */
interface Repeated {
  leftOut: number
  write: () => void
}

/**
 * A log that strangers cannot fill: of lines that say the same about one address or account the first is written at once,
 * and for as long as more come the latest every ten seconds, with the number of those that were left out before it
 * (`leftOut`). Lines for finding faults (`debug`) are written as they are.
 */
export class FloodedLog implements Log {
  readonly #log: Log
  readonly #clock: Clock
  readonly #repeated: Map<string, Repeated> = new Map()

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  debug(fields: object, message: string): void {
    this.#log.debug(fields, message)
  }

  info(fields: object, message: string): void {
    this.#take(fields, message, (more) => this.#log.info({ ...fields, ...more }, message))
  }

  warn(fields: object, message: string): void {
    this.#take(fields, message, (more) => this.#log.warn({ ...fields, ...more }, message))
  }

  /** Writes what is still counted, at the end of the program. */
  flush(): void {
    for (const repeated of this.#repeated.values()) this.#tell(repeated)
  }

  #take(fields: object, message: string, write: (more?: { leftOut: number }) => void): void {
    const key = this.#keyOf(fields, message)
    const known = this.#repeated.get(key)
    if (known === undefined) {
      write()
      this.#begin(key)
      return
    }
    // The latest is written itself, so that it is not one of those left out.
    const leftOut = known.leftOut
    known.write = () => (leftOut === 0 ? write() : write({ leftOut }))
    known.leftOut++
  }

  #keyOf(fields: object, message: string): string {
    const key = `${message}\n${subjectOf(fields)}`
    return this.#repeated.has(key) || this.#repeated.size < MOST_KEYS ? key : message
  }

  #begin(key: string): void {
    const repeated: Repeated = { leftOut: 0, write: () => {} }
    this.#repeated.set(key, repeated)
    const end = (): void => {
      if (this.#tell(repeated)) this.#clock.after(SPAN, end)
      else this.#repeated.delete(key)
    }
    this.#clock.after(SPAN, end)
  }

  /** False when there is nothing to tell. */
  #tell(repeated: Repeated): boolean {
    if (repeated.leftOut === 0) return false
    repeated.write()
    repeated.leftOut = 0
    return true
  }
}

/** Whom a line is about. */
function subjectOf(fields: object): string {
  for (const name of ['address', 'account', 'far']) {
    const value: unknown = Reflect.get(fields, name)
    if (typeof value === 'string') return value
  }
  return ''
}
