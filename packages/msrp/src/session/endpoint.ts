import type { Transport } from '../connection/index.ts'
import { newInvalidHost } from '../wire/ident.ts'
import { MsrpError, MsrpUri, newSessionId } from '../wire/index.ts'
import { unlessAborted } from './abortable.ts'
import type { PreparedSession, Session } from './api.ts'
import { type Completed, CompletedMessages } from './completed-messages.ts'
import { conversationOf } from './conversation.ts'
import type { DirectPeers } from './direct-peers.ts'
import { EndpointConnection } from './endpoint-connection.ts'
import type { IncomingRequest, RequestReader } from './incoming-request.ts'
import type { InterruptedMessages } from './interrupted-messages.ts'
import { loadedBefore } from './later.ts'
import { ENDPOINT_LIMITS } from './limits.ts'
import { LocalPath } from './local-path.ts'
import type { ConnectOptions, EndpointLimits, EndpointOptions, PrepareOptions } from './options.ts'
import { loadFor } from './parts.ts'
import type { DialTarget, Platform } from './platform.ts'
import { Prepared, pathOf } from './prepared-session.ts'
import { RecentMessages } from './recent-messages.ts'
import { RelayMemory } from './relay-client/index.ts'
import { registerWithRelay, relayTarget } from './relay-path.ts'
import type { Way } from './way.ts'

/** Port in local URIs that nobody connects to: the one that IANA has registered. */
const MSRP_PORT = 2855

/** Sessions that share connections, listening sockets and what is remembered of messages and relays. */
export class MsrpEndpoint {
  readonly #platform: Platform
  readonly #options: EndpointOptions
  readonly #locals: Map<string, LocalPath> = new Map()
  readonly #prepared: Set<Prepared> = new Set()
  readonly #connections: Set<EndpointConnection> = new Set()
  readonly #direct: DirectPeers | undefined
  readonly #relayMemory: RelayMemory = new RelayMemory()
  readonly #limits: EndpointLimits
  readonly #completed: RecentMessages<Completed>
  #interrupted: InterruptedMessages | undefined
  #connectionCount = 0
  #closed = false

