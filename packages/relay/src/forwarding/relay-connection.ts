import {
  type Cancel,
  MsrpConnection,
  type MsrpConnectionHandler,
  type SentChunk,
  TransactionTable,
  type Transport,
} from 'msrp/connection'
import {
  ChunkParser,
  type ContinuationFlag,
  encodeShortResponse,
  MsrpError,
  type RequestHead,
  type ResponseHead,
} from 'msrp/wire'
import { encodeAnswer, encodeReport, isUnanswerable, shortComment } from './answers.ts'
import { BodyQueue } from './body-queue.ts'
import type { Counters } from './counters.ts'
import { FailedAuths } from './failed-auths.ts'
import { Flows } from './flows.ts'
import type { HandshakeUser } from './handshake-user.ts'
import { HeldSources } from './held-sources.ts'
import { HeldTime } from './held-time.ts'
import { chunkFlaw, type InboundChunk } from './inbound-chunk.ts'
import type { Pace, Paced } from './limits/pace.ts'
import { NonceCounts } from './nonce.ts'
import type { Pending } from './pending.ts'
import type { Refusal } from './policy/refusal.ts'
import { Probation } from './probation.ts'
import type { SentPart } from './sent-part.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import type { SiblingEnd } from './siblings.ts'
import type { Token } from './token.ts'
import { LEAST_PER_CONNECTION, type TotalBuffer } from './total-buffer.ts'
import { UnansweredRequests } from './unanswered-requests.ts'
import { WatchedRequests } from './watched-requests.ts'

/** Nonces whose counts one connection remembers: a gateway may ask for many challenges before it answers the first. */
const NONCES = 256

/** Requests, and bytes of their heads, that may wait for the far end's responses; then these set the pace. */
const UNANSWERED = 2048
const UNANSWERED_BYTES = 4 * 1024 * 1024

/** Bytes of heads that may wait while we do not read the responses ourselves; then the oldest is given up. */
const UNREAD_BYTES = 16 * 1024 * 1024

/** Bytes of requests of which only a refusal would be answered that are remembered; then the oldest is forgotten. */
const WATCHED_BYTES = 2 * 1024 * 1024

/**
 * Bytes that may be out without an answer where the far end may be a browser: it reads whether its page wants more or not,
 * so that answers alone tell how much it can take.
 */
const UNANSWERED_BY_MESSAGES = 1024 * 1024

/** How long what is queued may take to go out when a connection is closed, in milliseconds. */
const CLOSING_TIME = 30_000

const NOTHING: Cancel = () => {}

/** What a connection hands on to the relay. */
export interface RelayRequests {
  /** The head of a SEND: what becomes of it, or undefined when it was refused or dropped. */
  send(head: RequestHead, from: RelayConnection): InboundChunk | undefined
  /** A whole request of another method. */
  request(head: RequestHead, body: Uint8Array, flag: ContinuationFlag, from: RelayConnection): void
  gone(connection: RelayConnection, error: MsrpError | undefined): void
}

export interface RelayConnectionOptions {
  id: number
  transport: Transport
  /** DNS names of the far side's verified certificate. */
  certificateNames: readonly string[]
  /** True when the far side connected to us. */
  inbound: boolean
  /** The session that we made the connection for, if it is for one alone. */
  madeFor?: Token | undefined
  /** Who has logged in before any MSRP (RFC 7977 §5.3.1). */
  user?: HandshakeUser | undefined
  /** What it is, when another worker of this relay is at its far end. */
  sibling?: SiblingEnd | undefined
  relay: RelayRequests
  platform: RelayPlatform
  settings: RelaySettings
  counters: Counters
  total: TotalBuffer
}

