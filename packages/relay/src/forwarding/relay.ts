import type { Transport, WireObserver } from 'msrp/connection'
import {
  type ContinuationFlag,
  DEFAULT_LIMITS,
  MsrpError,
  type ParserLimits,
  type RequestHead,
  requestFlaw,
} from 'msrp/wire'
import { Authentication } from './authentication.ts'
import { mayChain } from './chains.ts'
import { Changes } from './changes.ts'
import { type ConnectionsByProtocol, ConnectionTotals } from './connection-totals.ts'
import { ConnectionsByRelay } from './connections-by-relay.ts'
import { Counters, type DialResult, type EndReason } from './counters.ts'
import { Domains } from './domains.ts'
import { untilQuiet } from './drain.ts'
import { factsOf } from './facts-of.ts'
import { Flow, flowOverhead } from './flow.ts'
import { ForwardedRequest } from './forwarded-request.ts'
import { outgrows } from './growth.ts'
import { type HandshakeUser, handshakeUser, isRightUser } from './handshake-user.ts'
import { InboundChunk } from './inbound-chunk.ts'
import { DailyBytes } from './limits/daily-bytes.ts'
import type { NextHop } from './next-hop.ts'
import { type Hop, NextHops } from './next-hops.ts'
import { type OutboundPlace, OutboundShares } from './outbound-shares.ts'
import { OwnAuthorities } from './own-authorities.ts'
import { Policy } from './policy/policy.ts'
import type { Refusal } from './policy/refusal.ts'
import { RelayConnection, type RelayConnectionOptions, type RelayRequests } from './relay-connection.ts'
import { type Destination, type Route, route, type Way } from './route.ts'
import type { SessionFacts } from './session-facts.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import { isForSibling, type Passing, passing, SiblingPassages } from './sibling-passages.ts'
import { type SiblingGreeting, Siblings, siblingName } from './siblings.ts'
import { StalledConnections } from './stalled-connections.ts'
import type { Token } from './token.ts'
import { TokenTable } from './token-table.ts'
import { TotalBuffer } from './total-buffer.ts'

/**
 * A relay's state (RFC 4976): connections, the tokens it has handed out, and what is on its way through. Sockets, names,
 * users and time are handed in.
 */
export class Relay implements RelayRequests {
  readonly counters: Counters
  readonly #settings: RelaySettings
  readonly #platform: RelayPlatform
  readonly #own: OwnAuthorities
  readonly #domains: Domains
  readonly #tokens: TokenTable
  readonly #authentication: Authentication
  readonly #nextHops: NextHops
  readonly #siblings: Siblings
  readonly #passages: SiblingPassages
  readonly #connections: Set<RelayConnection> = new Set()
  readonly #relays: ConnectionsByRelay = new ConnectionsByRelay()
  readonly #changes: Changes = new Changes()
  #limits: ParserLimits
  readonly #total: TotalBuffer
  readonly #policy: Policy
  readonly #stalled: StalledConnections
  readonly #outbound: OutboundShares
  /** What connections made from here take of it. */
  readonly #places: Map<RelayConnection, OutboundPlace> = new Map()
  readonly #totals: ConnectionTotals = new ConnectionTotals()
  /** Sessions that are over but for what is still on its way through. */
  readonly #unsettled: Set<Token> = new Set()
  #observe: ((connection: RelayConnection) => WireObserver) | undefined
  #nextId = 1
  #draining = false
  #closing = false
  #onEmpty: () => void = () => {}

