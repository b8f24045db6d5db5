import type { Cancel, Clock } from '../connection/index.ts'
import { systemClock } from '../connection/system-clock.ts'
import type { OutgoingMessage } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'
import type { ImdnWish } from './disposition.ts'
import type { Imdn } from './imdn.ts'
import { FollowedMessage, type Receipt, type SentItem } from './sent-item.ts'

/** How many messages are followed, and how long. */
export interface SentItemsOptions {
  /** Messages about which something may still come; the oldest is given up for one more. Default 1000. */
  readonly count?: number
  /** Milliseconds after which a message is given up. Default 86 400 000, a day. */
  readonly age?: number
  readonly clock?: Clock
}

const COUNT = 1000
const AGE = 86_400_000

interface Kept {
  readonly item: FollowedMessage
  readonly until: number
}

/** What is kept of the messages that were sent, to know which one a notification is about (RFC 5438 §7.1.3). */
export class SentItems {
  readonly #kept: Map<string, Kept> = new Map()
  readonly #count: number
  readonly #age: number
  readonly #clock: Clock
  #timer: Cancel | undefined

  constructor({ count = COUNT, age = AGE, clock = systemClock }: SentItemsOptions = {}) {
    this.#count = count
    this.#age = age
    this.#clock = clock
  }

  /** How many messages are followed. */
  get size(): number {
    return this.#kept.size
  }

  get(messageId: string): SentItem | undefined {
    return this.#kept.get(messageId)?.item
  }

  /** Follows a message. `to`: the URIs that it was written to. */
  add(message: {
    readonly messageId: string
    readonly to: readonly string[]
    readonly wishes: Iterable<ImdnWish>
    readonly outgoing?: OutgoingMessage
  }): SentItem {
    const { messageId, to, wishes, outgoing } = message
    const item = new FollowedMessage(messageId, to, new Set(wishes), outgoing)
    this.forget(messageId)
    this.#kept.set(messageId, { item, until: this.#clock.now() + this.#age })
    const [oldest] = this.#kept.values()
    if (this.#kept.size > this.#count && oldest !== undefined) {
      const text = `More than ${this.#count} messages wait for notifications: ${oldest.item.messageId} is given up`
      this.#giveUp(oldest.item, new MsrpError('limit-exceeded', text))
    }
    this.#arm()
    return item
  }

  /**
   * Takes in a notification, from whichever way it came.
   * @param from who says so, by From of its envelope, else as the way on which it came tells; it is about them, unless the
   *   message was written to a list or room that tells of others. Where nobody knows, it is believed only when the message
   *   was written to one, and of that one
   * @returns what became known of which message; undefined when it is about none that is followed, says nothing known, or is
   *   not believed
   */
  take(imdn: Imdn, from = ''): { readonly item: SentItem; readonly receipt: Receipt } | undefined {
    const item = this.#kept.get(imdn.messageId)?.item
    const { disposition } = imdn
    if (item === undefined || disposition === undefined) return undefined
    const receipt = item.take({ ...imdn, disposition }, from)
    if (receipt === undefined) return undefined
    if (item.complete) this.#drop(item.messageId)
    return { item, receipt }
  }

  /** Does not follow a message any more; what waits for it fails with the error. */
  forget(messageId: string, error: MsrpError = new MsrpError('aborted', 'The message is not followed any more')): void {
    const item = this.#kept.get(messageId)?.item
    if (item !== undefined) this.#giveUp(item, error)
  }

  /** Forgets everything. */
  close(error: MsrpError = new MsrpError('closed', 'Notifications are not waited for any more')): void {
    for (const { item } of [...this.#kept.values()]) this.#giveUp(item, error)
  }

  #giveUp(item: FollowedMessage, error: MsrpError): void {
    this.#drop(item.messageId)
    item.fail(error)
  }

  #drop(messageId: string): void {
    this.#kept.delete(messageId)
    if (this.#kept.size > 0) return
    this.#timer?.()
    this.#timer = undefined
  }

  /** One timer, for the oldest: those behind it are not due before it. */
  #arm(): void {
    const [oldest] = this.#kept.values()
    if (this.#timer !== undefined || oldest === undefined) return
    this.#timer = this.#clock.after(Math.max(oldest.until - this.#clock.now(), 0), () => {
      this.#timer = undefined
      this.#expire()
      this.#arm()
    })
  }

  #expire(): void {
    for (const { item, until } of [...this.#kept.values()]) {
      if (until > this.#clock.now()) return
      const text = `No notification about the message ${item.messageId} within ${this.#age / 1000} s`
      this.#giveUp(item, new MsrpError('timeout', text))
    }
  }
}