/** One connection of the relay, with a client, a peer or another relay at its far end. */
export class RelayConnection implements MsrpConnectionHandler<Pending>, Paced {
  readonly id: number
  readonly inbound: boolean
  readonly connection: MsrpConnection<Pending>
  /** Names by which the far side has proved to be a relay; lower case (RFC 4976 §6.3). */
  readonly relayNames: readonly string[]
  /** Who has logged in before any MSRP (RFC 7977 §5.3.1). */
  readonly user: HandshakeUser | undefined
  readonly sibling: SiblingEnd | undefined
  /** Siblings that get requests from here. */
  passed = 0
  /** Tokens that the client at the far end holds. */
  readonly tokens: Set<Token> = new Set()
  /** Tokens under which the far end is a peer's connection. */
  readonly peerOf: Set<Token> = new Set()
  /** What comes in here and leaves elsewhere. */
  readonly flows: Flows
  /** Requests other than SEND that the far end has not answered. */
  readonly requests: UnansweredRequests = new UnansweredRequests()
  /** What all connections keep together. */
  readonly total: TotalBuffer
  /** SEND requests that came in here, and that went out. */
  chunksReceived = 0
  chunksSent = 0
  /** Messages, or chunks of them, that the flows from here keep. */
  passages = 0
  #kept = 0
  #owed = 0
  #watched = 0
  readonly nonceCounts: NonceCounts = new NonceCounts(NONCES)
  readonly counters: Counters
  readonly failedAuths: FailedAuths
  /** Settles when all AUTHs so far are answered. */
  authenticating: Promise<void> = Promise.resolve()
  readonly #madeFor: Token | undefined
  /** The far end is a relay with which connections are shared. */
  readonly #sharedByName: boolean
  readonly #relay: RelayRequests
  /** Made when it is needed: hardly anybody sends such requests. */
  #refusable: WatchedRequests | undefined
  readonly #clock: RelayPlatform['clock']
  /** Undefined once a request of the far side has succeeded, and where none has to. */
  #probation: Probation | undefined
  readonly #held: HeldSources = new HeldSources(this)
  /** Made when it is needed: most connections are always read. */
  #heldTime: HeldTime | undefined
  /** Cuts the connection off when closing it in order takes too long. */
  #closing: Cancel = NOTHING
  #arriving: InboundChunk | { head: RequestHead; body: BodyQueue } | undefined

  constructor(options: RelayConnectionOptions) {
    const { transport, platform, settings } = options
    this.id = options.id
    this.inbound = options.inbound
    this.sibling = options.sibling
    this.relayNames = options.certificateNames.map((name) => name.toLowerCase())
    this.user = options.user
    this.counters = options.counters
    this.total = options.total
    this.failedAuths = new FailedAuths(platform.hash)
    this.flows = new Flows(platform.clock, options.total)
    this.#madeFor = options.madeFor
    this.#sharedByName = settings.sharedConnectionsTo.some((host) => this.relayNames.includes(host))
    this.#relay = options.relay
    this.#clock = platform.clock
    this.connection = new MsrpConnection<Pending>({
      transport,
      clock: platform.clock,
      random: platform.random,
      handler: this,
      reader: ChunkParser,
      table: TransactionTable,
      limits: settings.limits,
    })
    if (options.inbound) {
      this.connection.stranger = true
      this.#probation = new Probation(platform.clock, settings.probation, () => this.connection.fail(undefined))
    }
  }

