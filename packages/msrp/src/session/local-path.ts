import type { MsrpError, MsrpUri } from '../wire/index.ts'
import { samePath } from '../wire/uri-path.ts'
import { unlessAborted } from './abortable.ts'
import type { Session } from './api.ts'
import type { CompletedMessages } from './completed-messages.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import { LateReader } from './late-reader.ts'
import { MessageQueue } from './message-queue.ts'
import type { Newcomers } from './newcomers.ts'
import type { PrepareOptions, SessionOptions } from './options.ts'
import type { Platform } from './platform.ts'
import { pathForSdp } from './relay-client/index.ts'
import { MsrpSession } from './session.ts'
import type { SessionContext } from './session-context.ts'
import type { Way } from './way.ts'

/** What is around a local path. */
export interface LocalPathRoom {
  readonly platform: Platform
  readonly way: Way
  readonly uri: MsrpUri
  readonly options: PrepareOptions
  readonly completed: CompletedMessages
  /** What to do with messages of which a broken session brought a part: see `SessionContext`. */
  readonly keep: SessionContext['keep']
  readonly kept: SessionContext['kept']
  /** The last session has ended. */
  empty(): void
}

/** A peer that is expected: `complete` on the passive side. */
interface Expected {
  readonly remotePath: readonly MsrpUri[]
  readonly options: SessionOptions
  settle(session: MsrpSession): void
  reject(error: MsrpError): void
}

/** A newcomer waits no longer for what knows of newcomers to be loaded: others may use its connection. Milliseconds. */
const LOADING_TIMEOUT = 5_000

/** How many of the sessions that have ended a path remembers. */
const MOST_ENDED = 16

/** One path that was given out, and the sessions on it: a session is known by our URI and the peer's path. */
export class LocalPath {
  /** Whoever sends first becomes the peer. */
  readonly open: boolean
  /** Sessions that came by themselves, for `sessions()`. */
  readonly arrived: MessageQueue<MsrpSession, Session> = new MessageQueue<MsrpSession, Session>((session) => session)
  readonly #room: LocalPathRoom
  readonly #sessions: Set<MsrpSession> = new Set()
  readonly #expected: Set<Expected> = new Set()
  /** The latest that have ended: their peers may not have noticed, and must not begin others with the rest of a message. */
  #ended: Pick<MsrpSession, 'peerPath' | 'connection'>[] = []
  /** Who wants the place of the peer that is there, once there was somebody who does. */
  #newcomers: Newcomers | undefined
  /** That is being loaded; what waits for it, unless it takes too long. */
  #loading = false
  #early: (() => void)[] = []
  #closed = false

  constructor(room: LocalPathRoom) {
    this.#room = room
    this.open = room.options.remotePath === 'first'
  }

  get uri(): MsrpUri {
    return this.#room.uri
  }

  get options(): SessionOptions {
    return this.#room.options
  }

  get platform(): Platform {
    return this.#room.platform
  }

