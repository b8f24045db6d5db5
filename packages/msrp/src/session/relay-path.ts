import { MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { PathInput, RelayOptions } from './options.ts'
import type { DialTarget, Platform, TlsOptions } from './platform.ts'
import {
  authenticate,
  handshakeProtocol,
  type RelayMemory,
  type RelayRegistration,
  type WebSocketRelay,
  webSocketRelay,
} from './relay-client/index.ts'

/** A path through relays, and the connection that it is bound to. */
export interface RelayPath {
  readonly registration: RelayRegistration<EndpointConnection['msrp']>
  readonly connection: EndpointConnection
}

/**
 * Connects to the first relay and gets a path through all of them (RFC 4976 §5.1). Each local path has a connection of its
 * own, so that TCP's flow control works from end to end. A relay that cannot check credentials at present, or breaks off, is
 * passed over for the next one of its domain (RFC 2782).
 * @throws MsrpError what `authenticate` and `connectToRelay` throw
 */
export async function registerWithRelay(options: {
  relay: RelayOptions
  localUri: MsrpUri
  platform: Platform
  memory: RelayMemory
  tls: TlsOptions | undefined
  signal: AbortSignal | undefined
  dial: (target: DialTarget) => Promise<EndpointConnection>
}): Promise<RelayPath> {
  const { relay, localUri, platform, memory, tls, signal, dial } = options
  const { relays, webSocket } = readRelays(relay.uri)
  const [first] = relays
  if (first === undefined) throw new MsrpError('invalid-argument', 'The relay has no URI')
  const { username, password } = relay
  const known = username !== undefined && password !== undefined ? { username, password } : undefined
  if (relay.handshake && (webSocket === undefined || known === undefined)) {
    throw new MsrpError('invalid-argument', 'handshake: true needs a WebSocket URL, a user name and a password')
  }
  return platform.connectToRelay(first, async ({ host, port, serverName }) => {
    let connection: EndpointConnection | undefined
    const registration = await authenticate({
      connect: async () => {
        connection = await dial({
          host,
          port,
          serverName,
          secure: webSocket?.secure ?? true,
          tls,
          signal,
          webSocket: webSocket && {
            path: webSocket.path,
            protocols: relay.handshake && known ? [handshakeProtocol(known.username, known.password)] : [],
          },
        })
        return connection.msrp
      },
      relays,
      localUri,
      credentials: known ?? noCredentials,
      expires: relay.expires,
      clock: platform.clock,
      random: platform.random,
      hash: platform.hash,
      memory,
      signal,
    })
    if (connection === undefined) throw new MsrpError('internal', 'The relay was not connected to')
    return { registration, connection }
  })
}

/** Whether the first relay is reached by WebSocket. @throws MsrpError `invalid-argument` */
export function usesWebSocket({ uri }: RelayOptions): boolean {
  return readRelays(uri).webSocket !== undefined
}

/** The relays that `uri` of `RelayOptions` names, each by what it stands for. @throws MsrpError `invalid-argument` */
export function relayUris(input: PathInput): string[] {
  return readRelays(input).full
}

/** `relays`: what AUTH is addressed to. */
function readRelays(input: PathInput): { full: string[]; relays: MsrpUri[]; webSocket: WebSocketRelay | undefined } {
  const full = (typeof input === 'string' ? input.trim().split(/\s+/) : input).map(inFull)
  const [first = '', ...others] = full
  try {
    const webSocket = webSocketRelay(first)
    const relays = parsePath([webSocket?.uri ?? first, ...others].join(' '))
    for (const { secure, sessionId } of relays) {
      if (secure && sessionId === undefined) continue
      throw new MsrpError(
        'invalid-argument',
        'relays are reached over TLS (msrps), and have nothing after host and port',
      )
    }
    return { full, relays, webSocket }
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    throw new MsrpError('invalid-argument', `The relay's URI cannot be used: ${error.message}`, { cause: error })
  }
}

/** `relay.example.com` and `msrps://relay.example.com` stand for `msrps://relay.example.com;tcp`. */
function inFull(relay: string): string {
  if (/^wss?:|;/i.test(relay)) return relay
  return `${relay.includes('://') ? relay : `msrps://${relay}`};tcp`
}

/** A relay that has authenticated us by a cookie asks for nothing more. */
function noCredentials(relay: MsrpUri): never {
  const text = `the relay ${relay.host} asks for a user name and password, and none were given`
  throw new MsrpError('unauthorized', text)
}
