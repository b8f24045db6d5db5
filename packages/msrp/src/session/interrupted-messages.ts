import type { Cancel, Clock } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import type { AnyBody } from './incoming-body.ts'

/** What has arrived of messages whose session broke: RFC 4975 §5.4 lets a later session bring the rest. */
export class InterruptedMessages {
  readonly #clock: Clock
  readonly #keepFor: number
  readonly #most: number
  readonly #kept: Map<string, { body: AnyBody; conversation: string; expiry: Cancel }> = new Map()

  /**
   * `keepFor`: milliseconds. `most`: parts of messages that are kept at once; beyond that the oldest go of the conversation
   * that has most.
   */
  constructor(clock: Clock, keepFor: number, most: number) {
    this.#clock = clock
    this.#most = most
    this.#keepFor = keepFor
  }

  /** Keeps a part of a message. */
  keep(body: AnyBody, conversation: string, messageId: string): void {
    const key = keyOf(conversation, messageId)
    this.#drop(key)
    const expiry = this.#clock.after(this.#keepFor, () => this.#drop(key))
    this.#kept.set(key, { body, conversation, expiry })
    if (this.#kept.size > this.#most) this.#makeRoom()
  }

  /** Gives the part of a message that is kept, if it still is. */
  take(conversation: string, messageId: string): AnyBody | undefined {
    return this.#take(keyOf(conversation, messageId))
  }

  clear(): void {
    for (const key of [...this.#kept.keys()]) this.#drop(key)
  }

  #take(key: string): AnyBody | undefined {
    const kept = this.#kept.get(key)
    this.#kept.delete(key)
    kept?.expiry()
    return kept?.body.failure === undefined ? kept?.body : undefined
  }

  #drop(key: string): void {
    this.#take(key)?.fail(new MsrpError('timeout', 'The rest of the message did not come'))
  }

  #makeRoom(): void {
    const parts = [...Map.groupBy(this.#kept, ([, { conversation }]) => conversation).values()]
    const [oldest] = parts.reduce((most, some) => (some.length > most.length ? some : most))
    if (oldest !== undefined) this.#drop(oldest[0])
  }
}

/** A Message-ID has no space in it. */
function keyOf(conversation: string, messageId: string): string {
  return `${messageId} ${conversation}`
}
