import { comparableUri } from '../cpim/comparable-uri.ts'
import type { OutgoingMessage } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'
import { keptText } from '../wire/kept-text.ts'
import { shown } from '../wire/shown.ts'
import type { Disposition, DispositionType, ImdnWish } from './disposition.ts'
import type { Imdn } from './imdn.ts'
import { Outcome } from './outcome.ts'

/** What a notification says of a message of ours, as far as it is kept. */
export interface Receipt {
  readonly messageId: string
  readonly disposition: Disposition
  /**
   * Whom it is about: the sender of the notification, unless the list or room that the message was written to tells of
   * somebody behind it.
   */
  readonly recipient: string
  /** Why a delivery failed; see `Imdn`. */
  readonly reason: Imdn['reason']
}

/** What becomes of a message, at one recipient or in all. A rejection that nobody looks at does not end the process. */
export interface Fate {
  /**
   * Resolves with the notification that says `delivered`, or `displayed`, which nothing can be before it is delivered.
   * Rejects with an MsrpError: `refused` when a notification says `failed`, `forbidden` or `error`, `timeout` when none came
   * for too long, `limit-exceeded` when too many newer messages wait, and whatever the message or the session failed with.
   */
  readonly delivered: Promise<Receipt>
  /** The same for `displayed`. */
  readonly displayed: Promise<Receipt>
  /** The same for what an intermediary did: `processed` or `stored`. */
  readonly processed: Promise<Receipt>
  /** The latest that was said of each type. */
  readonly dispositions: ReadonlyMap<DispositionType, Disposition>
}

const GOOD: ReadonlySet<string> = new Set(['delivered', 'processed', 'stored', 'displayed'])

