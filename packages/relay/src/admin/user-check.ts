import type { Clock } from 'msrp/connection'

/** How long an answer of the user database may take, and for how long it is taken for true, in milliseconds. */
const PATIENCE = 2_000
const REMEMBERED = 1_000

/** Whether users can be looked up, asked at most once a second however often somebody wants to know. */
export class UserCheck {
  readonly #ask: () => Promise<void>
  readonly #clock: Clock
  #last: { readonly at: number; readonly answer: Promise<boolean> } | undefined

  constructor(ask: () => Promise<void>, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  reachable(): Promise<boolean> {
    const now = this.#clock.now()
    if (this.#last === undefined || now - this.#last.at >= REMEMBERED) this.#last = { at: now, answer: this.#answer() }
    return this.#last.answer
  }

  async #answer(): Promise<boolean> {
    const late = Promise.withResolvers<boolean>()
    const cancel = this.#clock.after(PATIENCE, () => late.resolve(false))
    const asked = Promise.resolve()
      .then(this.#ask)
      .then(
        () => true,
        () => false,
      )
    const answer = await Promise.race([asked, late.promise])
    cancel()
    return answer
  }
}
