import type { Cancel, Clock } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import type { AnyBody } from './incoming-body.ts'
import type { IncomingRequest } from './incoming-request.ts'

/** A part of a message. */
interface Kept {
  readonly body: AnyBody
  readonly conversation: string
  /** As it was sent: what was decided on it holds for nothing else. */
  readonly contentType: string | undefined
  readonly expiry: Cancel
}

/** What has arrived of messages whose session broke: RFC 4975 §5.4 lets a later session bring the rest. */
export class InterruptedMessages {
  readonly #clock: Clock
  readonly #keepFor: number
  readonly #most: number
  readonly #kept: Map<string, Kept> = new Map()

  /**
   * `keepFor`: milliseconds. `most`: parts of messages that are kept at once; beyond that the oldest go of the conversation
   * that has most.
   */
  constructor(clock: Clock, keepFor: number, most: number) {
    this.#clock = clock
    this.#most = most
    this.#keepFor = keepFor
  }

  /** Keeps a part of the message that `first` was of, unless nothing of it is left. */
  keep(body: AnyBody, conversation: string, first: IncomingRequest): void {
    const key = keyOf(conversation, first)
    this.#drop(key)
    if (body.failure !== undefined) return
    const expiry = this.#clock.after(this.#keepFor, () => this.#drop(key))
    this.#kept.set(key, { body, conversation, contentType: first.head.fields.contentType, expiry })
    if (this.#kept.size > this.#most) this.#makeRoom()
  }

  /** Gives the part that is kept of a message, if it still is. What comes with another Content-Type is another message. */
  take(conversation: string, request: IncomingRequest): AnyBody | undefined {
    const key = keyOf(conversation, request)
    if (this.#kept.get(key)?.contentType !== request.head.fields.contentType) this.#drop(key)
    return this.#take(key)
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
function keyOf(conversation: string, { messageId }: IncomingRequest): string {
  return `${messageId} ${conversation}`
}
