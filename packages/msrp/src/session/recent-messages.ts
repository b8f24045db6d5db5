import { RecentIds } from './recent-ids.ts'

/**
 * What is remembered of the latest so many messages of each conversation. Of all of them together it is so many: then the
 * conversation in which nothing has come for longest is forgotten.
 */
export class RecentMessages<T> {
  readonly #each: number
  readonly #inAll: number
  /** The one in which something came last is the last. */
  readonly #conversations: Map<string, RecentIds<T>> = new Map()
  #size = 0

  constructor(each: number, inAll: number) {
    this.#each = Math.min(each, inAll)
    this.#inAll = inAll
  }

  get(conversation: string, messageId: string): T | undefined {
    return this.#conversations.get(conversation)?.get(messageId)
  }

  /** Something has come in a conversation, of which `change` makes a note. */
  change(conversation: string, change: (messages: RecentIds<T>) => void): void {
    const conversations = this.#conversations
    const messages = conversations.get(conversation) ?? new RecentIds<T>(this.#each)
    const { size } = messages
    change(messages)
    this.#size += messages.size - size
    conversations.delete(conversation)
    if (messages.size > 0) conversations.set(conversation, messages)
    for (const [oldest, { size }] of this.#size > this.#inAll ? conversations : []) {
      conversations.delete(oldest)
      this.#size -= size
      if (this.#size <= this.#inAll) return
    }
  }
}
