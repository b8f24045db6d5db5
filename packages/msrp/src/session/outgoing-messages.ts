import type { MsrpConnection } from '../connection/index.ts'
import { type ContentFacts, closeContent, factsOf } from '../mime/content.ts'
import { smimeTypeOf } from '../mime/smime.ts'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import { type Field, isIdent, MsrpError, newMessageId, parseMediaType } from '../wire/index.ts'
import { isSessionGone } from '../wire/session-gone.ts'
import type { MessageBody } from './body.ts'
import type { CursorLimits } from './body-cursor.ts'
import { ChunkHead } from './chunk-head.ts'
import { type Cursor, WHOLE_CHUNK } from './cursor.ts'
import { wrapForPeer } from './envelope.ts'
import { loadedBefore, use } from './later.ts'
import { acceptsType, bareType, MANDATORY_TYPES, takenInside } from './media-types.ts'
import type { SendOptions, SessionOptions } from './options.ts'
import { type OutgoingRoom, type OutgoingSettings, SentMessage } from './outgoing-message.ts'
import type { PeerFacts } from './peer-facts.ts'
import type { PendingRequest } from './pending-request.ts'
import { wrongArgument } from './read-argument.ts'
import { RecentIds } from './recent-ids.ts'
import type { SessionContext } from './session-context.ts'
import { WholeBody } from './whole-body.ts'

/** Default of `reportTimeout`, in milliseconds. */
const REPORT_TIMEOUT = 60_000

/** How a message is sent, and what bounds its chunks. */
interface Settings extends OutgoingSettings, CursorLimits {
  readonly fields: readonly Field[]
  /** The value of Content-Disposition where it is no file. */
  readonly disposition: string | undefined
}

/** The messages that a session sends: which are under way, and what the peer does not take. */
export class OutgoingMessages implements OutgoingRoom {
  readonly context: SessionContext
  #options: SessionOptions
  readonly #messages: Map<string, SentMessage> = new Map()
  /** Longer messages that are on their way, and those that wait for one of them to be out. */
  readonly #underWay: Set<SentMessage> = new Set()
  readonly #waiting: Set<SentMessage> = new Set()
  /** For so many messages something is loaded; those that are sent meanwhile wait as well, so that all keep their order. */
  #loading = 0
  #connection: MsrpConnection<PendingRequest> | undefined
  /** Media types that the peer answered 415 to, with those inside: RFC 4975 §10.6, not sent again in this session. */
  readonly #refusedTypes: Set<string> = new Set()
  /** Messages that the peer answered 413 to: RFC 4975 §10.5, no further chunk of them is sent. */
  readonly #stopped: RecentIds<true> = new RecentIds(256)

  constructor(context: SessionContext) {
    this.context = context
    this.#options = context.options
  }

  /** What the peer takes from now on. */
  peerSays(facts: PeerFacts): void {
    const { peerAcceptTypes, peerAcceptWrappedTypes, peerMaxMessageSize, ...rest } = this.#options
    this.#options = { ...rest, ...facts }
  }

  /** Messages that are not out yet, or not confirmed. */
  get size(): number {
    return this.#messages.size
  }