/** See `Fate`. */
class Dispositions implements Fate {
  readonly dispositions: Map<DispositionType, Disposition> = new Map()
  readonly #outcomes: Readonly<Record<DispositionType, Outcome<Receipt>>> = {
    delivery: new Outcome(),
    processing: new Outcome(),
    display: new Outcome(),
  }

  get delivered(): Promise<Receipt> {
    return this.#outcomes.delivery.promise
  }

  get displayed(): Promise<Receipt> {
    return this.#outcomes.display.promise
  }

  get processed(): Promise<Receipt> {
    return this.#outcomes.processing.promise
  }

  settled(type: DispositionType): boolean {
    return this.#outcomes[type].settled
  }

  /** `final`: bad news settles it, too. */
  take(receipt: Receipt, final: boolean): void {
    const { type, status } = receipt.disposition
    this.dispositions.set(type, receipt.disposition)
    if (GOOD.has(status)) {
      this.#outcomes[type].resolve(receipt)
      if (type === 'display') this.#outcomes.delivery.resolve(receipt)
    } else if (final) {
      this.#outcomes[type].reject(badNews(receipt))
    }
  }

  fail(error: MsrpError): void {
    for (const outcome of Object.values(this.#outcomes)) outcome.reject(error)
  }
}

function badNews({ messageId, recipient, disposition: { type, status }, reason }: Receipt): MsrpError {
  const why = reason === undefined ? '' : `: ${shown(`${reason.code ?? ''} ${reason.text}`.trim())}`
  return new MsrpError(
    'refused',
    `${shown(recipient)} says of the message ${shown(messageId)}: ${type} ${status}${why}`,
  )
}

/** Most recipients of one message that are told apart. */
const RECIPIENTS = 256
/** Characters of what is kept. */
const LONGEST_URI = 512
const LONGEST_REASON = 128

/**
 * A message that was sent and that notifications are expected about (RFC 5438 §7.1.3). What `Fate` it has in all: the first
 * good news of any recipient; bad news when all that it was written to have had it, whatever participants of a room say.
 */
export interface SentItem extends Fate {
  /** The Message-ID in its envelope, which notifications name. Not that of MSRP. */
  readonly messageId: string
  readonly wishes: ReadonlySet<ImdnWish>
  /** The message on its way out; undefined when it went some other way. */
  readonly outgoing: OutgoingMessage | undefined
  /**
   * Those of whom something was said or asked, by URI. In a chat room or list these are others than those it was written
   * to.
   */
  readonly recipients: ReadonlyMap<string, Fate>
  /**
   * One recipient, whether or not anything was said of it yet.
   * @throws MsrpError `limit-exceeded` beyond 256 of them, or for a URI of more than 512 characters
   */
  recipient(uri: string): Fate
}

/** See `SentItem`. */
export class FollowedMessage implements SentItem {
  readonly messageId: string
  readonly wishes: ReadonlySet<ImdnWish>
  readonly outgoing: OutgoingMessage | undefined
  readonly #all: Dispositions = new Dispositions()
  readonly #to: readonly string[]
  /** Whom it was written to, if that is one. */
  readonly #only: string | undefined
  readonly #recipients: Map<string, Dispositions> = new Map()
  readonly #bad: Readonly<Record<DispositionType, Set<string>>> = {
    delivery: new Set(),
    processing: new Set(),
    display: new Set(),
  }
  /** What it failed with, for those who are asked about afterwards. */
  #failed: MsrpError | undefined

  constructor(messageId: string, to: readonly string[], wishes: ReadonlySet<ImdnWish>, outgoing?: OutgoingMessage) {
    this.messageId = messageId
    this.wishes = wishes
    this.outgoing = outgoing
    this.#to = to.map(comparableUri)
    this.#only = to.length === 1 ? to[0] : undefined
  }

  get delivered(): Promise<Receipt> {
    return this.#all.delivered
  }

  get displayed(): Promise<Receipt> {
    return this.#all.displayed
  }

  get processed(): Promise<Receipt> {
    return this.#all.processed
  }

  get dispositions(): ReadonlyMap<DispositionType, Disposition> {
    return this.#all.dispositions
  }

  get recipients(): ReadonlyMap<string, Fate> {
    return this.#recipients
  }

  recipient(uri: string): Fate {
    const fate = this.#recipient(uri)
    if (fate !== undefined) return fate
    throw new MsrpError(
      'limit-exceeded',
      `The message ${this.messageId} has more than ${RECIPIENTS} recipients, or one of them is too long`,
    )
  }

  /**
   * A notification has come, from somebody; empty where that is not known.
   * @returns what it says and of whom; undefined when that is not believed or could not be kept
   */
  take(imdn: Imdn & { readonly disposition: Disposition }, from: string): Receipt | undefined {
    const uri = this.#recipientOf(imdn.recipientUri ?? '', from)
    const recipient = uri === undefined ? undefined : this.#recipient(uri)
    if (uri === undefined || recipient === undefined) return undefined
    const { disposition, reason } = imdn
    const receipt: Receipt = {
      messageId: this.messageId,
      disposition,
      recipient: keptText(uri, LONGEST_URI),
      reason: reason === undefined ? undefined : { ...reason, text: keptText(reason.text, LONGEST_REASON) },
    }
    recipient.take(receipt, true)
    this.#all.take(receipt, this.#isBadForAll(uri, receipt.disposition))
    return receipt
  }

  /** Nothing more can come. */
  fail(error: MsrpError): void {
    this.#failed ??= error
    this.#all.fail(error)
    for (const recipient of this.#recipients.values()) recipient.fail(error)
  }

  /** Whether everything that was asked for has been said of those it was written to, and nobody else has turned up. */
  get complete(): boolean {
    if ([...this.#recipients.keys()].some((uri) => !this.#to.includes(uri))) return false
    return this.#to.every((uri) => {
      const recipient = this.#recipients.get(uri)
      if (recipient === undefined) return false
      const delivered = recipient.settled('delivery') || !this.wishes.has('positive-delivery')
      return delivered && (recipient.settled('display') || !this.wishes.has('display'))
    })
  }

  #isAddressed(uri: string): boolean {
    return this.#to.includes(comparableUri(uri))
  }

  /**
   * Whom a notification is about. RFC 5438 §14.1: anybody can write any recipient into a document. The list or room that a
   * message was written to tells of those behind it; everybody else, participants and addressees, of nobody but themselves.
   * Who does not say who they are can only be the one whom the message went to, if it went to one.
   */
  #recipientOf(told: string, from: string): string | undefined {
    if (from === '') return told === '' || this.#isAddressed(told) ? this.#only : undefined
    return told !== '' && this.#isAddressed(from) && !this.#isAddressed(told) ? told : from
  }

  /** Whether this is bad news and the last of those it was written to has it. What others say is final for nobody else. */
  #isBadForAll(uri: string, { type, status }: Disposition): boolean {
    if (!this.#isAddressed(uri)) return false
    const bad = this.#bad[type]
    const key = comparableUri(uri)
    if (GOOD.has(status)) bad.delete(key)
    else bad.add(key)
    return bad.size >= this.#to.length
  }

  #recipient(uri: string): Dispositions | undefined {
    if (uri.length > LONGEST_URI) return undefined
    const key = keptText(comparableUri(uri), LONGEST_URI)
    let recipient = this.#recipients.get(key)
    if (recipient === undefined && this.#recipients.size < RECIPIENTS) {
      recipient = new Dispositions()
      if (this.#failed !== undefined) recipient.fail(this.#failed)
      this.#recipients.set(key, recipient)
    }
    return recipient
  }
}
