import type { Transport } from 'msrp/connection'
import {
  type ContinuationFlag,
  DEFAULT_LIMITS,
  MsrpError,
  type MsrpUri,
  type ParserLimits,
  type RequestHead,
  requestFlaw,
} from 'msrp/wire'
import { Authentication } from './authentication.ts'
import { Changes } from './changes.ts'
import { ConnectionsByRelay } from './connections-by-relay.ts'
import { Counters } from './counters.ts'
import { untilQuiet } from './drain.ts'
import { Flow, flowOverhead } from './flow.ts'
import { ForwardedRequest } from './forwarded-request.ts'
import { outgrows } from './growth.ts'
import { InboundChunk } from './inbound-chunk.ts'
import type { NextHop } from './next-hop.ts'
import { type Hop, NextHops } from './next-hops.ts'
import { type OutboundPlace, OutboundShares } from './outbound-shares.ts'
import { OwnAuthorities } from './own-authorities.ts'
import { RelayConnection, type RelayConnectionOptions, type RelayRequests } from './relay-connection.ts'
import { type Destination, type Route, route, type Way } from './route.ts'
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
  readonly counters: Counters = new Counters()
  readonly #settings: RelaySettings
  readonly #platform: RelayPlatform
  readonly #own: OwnAuthorities
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
  readonly #stalled: StalledConnections
  readonly #outbound: OutboundShares
  /** What connections made from here take of it. */
  readonly #places: Map<RelayConnection, OutboundPlace> = new Map()
  #nextId = 1
  #draining = false
  #closing = false
  #onEmpty: () => void = () => {}

  constructor(settings: RelaySettings, platform: RelayPlatform) {
    this.#settings = ownCopy(settings)
    this.#platform = platform
    this.#limits = { ...DEFAULT_LIMITS, ...settings.limits }
    this.#own = new OwnAuthorities(settings.names, settings.ports)
    this.#siblings = new Siblings(settings.worker, this.#own)
    this.#passages = new SiblingPassages((passage) => this.#dialPassage(passage))
    this.#total = new TotalBuffer(settings.totalBuffer)
    this.#outbound = new OutboundShares(() => this.#settings.outboundConnections)
    const { clock, random } = platform
    this.#tokens = new TokenTable({
      clock,
      random,
      onEnd: (token) => this.#tokenEnded(token),
      relays: this.#relays,
      changes: this.#changes,
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
      tokens: this.#tokens,
      counters: this.counters,
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
  }

  /** Takes an inbound connection. `certificateNames` are those of a verified client certificate. */
  accept(transport: Transport, certificateNames: readonly string[]): void {
    this.#adopt({ transport, certificateNames, inbound: true })
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
      for (const pending of connection.pending()) pending.unanswered(481, comment)
    }
    for (const token of [...this.#tokens]) this.#tokens.end(token)
    for (const connection of this.#connections) connection.close()
    const cut = this.#platform.clock.after(grace, () => {
      for (const { connection } of this.#connections) connection.fail(undefined)
    })
    if (this.#connections.size > 0) await gone
    cut()
  }

  send(head: RequestHead, from: RelayConnection): InboundChunk | undefined {
    this.counters.chunksReceived++
    const known = from.flows.of(head.fields.paths)
    const isSame = known?.usable && known.way?.at === this.#changes.count && known.sink?.connection.open
    const way = isSame ? known.way?.way : this.#way(head, from)
    if (way === undefined || (isSame && !this.#mayGrow(head, from, way))) return undefined
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
    } else if (head.method === 'AUTH' && this.#endsHere(toPath, from)) {
      if (this.#draining && toPath[0]?.sessionId === undefined) this.#turnElsewhere(head, from)
      else this.#authentication.answer(head, from)
    } else if (head.method !== 'REPORT' && head.method !== 'AUTH' && this.#endsHere(toPath, from)) {
      // RFC 4975 §12: nobody is behind us who might know the method.
      from.refuse(head, 501)
    } else {
      const way = this.#way(head, from)
      if (way !== undefined) this.#forward(head, body, flag, from, way)
    }
  }

  gone(connection: RelayConnection, error: MsrpError | undefined): void {
    this.#connections.delete(connection)
    this.#relays.delete(connection)
    this.#stalled.forget(connection)
    this.#places.get(connection)?.release()
    this.#places.delete(connection)
    for (const token of connection.peerOf) token.release(connection)
    for (const token of [...connection.tokens]) {
      // RFC 4976 §6.3: a client's token ends with its connection, a relay's is valid on any to that relay.
      if (token.relayName === undefined) this.#tokens.end(token)
      else token.release(connection)
    }
    this.#nextHops.purge()
    this.#passages.end(connection)
    if (connection.sibling?.kind === 'passage') this.#passages.lost(connection, connection.sibling.near)
    this.#platform.log.debug({ connection: connection.id, error: error?.message }, 'connection closed')
    if (this.#connections.size === 0) this.#onEmpty()
  }

  #adopt(
    options: Pick<RelayConnectionOptions, 'transport' | 'certificateNames' | 'inbound' | 'madeFor' | 'sibling'>,
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
    const way =
      passing(head, from, this.#own, this.#siblings) ?? route(head, from, this.#own, this.#tokens, this.#siblings)
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
    const { toPath, fromPath, tokens } = way
    const flow = new Flow({
      source: from,
      key,
      paths: head.fields.paths,
      toPath,
      fromPath,
      tokens,
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
    from.flows.note(flow, head.fields)
  }

  #forward(head: RequestHead, body: Uint8Array, flag: ContinuationFlag, from: RelayConnection, way: Way): void {
    const { to, toPath, fromPath, tokens } = way
    const isAuth = head.method === 'AUTH'
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

  /** A path leads to this relay and no further. */
  #endsHere(toPath: readonly MsrpUri[], from: RelayConnection): boolean {
    const [first, next] = toPath
    if (isForSibling(toPath, from, this.#siblings)) return false
    return first !== undefined && next === undefined && this.#own.includesRelay(first)
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
      log.warn({ account: token.account, total, reason: place }, 'not connected: too many connections to next hops')
      throw new MsrpError('limit-exceeded', place)
    }
    try {
      if (sibling !== undefined) return await this.#dialHop(sibling, token, place)
      const { transport, certificateNames } = await this.#platform.dial({ uri, kind: isRelay ? 'relay' : 'peer' })
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
  #tokenEnded(token: Token): void {
    const comment = 'the session at the relay has ended'
    const sinks = new Set<RelayConnection>()
    for (const flow of [...token.flows]) {
      // What the holder sent before it went still goes out; what was on its way to it does not get there.
      if (!this.#connections.has(flow.source)) continue
      if (flow.sink !== undefined) sinks.add(flow.sink)
      flow.abort(481, comment)
    }
    for (const { connection } of sinks) {
      for (const pending of connection.pending()) if (pending.tokens.includes(token)) pending.unanswered(481, comment)
    }
    const peers = [...token.peers]
    token.end()
    for (const nextHop of token.nextHops.values()) nextHop.take({ board: closeUnused, strand: () => {} })
    token.nextHops.clear()
    peers.forEach(closeUnused)
  }
}

/** The settings as the relay keeps them: all its parts look at this object when they need something, and a reload changes it. */
function ownCopy(settings: RelaySettings): RelaySettings {
  return { ...settings, sharedConnectionsTo: settings.sharedConnectionsTo.map((host) => host.toLowerCase()) }
}

/** A connection that was made for one session, and serves no other by now, goes with it. */
function closeUnused(connection: RelayConnection): void {
  if (connection.dedicated && connection.unused) connection.close()
}
