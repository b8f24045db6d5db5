import type { Transport } from '../connection/index.ts'
import { MsrpError, type MsrpUri, parseFingerprints } from '../wire/index.ts'
import { ConnectionPool } from './connection-pool.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import { type ListeningPlace, ListeningSockets } from './listening-sockets.ts'
import type { CompleteOptions, SessionOptions } from './options.ts'
import { checkFingerprint, trusts, wrongCertificate } from './peer-fingerprint.ts'
import type { DialTarget, ListenOptions, ListenPlatform, TlsOptions } from './platform.ts'

/** The endpoint around them. */
export interface DirectPeersRoom {
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
    this.#listening = new ListeningSockets(platform, (transport, socket) => room.accept(transport, socket))
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

  /** Listens. @throws MsrpError `unreachable`, `invalid-argument` */
  listen(options: ListenOptions): Promise<ListeningPlace> {
    return this.#listening.use(options)
  }

  /** Those of our certificate, for the SDP. */
  ownFingerprints(certificate: string | Uint8Array): readonly string[] {
    return this.#platform.ownFingerprints?.(certificate) ?? []
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

  /** Whether a connection that came to us has shown the certificate that a session wants to see, if it wants one. */
  trusts(options: SessionOptions, connection: EndpointConnection): boolean {
    return trusts(options, connection)
  }

  /** Why one that has not is closed. */
  wrongCertificate(connection: EndpointConnection): MsrpError {
    return wrongCertificate(connection)
  }
}
