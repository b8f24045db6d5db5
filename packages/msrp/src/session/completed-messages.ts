import type { RecentMessages } from './recent-messages.ts'

/**
 * Which messages arrived whole of late, on any session of a conversation: the same Message-ID brings the same message. What
 * another peer has sent under that Message-ID has nothing to do with it.
 */
export class CompletedMessages {
  readonly #messages: RecentMessages<Completed>
  readonly #conversation: string

  /** `messages`: those of all conversations. */
  constructor(messages: RecentMessages<Completed>, conversation: string) {
    this.#messages = messages
    this.#conversation = conversation
  }

  has(messageId: string): boolean {
    return this.#get(messageId) !== undefined
  }

  /** Size of a message in bytes; undefined when it has not arrived whole. */
  sizeOf(messageId: string): number | undefined {
    return this.#get(messageId)?.size
  }

  /** Calls the latest `action` once the application has the message: now, if it does. Never when it does not take it. */
  onTaken(messageId: string, action: () => void): void {
    const message = this.#get(messageId)
    if (message?.taken) action()
    else if (message !== undefined) message.onTaken = action
  }

  /** Every byte has arrived; the application may still fail to take them. */
  add(messageId: string, size: number): void {
    if (!this.has(messageId)) this.#set(messageId, { size, taken: false })
  }

  /** The application has it. */
  taken(messageId: string, size: number): void {
    const known = this.#get(messageId)
    if (known === undefined) {
      this.#set(messageId, { size, taken: true })
      return
    }
    known.size = size
    known.taken = true
    known.onTaken?.()
    known.onTaken = undefined
  }

  /** It was refused, could not be stored or was thrown away unread: what comes again is no duplicate. */
  untaken(messageId: string): void {
    this.#messages.change(this.#conversation, (messages) => messages.delete(messageId))
  }

  #get(messageId: string): Completed | undefined {
    return this.#messages.get(this.#conversation, messageId)
  }

  #set(messageId: string, message: Completed): void {
    this.#messages.change(this.#conversation, (messages) => messages.set(messageId, message))
  }
}

/** A message that has arrived whole. */
export interface Completed {
  size: number
  taken: boolean
  onTaken?: (() => void) | undefined
}
