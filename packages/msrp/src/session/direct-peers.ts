import type { Transport } from '../connection/index.ts'
import { MsrpError, type MsrpUri, parseFingerprints } from '../wire/index.ts'
import { ConnectionPool } from './connection-pool.ts'
import { DirectWay } from './direct-way.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { type ListeningPlace, ListeningSockets } from './listening-sockets.ts'
import type { CompleteOptions, EndpointLimits, PrepareOptions, SessionOptions } from './options.ts'
import { checkFingerprint } from './peer-fingerprint.ts'
import type { DialTarget, ListenOptions, ListenPlatform, TlsOptions } from './platform.ts'
import { checkPrepareOptions } from './prepare-rules.ts'

/** The endpoint around them. */
export interface DirectPeersRoom {
  readonly limits: EndpointLimits
  readonly connections: ReadonlySet<EndpointConnection>
  /** Somebody has connected to a listening socket. */
  accept(transport: Transport, socket: object): void
  dial(target: DialTarget): Promise<EndpointConnection>
}

/** Peers without relays between us and them: listening sockets, connections to them, and what proves who they are. */
export class DirectPeers {
  readonly #platform: ListenPlatform
  readonly #listening: ListeningSockets
  readonly #pool: ConnectionPool

  constructor(platform: ListenPlatform, room: DirectPeersRoom) {
    this.#platform = platform
    this.#listening = new ListeningSockets(platform, (transport, socket) => {
      const unbound = [...room.connections].filter((connection) => connection.inbound && !connection.used)
      if (unbound.length >= room.limits.unboundConnections) transport.destroy()
      else room.accept(transport, socket)
    })
    this.#pool = new ConnectionPool((uri, trust, signal) => {
      const { secure, transport } = uri
      const { connectTo, ...proof } = trust
      const { host, port } = connectTo ?? uri
      // RFC 4975 §8.2: URIs of peers come with their port.
      if (port === undefined) throw new MsrpError('invalid-argument', `${uri.authorityKey} has no port to connect to`)
      if (transport !== 'tcp')
        throw new MsrpError('invalid-argument', `${uri} is not reached over TCP, but ${transport}`)
      // Whoever passes the bytes on, the certificate has to be that of the peer (RFC 6714 §6.5).
      const name = connectTo === undefined ? {} : { serverName: uri.host }
      return room.dial({ host, port, secure, ...name, ...proof, signal })
    })
  }

  /** Whether a local path can be made as it is wanted, a relay or not. @throws MsrpError `invalid-argument` */
  check(options: PrepareOptions): void {
    checkPrepareOptions(options)
    const { listen, peerFingerprint, relay, remotePath } = options
    if (remotePath === 'first') {
      this.checkFingerprint(peerFingerprint, { relayed: relay !== undefined, secure: listen?.tls !== undefined })
    }
    if (listen !== undefined && relay !== undefined) {
      throw new MsrpError('invalid-argument', 'A local path has either a listening socket or a relay')
    }
    if (remotePath === 'first' && listen === undefined && relay === undefined) {
      throw new MsrpError(
        'invalid-argument',
        "remotePath: 'first' needs a listening socket or a relay for peers to come",
      )
    }
  }

  /**
   * Makes a way to a local path, which `open` opens, and listens if that is wanted. `tls`: for connecting.
   * @throws MsrpError `unreachable`, `invalid-argument`, and what `open` throws
   */
  prepare<T>(
    { listen }: PrepareOptions,
    tls: TlsOptions | undefined,
    open: (way: DirectWay, place: ListeningPlace | undefined) => T,
  ): T | Promise<T> {
    const start = (place?: ListeningPlace): T => {
      const certificate = (listen === undefined ? tls : listen.tls)?.cert
      const fingerprints = certificate === undefined ? [] : (this.#platform.ownFingerprints?.(certificate) ?? [])
      return open(new DirectWay(this, place, withCertificate(tls, listen?.tls), fingerprints), place)
    }
    // At once, so that a connection which is about to be closed serves the next session.
    return listen === undefined ? start() : this.#listen(listen, start)
  }

  async #listen<T>(options: ListenOptions, start: (place: ListeningPlace) => T): Promise<T> {
    const place = await this.#listening.use(options)
    try {
      return start(place)
    } catch (error) {
      await place.release()
      throw error
    }
  }

  /** Connects to the first URI of a path, or to `connectTo`; `start` uses the connection at once, before it may close. @throws MsrpError */
  async connect<T>(
    [next]: readonly MsrpUri[],
    options: {
      tls: TlsOptions | undefined
      peerFingerprint: SessionOptions['peerFingerprint']
      connectTo: CompleteOptions['connectTo']
    },
    signal: AbortSignal | undefined,
    start: (connection: EndpointConnection) => T,
  ): Promise<T> {
    if (next === undefined) throw new MsrpError('invalid-argument', 'The path of the peer is empty')
    const { tls, peerFingerprint, connectTo } = options
    const fingerprints = parseFingerprints(peerFingerprint)
    for (;;) {
      const connection = await this.#pool.get(next, { tls, fingerprints, connectTo }, signal)
      // The last session on it may have ended meanwhile.
      if (connection.open) return start(connection)
    }
  }

  /** Whether a fingerprint that was given can be checked. @throws MsrpError `invalid-argument` when it cannot */
  checkFingerprint(given: SessionOptions['peerFingerprint'], where: { relayed: boolean; secure: boolean }): void {
    checkFingerprint(given, where)
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
