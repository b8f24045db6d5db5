import type { Cancel } from '../connection/index.ts'
import type { MsrpError } from '../wire/index.ts'
import type { Presence } from './presence.ts'

/**
 * Sends a SEND without body whenever nothing has come from the far side for so many milliseconds: what we send proves nothing.
 * A peer that does not answer in time may have been stopped for a while, and is asked once more.
 */
export class KeepAlive {
  readonly #presence: Presence
  readonly #interval: number
  /** How many have gone out. */
  #count = 0
  /** How many had gone out when it last turned out that one was in vain: if the one after that is, too, nobody is there. */
  #doubted = -1
  #timer: Cancel | undefined
  #last = Number.NEGATIVE_INFINITY

  constructor(presence: Presence, interval: number) {
    this.#presence = presence
    this.#interval = interval
    this.#arm()
  }

  stop(): void {
    this.#timer?.()
  }

  get #idleSince(): number {
    return Math.max(this.#presence.context.connection().msrp.lastHeard, this.#last)
  }

  #arm(): void {
    const { clock } = this.#presence.context.platform
    this.#timer = clock.after(Math.max(this.#idleSince + this.#interval - clock.now(), 1), () => {
      if (clock.now() - this.#idleSince >= this.#interval) {
        this.#last = clock.now()
        void this.#ask()
      }
      this.#arm()
    })
  }

  async #ask(): Promise<void> {
    const number = ++this.#count
    const error = await this.#presence.send({ failed: (reported) => this.#failed(number, reported) })
    if (error !== undefined) this.#failed(number, error)
  }

  #failed(number: number, error: MsrpError): void {
    this.#presence.failed(error, number === this.#doubted + 1)
    if (error.code === 'timeout' && number > this.#doubted) this.#doubted = this.#count
  }
}