  constructor(platform: Platform, options: EndpointOptions) {
    this.#platform = platform
    this.#options = options
    this.#limits = { ...ENDPOINT_LIMITS, ...options.limits }
    this.#completed = new RecentMessages(this.#limits.rememberedMessages, this.#limits.rememberedInAll)
    this.#direct = platform.direct?.({
      limits: this.#limits,
      connections: this.#connections,
      accept: (transport, socket) => this.#adopt(transport, socket),
      dial: (target) => this.#dial(target),
    })
  }

  /** Makes a local path, connects to the peer and binds the connection. */
  async connect(options: ConnectOptions): Promise<Session> {
    // What is no object has nothing in it, and the error says what is missing.
    const { path, ...rest } = { ...options }
    const remotePath = pathOf(path)
    const secure = options.relay !== undefined || remotePath[0]?.secure === true
    const prepared = await this.#prepare(rest, secure, remotePath)
    try {
      return await prepared.complete(remotePath.map(String), { active: true, signal: options.signal })
    } finally {
      // The session goes on; no other one follows on this path.
      await prepared.close()
    }
  }

  /** Makes a local path to give out. */
  prepare(given: PrepareOptions): Promise<PreparedSession> {
    const options = { ...given }
    return this.#prepare(options, options.relay !== undefined || options.tls !== undefined)
  }

  /** Ends all sessions, and closes all connections and listening sockets. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#prepared].map((prepared) => prepared.terminate()))
    this.#interrupted?.clear()
    const connections = [...this.#connections]
    for (const connection of connections) connection.close()
    await Promise.all(connections.map(({ gone }) => gone))
  }

  /** `remotePath`: of the only peer. */
  async #prepare(options: PrepareOptions, secure: boolean, remotePath?: readonly MsrpUri[]): Promise<Prepared> {
    if (this.#closed) throw over()
    const { local, relay } = options
    this.#direct?.check(options)
    const { resumeFor = 0, stallTimeout, trace } = this.#options
    const loading = loadFor({ ...options, stallTimeout, trace }, this.#platform.parts)
    if (loading !== undefined) await unlessAborted(loading, options.signal)
    if (resumeFor > 0) await unlessAborted(this.#keepFor(resumeFor), options.signal)
    const tls = options.tls ?? this.#options.tls
    if (relay !== undefined) {
      const target = relayTarget(relay.uri)
      // RFC 7977 §5.2.1
      const transport = target.webSocket === undefined ? 'tcp' : (relay.localTransport ?? 'ws')
      const localUri = this.#localUri(local, secure, transport)
      const memory = this.#relayMemory
      const room = { platform: this.#platform, direct: this.#direct, memory, localUri, tls, signal: options.signal }
      const way = await registerWithRelay(target, relay, room, (to) => this.#dial(to))
      return this.#open(localUri, options, way, remotePath)
    }
    if (this.#direct === undefined) {
      throw new MsrpError('invalid-argument', 'Nobody can be reached from here but through a relay: give one')
    }
    return this.#direct.prepare(options, tls, (way, place) => {
      const localUri = this.#localUri(local ?? place, place?.secure ?? secure)
      return this.#open(localUri, options, way, remotePath)
    })
  }

  #open(uri: MsrpUri, options: PrepareOptions, way: Way, remotePath: readonly MsrpUri[] | undefined): Prepared {
    if (this.#closed) {
      way.release?.()
      throw over()
    }
    const interrupted = this.#interrupted
    const conversation = conversationOf(options.resumeKey, uri, remotePath)
    const local = new LocalPath({
      platform: this.#platform,
      way,
      uri,
      options,
      completed: new CompletedMessages(this.#completed, conversation),
      keep: interrupted && ((body, first) => interrupted.keep(body, conversation, first)),
      kept: (request) => interrupted?.take(conversation, request),
      empty: () => prepared.empty(),
    })
    const prepared = new Prepared(way, local, () => {
      this.#locals.delete(uri.key)
      this.#prepared.delete(prepared)
    })
    this.#locals.set(uri.key, local)
    this.#prepared.add(prepared)
    return prepared
  }

  /** Few keep what a broken session has brought. */
  async #keepFor(resumeFor: number): Promise<void> {
    const { InterruptedMessages } = await this.#platform.parts.options()
    await this.#platform.loadBodies?.()
    this.#interrupted ??= new InterruptedMessages(this.#platform.clock, resumeFor, this.#limits.interruptedMessages)
  }

  #localUri(local: PrepareOptions['local'], secure: boolean, transport: 'tcp' | 'ws' = 'tcp'): MsrpUri {
    const { random } = this.#platform
    if (typeof local !== 'string') {
      const { host, port } = local ?? { host: newInvalidHost(random), port: MSRP_PORT }
      const scheme = secure ? 'msrps' : 'msrp'
      return MsrpUri.build({ scheme, host, port, transport, sessionId: newSessionId(random) })
    }
    const uri = MsrpUri.parse(local)
    // RFC 4975 §8.2: what goes into an SDP has its port.
    if (uri.port === undefined) throw new MsrpError('invalid-argument', `The local URI ${uri} needs a port`)
    if (this.#locals.has(uri.key)) throw new MsrpError('invalid-argument', `${uri} is in use for another session`)
    return uri
  }

  async #dial(target: DialTarget): Promise<EndpointConnection> {
    const connection = this.#adopt(await this.#platform.dial(target))
    if (connection === undefined) throw over()
    return connection
  }

  /** `socket`: where it came in, if it did. Undefined once the endpoint is closed. */
  #adopt(transport: Transport, socket?: object): EndpointConnection | undefined {
    if (this.#closed) {
      transport.destroy()
      return undefined
    }
    const platform = this.#platform
    const { trace } = this.#options
    const at = { clock: platform.clock, number: ++this.#connectionCount }
    const connection = new EndpointConnection({
      platform,
      transport,
      observer: trace && loadedBefore(platform.parts.options).traceOf(transport, trace, at),
      socket,
      route: (request, from) => this.#route(request, from),
      onClosed: (gone) => this.#connections.delete(gone),
      stallTimeout: this.#options.stallTimeout,
      limits: this.#limits,
    })
    this.#connections.add(connection)
    return connection
  }

  /** RFC 4975 §7.3: To-Path decides first; what belongs to no session of this connection is answered 481 and ignored. */
  #route(request: IncomingRequest, connection: EndpointConnection): RequestReader {
    const { toPath } = request.head.fields
    const [to] = toPath
    const local = to === undefined || toPath.length > 1 ? undefined : this.#local(to)
    return local?.route(request, connection) ?? request.refuse(481)
  }

  #local(uri: MsrpUri): LocalPath | undefined {
    const local = this.#locals.get(uri.key)
    if (local !== undefined) return local
    // Behind a session border controller that rewrites the SDP only the session-id is ours, of 130 random bits.
    return [...this.#locals.values()].find(
      (candidate) =>
        candidate.options.sessmatch === true &&
        candidate.uri.sessionId === uri.sessionId &&
        candidate.uri.scheme === uri.scheme &&
        candidate.uri.transport === uri.transport,
    )
  }
}

function over(): MsrpError {
  return new MsrpError('closed', 'The endpoint is closed')
}
