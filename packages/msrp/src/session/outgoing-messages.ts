import type { Clock, MsrpConnection } from '../connection/index.ts'
import { smimeTypeOf } from '../mime/smime.ts'
import {
  type Field,
  formatContentDisposition,
  isIdent,
  MsrpError,
  type MsrpUri,
  newMessageId,
  type RandomBytes,
} from '../wire/index.ts'
import type { MessageBody } from './body.ts'
import type { CursorLimits } from './body-cursor.ts'
import { ChunkHead, type ChunkHeadParts } from './chunk-head.ts'
import { WHOLE_CHUNK } from './cursor.ts'
import { wantsEnvelope, wrapForPeer } from './envelope.ts'
import { SESSION_LIMITS } from './limits.ts'
import { acceptsType, bareType } from './media-types.ts'
import type { SendOptions, SessionOptions } from './options.ts'
import { type BodyFacts, factsOf } from './outgoing-body.ts'
import { type OutgoingSettings, SentMessage } from './outgoing-message.ts'
import type { Parts } from './parts.ts'
import type { PeerFacts } from './peer-facts.ts'
import type { PendingRequest } from './pending-request.ts'
import { RecentIds } from './recent-ids.ts'
import type { SessionCounts } from './statistics.ts'
import { WholeBody } from './whole-body.ts'
import { unwantedByPeer } from './wrapped-types.ts'

/** Default of `reportTimeout`, in milliseconds. */
const REPORT_TIMEOUT = 60_000

/** The session around its outgoing messages. */
export interface OutgoingMessagesRoom {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly parts: Parts
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
  readonly options: SessionOptions
  readonly counts: SessionCounts
  /** The peer says that there is no such session, or that it is bound to another connection. */
  disowned(error: MsrpError): void
}

/** How a message is sent, and what bounds its chunks. */
type Settings = OutgoingSettings & CursorLimits

/** The messages that a session sends: which are under way, and what the peer does not take. */
export class OutgoingMessages {
  readonly #room: OutgoingMessagesRoom
  #options: SessionOptions
  readonly #messages: Map<string, SentMessage> = new Map()
  /** Longer messages that are on their way, and those that wait for one of them to be out. */
  readonly #underWay: Set<SentMessage> = new Set()
  readonly #waiting: Set<SentMessage> = new Set()
  /** What long messages need is loaded; those that are sent meanwhile wait as well. */
  #loading = false
  #connection: MsrpConnection<PendingRequest> | undefined
  /** Media types that the peer answered 415 to, with those inside: RFC 4975 §10.6, not sent again in this session. */
  readonly #refusedTypes: Set<string> = new Set()
  /** Messages that the peer answered 413 to: RFC 4975 §10.5, no further chunk of them is sent. */
  readonly #stopped: RecentIds<true> = new RecentIds(256)

