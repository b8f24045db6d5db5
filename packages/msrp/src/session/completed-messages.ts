import { RecentIds } from './recent-ids.ts'

/** Which messages arrived whole of late, on any session of an endpoint: the same Message-ID brings the same message. */
export class CompletedMessages {
  readonly #messages: RecentIds<{ size: number; taken: boolean }>

  /** `most`: how many are remembered. */
  constructor(most: number) {
    this.#messages = new RecentIds(most)
  }

  has(messageId: string): boolean {
    return this.#messages.get(messageId) !== undefined
  }

  /** Size of a message in bytes, if the application has it; undefined otherwise. */
  takenSize(messageId: string): number | undefined {
    const message = this.#messages.get(messageId)
    return message?.taken ? message.size : undefined
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
  }

  /** It was refused, could not be stored or was thrown away unread: what comes again is no duplicate. */
  untaken(messageId: string): void {
    this.#messages.delete(messageId)
  }
}