  /** No session needs it. */
  get unused(): boolean {
    const unused = this.tokens.size === 0 && this.peerOf.size === 0 && this.passed === 0
    return unused && (this.#madeFor?.ended ?? true)
  }

  /** Bytes that the flows from here keep, REQUEST_OVERHEAD for each passage among them. */
  get kept(): number {
    return this.#kept
  }

  set kept(bytes: number) {
    this.total.kept += bytes - this.#kept
    this.#kept = bytes
  }

  /** Bytes that are counted for requests which the far end has not answered. */
  get owed(): number {
    return this.#owed
  }

  set owed(bytes: number) {
    this.total.kept += bytes - this.#owed
    this.#owed = bytes
  }

  /** The same of those that the far end answers only when it refuses them. */
  get watched(): number {
    return this.#watched
  }

  set watched(bytes: number) {
    this.total.kept += bytes - this.#watched
    this.#watched = bytes
  }

  /** Something that came in here is under way, or something that leaves here has not been taken or answered. */
  get busy(): boolean {
    const { transactions, transport } = this.connection
    return transactions.size > 0 || transport.bufferedBytes > 0 || [...this.flows].some((flow) => flow.busy)
  }

  /** It was made for one session alone. */
  get dedicated(): boolean {
    return this.#madeFor !== undefined
  }

  /** The far end is a relay with which all sessions share it: it is read, whoever has to wait. */
  get sharedByName(): boolean {
    return this.#sharedByName
  }

  /**
   * It carries several sessions, or may at any moment: if it were not read for the sake of one, the others could not even
   * begin.
   */
  get shared(): boolean {
    // All that comes from a sibling like that leads to one place.
    if (this.sibling?.kind === 'passage') return false
    const sessions = this.peerOf.size + this.passed
    return this.flows.size > 1 || this.#sharedByName || (this.relayNames.length > 0 && sessions > 1)
  }

  /**
   * The far end owes so many answers that it gets no more chunks at present. While it is not read it cannot give them, so
   * that nobody may wait for them: two who send each other much would wait for each other for ever.
   */
  get congested(): boolean {
    const { reading, transactions, outbox, transport } = this.connection
    const unansweredSince = transactions.oldestPosition ?? outbox.position
    if (transport.messages !== undefined && outbox.position - unansweredSince >= UNANSWERED_BY_MESSAGES) return reading
    const most = this.total.full ? LEAST_PER_CONNECTION : UNANSWERED_BYTES
    return reading && (transactions.size >= UNANSWERED || this.owed >= most)
  }

  /** Remembers a part of a chunk that went out, until it is answered. */
  expectAnswer(part: SentPart, { transactionId, position }: SentChunk): void {
    part.owed(this)
    this.connection.remember(transactionId, part, position)
    if (this.owed > (this.total.full ? LEAST_PER_CONNECTION : UNREAD_BYTES)) {
      this.connection.transactions.shift()?.unanswered(408, 'the next hop leaves too much unanswered')
    }
  }

  /** Remembers a part of a chunk that went out, and would be answered only with a refusal, for as long as there is room. */
  expectRefusal(part: SentPart, { transactionId, position }: SentChunk): void {
    part.watched(this)
    this.connection.forget(transactionId)
    this.#refusable ??= new WatchedRequests(this.#clock)
    this.#refusable.add(transactionId, part, position)
    const most = this.total.full ? LEAST_PER_CONNECTION : WATCHED_BYTES
    while (this.watched > most && this.#refusable.forgetOldest());
  }

  /** What comes from `source` leaves here: it is not read on while more waits than the far end takes. */
  hold(source: RelayConnection): void {
    this.#held.hold(source)
  }

  /** It is not read until `resumeReading`; whoever sends there need not wait for answers that are not read. */
  pauseReading(reason: unknown): void {
    this.#heldTime ??= new HeldTime(this.#clock)
    this.#heldTime.hold(reason)
    this.connection.pauseReading(reason)
    this.connection.wake()
  }

  resumeReading(reason: unknown): void {
    this.#heldTime?.letGo(reason)
    this.connection.resumeReading(reason)
  }

  /** Milliseconds in which it was not read, whatever the far end had sent, since it began. */
  get heldTime(): number {
    return this.#heldTime?.total ?? 0
  }

  /** Is not read until a pace lets it; `bulk` as in `Pace.wait`. */
  keepPace(pace: Pace, bulk: boolean): void {
    if (pace.wait(this, bulk)) this.counters.pauses++
    this.pauseReading(pace)
  }

  paceOver(pace: Pace): void {
    this.resumeReading(pace)
  }

  /** Nothing that comes from `source` waits here any more, or others would wait with it. */
  letGo(source: RelayConnection): void {
    this.#held.letGo(source)
  }

  taken(): void {
    this.#held.taken()
    this.#refusable?.taken(this.connection.takenBytes)
  }

  /** A request of the far side succeeded. */
  prove(): void {
    if (this.#probation === undefined) return
    this.#probation.stopWaiting()
    this.#probation = undefined
    this.connection.stranger = false
  }

  /** A sibling gets requests from here: it is for that one to say how long it waits for the first that succeeds. */
  entrust(): void {
    this.#probation?.stopWaiting()
  }

  /** A sibling that got requests from here has closed, or is gone. Who has nothing to show goes as well. */
  forsake(): void {
    if (this.#probation !== undefined) this.close()
  }

  /** Closes it once what is queued is out, or after a while. */
  close(): void {
    if (!this.connection.open) return
    this.connection.close()
    this.#probation?.stopWaiting()
    this.#closing()
    this.#closing = this.#clock.after(CLOSING_TIME, () => this.connection.fail(undefined))
  }

  request(head: RequestHead): void {
    // Could not be answered any more.
    if (!this.connection.open) return
    this.counters.request(head.method)
    if (head.method !== 'SEND') {
      this.#arriving = { head, body: new BodyQueue() }
      return
    }
    this.chunksReceived++
    const flaw = chunkFlaw(head)
    if (flaw !== undefined) {
      this.refuse(head, 400, flaw)
      return
    }
    this.#arriving = this.#relay.send(head, this)
  }

  requestBody(bytes: Uint8Array, plain: boolean): void {
    const arriving = this.#arriving
    if (arriving === undefined) return
    if ('flow' in arriving) arriving.flow.push(arriving, bytes, plain)
    else arriving.body.push(bytes)
  }

  endOfRead(): void {
    const arriving = this.#arriving
    if (arriving !== undefined && 'flow' in arriving) arriving.flow.keep(arriving)
  }

  requestEnd(flag: ContinuationFlag): void {
    const arriving = this.#arriving
    this.#arriving = undefined
    if (arriving === undefined) return
    if ('flow' in arriving) arriving.flow.end(arriving, flag)
    else this.#relay.request(arriving.head, arriving.body.takeAll(), flag, this)
  }

  response(head: ResponseHead, pending: Pending): void {
    this.counters.responsesReceived.add(head.status)
    // A sibling has let the far end of the other connection in.
    if (this.sibling?.kind === 'passage' && head.status === 200) this.sibling.near.prove()
    pending.answered(head)
    this.connection.wake()
  }

  stray(head: ResponseHead): void {
    const pending = this.#refusable?.complete(head.transactionId)
    if (pending !== undefined) this.response(head, pending)
  }

  timeout(pending: Pending): void {
    pending.unanswered(408, 'the next hop did not answer within 30 seconds')
    this.connection.wake()
  }

  unsent(pending: Pending): void {
    pending.unanswered(481, 'the connection to the next hop was lost')
  }

  closed(error: MsrpError | undefined, unanswered: Pending[]): void {
    this.#probation?.stopWaiting()
    this.#closing()
    const lost = [...unanswered, ...(this.#refusable?.drain() ?? [])]
    for (const pending of lost) pending.unanswered(481, 'the connection to the next hop was lost')
    this.#held.end()
    this.flows.finish()
    this.#relay.gone(this, error)
  }

  /** Answers a request with an error, unless it is one that gets no answer. */
  refuse(head: RequestHead, status: number, comment?: string): void {
    if (!isUnanswerable(head)) this.respond(head, status, comment)
    this.#countRefusal()
  }

  /** The same of what the operator does not let pass. */
  refuseByPolicy(head: RequestHead, { status, comment, counter }: Refusal): void {
    this.counters.policyRefusals[counter]++
    this.refuse(head, status, comment)
  }

  /** Answers a request with an error after all, when it had been forwarded and waited for its response. */
  refuseLate(head: RequestHead, status: number, comment: string): void {
    this.counters.responsesSent.add(status)
    this.queue(encodeAnswer(head, status, comment))
    this.#countRefusal()
  }

  #countRefusal(): void {
    if (this.relayNames.length === 0 && this.#probation?.refused()) this.close()
  }

  /** Sends a response: for SEND to the previous hop, else all the way back (RFC 4975 §7.2). */
  respond(head: RequestHead, status: number, comment?: string, fields?: [name: string, value: string][]): void {
    this.counters.responsesSent.add(status)
    this.connection.send(encodeAnswer(head, status, comment, fields))
  }

  /** Answers a chunk that is still arriving, and does not get through. */
  turnDown({ transactionId, flow }: InboundChunk, status: number, comment?: string): void {
    this.counters.responsesSent.add(status)
    this.connection.send(encodeShortResponse(transactionId, status, flow.answerPaths, shortComment(comment)))
  }

  /** Tells the sender of a chunk, in a REPORT, that it did not get through (RFC 4976 §6.4.1). */
  report(chunk: InboundChunk, status: number, comment?: string): void {
    const { messageId } = chunk
    if (messageId === undefined) return
    this.counters.reportsSent++
    this.counters.ownReports.add(status)
    this.queue(encodeReport(chunk, messageId, this.connection.newTransactionId(), status, comment))
  }

  /**
   * Sends a REPORT, or the answer to a request that was kept until now. When a next hop dies all that it owed comes at
   * once, which is no fault of those whose sessions share this connection: they are not cut off for it, and their responses
   * go first. A client that leaves too much of it waiting is not read; another relay is, since two that do not read each
   * other would wait for ever.
   */
  queue(bytes: Uint8Array): void {
    const { connection, total } = this
    total.outgoing += bytes.byteLength
    connection.queue(bytes, { hold: this.relayNames.length === 0 })
    if (total.full && connection.outbox.queuedBytes > UNANSWERED_BYTES) {
      connection.fail(new MsrpError('limit-exceeded', `${connection.transport.description} does not read its REPORTs`))
    }
  }
}
