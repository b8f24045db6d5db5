import { atMost } from '../connection/at-most.ts'
import type { Clock } from '../connection/index.ts'
import { systemClock } from '../connection/system-clock.ts'
import { parseAddress } from '../cpim/address.ts'
import { CPIM_TYPE, type CpimAddressInput, type CpimParts, type OpenOptions, openCpim } from '../cpim/index.ts'
import { wrapped } from '../cpim/wrapped.ts'
import type { IncomingMessage, Session } from '../session/api.ts'
import type { MessageBody } from '../session/body.ts'
import type { SendOptions } from '../session/options.ts'
import { RecentIds } from '../session/recent-ids.ts'
import { MsrpError, newMessageId, parseMediaType, type RandomBytes } from '../wire/index.ts'
import { inform } from '../wire/inform.ts'
import { keptText } from '../wire/kept-text.ts'
import { shown } from '../wire/shown.ts'
import { systemRandom } from '../wire/system-random.ts'
import { type DispositionType, type ImdnWish, isWanted, type RecipientDisposition } from './disposition.ts'
import { IMDN_TYPE, type Imdn } from './imdn.ts'
import { buildNotification } from './notification.ts'
import { readImdns } from './read-imdns.ts'
import { OpenedIm, type ReceivedIm } from './received-im.ts'
import { askForImdn, IMDN_NAMESPACE, isImdn } from './request.ts'
import type { Receipt, SentItem } from './sent-item.ts'
import { SentItems, type SentItemsOptions } from './sent-items.ts'

/** Whether to tell the sender: true, false (say nothing), or `forbidden` (say that it is not to know). */
export type Consent = boolean | 'forbidden'

/** Who talks, and what they let each other know. */
export interface ReceiptsOptions {
  /** Our address, which goes into From. */
  readonly self: CpimAddressInput
  /** Whom messages are for unless `send` says otherwise: the other side, or the chat room. */
  readonly peer: CpimAddressInput | readonly CpimAddressInput[]
  /** What to ask for, unless `send` says otherwise. Default: delivery, positive and negative, and display. */
  readonly wishes?: readonly ImdnWish[]
  /**
   * Asked before each notification goes out. RFC 5438 §14.2 wants the user's consent, be it a setting or a question. Default:
   * yes. Notifications of delivery go out by themselves, those of display when the application calls `displayed`.
   */
  readonly consent?: (im: ReceivedIm, type: DispositionType) => Consent | Promise<Consent>
  /** What messages may require of headers of other namespaces than RFC 5438's; see `openCpim`. */
  readonly understands?: OpenOptions['understands']
  /** Called for each notification about a message of ours. What it throws is an uncaught error; the iteration goes on. */
  readonly onReceipt?: (receipt: Receipt, item: SentItem, imdn: Imdn) => void
  /**
   * Called for what goes wrong beside the calls of the application: while iterating, a message or notification that cannot be
   * read and was refused; a notification about a message that could not be sent, such as one whose type the peer does not
   * take; a `consent` that failed when delivery was to be told. `message` is the one that came. What it throws is an uncaught
   * error.
   */
  readonly onError?: (error: unknown, message: IncomingMessage) => void
  /**
   * Follows what was sent. One that is given goes on when this session is over, so that what comes on the next one, or by
   * SIP, is understood; otherwise this is `SentItemsOptions` for one that ends with the session.
   */
  readonly sentItems?: SentItems | SentItemsOptions
  /** Default: the machine's. */
  readonly clock?: Clock
  /** The time of day. Default: the machine's. */
  readonly now?: () => Date
  /** Cryptographically strong. Default: the machine's. */
  readonly random?: RandomBytes
}

/** A chat room to have receipts in: a `ChatRoom` of `msrp/chatroom`. */
export interface ReceiptsRoom {
  readonly session: Session
  /** The room's URI, which messages are written to. */
  readonly uri: string
  readonly self: CpimAddressInput
  /** Whether a message to this URI goes there and to nobody else. */
  reaches(uri: string): boolean
}

/** How to send one message. */
export interface ImOptions extends Omit<SendOptions, 'contentType' | 'disposition' | 'fileName'> {
  /** Of the content. Default as of `Session.send`. */
  readonly contentType?: string
  readonly to?: CpimAddressInput | readonly CpimAddressInput[]
  readonly wishes?: readonly ImdnWish[]
  /** Anything else of the envelope: subject, cc, further headers. */
  readonly cpim?: Partial<Omit<CpimParts, 'from' | 'to' | 'contentType'>>
  /** The Message-ID in the envelope, for a message that is sent again. Default: a new one. */
  readonly imdnMessageId?: string
}

const WISHES: readonly ImdnWish[] = ['positive-delivery', 'negative-delivery', 'display']

/** Messages of which it is remembered what was told of them. */
const ANSWERED = 1000
/** Characters of what they are known by: id and sender. */
const LONGEST_KEY = 512
/** Notifications that may be on their way; a peer that does not take them does not get its further messages read. */
const UNDER_WAY = 64
/** Milliseconds for a head or a notification to come. */
const HEAD_TIME = 30_000
/** Milliseconds that one may hold up what comes behind it. */
const PATIENCE = 1000
/** Heads and notifications that may be waited for beside the iteration. */
const OPENING = 64

