import { MsrpError, type MsrpUri } from '../wire/index.ts'
import type { Session } from './api.ts'
import type { CompletedMessages } from './completed-messages.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import { MessageQueue } from './message-queue.ts'
import { Newcomer } from './newcomer.ts'
import type { SessionOptions } from './options.ts'
import type { Platform } from './platform.ts'
import { MsrpSession } from './session.ts'
import type { SessionContext } from './session-context.ts'

/** The endpoint around a local path. */
export interface LocalPathRoom {
  readonly platform: Platform
  readonly direct: DirectPeers | undefined
  readonly completed: CompletedMessages
  /** What to do with messages of which a broken session brought a part: see `SessionContext`. */
  readonly keep: SessionContext['keep']
  readonly kept: SessionContext['kept']
}

/** A peer that is expected: `complete` on the passive side. */
interface Expected {
  readonly remotePath: readonly MsrpUri[]
  readonly options: SessionOptions
  settle(session: MsrpSession): void
  reject(error: MsrpError): void
}

/** How many of the sessions that have ended a path remembers. */
const MOST_ENDED = 16

/** One path that was given out, and the sessions on it: a session is known by our URI and the peer's path. */
export class LocalPath {
  readonly uri: MsrpUri
  readonly options: SessionOptions
  /** Whoever sends first becomes the peer. */
  readonly open: boolean
  /** Sessions that came by themselves, for `sessions()`. */
  readonly arrived: MessageQueue<MsrpSession, Session> = new MessageQueue<MsrpSession, Session>((session) => session)
  readonly #room: LocalPathRoom
  readonly #admits: (connection: EndpointConnection) => boolean
  readonly #onEmpty: () => void
  readonly #sessions: Set<MsrpSession> = new Set()
  readonly #expected: Set<Expected> = new Set()
  /** The latest that have ended: their peers may not have noticed, and must not begin others with the rest of a message. */
  #ended: Pick<MsrpSession, 'peerPath' | 'connection'>[] = []
  /** Who wants the place of the peer that is there, while that one is asked. */
  #newcomer: Newcomer | undefined
  #relays: readonly MsrpUri[] = []
  /** Those before the latest change: a peer that was given that path may come over it until it expires. */
  #formerRelays: readonly MsrpUri[] = []
  #closed = false

  constructor(
    room: LocalPathRoom,
    options: {
      uri: MsrpUri
      session: SessionOptions
      open: boolean
      /** Whether a peer may come over this connection. */
      admits: (connection: EndpointConnection) => boolean
      /** The last session has ended. */
      onEmpty: () => void
    },
  ) {
    this.#room = room
    this.uri = options.uri
    this.options = options.session
    this.open = options.open
    this.#admits = options.admits
    this.#onEmpty = options.onEmpty
  }

  /** Our relays, nearest first. */
  get relays(): readonly MsrpUri[] {
    return this.#relays
  }

  set relays(relays: readonly MsrpUri[]) {
    this.#formerRelays = this.#relays.length === 0 ? relays : this.#relays
    this.#relays = relays
  }

  /** The path for the SDP, outermost relay first (RFC 4976 §5.1). */
  get path(): readonly MsrpUri[] {
    return [...this.relays].reverse().concat(this.uri)
  }

  get sessions(): ReadonlySet<MsrpSession> {
    return this.#sessions
  }

  /** Makes a session with a peer, on its connection. `peerPath` as the peer came, if it came to us. */
  start(
    remotePath: readonly MsrpUri[],
    options: SessionOptions,
    connection: EndpointConnection,
    peerPath: readonly MsrpUri[] = [...this.relays, ...remotePath],
  ): MsrpSession {
    const session = new MsrpSession(
      {
        platform: this.#room.platform,
        options,
        localUri: this.uri,
        localPath: this.path,
        remotePath,
        peerPath,
        completed: this.#room.completed,
        keep: this.#room.keep,
        kept: this.#room.kept,
        ended: (ended) => {
          this.#sessions.delete(ended)
          this.#remember(ended)
          if (this.#sessions.size === 0) this.#onEmpty()
        },
      },
      connection,
    )
    this.#sessions.add(session)
    return session
  }

  /** Waits for the first request of a peer. @throws MsrpError `aborted`, `closed` */
  expect(
    remotePath: readonly MsrpUri[],
    options: SessionOptions,
    signal: AbortSignal | undefined,
  ): Promise<MsrpSession> {
    const { promise, resolve, reject } = Promise.withResolvers<MsrpSession>()
    const onAbort = (): void => {
      this.#expected.delete(expected)
      reject(new MsrpError('aborted', 'Waiting for the peer was given up', { cause: signal?.reason }))
    }
    const expected: Expected = { remotePath, options, settle: resolve, reject }
    this.#expected.add(expected)
    this.#giveUps.add(reject)
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => {
      signal?.removeEventListener('abort', onAbort)
      this.#giveUps.delete(reject)
    })
  }

  readonly #giveUps: Set<(error: MsrpError) => void> = new Set()

