import type { ConfirmedBytes, OutgoingMessage, Session } from '../session/api.ts'
import type { SendOptions } from '../session/options.ts'
import { MsrpError } from '../wire/index.ts'
import { failedWithSession } from './lost.ts'
import type { ResendableBody } from './resendable-body.ts'

/** The sessions around a message. */
export interface ResentRoom {
  /** How often it is sent again without progress. */
  readonly resends: number
  /** Nobody answered on a session that is open as far as anyone knows: it is as good as lost. */
  dead(session: Session, error: MsrpError): void
  /** Whether a message on which a session has made no progress is to blame for its end: the first one that asks is. */
  toBlame(session: Session): boolean
  /** So many bytes go out again. */
  resent(bytes: number): void
  /** It is delivered, or has failed for good. */
  over(message: ResentMessage): void
}

/** A message that goes out over one session after another, under one Message-ID, until it is delivered (RFC 4975 §5.4). */
export class ResentMessage implements OutgoingMessage {
  readonly messageId: string
  readonly contentType: string
  readonly delivered: Promise<void>
  readonly #room: ResentRoom
  readonly #body: ResendableBody
  readonly #options: SendOptions
  readonly #settle: { resolve(): void; reject(error: MsrpError): void }
  /** It as the latest session sends it. */
  #current: OutgoingMessage | undefined
  /** What earlier sessions have achieved. */
  #confirmed: ConfirmedBytes
  #sent: number
  #fruitless = 0
  #over = false

  constructor(room: ResentRoom, body: ResendableBody, options: SendOptions & { readonly messageId: string }) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const { messageId, contentType = body.contentType, resumeFrom = 0 } = options
    this.messageId = messageId
    this.contentType = contentType
    this.delivered = promise
    this.delivered.catch(() => {})
    this.#settle = { resolve, reject }
    this.#room = room
    this.#body = body
    this.#options = options
    this.#sent = resumeFrom
    const ranges = resumeFrom > 0 ? [{ start: 1, end: resumeFrom }] : []
    this.#confirmed = { contiguous: resumeFrom, bytes: resumeFrom, ranges }
  }

  get total(): number | undefined {
    return this.#current?.total ?? this.#body.size
  }

  get sent(): number {
    return this.#current?.sent ?? this.#sent
  }

  get confirmed(): ConfirmedBytes {
    return this.#current?.confirmed ?? this.#confirmed
  }

  /** Bytes of memory that it takes while it waits. */
  get memory(): number {
    return this.#body.memory
  }

  abort(reason?: unknown): void {
    if (this.#current !== undefined) this.#current.abort(reason)
    else this.fail(new MsrpError('aborted', 'The message was abandoned by its sender', { cause: reason }))
  }

  /**
   * Sends it, or has it wait where there is no session. @throws MsrpError `invalid-argument`: it is no message then, and
   * nothing of it is kept
   */
  begin(session: Session | undefined): void {
    if (session !== undefined) this.sendOver(session)
    const { signal } = this.#options
    const onAbort = (): void => this.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    const forget = (): void => signal?.removeEventListener('abort', onAbort)
    this.delivered.then(forget, forget)
  }

  /** Sends what is not confirmed. @throws MsrpError `invalid-argument` */
  sendOver(session: Session): void {
    const { signal: _, ...options } = this.#options
    const from = this.#resumeFrom
    const body = this.#body.from(from)
    if (body === undefined) {
      const text = `The connection was lost, and what the stream gave from byte ${from} on is not held any more`
      this.fail(new MsrpError('connection-lost', `${text}: send a body that can be read again, or set streamMemory`))
      return
    }
    const repeated = this.#sent - from
    const sent = session.send(body, { ...options, messageId: this.messageId, resumeFrom: from })
    if (repeated > 0) this.#room.resent(repeated)
    this.#current = sent
    sent.delivered.then(
      () => this.#delivered(),
      (error: MsrpError) => this.#failed(sent, session, error),
    )
  }

  /** Nothing more is sent of it. */
  fail(error: MsrpError): void {
    if (this.#end()) this.#settle.reject(error)
  }

  /**
   * Without success REPORTs nobody but the next hop has confirmed anything, and what a relay had taken may be lost with it.
   */
  get #resumeFrom(): number {
    const { resumeFrom = 0, successReport = true } = this.#options
    return successReport ? this.confirmed.contiguous : resumeFrom
  }

  #delivered(): void {
    if (this.#end()) this.#settle.resolve()
  }

  #failed(sent: OutgoingMessage, session: Session, error: MsrpError): void {
    if (this.#over || sent !== this.#current) return
    if (error.code === 'timeout' && session.state !== 'closed') this.#room.dead(session, error)
    if (!failedWithSession(error, session)) {
      this.fail(error)
      return
    }
    const before = this.#confirmed.contiguous
    this.#confirmed = sent.confirmed
    if (this.#confirmed.contiguous > before) this.#fruitless = 0
    else if (sent.sent > before && this.#room.toBlame(session)) this.#fruitless++
    this.#sent = Math.max(this.#sent, sent.sent)
    this.#current = undefined
    if (this.#fruitless > this.#room.resends) this.fail(error)
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#body.close()
    this.#room.over(this)
    return true
  }
}
