import { type Field, formatPath, MsrpError, type MsrpUri, type RequestHead } from '../wire/index.ts'
import type {
  Finished,
  FinishOptions,
  IncomingMessage,
  OutgoingMessage,
  Session,
  SessionEnd,
  SessionStatistics,
} from './api.ts'
import type { MessageBody } from './body.ts'
import type { CompletedMessages } from './completed-messages.ts'
import type { ConnectionUser, EndpointConnection } from './endpoint-connection.ts'
import { sendExtensionRequest } from './extension-request.ts'
import { finish } from './finish.ts'
import type { IdleWatch } from './idle-watch.ts'
import { Inbox } from './inbox.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import { loadedBefore } from './later.ts'
import { SESSION_LIMITS } from './limits.ts'
import type { NicknameRequests } from './nickname.ts'
import type { SendOptions, SessionOptions } from './options.ts'
import { OutgoingMessages } from './outgoing-messages.ts'
import type { PeerFacts, Renegotiable } from './peer-facts.ts'
import type { Platform } from './platform.ts'
import { Presence } from './presence.ts'
import { encodeReport } from './report.ts'
import type { SessionContext } from './session-context.ts'
import { SessionCounts } from './statistics.ts'

/** Default of `closeTimeout`, in milliseconds. */
const CLOSE_TIMEOUT = 5_000

/** What is around a session. */
export interface SessionRoom {
  readonly platform: Platform
  readonly options: SessionOptions
  readonly localUri: MsrpUri
  /** What the peer has of us. */
  readonly localPath: readonly MsrpUri[]
  /** What we have of the peer. */
  readonly remotePath: readonly MsrpUri[]
  /** To-Path of our requests and From-Path of the peer's: our relays, then `remotePath` (RFC 4976 §5.1). */
  readonly peerPath: readonly MsrpUri[]
  readonly completed: CompletedMessages
  /** See `SessionContext`. */
  readonly keep: SessionContext['keep']
  readonly kept: SessionContext['kept']
  ended(session: MsrpSession): void
}

/** A session on its connection: see `Session`. */
export class MsrpSession implements Session, ConnectionUser, Renegotiable {
  readonly localPath: string
  readonly remotePath: string
  readonly #room: SessionRoom
  readonly #inbox: Inbox
  readonly #outgoing: OutgoingMessages
  readonly #closed = Promise.withResolvers<SessionEnd>()
  readonly presence: Presence
  readonly #nicknames: NicknameRequests | undefined
  readonly #pauses: Set<object> = new Set()
  readonly #counts = new SessionCounts()
  #connection: EndpointConnection
  #state: 'open' | 'closing' | 'closed' = 'open'
  /** Nothing more is taken to send; what comes in is. */
  #finishing = false
  readonly #beganAt: number
  #closing: Promise<void> | undefined
  readonly #idle: IdleWatch | undefined

  constructor(room: SessionRoom, connection: EndpointConnection) {
    const { platform, options, localUri, peerPath } = room
    this.#room = room
    this.localPath = formatPath(room.localPath)
    this.remotePath = formatPath(room.remotePath)
    this.#connection = connection
    connection.use(this)
    const context: SessionContext = {
      platform,
      options,
      limits: { ...SESSION_LIMITS, ...options.limits },
      counts: this.#counts,
      toPath: peerPath,
      fromPath: [localUri],
      completed: room.completed,
      keep: room.keep,
      kept: room.kept,
      connection: () => this.#connection,
      gone: (error) => this.drop(error),
      pause: (reason) => {
        this.#pauses.add(reason)
        this.#connection.msrp.pauseReading(reason)
      },
      resume: (reason) => {
        this.#pauses.delete(reason)
        this.#connection.msrp.resumeReading(reason)
      },
      report: (request, report) => this.#report(request, report),
    }
    this.#inbox = new Inbox(context)
    this.#outgoing = new OutgoingMessages(context)
    this.presence = new Presence(context)
    const { onNickname } = options
    this.#nicknames = onNickname && new (loadedBefore(platform.parts.options).NicknameRequests)(onNickname)
    if (options.keepAlive !== undefined) this.presence.keepAlive(options.keepAlive)
    this.#beganAt = platform.clock.now()
    if (options.idleTimeout !== undefined) {
      const busy = (): boolean => this.#inbox.busy || this.#outgoing.size > 0
      const { IdleWatch } = loadedBefore(platform.parts.options)
      this.#idle = new IdleWatch(platform.clock, options.idleTimeout, busy, () => void this.close())
    }
  }

  get connection(): EndpointConnection {
    return this.#connection
  }

  get options(): SessionOptions {
    return this.#room.options
  }

  get peerPath(): readonly MsrpUri[] {
    return this.#room.peerPath
  }

  get secure(): boolean {
    return this.#connection.msrp.transport.secure
  }

  get state(): 'open' | 'closing' | 'closed' {
    return this.#finishing && this.#state === 'open' ? 'closing' : this.#state
  }

  get statistics(): SessionStatistics {
    const now = this.#room.platform.clock.now()
    const unconfirmed = this.#outgoing.unconfirmed
    const idle = now - this.#connection.msrp.lastActivity
    return this.#counts.snapshot({ unconfirmed, age: now - this.#beganAt, idle })
  }