  /** Finds the session that a request belongs to, or answers the request (RFC 4975 §5.4, §7.3). */
  route(request: IncomingRequest, connection: EndpointConnection): RequestReader {
    const from = request.head.fields.fromPath
    for (const session of this.#sessions) {
      if (this.#samePeer(session.peerPath, from)) return this.#known(session, request, connection)
    }
    if (request.head.method === 'REPORT') return this.#relayReports(request, connection)
    const mayBegin = request.head.method === 'SEND' && !this.#closed && this.#admits(connection)
    const expected = mayBegin && [...this.#expected].find(({ remotePath }) => this.#comesFrom(remotePath, from))
    if (!expected && this.#isOver(from, connection)) {
      request.respond(481)
      return IGNORED
    }
    const first = mayBegin && this.open && this.#sessions.size === 0
    const wanted = expected || (mayBegin && this.open ? this : undefined)
    if (wanted && !this.#trusts(wanted.options, connection)) return this.#distrust(request, connection, wanted)
    if ((expected || first) && request.flaw !== undefined) return request.refuseFlaw()
    const begins = mayBegin && request.flaw === undefined
    if (begins && this.#newcomer?.sent(request, connection)) return this.#newcomer.hold(request)
    if (expected) {
      this.#expected.delete(expected)
      const started = this.start(from.slice(this.relays.length), expected.options, connection, from)
      expected.settle(started)
      return started.request(request)
    }
    if (first) return this.#first(from, connection).request(request)
    if (begins && this.open && this.#newcomer === undefined) return this.#challenge(request, connection)
    const taken = this.open || [...this.#sessions].some((live) => live.connection !== connection)
    request.respond(taken && this.#sessions.size > 0 ? 506 : 481)
    return IGNORED
  }

  /** Takes no further peers; sessions go on. */
  close(error: MsrpError): void {
    if (this.#closed) return
    this.#closed = true
    this.#expected.clear()
    for (const giveUp of this.#giveUps) giveUp(error)
    this.arrived.end()
    if (this.#sessions.size === 0) this.#onEmpty()
  }

  #known(session: MsrpSession, request: IncomingRequest, connection: EndpointConnection): RequestReader {
    if (session.connection === connection)
      return request.flaw === undefined ? session.request(request) : request.refuseFlaw()
    if (!this.#trusts(session.options, connection)) return this.#distrust(request, connection)
    // RFC 4975 §7.3: only the session's own connection counts; but its peer may have to come back over another one.
    const moves = request.head.method === 'SEND' && session.mayMoveTo(connection) && this.#admits(connection)
    if (moves && request.flaw === undefined) {
      session.moveTo(connection)
      return session.request(request)
    }
    request.respond(506)
    return IGNORED
  }

  /** Whether the far side of a connection has shown the certificate that the peer has to have. */
  #trusts(options: SessionOptions, connection: EndpointConnection): boolean {
    return this.#room.direct?.trusts(options, connection) ?? true
  }

  /**
   * The peer has not shown the certificate that it announced: its session is torn down at once, without a word (RFC 4975
   * §14.4). A connection that other sessions use, which trust it, stays.
   */
  #distrust(request: IncomingRequest, connection: EndpointConnection, wanted?: Expected | LocalPath): RequestReader {
    const error = this.#room.direct?.wrongCertificate(connection)
    if (wanted !== undefined && 'reject' in wanted && error !== undefined) {
      this.#expected.delete(wanted)
      wanted.reject(error)
    }
    if (connection.used) request.respond(403)
    else connection.msrp.fail(error)
    return IGNORED
  }

  /**
   * A REPORT that a relay on the way has written: its From-Path ends with that relay (RFC 4976 §6.4.1). The Message-ID
   * tells which session it is about; to the others it means nothing.
   */
  #relayReports(request: IncomingRequest, connection: EndpointConnection): RequestReader {
    if (request.flaw !== undefined) return IGNORED
    const from = request.head.fields.fromPath
    for (const session of [...this.#sessions]) {
      const { peerPath } = session
      const onTheWay = from.length < peerPath.length && from.every((uri, index) => peerPath[index]?.equals(uri))
      if (onTheWay && session.connection === connection) session.request(request)
    }
    return IGNORED
  }

  /** The first to send becomes the peer. */
  #first(from: readonly MsrpUri[], connection: EndpointConnection): MsrpSession {
    // What stands before the peer's own path are our relays (RFC 4976 §5.1).
    const session = this.start(from.slice(this.relays.length), this.options, connection, from)
    this.arrived.push(session)
    return session
  }

  /**
   * Another peer wants the place of the one that is there. Behind a relay nobody tells that a peer has left, so that one is
   * asked before the other gets its 506.
   */
  #challenge(request: IncomingRequest, connection: EndpointConnection): RequestReader {
    const from = request.head.fields.fromPath
    const newcomer = new Newcomer(from, connection)
    this.#newcomer = newcomer
    const decide = async (): Promise<void> => {
      const live = await Promise.all([...this.#sessions].map((session) => session.probe()))
      this.#newcomer = undefined
      const taken = live.some(Boolean) || this.#sessions.size > 0
      if (taken || newcomer.refused || this.#closed || !connection.open) {
        newcomer.refuse()
        return
      }
      const session = this.#first(from, connection)
      newcomer.admit((held) => session.request(held))
    }
    void decide()
    return newcomer.hold(request)
  }

  #remember({ peerPath, connection }: MsrpSession): void {
    const latest = this.#ended.filter((ended) => ended.connection.open).slice(1 - MOST_ENDED)
    this.#ended = connection.open ? [...latest, { peerPath, connection }] : latest
  }

  #isOver(from: readonly MsrpUri[], connection: EndpointConnection): boolean {
    return this.#ended.some((ended) => ended.connection === connection && this.#samePeer(ended.peerPath, from))
  }

  #comesFrom(remotePath: readonly MsrpUri[], from: readonly MsrpUri[]): boolean {
    return [this.#relays, this.#formerRelays].some((relays) => this.#samePeer([...relays, ...remotePath], from))
  }

  #samePeer(path: readonly MsrpUri[], from: readonly MsrpUri[]): boolean {
    if (this.options.sessmatch !== true) {
      return path.length === from.length && path.every((uri, index) => from[index]?.equals(uri))
    }
    const [peer, sender] = [path.at(-1), from.at(-1)]
    return peer?.scheme === sender?.scheme && peer?.sessionId === sender?.sessionId
  }
}
