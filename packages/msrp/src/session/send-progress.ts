import type { Cancel, Clock } from '../connection/index.ts'
import { inform } from '../wire/inform.ts'
import type { SendProgress } from './options.ts'

/** Tells of progress at most once in a turn of the event loop, however many chunks and REPORTs it brought. */
export class ProgressNotice {
  readonly #clock: Clock
  readonly #listener: ((progress: SendProgress) => void) | undefined
  readonly #current: () => SendProgress
  #due: Cancel | undefined
  #told: SendProgress | undefined

  constructor(clock: Clock, listener: ((progress: SendProgress) => void) | undefined, current: () => SendProgress) {
    this.#clock = clock
    this.#listener = listener
    this.#current = current
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#listener === undefined) return
    this.#due ??= this.#clock.after(0, () => this.#tell())
  }

  /** Tells what has not been told; nothing follows. */
  close(): void {
    if (this.#due === undefined) return
    this.#due()
    this.#tell()
  }

  #tell(): void {
    this.#due = undefined
    const now = this.#current()
    const { sent, confirmed, total } = this.#told ?? {}
    if (now.sent === sent && now.confirmed === confirmed && now.total === total) return
    this.#told = now
    inform(() => this.#listener?.(now))
  }
}
