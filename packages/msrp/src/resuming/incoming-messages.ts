import type { Cancel, Clock } from '../connection/index.ts'
import type { IncomingMessage, Session } from '../session/api.ts'
import type { FileSink } from '../session/platform.ts'
import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { ContinuedMessage, type ContinuedRoom } from './continued-message.ts'
import { failedWithSession } from './lost.ts'

/** Messages that are taken from a session before the application has asked for them, to find the rest of another one. */
const MOST_AHEAD = 2048

interface Source {
  readonly session: Session
  readonly messages: AsyncIterator<IncomingMessage>
  /** A session was there before it. */
  readonly resumed: boolean
}

/**
 * What comes in over one session after another, as one iteration. Messages are taken from a session only when the application
 * asks for one, or when one that it has waits for its rest.
 */
export class IncomingMessages implements AsyncIterableIterator<IncomingMessage> {
  readonly #clock: Clock
  readonly #continueWithin: number
  readonly #sources: Source[] = []
  /** Taken, and not asked for. */
  readonly #ahead: IncomingMessage[] = []
  readonly #asking: ((result: IteratorResult<IncomingMessage>) => void)[] = []
  /** Those that have not come whole. */
  readonly #unfinished: Map<string, ContinuedMessage> = new Map()
  /** Those that the application has refused while no session brought them. */
  readonly #refused: Map<string, { status: number; comment: string | undefined }> = new Map()
  readonly #room: ContinuedRoom
  #pulling = false
  #ended: MsrpError | undefined
  #timer: Cancel | undefined
  #onQuiet: (() => void)[] = []
  #sessions = 0

  /** `continueWithin`: milliseconds that a message may wait for its rest, once there is a session. */
  constructor(clock: Clock, continueWithin: number) {
    this.#clock = clock
    this.#continueWithin = continueWithin
    this.#room = {
      interrupted: (message) => this.#interrupted(message),
      refused: (messageId, status, comment) => this.#refused.set(messageId, { status, comment }),
    }
  }

  /** Another session, after the ones before have ended. */
  add(session: Session): void {
    this.#sources.push({ session, messages: session[Symbol.asyncIterator](), resumed: this.#sessions++ > 0 })
    this.#timer?.()
    this.#timer = this.#awaited === 0 ? undefined : this.#armed()
    void this.#pull()
  }

  /** No further session comes. */
  end(error: MsrpError): void {
    this.#ended = error
    this.#timer?.()
    for (const message of this.#interruptedOnes) message.giveUp(error)
    void this.#pull()
  }

  /** Resolves when every message that the application was given has come whole, or has failed. */
  async quiet(): Promise<void> {
    if (this.#unfinished.size > 0) await new Promise<void>((resolve) => this.#onQuiet.push(resolve))
  }

  next(): Promise<IteratorResult<IncomingMessage>> {
    const first = this.#ahead.shift()
    if (first !== undefined) return Promise.resolve({ done: false, value: first })
    const asked = new Promise<IteratorResult<IncomingMessage>>((resolve) => this.#asking.push(resolve))
    void this.#pull()
    return asked
  }

  /** Leaving a loop ends that loop only: what comes waits for the next one. */
  return(): Promise<IteratorResult<IncomingMessage>> {
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  get #interruptedOnes(): ContinuedMessage[] {
    return [...this.#unfinished.values()].filter(({ interrupted }) => interrupted)
  }

  /** How many messages are to be found again in what the next session brings. */
  get #awaited(): number {
    return this.#interruptedOnes.length + this.#refused.size
  }

  get #wanted(): boolean {
    return this.#asking.length > 0 || (this.#awaited > 0 && this.#ahead.length < MOST_AHEAD)
  }

  async #pull(): Promise<void> {
    if (this.#pulling) return
    this.#pulling = true
    for (let [source] = this.#sources; source !== undefined && this.#wanted; [source] = this.#sources) {
      const { done, value } = await source.messages.next()
      if (done) this.#sources.shift()
      else this.#take(value, source)
    }
    this.#pulling = false
    if (this.#ended === undefined || this.#sources.length > 0) return
    for (const ask of this.#asking.splice(0)) ask({ done: true, value: undefined })
  }

  #take(message: IncomingMessage, { session, resumed }: Source): void {
    const { messageId } = message
    const refused = this.#refused.get(messageId)
    if (refused !== undefined) {
      this.#refused.delete(messageId)
      message.refuse(refused.status, refused.comment)
      return
    }
    const lost = (error: unknown): boolean => this.#ended === undefined && failedWithSession(error, session)
    const known = this.#unfinished.get(messageId)
    if (resumed && message.frontMissing) {
      message.refuse(413, 'What came before the connection was lost was not kept')
      known?.giveUp(new MsrpError('connection-lost', NOT_KEPT))
    } else if (known?.interrupted && known.contentType !== message.contentType) {
      // What the session has decided on it holds for what it says that it is now.
      const text = `It was ${shown(known.contentType)} before the connection was lost, and came back as ${shown(message.contentType)}`
      message.refuse(413, text)
      known.giveUp(new MsrpError('connection-lost', text))
    } else if (known?.interrupted) {
      known.continueWith(message, lost)
    } else if (message.duplicate) {
      // RFC 4975 §5.4: its sender could not know that it had come through, and is told so; the application has it.
      message.saveTo(nowhere).catch(() => {})
    } else {
      this.#give(new ContinuedMessage(this.#room, message, lost))
    }
  }

  #give(message: ContinuedMessage): void {
    const { messageId } = message
    this.#unfinished.set(messageId, message)
    const forget = (): void => {
      if (!this.#unfinished.delete(messageId) || this.#unfinished.size > 0) return
      for (const onQuiet of this.#onQuiet.splice(0)) onQuiet()
    }
    message.complete.then(forget, forget)
    const ask = this.#asking.shift()
    if (ask === undefined) this.#ahead.push(message)
    else ask({ done: false, value: message })
  }

  #interrupted(message: ContinuedMessage): void {
    if (this.#ended !== undefined) message.giveUp(this.#ended)
    void this.#pull()
  }

  #armed(): Cancel {
    return this.#clock.after(this.#continueWithin, () => {
      const text = `Its connection was lost, and its rest did not come within ${this.#continueWithin} ms over the next one`
      for (const message of this.#interruptedOnes) message.giveUp(new MsrpError('connection-lost', text))
      this.#refused.clear()
    })
  }
}

const NOT_KEPT =
  'What came before the connection was lost was not kept: it takes `resumeFor` of the Endpoint, `read` of a sink of one’s own, and in a browser no more than a window'

const nowhere: FileSink = {
  write: async () => {},
  finish: async () => {},
  discard: async () => {},
}
