import type { Cancel, Clock } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import type { AnyBody } from './incoming-body.ts'

/** What has arrived of messages whose session broke: RFC 4975 §5.4 lets a later session bring the rest. */
export class InterruptedMessages {
  readonly #clock: Clock
  readonly #keepFor: number
  readonly #most: number
  readonly #kept: Map<string, { body: AnyBody; expiry: Cancel }> = new Map()

  /** `keepFor`: milliseconds. `most`: parts of messages that are kept at once; beyond that the oldest go. */
  constructor(clock: Clock, keepFor: number, most: number) {
    this.#clock = clock
    this.#most = most
    this.#keepFor = keepFor
  }

  /** Keeps a part of a message; `key` names it and its conversation. */
  keep(body: AnyBody, key: string): void {
    this.#drop(key)
    const expiry = this.#clock.after(this.#keepFor, () => this.#drop(key))
    this.#kept.set(key, { body, expiry })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#most && oldest !== undefined) this.#drop(oldest)
  }

  /** Gives the part of a message that is kept, if it still is. */
  take(key: string): AnyBody | undefined {
    const kept = this.#kept.get(key)
    this.#kept.delete(key)
    kept?.expiry()
    return kept?.body.failure === undefined ? kept?.body : undefined
  }

  clear(): void {
    for (const key of [...this.#kept.keys()]) this.#drop(key)
  }

  #drop(key: string): void {
    this.take(key)?.fail(new MsrpError('timeout', 'The rest of the message did not come'))
  }
}