  constructor(settings: RelaySettings, platform: RelayPlatform) {
    this.#settings = ownCopy(settings)
    this.#platform = platform
    this.counters = platform.counters ?? new Counters()
    this.#limits = { ...DEFAULT_LIMITS, ...settings.limits }
    this.#own = new OwnAuthorities(settings.names, settings.ports)
    this.#domains = new Domains(settings, this.#own)
    this.#siblings = new Siblings(settings.worker, this.#own)
    this.#passages = new SiblingPassages((passage) => this.#dialPassage(passage))
    this.#total = new TotalBuffer(settings.totalBuffer)
    this.#outbound = new OutboundShares(() => this.#settings.outboundConnections)
    const { clock, random, time, dailyBytes: days = new DailyBytes(time) } = platform
    this.#policy = new Policy({ clock, days, settings: settings.policy })
    this.#tokens = new TokenTable({
      clock,
      time,
      random,
      onEnd: (token, reason) => this.#tokenEnded(token, reason),
      relays: this.#relays,
      changes: this.#changes,
      usages: this.#policy.usages,
      most: () => this.#settings.tokensPerConnection,
      bytes: () => this.#settings.totalBuffer / 4,
      prefix: this.#siblings.prefix,
    })
    this.#stalled = new StalledConnections({
      clock,
      patience: () => this.#settings.stalled,
      total: this.#total,
      connections: this.#connections,
      onStalled: ({ id, connection }) => {
        const waiting = connection.waitingBytes
        platform.log.warn({ connection: id, waiting }, 'closed: it takes nothing of what waits for it')
      },
    })
    this.#nextHops = new NextHops({
      dial: (hop, shared) => this.#dial(hop, shared),
      sharedTo: () => this.#settings.sharedConnectionsTo,
    })
    this.#authentication = new Authentication({
      platform,
      settings: this.#settings,
      own: this.#own,
      domains: this.#domains,
      tokens: this.#tokens,
      counters: this.counters,
      policy: this.#policy,
    })
  }

  get connections(): number {
    return this.#connections.size
  }

  get tokens(): number {
    return this.#tokens.size
  }

  /** Bytes of messages on their way, and of what is remembered of them: what counts for `totalBuffer`. */
  get kept(): number {
    return this.#total.kept
  }

  /**
   * Takes other settings. What is under way goes on as it began: connections keep the limits of their parsers and tokens
   * their time, and a name under which tokens were handed out stays ours.
   */
  reconfigure(settings: RelaySettings): void {
    Object.assign(this.#settings, ownCopy(settings))
    this.#limits = { ...DEFAULT_LIMITS, ...settings.limits }
    this.#total.limit = settings.totalBuffer
    this.#own.add(settings.names, settings.ports)
    this.#domains.reconfigure(settings)
    this.#policy.reconfigure(settings.policy)
    // So that each flow looks at what it counts for.
    this.#changes.count++
  }

  /** Connections by their protocol, and what went over them. Looks at each of those that are open. */
  get traffic(): ConnectionsByProtocol {
    return this.#totals.now(this.#connections)
  }

  /** Bytes that count for `totalBuffer`: those kept, and those that wait for far sides to take them. */
  get buffered(): number {
    return this.#total.kept + this.#total.outgoing
  }

  /** The sessions there are, oldest first, one after the other as they are asked for. */
  *sessions(): Generator<SessionFacts> {
    for (const token of this.#tokens) yield this.#factsOf(token)
  }

  /**
   * Ends the sessions that `which` picks, and the connections of clients that have no other. What is under way is
   * reported to its senders. Returns how many there were.
   */
  endSessions(which: (id: string, account: string) => boolean): number {
    const chosen = [...this.#tokens].filter(({ id, account }) => which(id, account))
    for (const token of chosen) {
      const client = token.relayName === undefined ? token.holder : undefined
      this.#platform.log.info({ session: token.id, account: token.account }, 'session ended on request')
      this.#tokens.end(token, 'kicked')
      if (client?.unused) client.close()
    }
    return chosen.length
  }

  /** Whose session has a session-id in its URI. */
  sessionWith(sessionId: string): { readonly id: string; readonly account: string } | undefined {
    return this.#tokens.bySessionId(sessionId)
  }

  /** Has all connections watched, those of later as well, until it is called with undefined. Costs something meanwhile. */
  observe(observer: ((connection: RelayConnection) => WireObserver) | undefined): void {
    this.#observe = observer
    for (const connection of this.#connections) connection.connection.observer = observer?.(connection)
  }

  /**
   * Whether credentials are right that somebody shows before any MSRP, in the handshake of a WebSocket (RFC 7977 §5.3.1).
   * Rejects when that cannot be found out.
   */
  async authenticate(username: string, password: string): Promise<HandshakeUser | undefined> {
    const user = handshakeUser(this.#platform.hash, username, this.#settings.realm, password)
    if (await isRightUser(user, this.#platform)) return user
    this.#platform.users.doubt?.(user.username, user.realm, 'md5')
    this.counters.authenticationFailures++
    return undefined
  }

  /**
   * Takes an inbound connection. `certificateNames` are those of a verified client certificate; `user` has logged in
   * already, before any MSRP.
   */
  accept(transport: Transport, certificateNames: readonly string[], user?: HandshakeUser): void {
    this.#adopt({ transport, certificateNames, inbound: true, user })
  }

  /** Takes a connection that another worker of this relay has made. */
  acceptSibling(transport: Transport, greeting: SiblingGreeting): void {
    const { kind } = greeting
    const certificateNames = kind === 'hop' ? [siblingName(greeting.index)] : greeting.certificateNames
    const sibling = kind === 'hop' ? { kind, index: greeting.index } : { kind }
    this.#adopt({ transport, certificateNames, inbound: true, sibling })
  }

  /**
   * Gives what is under way time to come to its end: messages that are not complete, chunks and requests that are not
   * answered. Resolves when nothing is under way any more, or after `milliseconds`; then comes `close`.
   */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true
    const connections = this.#connections
    const used = [...connections].some(({ flows, busy }) => flows.size > 0 || busy)
    if (!used || milliseconds === 0) return
    await untilQuiet(this.#platform.clock, milliseconds, {
      busy: () => [...connections].some((connection) => connection.busy),
      events: () => this.counters.chunksReceived + this.counters.requestsForwarded,
    })
  }

  /**
   * Tells every sender what was not confirmed, sends what is queued and closes all connections. What is still open after
   * `grace` milliseconds is cut off. Resolves when nothing is left.
   */
  async close(grace: number): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const gone = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    const comment = 'the relay is shutting down'
    for (const { connection, flows } of this.#connections) {
      for (const flow of [...flows]) flow.abort(481, comment)
      for (const pending of connection.transactions.records()) pending.unanswered(481, comment)
    }
    for (const token of [...this.#tokens]) this.#tokens.end(token, 'stopped')
    for (const connection of this.#connections) connection.close()
    const cut = this.#platform.clock.after(grace, () => {
      for (const { connection } of this.#connections) connection.fail(undefined)
    })
    if (this.#connections.size > 0) await gone
    cut()
    for (const token of [...this.#unsettled]) this.#settled(token)
  }

  send(head: RequestHead, from: RelayConnection): InboundChunk | undefined {
    this.counters.chunksReceived++
    const known = from.flows.of(head.fields.paths)
    const isSame = known?.usable && known.way?.at === this.#changes.count && known.sink?.connection.open
    const way = isSame ? known.way?.way : this.#way(head, from)
    if (way === undefined || (isSame && !this.#mayGrow(head, from, way))) return undefined
    const refusal = this.#policy.refusal(head) ?? (isSame ? known.toll : this.#policy.toll(way))?.refusal
    if (refusal !== undefined) {
      this.#refuse(refusal, head, from)
      return undefined
    }
    const flow = isSame ? known : this.#flow(head, from, way)
    if (flow === undefined) from.refuse(head, 413, 'this connection carries as many sessions as it may')
    else if (!flow.usable) from.refuse(head, 481, 'the connection to the next hop is closing')
    if (!flow?.usable) return undefined
    const chunk = new InboundChunk(head, flow)
    flow.accept(chunk, head)
    return chunk
  }

  request(head: RequestHead, body: Uint8Array, flag: ContinuationFlag, from: RelayConnection): void {
    const { toPath } = head.fields
    const flaw = requestFlaw(head)
    if (flaw !== undefined) {
      from.refuse(head, 400, flaw)
    } else if (head.method === 'AUTH' && this.#endsHere(head, from)) {
      if (this.#draining && toPath[0]?.sessionId === undefined) this.#turnElsewhere(head, from)
      else this.#authentication.answer(head, from)
    } else if (head.method !== 'REPORT' && head.method !== 'AUTH' && this.#endsHere(head, from)) {
      // RFC 4975 §12: nobody is behind us who might know the method.
      from.refuse(head, 501)
    } else {
      const way = this.#way(head, from)
      const refusal = way === undefined ? undefined : this.#requestRefusal(head, body, from, way)
      // What only passes to another worker is for that one to look at.
      const next = way?.tokens.length === 0 ? undefined : way?.toPath[0]
      if (refusal !== undefined) this.#refuse(refusal, head, from)
      else if (head.method === 'AUTH' && next !== undefined && !mayChain(this.#settings.chains.outbound, next.host)) {
        from.refuse(head, 403, `clients of this relay may not use ${next.host} through it`)
      } else if (way !== undefined) this.#forward(head, body, flag, from, way)
    }
  }

  gone(connection: RelayConnection, error: MsrpError | undefined): void {
    if (this.#connections.delete(connection)) this.#totals.closed(connection)
    this.#relays.delete(connection)
    this.#stalled.forget(connection)
    this.#places.get(connection)?.release()
    this.#places.delete(connection)
    for (const token of connection.peerOf) token.release(connection)
    for (const token of [...connection.tokens]) {
      // RFC 4976 §6.3: a client's token ends with its connection, a relay's is valid on any to that relay.
      if (token.relayName === undefined) this.#tokens.end(token, error === undefined ? 'disconnected' : 'lost')
      else token.release(connection)
    }
    this.#nextHops.purge()
    this.#passages.end(connection)
    if (connection.sibling?.kind === 'passage') this.#passages.lost(connection, connection.sibling.near)
    this.#platform.log.debug({ connection: connection.id, error: error?.message }, 'connection closed')
    if (this.#connections.size === 0) this.#onEmpty()
  }

  #adopt(
    options: Pick<
      RelayConnectionOptions,
      'transport' | 'certificateNames' | 'inbound' | 'madeFor' | 'user' | 'sibling'
    >,
    place?: OutboundPlace,
  ): RelayConnection {
    const { transport, inbound } = options
    const connection = new RelayConnection({
      ...options,
      id: this.#nextId++,
      relay: this,
      platform: this.#platform,
      settings: this.#settings,
      counters: this.counters,
      total: this.#total,
    })
    this.counters.connections++
    this.#connections.add(connection)
    this.#totals.opened(connection)
    if (this.#observe !== undefined) connection.connection.observer = this.#observe(connection)
    if (place !== undefined) this.#places.set(connection, place)
    place?.made()
    this.#relays.add(connection)
    this.#stalled.watch()
    this.#platform.log.debug({ connection: connection.id, far: transport.description, inbound }, 'connection opened')
    connection.connection.start()
    if (this.#closing) connection.connection.fail(undefined)
    return connection
  }

  /** Where a request goes; undefined when it does not go on. */
  #way(head: RequestHead, from: RelayConnection): Way | undefined {
    const { sibling } = from
    const ours = { own: this.#own, domains: this.#domains, tokens: this.#tokens, siblings: this.#siblings }
    const way = passing(head, from, this.#own, this.#siblings) ?? route(head, from, ours)
    if (way.kind !== 'forward') {
      this.#turnAway(way, head, from)
      return undefined
    }
    if (!this.#mayGrow(head, from, way)) return undefined
    if (way.to.kind === 'sibling') from.entrust()
    else from.prove()
    if (sibling?.kind === 'passage') sibling.near.prove()
    return way
  }

  #refuse(refusal: Refusal, head: RequestHead, from: RelayConnection): void {
    this.counters.policyRefusals[refusal.counter]++
    from.refuse(head, refusal.status, refusal.comment)
  }

  /** Why a request other than SEND goes no further; if it does, its body counts as those of messages do. */
  #requestRefusal(head: RequestHead, body: Uint8Array, from: RelayConnection, way: Way): Refusal | undefined {
    const toll = body.byteLength === 0 ? undefined : this.#policy.toll(way)
    const refusal = this.#policy.refusal(head) ?? (head.method === 'REPORT' ? undefined : toll?.refusal)
    if (refusal !== undefined || toll === undefined) return refusal
    toll.pay(body.byteLength)
    if (!from.shared) for (const pace of toll.exceeded(body.byteLength)) from.keepPace(pace, false)
    return undefined
  }

  #mayGrow(head: RequestHead, from: RelayConnection, way: Way): boolean {
    if (!outgrows(head, way, this.#limits)) return true
    from.refuse(head, 400, 'with one more URI in From-Path the header is too long')
    return false
  }

  #turnAway(way: Exclude<Route, Way>, head: RequestHead, from: RelayConnection): void {
    if (way.kind === 'misdirected') {
      this.counters.misdirected++
      // RFC 4976 §6.2 has the connection dropped; that with another relay carries the sessions of others.
      if (from.relayNames.length > 0) {
        from.refuse(head, 481, 'this is another relay')
        return
      }
      this.#platform.log.info({ connection: from.id }, 'closed: a request was addressed to another relay')
      from.connection.fail(undefined)
      return
    }
    if (way.reason === 'unknown-token') this.counters.unknownTokens++
    if (way.reason === 'intruder') this.counters.intruders++
    from.refuse(head, way.status, way.comment)
  }

  /** Nobody begins anything here any more: who has nothing here is better off with the next target of the SRV record. */
  #turnElsewhere(head: RequestHead, from: RelayConnection): void {
    this.counters.auth.refused++
    from.refuse(head, 403, 'the relay is shutting down, try another one')
    if (from.relayNames.length === 0 && from.unused) from.close()
  }

  /** The flow for the paths a request came with; made when there is none yet. Undefined when there are too many. */
  #flow(head: RequestHead, from: RelayConnection, way: Way): Flow | undefined {
    const key = `${head.fields.get('To-Path')}\n${head.fields.get('From-Path')}`
    const known = from.flows.get(key)
    if (known?.usable) {
      // A peer that comes while it is still being dialled is there already.
      if (way.to.kind === 'connection') known.board(way.to.connection)
      if (way.to.kind !== 'connection' || known.sink === way.to.connection) {
        this.#note(known, head, from, way)
        return known
      }
      known.finish()
    }
    if (!from.flows.makeRoom(flowOverhead(key))) return undefined
    const { toPath, fromPath, tokens, sender } = way
    const flow = new Flow({
      source: from,
      key,
      paths: head.fields.paths,
      toPath,
      fromPath,
      tokens,
      sender,
      buffer: this.#settings.flowBuffer,
    })
    from.flows.add(flow)
    this.#note(flow, head, from, way)
    if (way.to.kind === 'connection') flow.board(way.to.connection)
    else this.#nextHop(way.to).take(flow)
    return flow
  }

  #note(flow: Flow, head: RequestHead, from: RelayConnection, way: Way): void {
    flow.way = { way, at: this.#changes.count }
    flow.toll = this.#policy.toll(way)
    from.flows.note(flow, head.fields)
  }

  #forward(head: RequestHead, body: Uint8Array, flag: ContinuationFlag, from: RelayConnection, way: Way): void {
    const { to, toPath, fromPath, tokens } = way
    const isAuth = head.method === 'AUTH'
    if (head.method === 'REPORT') this.counters.forwardedReports.add(reportedStatus(head))
    const request = new ForwardedRequest({
      head,
      body,
      flag,
      origin: from,
      tokens,
      toPath,
      fromPath,
      limits: this.#settings.limits,
      onResponse: (response) => {
        if (!isAuth) return
        this.#authentication.noteForwarded(head, response, from)
        if (response.status === 200 && to.kind === 'next-hop') this.#nextHops.rename(to.hop, response.fields)
      },
    })
    if (to.kind === 'connection') {
      request.board(to.connection)
      return
    }
    // Only a message or a chained AUTH has connections made (RFC 4976 §6.4.2 would allow more).
    const makes = isAuth || to.kind === 'sibling'
    const nextHop = makes ? this.#nextHop(to) : this.#nextHops.find(to.hop)
    if (nextHop !== undefined) nextHop.take(request)
    else request.unanswered(481, 'there is no connection to the next hop')
  }

  /** A path leads to this relay and no further; that of an AUTH by a domain that it serves as well. */
  #endsHere({ method, fields: { toPath } }: RequestHead, from: RelayConnection): boolean {
    const [first, next] = toPath
    if (first === undefined || next !== undefined || isForSibling(toPath, from, this.#siblings)) return false
    return method === 'AUTH' ? this.#domains.addressed(first) !== undefined : this.#own.includesRelay(first)
  }

  #nextHop(to: Exclude<Destination, { kind: 'connection' }>): NextHop {
    if (to.kind === 'sibling') return this.#passages.get(to.passing)
    const { hop } = to
    return this.#nextHops.find(hop) ?? this.#nextHops.make(hop)
  }

  async #dial({ token, uri, isRelay, sibling }: Hop, shared: boolean): Promise<RelayConnection> {
    const { log } = this.#platform
    const place = this.#outbound.take(token.account)
    if (typeof place === 'string') {
      const total = this.#outbound.total
      this.counters.dials.limit++
      log.warn({ account: token.account, total, reason: place }, 'not connected: too many connections to next hops')
      throw new MsrpError('limit-exceeded', place)
    }
    try {
      if (sibling !== undefined) return await this.#dialHop(sibling, token, place)
      const { transport, certificateNames } = await this.#platform.dial({
        uri,
        kind: isRelay ? 'relay' : 'peer',
        as: token.uri.host,
      })
      this.counters.dials.connected++
      return this.#adopt(
        {
          transport,
          // Who is dialled as the last hop is no relay, whatever its certificate.
          certificateNames: isRelay ? certificateNames : [],
          inbound: false,
          madeFor: shared ? undefined : token,
        },
        place,
      )
    } catch (error) {
      place.release()
      this.counters.dials[dialResult(error)]++
      const reason = error instanceof Error ? error.message : String(error)
      log.info({ account: token.account, host: uri.host, port: uri.port, error: reason }, 'cannot reach a next hop')
      throw error
    }
  }

  async #dialHop(index: number, token: Token, place: OutboundPlace): Promise<RelayConnection> {
    const { index: ours = 0 } = this.#settings.worker ?? {}
    const transport = await this.#dialSibling(index, { kind: 'hop', index: ours })
    const certificateNames = [siblingName(index)]
    return this.#adopt(
      { transport, certificateNames, inbound: false, madeFor: token, sibling: { kind: 'hop', index } },
      place,
    )
  }

  async #dialPassage({ near, index }: Passing): Promise<RelayConnection> {
    const { description, secure } = near.connection.transport
    const certificateNames = near.relayNames
    const transport = await this.#dialSibling(index, { kind: 'stand-in', description, secure, certificateNames })
    return this.#adopt({
      transport,
      certificateNames: [siblingName(index)],
      inbound: false,
      sibling: { kind: 'passage', near },
    })
  }

  #dialSibling(index: number, greeting: SiblingGreeting): Promise<Transport> {
    const { dialSibling } = this.#platform
    if (dialSibling === undefined) throw new MsrpError('unreachable', 'there are no other workers')
    return dialSibling(index, greeting)
  }

  /** A token is not valid any more: what was on its way under it is reported, what was opened for it is closed. */
  #tokenEnded(token: Token, reason: EndReason): void {
    const comment = reason === 'kicked' ? 'the session was ended by the operator' : 'the session at the relay has ended'
    const sinks = new Set<RelayConnection>()
    for (const flow of [...token.flows]) {
      // What the holder sent before it went still goes out; what was on its way to it does not get there.
      if (!this.#connections.has(flow.source)) continue
      if (flow.sink !== undefined) sinks.add(flow.sink)
      flow.abort(481, comment)
    }
    for (const { connection } of sinks) {
      for (const pending of connection.transactions.records())
        if (pending.tokens.includes(token)) pending.unanswered(481, comment)
    }
    const peers = [...token.peers]
    token.invalidate(this.#platform.time(), reason)
    this.counters.sessionsEnded[reason]++
    for (const nextHop of token.nextHops.values()) nextHop.take({ board: closeUnused, strand: () => {} })
    token.nextHops.clear()
    peers.forEach(closeUnused)
    this.#unsettled.add(token)
    if (token.flows.size === 0) this.#settled(token)
    else token.onSettled = () => this.#settled(token)
  }

  /** Nothing more goes through under a token that has ended. */
  #settled(token: Token): void {
    if (!this.#unsettled.delete(token)) return
    token.onSettled = undefined
    this.#platform.onSessionEnd?.(this.#factsOf(token))
  }

  #factsOf(token: Token): SessionFacts {
    return factsOf(token, { time: this.#platform.time(), clock: this.#platform.clock.now() })
  }
}

/** The Status of a REPORT; 0 when it cannot be read. */
function reportedStatus(head: RequestHead): number {
  try {
    return head.fields.status?.code ?? 0
  } catch {
    return 0
  }
}

function dialResult(error: unknown): DialResult {
  if (!(error instanceof MsrpError)) return 'unreachable'
  if (error.code === 'refused') return 'denied'
  if (error.code === 'timeout') return 'timeout'
  return error.code.startsWith('tls-') ? 'tls' : 'unreachable'
}

/** The settings as the relay keeps them: all its parts look at this object when they need something, and a reload changes it. */
function ownCopy(settings: RelaySettings): RelaySettings {
  return { ...settings, sharedConnectionsTo: settings.sharedConnectionsTo.map((host) => host.toLowerCase()) }
}

/** A connection that was made for one session, and serves no other by now, goes with it. */
function closeUnused(connection: RelayConnection): void {
  if (connection.dedicated && connection.unused) connection.close()
}
