import type { MessagePolicy } from '../policy/message-policy.ts'
import type { Refusal } from '../policy/refusal.ts'
import type { Pace } from './pace.ts'
import type { Direction, Usage } from './usage.ts'

/** Whose limits a message counts for, and as what. */
export interface Payer {
  readonly usage: Usage
  readonly direction: Direction
}

/**
 * Up to here a message is short: it may be read while files have to wait. By its place in the message, since many programs
 * cut files into small chunks.
 */
const SHORT = 16 * 1024

/** What is counted, and held up, of the messages that go one way. */
export class Toll {
  readonly #payers: readonly Payer[]
  readonly #messages: MessagePolicy | undefined

  constructor(payers: readonly Payer[], messages: MessagePolicy | undefined) {
    this.#payers = payers
    this.#messages = messages
  }

  /** Why no more goes this way today. */
  get refusal(): Refusal | undefined {
    const spent = this.#payers.find(({ usage }) => usage.spent)
    if (spent === undefined) return undefined
    const whose = spent.direction === 'sent' ? 'the sender' : 'the receiver'
    const comment = `${whose} has used up its bytes of today; they count anew from 00:00 UTC`
    return { status: 413, comment, counter: 'bytes_per_day' }
  }

  /** Why the body of a message goes no further than its byte at `last`, counted from 1. */
  refusalAt(last: number): Refusal | undefined {
    const messages = this.#messages
    return messages !== undefined && last > messages.maximumSize ? messages.tooLarge : this.refusal
  }

  /** Bytes have passed; a negative number: they have not after all. */
  pay(bytes: number): void {
    for (const { usage, direction } of this.#payers) usage.pay(direction, bytes)
  }

  /** Every pace that this is subject to. */
  get paces(): Pace[] {
    return this.#payers.flatMap(({ usage, direction }) => usage.pace(direction) ?? [])
  }

  /** Those for which more has to wait, when the last byte stood at `last` in its message. */
  exceeded(last: number): Pace[] {
    return this.paces.filter((pace) => pace.exceeded(last > SHORT))
  }

  /** Whether a pace is that of whoever sends this. */
  isOfSender(pace: Pace): boolean {
    return this.#payers.some(({ usage, direction }) => direction === 'sent' && usage.pace('sent') === pace)
  }

  /** Whether what stands there in its message is part of something large. */
  static isBulk(last: number): boolean {
    return last > SHORT
  }
}
