import type { Transport, WireObserver } from 'msrp/connection'
import type { ContinuationFlag, MsrpError, RequestHead } from 'msrp/wire'
import { Authentication } from './authentication.ts'
import { Changes } from './changes.ts'
import { type ConnectionsByProtocol, ConnectionTotals } from './connection-totals.ts'
import { ConnectionsByRelay } from './connections-by-relay.ts'
import { Counters } from './counters.ts'
import { Domains } from './domains.ts'
import { untilQuiet } from './drain.ts'
import { Flow, flowOverhead } from './flow.ts'
import { type HandshakeUser, handshakeUser, isRightUser } from './handshake-user.ts'
import { InboundChunk } from './inbound-chunk.ts'
import { DailyBytes } from './limits/daily-bytes.ts'
import { OtherRequests } from './other-requests.ts'
import { type NewConnection, OutboundConnections } from './outbound-connections.ts'
import type { OutboundPlace } from './outbound-shares.ts'
import { OwnAuthorities } from './own-authorities.ts'
import { Policy } from './policy/policy.ts'
import { RelayConnection, type RelayRequests } from './relay-connection.ts'
import type { Way } from './route.ts'
import type { SessionFacts } from './session-facts.ts'
import { Sessions } from './sessions.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import { type SiblingGreeting, Siblings, siblingName } from './siblings.ts'
import { StalledConnections } from './stalled-connections.ts'
import { TokenTable } from './token-table.ts'
import { TotalBuffer } from './total-buffer.ts'
import { Ways } from './ways.ts'

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
  readonly #sessions: Sessions
  readonly #siblings: Siblings
  readonly #ways: Ways
  readonly #requests: OtherRequests
  readonly #outbound: OutboundConnections
  readonly #connections: Set<RelayConnection> = new Set()
  readonly #relays: ConnectionsByRelay = new ConnectionsByRelay()
  readonly #changes: Changes = new Changes()
  readonly #total: TotalBuffer
  readonly #policy: Policy
  readonly #stalled: StalledConnections
  readonly #totals: ConnectionTotals = new ConnectionTotals()
  #observe: ((connection: RelayConnection) => WireObserver) | undefined
  #nextId = 1
  #closing = false
  #onEmpty: () => void = () => {}

  constructor(settings: RelaySettings, platform: RelayPlatform) {
    this.#settings = ownCopy(settings)
    this.#platform = platform
    this.counters = platform.counters ?? new Counters()
    this.#own = new OwnAuthorities(settings.names, settings.ports)
    this.#domains = new Domains(settings, this.#own)
    this.#siblings = new Siblings(settings.worker, this.#own)
    this.#total = new TotalBuffer(settings.totalBuffer)
    const { clock, random, time, dailyBytes: days = new DailyBytes(time) } = platform
    this.#policy = new Policy({ clock, days, settings: settings.policy })
    this.#tokens = new TokenTable({
      clock,
      time,
      random,
      onEnd: (token, reason) => this.#sessions.ended(token, reason),
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
    const parts = {
      platform,
      settings: this.#settings,
      own: this.#own,
      domains: this.#domains,
      siblings: this.#siblings,
      tokens: this.#tokens,
      counters: this.counters,
      policy: this.#policy,
    }
    this.#sessions = new Sessions({ ...parts, connections: this.#connections })
    this.#ways = new Ways(parts)
    this.#outbound = new OutboundConnections({
      ...parts,
      adopt: (connection, place) => this.#adopt(connection, place),
    })
    const authentication = new Authentication(parts)
    this.#requests = new OtherRequests({ ...parts, ways: this.#ways, authentication, outbound: this.#outbound })
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
    this.#ways.reconfigure(settings)
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
  sessions(): Generator<SessionFacts> {
    return this.#sessions.facts()
  }

  /**
   * Ends the sessions that `which` picks, and the connections of clients that have no other. What is under way is
   * reported to its senders. Returns how many there were.
   */
  endSessions(which: (id: string, account: string) => boolean): number {
    return this.#sessions.end(which)
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
    this.#requests.draining = true
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
    this.#sessions.stop()
    for (const connection of this.#connections) connection.close()
    const cut = this.#platform.clock.after(grace, () => {
      for (const { connection } of this.#connections) connection.fail(undefined)
    })
    if (this.#connections.size > 0) await gone
    cut()
    this.#sessions.settleAll()
  }

  send(head: RequestHead, from: RelayConnection): InboundChunk | undefined {
    this.counters.chunksReceived++
    const known = from.flows.of(head.fields.paths)
    const isSame = known?.usable && known.way?.at === this.#changes.count && known.sink?.connection.open
    const way = isSame ? known.way?.way : this.#ways.of(head, from)
    if (way === undefined || (isSame && !this.#ways.mayGrow(head, from, way))) return undefined
    const refusal = this.#policy.refusal(head) ?? (isSame ? known.toll : this.#policy.toll(way))?.refusal
    if (refusal !== undefined) {
      from.refuseByPolicy(head, refusal)
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
    this.#requests.take(head, body, flag, from)
  }

  gone(connection: RelayConnection, error: MsrpError | undefined): void {
    if (this.#connections.delete(connection)) this.#totals.closed(connection)
    this.#relays.delete(connection)
    this.#stalled.forget(connection)
    this.#sessions.gone(connection, error !== undefined)
    this.#outbound.gone(connection)
    this.#platform.log.debug({ connection: connection.id, error: error?.message }, 'connection closed')
    if (this.#connections.size === 0) this.#onEmpty()
  }

  #adopt(options: NewConnection, place?: OutboundPlace): RelayConnection {
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
    if (place !== undefined) this.#outbound.opened(connection, place)
    this.#relays.add(connection)
    this.#stalled.watch()
    this.#platform.log.debug({ connection: connection.id, far: transport.description, inbound }, 'connection opened')
    connection.connection.start()
    if (this.#closing) connection.connection.fail(undefined)
    return connection
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
    else this.#outbound.to(way.to).take(flow)
    return flow
  }

  #note(flow: Flow, head: RequestHead, from: RelayConnection, way: Way): void {
    flow.way = { way, at: this.#changes.count }
    flow.toll = this.#policy.toll(way)
    from.flows.note(flow, head.fields)
  }
}

/** The settings as the relay keeps them: all its parts look at this object when they need something, and a reload changes it. */
function ownCopy(settings: RelaySettings): RelaySettings {
  return { ...settings, sharedConnectionsTo: settings.sharedConnectionsTo.map((host) => host.toLowerCase()) }
}