  /** The path for the SDP. */
  get path(): readonly MsrpUri[] {
    return pathForSdp(this.#room.way.relays, this.uri)
  }

  /** Whether it takes no further peers. */
  get closed(): boolean {
    return this.#closed
  }

  get sessions(): ReadonlySet<MsrpSession> {
    return this.#sessions
  }

  /** Makes a session with a peer, on its connection. `peerPath` as the peer came, if it came to us. */
  start(
    remotePath: readonly MsrpUri[],
    options: SessionOptions,
    connection: EndpointConnection,
    peerPath: readonly MsrpUri[] = [...this.#room.way.relays, ...remotePath],
  ): MsrpSession {
    const session = new MsrpSession(
      {
        ...this.#room,
        options,
        localUri: this.uri,
        localPath: this.path,
        remotePath,
        peerPath,
        ended: (ended) => {
          this.#sessions.delete(ended)
          this.#remember(ended)
          if (this.#sessions.size === 0) this.#room.empty()
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
    const expected: Expected = { remotePath, options, settle: resolve, reject }
    this.#expected.add(expected)
    return unlessAborted(promise, signal, 'Waiting for the peer').finally(() => this.#expected.delete(expected))
  }

  /** Finds the session that a request belongs to, or answers the request (RFC 4975 §5.4, §7.3). `held`: it has waited already. */
  route(request: IncomingRequest, connection: EndpointConnection, held: boolean = false): RequestReader {
    const from = request.head.fields.fromPath
    for (const session of this.#sessions) {
      if (this.#samePeer(session.peerPath, from)) return this.#known(session, request, connection)
    }
    if (request.head.method === 'REPORT') return this.#relayReports(request, connection)
    const { way } = this.#room
    const mayBegin = request.head.method === 'SEND' && !this.#closed && way.admits(connection)
    const expected = mayBegin
      ? [...this.#expected].find(({ remotePath }) => this.#comesFrom(remotePath, from))
      : undefined
    if (!expected && this.#isOver(from, connection)) return request.refuse(481)
    const wanted = expected ?? (mayBegin && this.open ? this : undefined)
    if (wanted === undefined) {
      const taken = this.open || [...this.#sessions].some((live) => live.connection !== connection)
      return request.refuse(taken && this.#sessions.size > 0 ? 506 : 481)
    }
    const error = way.distrust?.(wanted.options, request, connection)
    if (error !== undefined) {
      expected?.reject(error)
      if (expected) this.#expected.delete(expected)
      return IGNORED
    }
    const free = expected !== undefined || this.#sessions.size === 0
    if (request.flaw !== undefined) return free ? request.refuseFlaw() : request.refuse(506)
    // In their order: who has to wait, waits with all that it sends.
    if (!free || this.#early.length > 0 || this.#newcomers?.sent(request, connection)) {
      return this.#hold(request, connection, held)
    }
    if (expected === undefined) return this.first(from, connection).request(request)
    this.#expected.delete(expected)
    const started = this.#startFrom(from, expected.options, connection)
    expected.settle(started)
    return started.request(request)
  }

  /** Takes no further peers; sessions go on. */
  close(error: MsrpError): void {
    if (this.#closed) return
    this.#closed = true
    for (const { reject } of this.#expected) reject(error)
    this.#expected.clear()
    this.arrived.end()
    if (this.#sessions.size === 0) this.#room.empty()
  }

  #known(session: MsrpSession, request: IncomingRequest, connection: EndpointConnection): RequestReader {
    if (session.connection === connection || this.#room.way.move?.(session, request, connection)) {
      return request.flaw === undefined ? session.request(request) : request.refuseFlaw()
    }
    return request.refuse(506)
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
  first(from: readonly MsrpUri[], connection: EndpointConnection): MsrpSession {
    const session = this.#startFrom(from, this.options, connection)
    this.arrived.push(session)
    return session
  }

  #startFrom(from: readonly MsrpUri[], options: SessionOptions, connection: EndpointConnection): MsrpSession {
    // What stands before the peer's own path are our relays (RFC 4976 §5.1).
    return this.start(from.slice(this.#room.way.relays.length), options, connection, from)
  }

  /** Another peer wants the place of the one that is there, which is asked before the other gets its 506. */
  #hold(request: IncomingRequest, connection: EndpointConnection, held: boolean): RequestReader {
    const reader = new LateReader()
    if (this.#newcomers !== undefined) {
      return this.#newcomers.take(request, connection, reader) ? reader : request.refuse(506)
    }
    // Where nobody can be asked, the place is taken.
    if (held || (this.#loading && this.#early.length === 0)) return request.refuse(506)
    connection.msrp.pauseReading(reader)
    this.#early.push(() => {
      reader.readBy(connection.open ? this.route(request, connection, true) : IGNORED)
      connection.msrp.resumeReading(reader)
    })
    if (!this.#loading) void this.#loadNewcomers()
    return reader
  }

  async #loadNewcomers(): Promise<void> {
    const { clock, parts } = this.#room.platform
    const go = (): void => {
      for (const early of this.#early.splice(0)) early()
    }
    const cancel = clock.after(LOADING_TIMEOUT, go)
    this.#loading = true
    try {
      this.#newcomers = new (await parts.newcomers()).Newcomers(this, clock)
    } catch {
      // It is tried again for the next one.
    }
    this.#loading = false
    cancel()
    go()
  }

  #remember({ peerPath, connection }: MsrpSession): void {
    const latest = this.#ended.filter((ended) => ended.connection.open).slice(1 - MOST_ENDED)
    this.#ended = connection.open ? [...latest, { peerPath, connection }] : latest
  }

  #isOver(from: readonly MsrpUri[], connection: EndpointConnection): boolean {
    return this.#ended.some((ended) => ended.connection === connection && this.#samePeer(ended.peerPath, from))
  }

  #comesFrom(remotePath: readonly MsrpUri[], from: readonly MsrpUri[]): boolean {
    const { relays, formerRelays = relays } = this.#room.way
    return [relays, formerRelays].some((way) => this.#samePeer([...way, ...remotePath], from))
  }

  #samePeer(path: readonly MsrpUri[], from: readonly MsrpUri[]): boolean {
    if (!this.options.sessmatch) return samePath(path, from)
    const [peer, sender] = [path.at(-1), from.at(-1)]
    return peer?.scheme === sender?.scheme && peer?.sessionId === sender?.sessionId
  }
}