/**
 * Instant messages with receipts on a session (RFC 5438): sends in envelopes that ask for notifications, tells delivery of
 * what comes in, and knows which of its own messages a notification is about. Iterate over it instead of the session.
 */
export class Receipts implements AsyncIterable<ReceivedIm> {
  readonly sentItems: SentItems
  readonly #session: Session
  readonly #room: ReceiptsRoom | undefined
  readonly #options: ReceiptsOptions
  readonly #random: RandomBytes
  readonly #now: () => Date
  /** By sender and Message-ID: the types that were told. RFC 5438 §7.2.1: each once, also of what comes twice. */
  readonly #told: RecentIds<Set<DispositionType>> = new RecentIds(ANSWERED)
  readonly #underWay: Set<Promise<boolean>> = new Set()
  readonly #clock: Clock
  /** What the session has given and whose head has not come yet. */
  readonly #opening: Set<Promise<void>> = new Set()
  /** What was opened, for iterations to give; they share it, as those over a session do. */
  readonly #opened: (() => ReceivedIm)[] = []
  /** The next one being asked for. */
  #coming: Promise<void> | undefined
  #messages: AsyncIterator<IncomingMessage> | undefined
  #ended = false

  constructor(session: Session, options: ReceiptsOptions)
  /**
   * In a chat room: messages are written to the room. Notifications go to those who wrote, which nobody else has to see: where
   * the room has no private messages (RFC 7701 §8) only the room itself is told.
   */
  constructor(room: ReceiptsRoom, options?: Omit<ReceiptsOptions, 'self' | 'peer'>)
  constructor(through: Session | ReceiptsRoom, given: Partial<ReceiptsOptions> = {}) {
    const { sentItems = {}, clock, now = () => new Date(), random = systemRandom } = given
    const room = 'session' in through ? through : undefined
    const session = 'session' in through ? through.session : through
    this.#session = session
    this.#room = room
    this.#options = { ...given, self: room?.self ?? given.self ?? '', peer: room?.uri ?? given.peer ?? [] }
    this.#random = random
    this.#now = now
    this.#clock = clock ?? systemClock
    if (sentItems instanceof SentItems) {
      this.sentItems = sentItems
    } else {
      const own = new SentItems({ ...(clock === undefined ? {} : { clock }), ...sentItems })
      this.sentItems = own
      void session.closed.then(({ error }) => own.close(error ?? new MsrpError('closed', 'The session is over')))
    }
  }

