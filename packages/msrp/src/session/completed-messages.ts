import { RecentIds } from './recent-ids.ts'

/** Which messages arrived whole of late, on any session of an endpoint: the same Message-ID brings the same message. */
export class CompletedMessages {
  readonly #messages: RecentIds<Completed>

  /** `most`: how many are remembered. */
  constructor(most: number) {
    this.#messages = new RecentIds(most)
  }

  has(messageId: string): boolean {
    return this.#messages.get(messageId) !== undefined
  }

  /** Size of a message in bytes; undefined when it has not arrived whole. */
  sizeOf(messageId: string): number | undefined {
    return this.#messages.get(messageId)?.size
  }

  /** Calls the latest `action` once the application has the message: now, if it does. Never when it does not take it. */
  onTaken(messageId: string, action: () => void): void {
    const message = this.#messages.get(messageId)
    if (message?.taken) action()
    else if (message !== undefined) message.onTaken = action
  }

  /** Every byte has arrived; the application may still fail to take them. */
  add(messageId: string, size: number): void {
    if (!this.has(messageId)) this.#messages.set(messageId, { size, taken: false })
  }

  /** The application has it. */
  taken(messageId: string, size: number): void {
    const known = this.#messages.get(messageId)
    if (known === undefined) {
      this.#messages.set(messageId, { size, taken: true })
      return
    }
    known.size = size
    known.taken = true
    known.onTaken?.()
    known.onTaken = undefined
  }

  /** It was refused, could not be stored or was thrown away unread: what comes again is no duplicate. */
  untaken(messageId: string): void {
    this.#messages.delete(messageId)
  }
}

interface Completed {
  size: number
  taken: boolean
  onTaken?: (() => void) | undefined
}
