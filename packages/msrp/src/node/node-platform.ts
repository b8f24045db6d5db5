import { TransactionTable } from '../connection/transaction-table.ts'
import type { Transport } from '../connection/transport.ts'
import { BlockSpool } from '../session/block-spool.ts'
import { DirectPeers } from '../session/direct-peers.ts'
import { IncomingBody } from '../session/incoming-body.ts'
import { PARTS_AT_HAND } from '../session/parts-at-hand.ts'
import type {
  DialTarget,
  FileSink,
  ListeningSocket,
  ListenOptions,
  ListenPlatform,
  Platform,
  SaveOptions,
} from '../session/platform.ts'
import { connectToRelay } from '../session/relay-client/index.ts'
import { ChunkParser, MsrpError } from '../wire/index.ts'
import { dial } from './dial.ts'
import { dialWebSocket } from './dial-web-socket.ts'
import { ownFingerprints } from './fingerprint.ts'
import { IncomingFile } from './incoming-file.ts'
import { type ListenTls, listenSockets } from './listen-sockets.ts'
import { nodeClock } from './node-clock.ts'
import { nodeHash, nodeRandom } from './node-crypto.ts'
import { type NodeResolverOptions, nodeResolver, type Resolver } from './resolver.ts'
import type { SocketTransportOptions } from './socket-transport.ts'
import { Spool } from './spool.ts'

/** What of the machine can be chosen. */
export interface NodePlatformOptions {
  /** Names with a fixed address, or several, asked before anything else. */
  readonly resolve?: NodeResolverOptions['resolve']
  /** Takes the place of the machine's resolver. Default: `nodeResolver` with `resolve`. */
  readonly resolver?: Resolver
  /** Folder for what overflows memory. Default: the system's folder for temporary files. */
  readonly temporaryFolder?: string
  /**
   * How long a connection may be silent before TCP asks for the far side, so that no NAT on the way forgets it and a dead
   * one is noticed (ten seconds later). Milliseconds, at least 1000, in whole seconds. Default 60 000.
   */
  readonly tcpKeepAlive?: number
}

/** Everything that an endpoint needs, from Node. */
export function nodePlatform(options: NodePlatformOptions = {}): Platform & ListenPlatform {
  const resolver = options.resolver ?? nodeResolver({ resolve: options.resolve })
  const transport = transportOptions(options)
  const platform: Platform & ListenPlatform = {
    clock: nodeClock,
    random: nodeRandom,
    hash: nodeHash,
    reader: ChunkParser,
    requestTable: TransactionTable,
    parts: PARTS_AT_HAND,
    connectToRelay: (relay, attempt) => connectToRelay(relay, resolver, attempt),
    direct: (room) => new DirectPeers(platform, room),

    async dial({
      host,
      port,
      secure,
      serverName,
      tls,
      fingerprints,
      webSocket,
      signal,
    }: DialTarget): Promise<Transport> {
      const names = serverName === undefined ? undefined : [serverName]
      const target = { host, port, secure, names, tls, fingerprints, signal, resolver }
      // RFC 4976 §8 needs a channel that nobody else can read, which loopback is.
      if (webSocket !== undefined)
        return dialWebSocket({ ...target, ...webSocket, transport: { ...transport, secure: true } })
      const dialed = await dial({ ...target, transport })
      return dialed.transport
    },

    async listen({ host, port, tls }: ListenOptions, accept): Promise<ListeningSocket> {
      const listener = await listenSockets({
        host: host ?? '127.0.0.1',
        port: port ?? 0,
        // RFC 8122 §6.2: whether a fingerprint is expected may be known only when the peer has come already.
        ...(tls ? { tls: withCertificate(tls), requestCert: true } : {}),
        transport,
        onTransport: (accepted) => accept(accepted),
      })
      return { ...listener.address, close: () => listener.close() }
    },

    ownFingerprints,

    openSpool: (most) => new BlockSpool(most, async (limit) => new Spool({ limit, folder: options.temporaryFolder })),

    openBody: (room) => new IncomingBody(room),

    async createFile(path: string, { taken }: SaveOptions): Promise<FileSink> {
      const sink = new IncomingFile(path, { taken })
      // A place that cannot be written should show before the first byte of the body is asked for.
      await sink.write(0, new Uint8Array(0))
      return {
        write: (position, bytes) => sink.write(position, bytes),
        read: (position, length) => sink.read(position, length),
        finish: async () => {
          await sink.finish()
          return sink.path
        },
        discard: () => sink.discard(),
      }
    },
  }
  return platform
}

function transportOptions({ tcpKeepAlive }: NodePlatformOptions): SocketTransportOptions {
  if (tcpKeepAlive === undefined) return {}
  if (tcpKeepAlive >= 1_000) return { keepAliveDelay: tcpKeepAlive }
  throw new MsrpError('invalid-argument', `tcpKeepAlive is in milliseconds, 1000 or more, not ${tcpKeepAlive}`)
}

function withCertificate(tls: NonNullable<ListenOptions['tls']>): ListenTls {
  const { cert, key } = tls
  // Without authorities: TLS would tell them to clients, and one whose certificate is of none of them might show none.
  if (cert !== undefined && key !== undefined) return { cert, key }
  throw new MsrpError('invalid-argument', 'listening with TLS needs a certificate and its key (tls.cert, tls.key)')
}
