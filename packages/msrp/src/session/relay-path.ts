import { MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { PathInput, RelayOptions } from './options.ts'
import type { DialTarget, Platform, TlsOptions, WebSocketTarget } from './platform.ts'
import { authenticate, type RelayMemory, webSocketRelay } from './relay-client/index.ts'
import { RelayWay } from './relay-way.ts'

/** The relays to go through, and how the first one is reached. */
export interface RelayTarget {
  readonly relays: readonly [MsrpUri, ...MsrpUri[]]
  readonly webSocket: (Pick<WebSocketTarget, 'path'> & { readonly secure: boolean }) | undefined
}

/**
 * Connects to the first relay and gets a path through all of them (RFC 4976 §5.1). Each local path has a connection of its
 * own, so that TCP's flow control works from end to end. A relay that cannot check credentials at present, or breaks off, is
 * passed over for the next one of its domain (RFC 2782).
 * @throws MsrpError what `authenticate` and `connectToRelay` throw
 */
export async function registerWithRelay(
  { relays, webSocket }: RelayTarget,
  { username, password, handshake, expires }: RelayOptions,
  room: {
    platform: Platform
    direct: DirectPeers | undefined
    memory: RelayMemory
    localUri: MsrpUri
    tls?: TlsOptions | undefined
    signal?: AbortSignal | undefined
  },
  dial: (target: DialTarget) => Promise<EndpointConnection>,
): Promise<RelayWay> {
  const { platform, direct, memory, localUri, tls, signal } = room
  const { clock, hash, parts, random } = platform
  const known = username !== undefined && password !== undefined ? { username, password } : undefined
  if (known?.username === '') throw invalid('the user name for the relay is empty')
  const protocols: string[] = []
  if (handshake) {
    if (!webSocket || !known) throw invalid('handshake: true needs a WebSocket URL, a user name and a password')
    const { handshakeProtocol } = await parts.handshake()
    protocols.push(handshakeProtocol(known.username, known.password))
  }
  return platform.connectToRelay(relays[0], async ({ host, port, serverName }) => {
    const secure = webSocket?.secure ?? true
    const target = { host, port, serverName, secure, tls, signal }
    let connection: EndpointConnection | undefined
    const registration = await authenticate({
      connect: async () => {
        connection = await dial({ ...target, webSocket: webSocket && { path: webSocket.path, protocols } })
        return connection.msrp
      },
      relays,
      credentials(relay) {
        if (known !== undefined) return known
        // One that has authenticated us by a cookie asks for nothing more.
        const text = `the relay ${relay.host} asks for a user name and password, and none were given`
        throw new MsrpError('unauthorized', text)
      },
      expires,
      clock,
      random,
      hash,
      parts,
      memory,
      localUri,
      signal,
    })
    if (connection === undefined) throw new MsrpError('internal', 'The relay was not connected to')
    return new RelayWay(registration, connection, clock, direct)
  })
}

/** Reads what relays are given by: URIs, of which the first may be the URL of a WebSocket. @throws MsrpError `invalid-argument` */
export function relayTarget(input: PathInput): RelayTarget {
  const [text = '', ...others] = typeof input === 'string' ? input.trim().split(/ +/) : input
  try {
    const url = webSocketRelay(text)
    const [first, ...further] = parsePath([url?.uri ?? text, ...others].join(' '))
    if (first === undefined) throw invalid('it is empty')
    const byWebSocket = first.transport === 'ws'
    if (byWebSocket && first.port === undefined) {
      throw invalid(`${text} needs a port, or a URL such as wss://${first.host}/`)
    }
    return { relays: [first, ...further], webSocket: url ?? (byWebSocket ? { path: '/', secure: true } : undefined) }
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new MsrpError('invalid-argument', `The relay's URI cannot be used: ${error.message}`, { cause: error })
  }
}

function invalid(text: string): MsrpError {
  return new MsrpError('invalid-argument', text)
}
