import type { Transport } from '../connection/index.ts'
import { MsrpError, MsrpUri, newSessionId } from '../wire/index.ts'
import type { Listener, PreparedSession, Session } from './api.ts'
import { type Completed, CompletedMessages } from './completed-messages.ts'
import { conversationOf, keysOf } from './conversation.ts'
import type { DirectPeers } from './direct-peers.ts'
import { EndpointConnection } from './endpoint-connection.ts'
import { IGNORED, type IncomingRequest, type RequestReader } from './incoming-request.ts'
import type { InterruptedMessages } from './interrupted-messages.ts'
import { ENDPOINT_LIMITS } from './limits.ts'
import type { ListeningPlace } from './listening-sockets.ts'
import { loaded } from './loaded.ts'
import { LocalPath } from './local-path.ts'
import type { ConnectOptions, EndpointLimits, EndpointOptions, PrepareOptions } from './options.ts'
import type { DialTarget, Platform, TlsOptions } from './platform.ts'
import { Prepared, type PreparedParts, pathOf } from './prepared-session.ts'
import { RecentIds } from './recent-ids.ts'
import { RelayMemory } from './relay-client/index.ts'
import { registerWithRelay, usesWebSocket } from './relay-path.ts'
import type { traceOf } from './wire-trace.ts'
import { checkWrappedTypes } from './wrapped-types.ts'

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
  readonly #completed: RecentIds<Completed>
  #interrupted: InterruptedMessages | undefined
  /** Loaded where there is somebody to show things to. */
  #traceOf: typeof traceOf | undefined
  #connectionCount = 0
  #closed = false

  constructor(platform: Platform, options: EndpointOptions) {
    this.#platform = platform
    this.#options = options
    this.#limits = { ...ENDPOINT_LIMITS, ...options.limits }
    this.#completed = new RecentIds(this.#limits.rememberedMessages)
    this.#direct = platform.direct?.({
      accept: (transport, socket) => this.#accept(transport, socket),
      dial: (target) => this.#dial(target),
    })
  }

  /** Makes a local path, connects to the peer and binds the connection. */
  async connect(options: ConnectOptions): Promise<Session> {
    const { path, ...rest } = options
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
  prepare(options: PrepareOptions): Promise<PreparedSession> {
    return this.#prepare(options, options.relay !== undefined || options.tls !== undefined)
  }

  /** Makes a local path on which one peer after another is welcome. */
  async listen(options: PrepareOptions): Promise<Listener> {
    const prepared = await this.prepare({ ...options, remotePath: 'first' })
    return {
      localPath: prepared.localPath,
      fingerprints: prepared.fingerprints,
      closed: prepared.closed,
      close: () => prepared.close(),
      [Symbol.asyncIterator]: () => prepared.sessions(),
      [Symbol.asyncDispose]: () => prepared.close(),
    }
  }

  /** Resolves when nothing is left: no local path, no session. */
  async idle(): Promise<void> {
    while (this.#prepared.size > 0) await Promise.all([...this.#prepared].map(({ gone }) => gone))
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
    if (this.#closed) throw new MsrpError('closed', 'The endpoint is closed')
    const { listen, relay, signal } = options
    const direct = this.#direct
    checkPrepare(options, direct)
    const { resumeFor = 0, trace } = this.#options
    if (trace !== undefined) this.#traceOf ??= (await loaded(import('./wire-trace.ts'))).traceOf
    if (resumeFor > 0) await this.#keepFor(resumeFor)
    const tls = withCertificate(options.tls ?? this.#options.tls, listen?.tls)
    const place = listen && (await direct?.listen(listen))
    try {
      // RFC 7977 §5.2.1
      const transport = relay && usesWebSocket(relay) ? (relay.localTransport ?? 'ws') : 'tcp'
      const localUri = this.#localUri(options.local, place, secure, transport)
      const { key } = localUri
      if (this.#locals.has(key)) throw new MsrpError('invalid-argument', `${localUri} is in use for another session`)
      const dial = (target: DialTarget): Promise<EndpointConnection> => this.#dial(target)
      const memory = this.#relayMemory
      const platform = this.#platform
      const path = relay && (await registerWithRelay({ relay, localUri, platform, memory, tls, signal, dial }))
      const certificate = relay === undefined ? (listen === undefined ? tls : listen.tls)?.cert : undefined
      const fingerprints = certificate === undefined ? [] : (direct?.ownFingerprints(certificate) ?? [])
      const conversation = conversationOf(options.resumeKey, localUri, remotePath)
      return this.#register(localUri, conversation, options, { tls, place, relay: path, fingerprints })
    } catch (error) {
      await place?.release()
      throw error
    }
  }

  #register(
    uri: MsrpUri,
    conversation: string,
    options: PrepareOptions,
    parts: Pick<PreparedParts, 'tls' | 'place' | 'relay' | 'fingerprints'>,
  ): Prepared {
    const { place, relay } = parts
    const interrupted = this.#interrupted
    const keyOf = keysOf(conversation)
    const local = new LocalPath(
      {
        platform: this.#platform,
        direct: this.#direct,
        completed: new CompletedMessages(this.#completed, conversation),
        keep: interrupted && ((body, messageId) => interrupted.keep(body, keyOf(messageId))),
        kept: (messageId) => interrupted?.take(keyOf(messageId)),
      },
      {
        uri,
        session: options,
        open: options.remotePath === 'first',
        admits: (connection) =>
          relay === undefined
            ? place !== undefined && connection.socket === place.socket
            : connection === relay.connection,
        onEmpty: () => prepared.empty(),
      },
    )
    const prepared: Prepared = new Prepared({
      platform: this.#platform,
      direct: this.#direct,
      local,
      ...parts,
      over: () => {
        this.#locals.delete(uri.key)
        this.#prepared.delete(prepared)
      },
    })
    this.#locals.set(uri.key, local)
    this.#prepared.add(prepared)
    return prepared
  }

  /** Few keep what a broken session has brought. */
  async #keepFor(resumeFor: number): Promise<void> {
    const [{ InterruptedMessages }] = await loaded(
      Promise.all([import('./interrupted-messages.ts'), this.#platform.loadBodies?.()]),
    )
    this.#interrupted ??= new InterruptedMessages(this.#platform.clock, resumeFor, this.#limits.interruptedMessages)
  }

  #localUri(
    local: PrepareOptions['local'],
    place: ListeningPlace | undefined,
    secure: boolean,
    transport: 'tcp' | 'ws',
  ): MsrpUri {
    if (typeof local === 'string') return ownUri(local)
    const { random } = this.#platform
    // A name that nobody can look up, since nobody is to connect to it, and that tells nothing about this machine.
    const { host, port } = local ?? place ?? { host: `${newSessionId(random).slice(0, 12)}.invalid`, port: MSRP_PORT }
    const scheme = (place?.secure ?? secure) ? 'msrps' : 'msrp'
    return MsrpUri.build({ scheme, host, port, transport, sessionId: newSessionId(random) })
  }

  async #dial(target: DialTarget): Promise<EndpointConnection> {
    const transport = await this.#platform.dial(target)
    if (!this.#closed) return this.#adopt(transport, undefined)
    transport.destroy()
    throw new MsrpError('closed', 'The endpoint is closed')
  }

  #accept(transport: Transport, socket: object): void {
    const unbound = [...this.#connections].filter((connection) => connection.inbound && !connection.used)
    if (this.#closed || unbound.length >= this.#limits.unboundConnections) transport.destroy()
    else this.#adopt(transport, socket)
  }

  #adopt(transport: Transport, socket: object | undefined): EndpointConnection {
    const { trace } = this.#options
    const at = { clock: this.#platform.clock, number: ++this.#connectionCount }
    const connection = new EndpointConnection({
      platform: this.#platform,
      transport,
      observer: trace && this.#traceOf?.(transport, trace, at),
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
    if (local !== undefined) return local.route(request, connection)
    request.respond(481)
    return IGNORED
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

/**
 * The certificate that peers are shown when they come is also the one to show when we go to them, whatever else there is:
 * they know its fingerprint.
 */
function withCertificate(tls: TlsOptions | undefined, listening: TlsOptions | undefined): TlsOptions | undefined {
  if (listening?.cert === undefined || listening.key === undefined) return tls
  return { ...tls, cert: listening.cert, key: listening.key }
}

/** RFC 4975 §8.2: what goes into an SDP has its port. */
function ownUri(text: string): MsrpUri {
  const uri = MsrpUri.parse(text)
  if (uri.port === undefined) throw new MsrpError('invalid-argument', `The local URI ${uri} needs a port`)
  return uri
}

function checkPrepare(options: PrepareOptions, direct: DirectPeers | undefined): void {
  const { listen, relay, remotePath, peerFingerprint } = options
  checkWrappedTypes(options)
  if (direct === undefined && relay === undefined) {
    throw new MsrpError('invalid-argument', 'Nobody can be reached from here but through a relay: give one')
  }
  if (remotePath === 'first') {
    direct?.checkFingerprint(peerFingerprint, { relayed: relay !== undefined, secure: !!listen?.tls })
  }
  if (listen !== undefined && relay !== undefined) {
    throw new MsrpError('invalid-argument', 'A local path has either a listening socket or a relay')
  }
  if (remotePath === 'first' && listen === undefined && relay === undefined) {
    throw new MsrpError('invalid-argument', "remotePath: 'first' needs a listening socket or a relay for peers to come")
  }
}
