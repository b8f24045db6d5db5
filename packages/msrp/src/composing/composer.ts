import type { Cancel, Clock } from '../connection/index.ts'
import { systemClock } from '../connection/system-clock.ts'
import { MsrpError } from '../wire/index.ts'
import type { ComposingStatus } from './status.ts'

/** How a composer behaves. */
export interface ComposerOptions {
  /** Milliseconds without a key after which the user has stopped writing. Default 15 000 (RFC 3994 §3.2). */
  readonly idleTimeout?: number
  /**
   * Seconds after which `active` is said again while the user goes on writing; not below 60 (RFC 3994 §3.2). What is
   * announced is 5 s more, so that it is there in time. `false`: it is said once, and the other side takes it for over after
   * 120 s. Default 120.
   */
  readonly refresh?: number | false
  readonly clock?: Clock
  /** The time of day. Default: the machine's. */
  readonly now?: () => Date
}

const IDLE_TIMEOUT = 15_000
const REFRESH = 120
const LEAST_REFRESH = 60
/** Seconds that are announced beyond that, for the way. */
const MARGIN = 5

/**
 * Says that the user is writing: `active` once writing begins and again while it goes on, `idle` when it stops without a
 * message (RFC 3994 §3.2). What goes out is handed to `send`, which rejects when the other side does not take it.
 */
export class Composer {
  readonly #send: (status: ComposingStatus) => Promise<void>
  readonly #idleTimeout: number
  readonly #refresh: number | undefined
  readonly #clock: Clock
  readonly #now: () => Date
  #state: 'active' | 'idle' | 'stopped' = 'idle'
  #contentType: string | undefined
  #lastKey = 0
  #lastActive: Date | undefined
  #idle: Cancel | undefined
  #again: Cancel | undefined

  /** @throws MsrpError `invalid-argument` for a `refresh` below 60 or an `idleTimeout` that is no time */
  constructor(send: (status: ComposingStatus) => Promise<void>, options: ComposerOptions = {}) {
    const { idleTimeout = IDLE_TIMEOUT, refresh = REFRESH, clock = systemClock, now = () => new Date() } = options
    if (refresh !== false && !(Number.isInteger(refresh) && refresh >= LEAST_REFRESH)) {
      throw new MsrpError('invalid-argument', `refresh is ${refresh}: 60 s or more (RFC 3994 §3.2), or false`)
    }
    if (!(idleTimeout > 0)) throw new MsrpError('invalid-argument', `idleTimeout is ${idleTimeout}`)
    this.#send = send
    this.#idleTimeout = idleTimeout
    this.#refresh = refresh === false ? undefined : refresh
    this.#clock = clock
    this.#now = now
  }

  /** `stopped`: the other side takes no status messages (415), or `close` was called; nothing is sent any more. */
  get state(): 'active' | 'idle' | 'stopped' {
    return this.#state
  }

  /** The user has written something: to be called for each key. `contentType`: of what is being written. */
  composing(contentType?: string): void {
    if (this.#state === 'stopped') return
    this.#lastKey = this.#clock.now()
    this.#lastActive = this.#now()
    const other = contentType !== undefined && contentType !== this.#contentType
    if (other) this.#contentType = contentType
    if (this.#state === 'active') return
    this.#state = 'active'
    this.#awaitIdle(this.#idleTimeout)
    this.#say('active')
  }

  /** The message was sent: that says enough (RFC 3994 §3.2). */
  sent(): void {
    this.#rest()
  }

  /** The user has given it up, emptied the field or left the window: says `idle`, if `active` was said. */
  abandoned(): void {
    if (this.#state !== 'active') return
    this.#rest()
    this.#say('idle')
  }

  /** Says nothing any more. */
  close(): void {
    this.#rest()
    this.#state = 'stopped'
  }

  #rest(): void {
    this.#idle?.()
    this.#again?.()
    this.#idle = undefined
    this.#again = undefined
    if (this.#state === 'active') this.#state = 'idle'
  }

  /** A key does not touch the timer, which looks at the last one when it is due. */
  #awaitIdle(wait: number): void {
    this.#idle = this.#clock.after(wait, () => {
      const left = this.#lastKey + this.#idleTimeout - this.#clock.now()
      if (left > 0) this.#awaitIdle(left)
      else this.abandoned()
    })
  }

  #say(state: 'active' | 'idle'): void {
    const active = state === 'active'
    this.#again?.()
    this.#again = undefined
    if (active && this.#refresh !== undefined) {
      this.#again = this.#clock.after(this.#refresh * 1000, () => this.#say('active'))
    }
    const status: ComposingStatus = {
      state,
      ...(this.#lastActive === undefined || active ? {} : { lastActive: this.#lastActive }),
      ...(this.#contentType === undefined ? {} : { contentType: this.#contentType }),
      ...(active && this.#refresh !== undefined ? { refresh: this.#refresh + MARGIN } : {}),
    }
    this.#send(status).catch((error: unknown) => {
      // RFC 3994 §4: whoever does not know the type is not sent it again.
      if (error instanceof MsrpError && (error.status === 415 || error.code === 'type-not-accepted')) this.close()
    })
  }
}
