import type { Cancel, Clock } from '../connection/index.ts'
import { parseContentDisposition } from '../wire/content-disposition.ts'
import type { IncomingMessage } from './api.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import type { MessageQueue } from './message-queue.ts'

/**
 * Complete messages that the application has not come to. Two applications that each wait for their message to be delivered
 * before they come to the next one would wait for each other. So a short message for which nobody has time yet is reported
 * after a while, although it is not taken.
 */
export class WaitingMessages {
  readonly #queue: MessageQueue<IncomingTransfer, IncomingMessage>
  readonly #clock: Clock
  readonly #patience: number
  /** And when their waiting is over. */
  readonly #due: Map<IncomingTransfer, number> = new Map()
  #timer: Cancel | undefined

  /** `patience`: milliseconds. */
  constructor(queue: MessageQueue<IncomingTransfer, IncomingMessage>, clock: Clock, patience: number) {
    this.#queue = queue
    this.#clock = clock
    this.#patience = patience
  }

  add(transfer: IncomingTransfer): void {
    // A file has to be stored before it is with its receiver.
    const { type, filename } =
      parseContentDisposition(transfer.first.head.fields.get('Content-Disposition') ?? '') ?? {}
    if (type === 'attachment' || filename !== undefined || !this.#queue.has(transfer)) return
    this.#due.set(transfer, this.#clock.now() + this.#patience)
    this.watch()
  }

  /** Begins to wait, if there is anything to wait for. */
  watch(): void {
    // Those that came first are due first. An application that has never asked for a message is not busy with one.
    const [due] = this.#due.values()
    if (due === undefined || this.#timer !== undefined || !this.#queue.asked) return
    this.#timer = this.#clock.after(Math.max(due - this.#clock.now(), 0), () => {
      this.#timer = undefined
      for (const [transfer, at] of this.#due) {
        if (at > this.#clock.now()) break
        this.#due.delete(transfer)
        if (this.#queue.has(transfer)) transfer.reportWaiting()
      }
      this.watch()
    })
  }

  remove(transfer: IncomingTransfer): void {
    this.#due.delete(transfer)
  }

  /** The session is over. */
  stop(): void {
    this.#due.clear()
    this.#timer?.()
  }
}
