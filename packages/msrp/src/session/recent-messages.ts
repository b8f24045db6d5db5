import { RecentIds } from './recent-ids.ts'

/**
 * What is remembered of the latest so many messages of each conversation. Of all of them together it is so many: then the
 * conversation in which nothing has come for longest is forgotten.
 */
export class RecentMessages<T> {
  readonly #each: number
  readonly #inAll: number
  readonly #conversations: Map<string, RecentIds<T>> = new Map()
  /** As in `RecentIds`. */
  readonly #oldest: Iterator<string, undefined> = this.#conversations.keys()
  #latest = ''
  #size = 0

  constructor(each: number, inAll: number) {
    this.#each = Math.min(each, inAll)
    this.#inAll = inAll
  }

  get(conversation: string, messageId: string): T | undefined {
    return this.#conversations.get(conversation)?.get(messageId)
  }

  set(conversation: string, messageId: string, value: T): void {
    const messages = this.#conversations.get(conversation) ?? new RecentIds<T>(this.#each)
    if (conversation !== this.#latest) this.#conversations.delete(conversation)
    this.#conversations.set(conversation, messages)
    this.#latest = conversation
    this.#size -= messages.size
    messages.set(messageId, value)
    this.#size += messages.size
    while (this.#size > this.#inAll) {
      const oldest = this.#oldest.next().value ?? ''
      this.#size -= this.#conversations.get(oldest)?.size ?? 0
      this.#conversations.delete(oldest)
    }
  }

  delete(conversation: string, messageId: string): void {
    const messages = this.#conversations.get(conversation)
    if (messages === undefined) return
    this.#size -= messages.size
    messages.delete(messageId)
    this.#size += messages.size
    if (messages.size === 0) this.#conversations.delete(conversation)
  }
}