  /** The same ones. */
  get all(): SentMessage[] {
    return [...this.#messages.values()]
  }

  /** What of them is out and not confirmed. */
  get unconfirmed(): { messages: number; bytes: number } {
    const pending = this.all.filter(({ settled }) => !settled)
    return { messages: pending.length, bytes: pending.reduce((sum, { unconfirmedBytes }) => sum + unconfirmedBytes, 0) }
  }

  /** Sends over a connection. @throws MsrpError `invalid-argument` */
  send(given: MessageBody, asked: SendOptions, connection: MsrpConnection<PendingRequest> | undefined): SentMessage {
    const { envelope, peerAcceptTypes } = this.#options
    const { body, options } =
      envelope === undefined ? { body: given, options: asked } : wrapForPeer(envelope, peerAcceptTypes, given, asked)
    const facts = factsOf(body)
    const settings = this.#settings(facts, body, options)
    if (this.#messages.has(settings.messageId)) {
      throw new MsrpError('invalid-argument', `A message with the id ${settings.messageId} is being sent already`)
    }
    const { longMessages, calls } = this.context.platform.parts
    const { bytes } = facts
    const whole = bytes !== undefined && bytes.length <= WHOLE_CHUNK && settings.resumeFrom === 0 ? bytes : undefined
    const long = whole === undefined ? longMessages() : undefined
    const { fileName: filename, signal } = options
    const file =
      filename === undefined
        ? undefined
        : use(calls, (them) => them.formatContentDisposition({ type: 'attachment', filename }))
    // What cannot be written is found out here rather than when the first chunk is written, where nobody could be told.
    const head = this.#head(settings, file instanceof Promise ? undefined : file)
    const error = connection === undefined ? sessionOver() : this.#refusedHere(settings, facts, body, options)
    const cursorOf = (loaded: typeof import('./body-cursor.ts') | undefined): Cursor =>
      loaded === undefined
        ? new WholeBody(whole ?? new Uint8Array())
        : new loaded.BodyCursor(body, settings.resumeFrom, settings, (it) => message.changed(it))
    const cursor = long instanceof Promise || file instanceof Promise ? undefined : cursorOf(long)
    // What throws has thrown by now: from here on there is a message.
    const message = new SentMessage(this, settings)
    this.#messages.set(message.messageId, message)
    if (cursor === undefined) {
      this.#loading++
      void Promise.all([long, file])
        .then(([loaded, name]) => {
          const named = file instanceof Promise ? this.#head(settings, name) : head
          message.open(cursorOf(loaded), named)
        })
        .catch((cause) => {
          message.fail(asMsrpError(cause, 'internal', 'The message could not be sent'))
          void closeContent(body)
        })
        .finally(() => this.#loaded())
    } else message.open(cursor, head)
    if (error !== undefined) message.lost(error)
    else if (signal?.aborted) message.abort(signal.reason)
    else if (connection !== undefined) this.#begin(message, connection)
    return message
  }

  /** A REPORT about a message (RFC 4975 §7.3.2). Those about unknown messages are ignored. */
  reported(
    messageId: string,
    status: number,
    comment: string,
    range: { start: number; end: number | undefined } | undefined,
  ): void {
    // Without Byte-Range it is about the whole message.
    const start = range === undefined ? 0 : range.start - 1
    const end = range?.end ?? Number.POSITIVE_INFINITY
    this.#messages.get(messageId)?.reported(status, comment, start, end)
  }

  /** Goes on over another connection. */
  move(connection: MsrpConnection<PendingRequest>): void {
    this.#connection = connection
    for (const message of [...this.#messages.values()]) if (!this.#waiting.has(message)) message.sendOver(connection)
  }

  /** Abandons what is large and not out, with `#`; resolves when the rest is out. */
  async finish(): Promise<void> {
    const rest: Promise<void>[] = []
    for (const message of [...this.#messages.values()]) {
      if (!message.out && !message.small) message.fail(sessionOver())
      rest.push(message.handedOver)
    }
    await Promise.all(rest)
  }

  /** Nothing can be sent any more. */
  end(error: MsrpError): void {
    for (const message of [...this.#messages.values()]) message.lost(error)
  }

  /** A receiver holds only so many unfinished messages (ours as many as we take), and refuses one more with 413. */
  #begin(message: SentMessage, connection: MsrpConnection<PendingRequest>): void {
    this.#connection = connection
    const { unfinishedMessages } = this.context.limits
    if (this.#loading > 0 || (!message.small && this.#underWay.size >= unfinishedMessages)) {
      this.#waiting.add(message)
      return
    }
    if (!message.small) {
      this.#underWay.add(message)
      void message.handedOver.then(() => this.#beginNext(message))
    }
    message.sendOver(connection)
  }

  #beginNext(out: SentMessage): void {
    this.#underWay.delete(out)
    // All that wait begin in their order when it is loaded.
    if (this.#loading > 0) return
    const [next] = this.#waiting
    if (next === undefined || this.#connection === undefined) return
    this.#waiting.delete(next)
    this.#begin(next, this.#connection)
  }

  /** What a message takes is there, or could not be loaded. */
  #loaded(): void {
    if (--this.#loading > 0) return
    for (const message of [...this.#waiting]) {
      this.#waiting.delete(message)
      if (this.#connection !== undefined) this.#begin(message, this.#connection)
    }
  }

  #settings(facts: ContentFacts, body: MessageBody, options: SendOptions): Settings {
    const { messageId, disposition, fileName, resumeFrom = 0 } = options
    const { unansweredChunks, unansweredBytes } = this.context.limits
    const chunkSize = options.chunkSize ?? this.#options.chunkSize
    if (chunkSize !== undefined && !(Number.isSafeInteger(chunkSize) && chunkSize >= WHOLE_CHUNK)) {
      throw unusable(`chunkSize ${chunkSize}: chunks have ${WHOLE_CHUNK} bytes or more (RFC 4975 §7.1.1)`)
    }
    if (messageId !== undefined && !isIdent(messageId)) throw unusable(`messageId "${messageId}"`)
    if (resumeFrom !== 0 && messageId === undefined) throw unusable('resumeFrom without messageId')
    if (!Number.isSafeInteger(resumeFrom) || resumeFrom < 0 || resumeFrom > (facts.size ?? resumeFrom)) {
      throw unusable(`resumeFrom ${resumeFrom}`)
    }
    const fields: Field[] = [...(options.fields ?? [])]
    const given = fields.filter(([name]) => /^content-disposition$/i.test(name))
    if ([disposition, fileName, ...given].filter((one) => one !== undefined).length > 1) {
      throw unusable('more than one disposition')
    }
    // There are peers that take no chunk without one; `render` is what its absence means (RFC 4975 §7.1.1).
    const usual = given.length > 0 || (facts.size !== undefined && facts.size <= WHOLE_CHUNK) ? undefined : 'render'
    const about = {
      messageId: messageId ?? newMessageId(this.context.platform.random),
      contentType: options.contentType ?? facts.contentType,
      successReport: options.successReport ?? true,
      failureReport: options.failureReport ?? 'yes',
    }
    const { contentType, successReport, failureReport } = about
    if (parseMediaType(contentType) === undefined) throw wrongArgument('contentType', 'type/subtype', contentType)
    if (typeof successReport !== 'boolean') throw wrongArgument('successReport', 'true or false', successReport)
    if (!/^(yes|partial|no)$/.test(failureReport)) {
      throw wrongArgument('failureReport', 'yes, partial or no', failureReport)
    }
    const smime = [contentType, ...(options.wrappedTypes ?? [])].find((type) => smimeTypeOf(type) !== undefined)
    if (smime !== undefined && facts.size === undefined) {
      throw unusable(`${smime} of unknown size: each chunk of S/MIME announces the size of all (RFC 8591 §8.2)`)
    }
    return {
      ...about,
      fields,
      disposition: disposition ?? usual,
      chunkSize,
      resumeFrom,
      unansweredChunks,
      unansweredBytes,
      answersExpected: failureReport === 'yes',
      size: facts.size,
      reportTimeout: this.#options.reportTimeout ?? REPORT_TIMEOUT,
      onProgress: options.onProgress,
      signal: options.signal,
      types: this.#typesIn(body, contentType, options.wrappedTypes),
    }
  }

  /** `file`: what Content-Disposition says where it is one. */
  #head(settings: Settings, file: string | undefined): ChunkHead {
    const disposition = file ?? settings.disposition
    const fields = [...settings.fields]
    if (disposition !== undefined) fields.push(['Content-Disposition', disposition])
    const reserved = fields.find(([name]) => RESERVED.has(name.toLowerCase()))
    if (reserved !== undefined) throw unusable(`the field ${reserved[0]}, which the library writes itself`)
    // RFC 4975 §7.1.1, §14.3: bodies travel as they are, and nothing says so.
    const encoding = fields.find(([name]) => /^content-transfer-encoding$/i.test(name))?.[1]
    if (encoding !== undefined) throw unusable(`the transfer encoding ${encoding}`)
    const { toPath, fromPath } = this.context
    return new ChunkHead({ ...settings, fields, toPath, fromPath })
  }

  #refusedHere(
    { contentType, messageId, types }: OutgoingSettings,
    facts: ContentFacts,
    body: MessageBody,
    options: SendOptions,
  ): MsrpError | undefined {
    const { peerAcceptTypes = ['*'], peerMaxMessageSize: most } = this.#options
    // RFC 4975 §8.6: only what the peer has signalled is sent.
    if (!acceptsType(peerAcceptTypes, contentType)) {
      const hint =
        bareType(peerAcceptTypes[0] ?? '') === 'message/cpim' ? '; with the option envelope it is wrapped' : ''
      return new MsrpError(
        'type-not-accepted',
        `The peer takes ${peerAcceptTypes.join(' ')}, not ${contentType}${hint}`,
      )
    }
    const unwanted = this.#unwantedInside(body, contentType, options.wrappedTypes)
    if (unwanted !== undefined) {
      return new MsrpError('type-not-accepted', `The peer does not take ${unwanted} inside of ${contentType}`)
    }
    if (this.#refusedTypes.has(types)) {
      return new MsrpError('type-not-accepted', `The peer has refused ${contentType} before (415)`, { status: 415 })
    }
    if (this.#stopped.get(messageId)) {
      return new MsrpError('refused', `The peer wants no more of the message ${messageId} (413)`, { status: 413 })
    }
    if (most !== undefined && facts.size !== undefined && facts.size > most) {
      return new MsrpError('too-large', `The message has ${facts.size} bytes, but the peer takes ${most} at most`)
    }
    return undefined
  }

  /** What is inside of a message and the peer has not listed: by `wrappedTypes`, else as far as it shows. */
  #unwantedInside(
    body: MessageBody,
    contentType: string,
    wrappedTypes: readonly string[] | undefined,
  ): string | undefined {
    const { peerAcceptTypes = ['*'], peerAcceptWrappedTypes, containers } = this.#options
    const accepted = takenInside(peerAcceptTypes, peerAcceptWrappedTypes)
    if (accepted.includes('*')) return undefined
    if (wrappedTypes !== undefined) return wrappedTypes.find((type) => !acceptsType(accepted, type))
    return (
      containers &&
      loadedBefore(this.context.platform.parts.options).unwantedIn(body, contentType, accepted, containers)
    )
  }

  /** What a 415 is about: the type of a message, and those inside of it, by `wrappedTypes`, else as far as it shows. */
  #typesIn(body: MessageBody, contentType: string, wrappedTypes: readonly string[] | undefined): string {
    const { containers } = this.#options
    const inside =
      wrappedTypes ??
      (containers && loadedBefore(this.context.platform.parts.options).typesInside(body, contentType, containers))
    return [contentType, ...(inside ?? [])].map(bareType).join(' ')
  }

  // ---- what the messages tell: see OutgoingRoom

  refused({ messageId, types }: SentMessage, status: number, error: MsrpError): void {
    // Of what everybody has to take a 415 is about something inside that did not show.
    if (status === 415 && !types.split(' ').every((type) => MANDATORY_TYPES.includes(type))) {
      this.#refusedTypes.add(types)
    }
    if (status === 413) this.#stopped.set(messageId, true)
    if (isSessionGone(status)) this.context.gone(error)
  }

  over(message: SentMessage): void {
    this.#messages.delete(message.messageId)
    this.#waiting.delete(message)
  }
}

const RESERVED: ReadonlySet<string> = new Set([
  'message-id',
  'byte-range',
  'success-report',
  'failure-report',
  'status',
  'content-type',
])

function sessionOver(): MsrpError {
  return new MsrpError('closed', 'The session is over')
}

function unusable(what: string): MsrpError {
  return new MsrpError('invalid-argument', `A message cannot be sent with ${what}`)
}