  get closed(): Promise<SessionEnd> {
    return this.#closed.promise
  }

  peerSays(facts: PeerFacts): void {
    this.#outgoing.peerSays(facts)
  }

  send(body: MessageBody, options: SendOptions = {}): OutgoingMessage {
    this.#idle?.active()
    return this.#outgoing.send(body, options, this.state === 'open' ? this.#connection.msrp : undefined)
  }

  async sendRequest(method: string, fields: readonly Field[] = []): Promise<void> {
    if (this.#state !== 'open') throw new MsrpError('closed', 'The session is over')
    this.#idle?.active()
    const { localUri, peerPath: toPath } = this.#room
    await sendExtensionRequest(this.#connection.msrp, { method, fields, toPath, fromPath: [localUri] })
  }

  [Symbol.asyncIterator](): AsyncIterator<IncomingMessage> {
    return this.#inbox.queue
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  finish({ signal, incoming = false }: FinishOptions = {}): Promise<Finished> {
    this.#finishing = true
    return finish(this, this.#outgoing.all, incoming ? this.#inbox.quiet() : undefined, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The active side's first request, which binds the connection (RFC 4975 §5.4). Rejects when it is refused. */
  bind(): Promise<void> {
    return this.presence.bind()
  }

  /** Behind relays a peer leaves without a word. */
  peerLeft(): void {
    this.#end({ by: 'peer' }, new MsrpError('connection-lost', 'The peer has left'))
  }

  /** A request that belongs to this session, on its connection. */
  request(request: IncomingRequest): RequestReader {
    this.#idle?.active()
    if (request.head.method === 'REPORT') {
      this.#reported(request.head)
      return IGNORED
    }
    if (this.#state !== 'open') {
      return request.refuse(481)
    }
    if (request.head.method === 'SEND') return this.#inbox.send(request)
    if (request.head.method === 'NICKNAME' && this.#nicknames !== undefined) return this.#nicknames.request(request)
    // RFC 4975 §12: an unknown method is answered 501.
    return request.refuse(501)
  }

  /** The peer has come back over another connection, which takes the old one's place. */
  moveTo(connection: EndpointConnection): void {
    const old = this.#connection
    this.#connection = connection
    connection.use(this)
    for (const reason of this.#pauses) {
      connection.msrp.pauseReading(reason)
      old.msrp.resumeReading(reason)
    }
    this.#outgoing.move(connection.msrp)
    old.release(this)
  }

  connectionClosed(error: MsrpError | undefined): void {
    // A relay that closes its connection does not do so for the peer, which may still be there.
    const relayed = this.peerPath.length > 1
    const lost = error ?? new MsrpError('connection-lost', `The ${relayed ? 'relay' : 'peer'} closed the connection`)
    this.#end(error === undefined && !relayed ? { by: 'peer' } : { by: 'failure', error: lost }, lost)
  }

  drop(error: MsrpError = new MsrpError('connection-lost', 'The connection was given up here')): void {
    this.#end({ by: 'failure', error }, error)
  }

  async #close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closing'
    // A chunk that is still arriving is answered 481, in case the connection stays: its sender would go on otherwise.
    const over = new MsrpError('closed', 'The session was closed here', { status: 481 })
    const rest = Promise.all([this.#outgoing.finish(), this.#inbox.finish(over)])
    await new Promise<void>((resolve) => {
      const cancel = this.#room.platform.clock.after(this.#closeTimeout, resolve)
      void Promise.race([rest, this.#closed.promise]).then(() => {
        cancel()
        resolve()
      })
    })
    // Settles `closed` first, so that the connection's end is not taken for the peer's doing.
    this.#end({ by: 'local' }, over)
    // Nobody uses it any more, neither another session nor a path through a relay.
    if (!this.#connection.open) await this.#connection.gone
  }

  #end(end: SessionEnd, error: MsrpError): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#idle?.stop()
    this.presence.stop()
    this.#outgoing.end(error)
    this.#inbox.end(error, end.by === 'local')
    this.#connection.release(this, this.#closeTimeout)
    this.#room.ended(this)
    this.#closed.resolve(end)
  }

  #reported(head: RequestHead): void {
    const { messageId = '', status, byteRange } = head.fields
    // RFC 4975 §7.3.2: of other namespaces nothing is known.
    if (status?.namespace !== '000') return
    this.#counts.received.reports++
    if (this.presence.reported(messageId, status.code, status.comment)) return
    this.#outgoing.reported(messageId, status.code, status.comment, byteRange)
  }

  #report(request: IncomingRequest, report: Parameters<SessionContext['report']>[1]): void {
    // RFC 4975 §7.1.2: none for a session that is over. §7.1.4: failures only where they are wanted.
    if (this.#state === 'closed' || (report.status >= 300 && request.failureReport === 'no')) return
    const connection = this.#connection.msrp
    const { messageId } = request
    const { status, until, total, comment } = report
    this.#counts.sent.reports++
    const toPath = request.head.fields.fromPath
    const transactionId = connection.newTransactionId()
    const fromPath = [this.#room.localUri]
    connection.send(encodeReport({ transactionId, toPath, fromPath, messageId, status, until, total, comment }))
  }

  get #closeTimeout(): number {
    return this.#room.options.closeTimeout ?? CLOSE_TIMEOUT
  }
}
