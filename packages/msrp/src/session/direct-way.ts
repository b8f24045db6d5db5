import { MsrpError, type MsrpUri } from '../wire/index.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { ListeningPlace } from './listening-sockets.ts'
import type { CompleteOptions, SessionOptions } from './options.ts'
import { checkFingerprint, trusts, wrongCertificate } from './peer-fingerprint.ts'
import type { TlsOptions } from './platform.ts'
import type { MsrpSession } from './session.ts'
import type { Way } from './way.ts'

/** Without relays of ours: peers come through a listening socket, if there is one; others are connected to. */
export class DirectWay implements Way {
  readonly relays: readonly MsrpUri[] = []
  readonly #place: ListeningPlace | undefined
  readonly fingerprints: readonly string[]
  readonly #peers: DirectPeers
  readonly #tls: TlsOptions | undefined
  /** Connections that a session was bound to before: what still comes over them comes too late. */
  readonly #left: WeakMap<MsrpSession, WeakSet<EndpointConnection>> = new WeakMap()

  /** `tls`: for connecting. */
  constructor(
    peers: DirectPeers,
    place: ListeningPlace | undefined,
    tls: TlsOptions | undefined,
    fingerprints: readonly string[],
  ) {
    this.#peers = peers
    this.#tls = tls
    this.#place = place
    this.fingerprints = fingerprints
  }

  get listens(): boolean {
    return this.#place !== undefined
  }

  admits({ socket }: EndpointConnection): boolean {
    return socket !== undefined && socket === this.#place?.socket
  }

  check({ peerFingerprint }: SessionOptions, path: readonly MsrpUri[], active: boolean): void {
    const secure = (active ? path[0]?.secure : this.#place?.secure) === true
    checkFingerprint(peerFingerprint, { relayed: path.length > 1, secure })
    if (active || this.listens) return
    throw new MsrpError('invalid-argument', 'A peer can only come when there is a listening socket or a relay')
  }

  connect(
    path: readonly MsrpUri[],
    { peerFingerprint }: SessionOptions,
    { connectTo, signal }: CompleteOptions,
    start: (connection: EndpointConnection) => MsrpSession,
  ): Promise<MsrpSession> {
    return this.#peers.connect(path, { tls: this.#tls, peerFingerprint, connectTo }, signal, start)
  }

  /**
   * The peer has not shown the certificate that it announced: its session is torn down at once, without a word (RFC 4975
   * §14.4). A connection that other sessions use, which trust it, stays.
   */
  distrust(options: SessionOptions, request: IncomingRequest, connection: EndpointConnection): MsrpError | undefined {
    if (trusts(options, connection)) return undefined
    const error = wrongCertificate(connection)
    if (connection.used) request.respond(403)
    else connection.msrp.fail(error)
    return error
  }

  /**
   * RFC 4975 §7.3: only the session's own connection counts; but a peer that came to us may have to come back over another one,
   * which takes the place of the first for good.
   */
  move(session: MsrpSession, request: IncomingRequest, connection: EndpointConnection): boolean {
    if (this.distrust(session.options, request, connection) !== undefined) return false
    const sound = request.head.method === 'SEND' && request.flaw === undefined
    const left = this.#left.get(session) ?? new WeakSet()
    const mayMove = connection.open && this.admits(connection) && session.connection.inbound && !left.has(connection)
    if (!sound || !mayMove) return false
    this.#left.set(session, left.add(session.connection))
    session.moveTo(connection)
    return true
  }

  async close(): Promise<void> {
    await this.#place?.release()
  }
}