  constructor(room: OutgoingMessagesRoom) {
    this.#room = room
    this.#options = room.options
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
    const { body, options } = wrapForPeer(given, asked, this.#options)
    const facts = factsOf(body)
    const settings = this.#settings(facts, options)
    if (this.#messages.has(settings.messageId)) {
      throw new MsrpError('invalid-argument', `A message with the id ${settings.messageId} is being sent already`)
    }
    const { signal } = options
    const onAbort = (): void => message.abort(signal?.reason)
    const message = new SentMessage(
      {
        clock: this.#room.clock,
        refused: (it, status, error) => this.#refused(it, status, error, typesIn(settings.contentType, options)),
        counts: this.#room.counts,
        over: (it) => {
          signal?.removeEventListener('abort', onAbort)
          this.#messages.delete(it.messageId)
          this.#waiting.delete(it)
        },
      },
      settings,
    )
    this.#messages.set(message.messageId, message)
    const error = connection === undefined ? sessionOver() : this.#refusedHere(settings, facts, body, options)
    this.#open(message, body, facts, settings)
    signal?.addEventListener('abort', onAbort)
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
    const { unfinishedMessages } = { ...SESSION_LIMITS, ...this.#options.limits }
    if (this.#loading || (!message.small && this.#underWay.size >= unfinishedMessages)) {
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
    const [next] = this.#waiting
    if (next === undefined || this.#connection === undefined) return
    this.#waiting.delete(next)
    this.#begin(next, this.#connection)
  }

  /** Gives a message what reads its body. What is sent while that is loaded waits, so that messages keep their order. */
  #open(message: SentMessage, body: MessageBody, { bytes }: BodyFacts, settings: Settings): void {
    const { resumeFrom } = settings
    if (bytes !== undefined && bytes.length <= WHOLE_CHUNK && resumeFrom === 0) {
      message.open(new WholeBody(bytes))
      return
    }
    const open = ({ BodyCursor }: Awaited<ReturnType<Parts['longMessages']>>): void =>
      message.open(new BodyCursor(body, resumeFrom, settings, (error) => message.changed(error)))
    const part = this.#room.parts.longMessages()
    if (!(part instanceof Promise)) open(part)
    else {
      this.#loading = true
      void part.then(open, (error) => message.fail(error)).then(() => this.#loaded())
    }
  }

  #loaded(): void {
    this.#loading = false
    for (const message of [...this.#waiting]) {
      this.#waiting.delete(message)
      if (this.#connection !== undefined) this.#begin(message, this.#connection)
    }
  }

  #settings(facts: BodyFacts, options: SendOptions): Settings {
    const { messageId, disposition, fileName, resumeFrom = 0 } = options
    const { unansweredChunks, unansweredBytes } = { ...SESSION_LIMITS, ...this.#options.limits }
    const chunkSize = options.chunkSize ?? this.#options.chunkSize
    if (chunkSize !== undefined && !(Number.isSafeInteger(chunkSize) && chunkSize >= WHOLE_CHUNK)) {
      throw unusable(`chunkSize ${chunkSize}: chunks have ${WHOLE_CHUNK} bytes or more (RFC 4975 §7.1.1)`)
    }
    if (messageId !== undefined && !isIdent(messageId)) throw unusable(`messageId "${messageId}"`)
    if (resumeFrom !== 0 && messageId === undefined) throw unusable('resumeFrom without messageId')
    if (!Number.isSafeInteger(resumeFrom) || resumeFrom < 0 || resumeFrom > (facts.size ?? resumeFrom)) {
      throw unusable(`resumeFrom ${resumeFrom}`)
    }
    if (disposition !== undefined && fileName !== undefined) throw unusable('both disposition and fileName')
    const file =
      fileName === undefined ? undefined : formatContentDisposition({ type: 'attachment', filename: fileName })
    const fields: Field[] = [...(options.fields ?? [])]
    const given = fields.some(([name]) => /^content-disposition$/i.test(name))
    // There are peers that take no chunk without one; `render` is what its absence means (RFC 4975 §7.1.1).
    const usual = given || (facts.size !== undefined && facts.size <= WHOLE_CHUNK) ? undefined : 'render'
    const value = disposition ?? file ?? usual
    if (value !== undefined) fields.push(['Content-Disposition', value])
    const about = {
      messageId: messageId ?? newMessageId(this.#room.random),
      contentType: options.contentType ?? facts.contentType,
      successReport: options.successReport ?? true,
      failureReport: options.failureReport ?? 'yes',
    }
    const smime = [about.contentType, ...(options.wrappedTypes ?? [])].find((type) => smimeTypeOf(type) !== undefined)
    if (smime !== undefined && facts.size === undefined) {
      throw unusable(`${smime} of unknown size: each chunk of S/MIME announces the size of all (RFC 8591 §8.2)`)
    }
    return {
      ...about,
      head: this.#head({ ...about, fields }),
      chunkSize,
      resumeFrom,
      unansweredChunks,
      unansweredBytes,
      answersExpected: about.failureReport === 'yes',
      size: facts.size,
      reportTimeout: this.#options.reportTimeout ?? REPORT_TIMEOUT,
      onProgress: options.onProgress,
    }
  }

  // What cannot be written is found out here rather than when the first chunk is written, where nobody could be told.
  #head(parts: Omit<ChunkHeadParts, 'toPath' | 'fromPath'>): ChunkHead {
    const { contentType, fields } = parts
    if (contentType === '') throw unusable('an empty contentType')
    const reserved = fields.find(([name]) => RESERVED.has(name.toLowerCase()))
    if (reserved !== undefined) throw unusable(`the field ${reserved[0]}, which the library writes itself`)
    // RFC 4975 §7.1.1, §14.3: bodies travel as they are, and nothing says so.
    const encoding = fields.find(([name]) => /^content-transfer-encoding$/i.test(name))?.[1]
    if (encoding !== undefined) throw unusable(`the transfer encoding ${encoding}`)
    const { toPath, fromPath } = this.#room
    return new ChunkHead({ ...parts, toPath, fromPath })
  }

  #refusedHere(
    { contentType, messageId }: OutgoingSettings,
    facts: BodyFacts,
    body: MessageBody,
    options: SendOptions,
  ): MsrpError | undefined {
    const { peerAcceptTypes = ['*'], peerMaxMessageSize: most } = this.#options
    // RFC 4975 §8.6: only what the peer has signalled is sent.
    if (!acceptsType(peerAcceptTypes, contentType)) {
      const hint = wantsEnvelope(peerAcceptTypes, 'message/cpim') ? '; with the option envelope it is wrapped' : ''
      return new MsrpError(
        'type-not-accepted',
        `The peer takes ${peerAcceptTypes.join(' ')}, not ${contentType}${hint}`,
      )
    }
    const unwanted = unwantedByPeer(body, contentType, options.wrappedTypes, this.#options)
    if (unwanted !== undefined) {
      return new MsrpError('type-not-accepted', `The peer does not take ${unwanted} inside of ${contentType}`)
    }
    if (this.#refusedTypes.has(typesIn(contentType, options))) {
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

  #refused(message: SentMessage, status: number, error: MsrpError, types: string): void {
    if (status === 415) this.#refusedTypes.add(types)
    if (status === 413) this.#stopped.set(message.messageId, true)
    if (status === 481 || status === 506) this.#room.disowned(error)
  }
}

/** What a 415 is about: a peer that takes an envelope refuses what is inside. */
function typesIn(contentType: string, { wrappedTypes = [] }: SendOptions): string {
  return [contentType, ...wrappedTypes].map(bareType).join(' ')
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
