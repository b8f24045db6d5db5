import type { CpimHead, OpenedCpim } from '../cpim/index.ts'
import type { IncomingMessage } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { type DispositionType, dispositionOf, type RecipientDisposition } from './disposition.ts'
import { type ImdnRequest, imdnMessageId, imdnRequest } from './request.ts'

/** A message that was received, and what its sender wants to hear of it. Read its content once, by one of the three ways. */
export interface ReceivedIm {
  /** The message as the session has it. */
  readonly message: IncomingMessage
  /** Its envelope; undefined when it has none, and then it cannot ask for anything. */
  readonly head: CpimHead | undefined
  /** Of the content, whether in an envelope or not. */
  readonly contentType: string
  /** The Message-ID in its envelope. */
  readonly messageId: string | undefined
  /** What it asks for; undefined when that is nothing. */
  readonly request: ImdnRequest | undefined
  text(): Promise<string>
  bytes(): Promise<Uint8Array>
  stream(): ReadableStream<Uint8Array>
  /**
   * The user has been shown it, or shown the beginning of it. Tells the sender, if it wants to hear of that and the option
   * `consent` does not object, and does so once.
   * @returns whether a notification went out and was taken. If that failed, with the session for one, it can be tried again;
   *   it does not throw for it, since nobody can rely on notifications (RFC 5438 §14.3)
   */
  displayed(): Promise<boolean>
  /**
   * It did not get to its user or application, though the session took it: a gateway says so when it could not pass it on.
   * Not for what was refused, of which the sender knows by MSRP. Otherwise as `displayed`.
   */
  failed(): Promise<boolean>
  /** Says anything else: `forbidden` and `error` among it. As `displayed`. @throws MsrpError `invalid-argument` */
  notify(disposition: RecipientDisposition): Promise<boolean>
}

/** What a recipient tells of. */
const RECIPIENTS: ReadonlySet<DispositionType> = new Set(['delivery', 'display'])

/** Sends a notification; false when none is to go out. */
export type Notify = (im: OpenedIm, disposition: RecipientDisposition) => Promise<boolean>

/** See `ReceivedIm`. */
export class OpenedIm implements ReceivedIm {
  readonly message: IncomingMessage
  readonly head: CpimHead | undefined
  readonly contentType: string
  readonly messageId: string | undefined
  readonly request: ImdnRequest | undefined
  readonly #content: Pick<OpenedCpim, 'text' | 'bytes' | 'stream'>
  readonly #notify: Notify

  constructor(message: IncomingMessage, opened: OpenedCpim | undefined, notify: Notify) {
    this.message = message
    this.head = opened?.head
    this.contentType = opened?.head.contentType ?? message.contentType
    this.messageId = opened === undefined ? undefined : imdnMessageId(opened.head)
    this.request = opened === undefined ? undefined : imdnRequest(opened.head)
    this.#content = opened ?? message
    this.#notify = notify
  }

  text(): Promise<string> {
    return this.#content.text()
  }

  bytes(): Promise<Uint8Array> {
    return this.#content.bytes()
  }

  stream(): ReadableStream<Uint8Array> {
    return this.#content.stream()
  }

  displayed(): Promise<boolean> {
    return this.notify({ type: 'display', status: 'displayed' })
  }

  failed(): Promise<boolean> {
    return this.notify({ type: 'delivery', status: 'failed' })
  }

  async notify(disposition: RecipientDisposition): Promise<boolean> {
    const { type, status } = disposition
    if (!RECIPIENTS.has(type) || dispositionOf(type, status) === undefined) {
      // RFC 5438 §7.2.1: only intermediaries tell of processing.
      throw new MsrpError('invalid-argument', `A recipient does not say ${shown(`${type} ${status}`)}`)
    }
    return this.#notify(this, disposition)
  }
}
