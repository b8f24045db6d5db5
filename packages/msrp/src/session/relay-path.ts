import { MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { PathInput, RelayOptions } from './options.ts'
import type { DialTarget, Platform, TlsOptions, WebSocketTarget } from './platform.ts'
import { readArgument } from './read-argument.ts'
import { authenticate, type RelayMemory, webSocketRelay } from './relay-client/index.ts'
import { RelayWay } from './relay-way.ts'

/** The relays to go through, and how the first one is reached. */
export interface RelayTarget {
  /** As they were given, each by what it stands for. */
  readonly full: readonly string[]
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
  const { platform, tls, signal } = room
  const known = username !== undefined && password !== undefined ? { username, password } : undefined
  if (username === '') throw invalid('the user name for the relay is empty')
  const protocols = handshake ? (await platform.parts.handshake()).handshakeProtocols(webSocket, known) : []
  return platform.connectToRelay(relays[0], async (address) => {
    const secure = webSocket?.secure ?? true
    const target = { ...address, secure, tls, signal, webSocket: webSocket && { path: webSocket.path, protocols } }
    const registration = await authenticate({
      ...room,
      connect: () => dial(target),
      relays,
      credentials({ host }) {
        if (known !== undefined) return known
        // One that has authenticated us by a cookie asks for nothing more.
        const text = `the relay ${host} asks for a user name and password, and none were given`
        throw new MsrpError('unauthorized', text)
      },
      expires,
    })
    return new RelayWay(registration, room.direct)
  })
}

/** The relays that `uri` of `RelayOptions` names, each by what it stands for. @throws MsrpError `invalid-argument` */
export function relayUris(input: PathInput): readonly string[] {
  return relayTarget(input).full
}

/** Reads what relays are given by: URIs, of which the first may be the URL of a WebSocket. @throws MsrpError `invalid-argument` */
export function relayTarget(input: PathInput): RelayTarget {
  return readArgument("The relay's URI", () => {
    const full = [input].flat().join(' ').trim().split(/\s+/).map(inFull)
    const [text = '', ...others] = full
    const url = webSocketRelay(text)
    const [first, ...further] = parsePath([url?.uri ?? text, ...others].join(' '))
    if (first === undefined) throw invalid('it is empty')
    const relays = [first, ...further] as const
    if (relays.some(({ secure, sessionId }) => !secure || sessionId !== undefined)) {
      throw invalid('relays are reached over TLS (msrps), and have nothing after host and port')
    }
    const byWebSocket = first.transport === 'ws'
    if (byWebSocket && first.port === undefined) {
      throw invalid(`${text} needs a port, or a URL such as wss://${first.host}/`)
    }
    return { full, relays, webSocket: url ?? (byWebSocket ? { path: '/', secure: true } : undefined) }
  })
}

/** `relay.example.com` and `msrps://relay.example.com` stand for `msrps://relay.example.com;tcp`. */
function inFull(relay: string): string {
  // Of another scheme, or whole: as it is, also where an error shows it.
  if (/;|^(?!msrps?:)[a-z]+:\/\//i.test(relay)) return relay
  return `${relay.includes('://') ? relay : `msrps://${relay}`};tcp`
}

function invalid(text: string): MsrpError {
  return new MsrpError('invalid-argument', text)
}
