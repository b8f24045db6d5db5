import type { Session } from '../session/api.ts'
import type { MessageBody } from '../session/body.ts'
import type { SendOptions } from '../session/options.ts'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError, newMessageId, type RandomBytes } from '../wire/index.ts'
import { resendable } from './resendable-body.ts'
import { ResentMessage } from './resent-message.ts'

/** How much may wait, and what else a message depends on. */
export interface UnconfirmedRoom {
  readonly random: RandomBytes
  readonly queueMessages: number
  readonly queueBytes: number
  readonly streamMemory: number
  readonly resends: number
  dead(session: Session, error: MsrpError): void
}

/** What we have sent and nobody has confirmed, in order: each session begins with it. */
export class UnconfirmedMessages {
  readonly #room: UnconfirmedRoom
  readonly #messages: Map<string, ResentMessage> = new Map()
  /** The latest session for whose end a message was blamed. */
  #blamed: Session | undefined
  /** Bytes that went out more than once. */
  #resentBytes = 0

  constructor(room: UnconfirmedRoom) {
    this.#room = room
  }

  get all(): readonly ResentMessage[] {
    return [...this.#messages.values()]
  }

  get resentBytes(): number {
    return this.#resentBytes
  }

  /** Sends it, or has it wait where there is no session; fails it when too much is not confirmed. @throws MsrpError `invalid-argument` */
  send(body: MessageBody, options: SendOptions, session: Session | undefined): ResentMessage {
    const { random, streamMemory, resends, dead } = this.#room
    const { messageId = newMessageId(random), resumeFrom = 0, signal } = options
    if (this.#messages.has(messageId)) {
      throw new MsrpError('invalid-argument', `A message with the id ${messageId} is being sent already`)
    }
    const message = new ResentMessage(
      {
        resends,
        dead,
        // They hear of it in order. What went out behind the one that ends every connection need not fail with it.
        toBlame: (ended) => {
          const first = this.#blamed !== ended
          this.#blamed = ended
          return first
        },
        resent: (bytes) => {
          this.#resentBytes += bytes
        },
        over: (it) => this.#messages.delete(it.messageId),
      },
      resendable(body, resumeFrom, streamMemory),
      { ...options, messageId },
    )
    if (signal?.aborted) message.abort(signal.reason)
    else if (this.#full(message)) {
      message.fail(this.#queueFull(message.memory))
    } else {
      message.begin(session)
      this.#messages.set(messageId, message)
    }
    return message
  }

  /** Sends over another session what is not confirmed; gives how many messages that are. */
  sendOver(session: Session): number {
    const { all } = this
    for (const message of all) {
      try {
        message.sendOver(session)
      } catch (error) {
        message.fail(asMsrpError(error, 'internal', 'The message could not be sent'))
      }
    }
    return all.length
  }

  /** Nothing can be sent any more. */
  end(error: MsrpError): void {
    for (const message of this.all) message.fail(error)
  }

  #queueFull(bytes: number): MsrpError {
    const { queueBytes } = this.#room
    const text =
      bytes > queueBytes
        ? `A body of ${bytes} bytes in memory is more than the ${queueBytes} that may wait there: give it as a Blob or a file`
        : `${this.#messages.size} messages are not confirmed yet: wait for some`
    return new MsrpError('queue-full', text)
  }

  #full(message: ResentMessage): boolean {
    const { queueMessages, queueBytes } = this.#room
    const bytes = this.all.reduce((sum, { memory }) => sum + memory, message.memory)
    return this.#messages.size >= queueMessages || bytes > queueBytes
  }
}