  /**
   * Sends a message in an envelope that asks for notifications.
   * @throws MsrpError `invalid-argument` for what cannot be sent; in a chat room also for several recipients, and for a
   *   participant where it has no private messages: it would hand the message to everybody
   */
  send(body: MessageBody, options: ImOptions = {}): SentItem {
    const {
      to = this.#options.peer,
      wishes = this.#options.wishes ?? WISHES,
      cpim = {},
      imdnMessageId,
      ...rest
    } = options
    const { contentType, ...sendOptions } = rest
    const uris = urisOf(to)
    checkRecipients(uris, this.#room)
    const messageId = imdnMessageId ?? newMessageId(this.#random)
    const parts = askForImdn(
      { ...cpim, from: this.#options.self, to, ...(contentType === undefined ? {} : { contentType }) },
      { messageId, wishes, now: this.#now() },
    )
    const sending = wrapped(parts, body, sendOptions)
    const outgoing = this.#session.send(sending.body, sending.options)
    const item = this.sentItems.add({ messageId, to: uris, wishes, outgoing })
    outgoing.delivered.catch((error: unknown) => {
      if (error instanceof MsrpError && !UNCLEAR.has(error.code)) this.sentItems.forget(messageId, error)
    })
    return item
  }

  /**
   * Takes in a message of the session. What is a notification ends here; what is a message to be shown comes back once its
   * head is here. One whose head, or a notification that, is not here within 30 s is refused with 408.
   * @throws MsrpError as `openCpim`, for an envelope that cannot be read; such a message has been refused
   */
  async receive(message: IncomingMessage): Promise<ReceivedIm | undefined> {
    while (this.#underWay.size >= UNDER_WAY) await Promise.race(this.#underWay)
    const cancel = this.#clock.after(HEAD_TIME, () => message.refuse(408, 'The head of the message did not come'))
    try {
      return await this.#open(message)
    } finally {
      cancel()
    }
  }

  /** What comes, in order, but for what lets others wait for its head. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedIm, void, undefined> {
    for (;;) {
      const give = this.#opened.shift()
      if (give !== undefined) {
        yield give()
        continue
      }
      if (!this.#ended && this.#opening.size < OPENING) this.#coming ??= this.#next()
      const waiting = [...this.#opening, ...(this.#coming === undefined ? [] : [this.#coming])]
      if (waiting.length === 0) return
      await Promise.race(waiting)
    }
  }

  async #next(): Promise<void> {
    this.#messages ??= this.#session[Symbol.asyncIterator]()
    const { done, value: message } = await this.#messages.next()
    if (done === true) {
      this.#ended = true
    } else {
      const opening = this.#receiveBeside(message)
      this.#opening.add(opening)
      void opening.then(() => this.#opening.delete(opening))
      await atMost(PATIENCE, opening, this.#clock)
    }
    this.#coming = undefined
  }

  async #receiveBeside(message: IncomingMessage): Promise<void> {
    try {
      const im = await this.receive(message)
      if (im !== undefined) this.#opened.push(() => im)
    } catch (error) {
      // One that cannot be read has been refused; those behind it can.
      if (error instanceof MsrpError) return this.#tell(error, message)
      this.#opened.push(() => {
        throw error
      })
    }
  }

  async #open(message: IncomingMessage): Promise<ReceivedIm | undefined> {
    const isCpim = parseMediaType(message.contentType)?.type === CPIM_TYPE
    const understands: OpenOptions['understands'] = (required) =>
      required.namespace === IMDN_NAMESPACE || this.#options.understands?.(required) === true
    const opened = isCpim ? await openCpim(message, { understands }) : undefined
    const notification =
      opened === undefined ? parseMediaType(message.contentType)?.type === IMDN_TYPE : isImdn(opened.head)
    if (notification) {
      const from = opened?.head.from?.uri ?? this.#otherSide
      await this.#take(opened ?? message, opened?.contentType ?? message.contentType, from)
      return undefined
    }
    const im = new OpenedIm(message, opened, (it, disposition) => this.#notify(it, disposition))
    if (im.request !== undefined) {
      const delivered = { type: 'delivery', status: 'delivered' } as const
      // What the sender gave up, or what was lost on the way, it knows by MSRP.
      void message.complete.then(
        () => this.#notify(im, delivered).catch((error: unknown) => this.#tell(error, message)),
        () => {},
      )
    }
    return im
  }

  async #take(content: { stream(): ReadableStream<Uint8Array> }, contentType: string, from: string): Promise<void> {
    for (const imdn of await readImdns(content, contentType)) {
      const known = this.sentItems.take(imdn, from)
      if (known !== undefined) inform(() => this.#options.onReceipt?.(known.receipt, known.item, imdn))
    }
  }

  async #notify(im: OpenedIm, wanted: RecipientDisposition): Promise<boolean> {
    const { request } = im
    const { type } = wanted
    if (request === undefined || !isWanted(request.wishes, wanted)) return false
    if (this.#room !== undefined && !this.#room.reaches(request.from?.uri ?? '')) return false
    const consent = (await this.#options.consent?.(im, type)) ?? true
    const id = keptText(`${request.messageId} ${request.from?.uri ?? ''}`, LONGEST_KEY)
    const told = this.#told.get(id) ?? new Set()
    if (consent === false || told.has(type)) return false
    const disposition = consent === true ? wanted : ({ type, status: 'forbidden' } as RecipientDisposition)
    const parts = { messageId: newMessageId(this.#random), now: this.#now(), from: this.#options.self }
    const body = buildNotification(request, disposition, parts)
    if (body === undefined) return false
    this.#told.set(id, told.add(type))
    const sent = await this.#sendNotification(body, im.message)
    // It may be tried again.
    if (!sent) told.delete(type)
    return sent
  }

  async #sendNotification(body: Uint8Array, message: IncomingMessage): Promise<boolean> {
    const { delivered } = this.#session.send(body, {
      contentType: CPIM_TYPE,
      wrappedTypes: [IMDN_TYPE],
      successReport: false,
    })
    const sent = delivered.then(
      () => true,
      (error: unknown) => {
        this.#tell(error, message)
        return false
      },
    )
    this.#underWay.add(sent)
    void sent.then(() => this.#underWay.delete(sent))
    return sent
  }

  #tell(error: unknown, message: IncomingMessage): void {
    inform(() => this.#options.onError?.(error, message))
  }

  /** Who says what comes without From; empty when that may be one of several. */
  get #otherSide(): string {
    const [only = '', another] = urisOf(this.#options.peer)
    return another === undefined ? only : ''
  }
}

/** RFC 7701 §6.2: one recipient; §8: a participant only where there are private messages. */
function checkRecipients(uris: readonly string[], room: ReceiptsRoom | undefined): void {
  if (room === undefined) return
  const [only = '', another] = uris
  if (another !== undefined) {
    throw new MsrpError('invalid-argument', `A message in the chat room ${shown(room.uri)} goes to the room or to one`)
  }
  if (!room.reaches(only)) {
    throw new MsrpError('invalid-argument', `The chat room ${shown(room.uri)} has no private messages`)
  }
}

/** Failures of MSRP that leave open whether the message has arrived. */
const UNCLEAR: ReadonlySet<string> = new Set(['report-timeout', 'timeout', 'connection-lost', 'closed'])

function urisOf(to: CpimAddressInput | readonly CpimAddressInput[]): string[] {
  if (typeof to === 'string') return [parseAddress(to).uri]
  return 'uri' in to ? [to.uri] : to.flatMap(urisOf)
}
