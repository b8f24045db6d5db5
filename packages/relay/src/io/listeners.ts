import type { Transport } from 'msrp/connection'
import { type Accepted, type ListenTls, listenSockets, type SocketListener, type SocketTransport } from 'msrp/node'
import { isInFront } from '../config/consistency.ts'
import type { ListenSettings, Settings } from '../config/index.ts'
import type { Counters, Refusal } from '../forwarding/counters.ts'
import type { HandshakeUser } from '../forwarding/handshake-user.ts'
import type { Log } from '../forwarding/settings.ts'
import { WebSocketHandshakes, type WebSocketOptions } from './web-sockets.ts'

const TOO_MANY = 'too many connections'
const TOO_MANY_FROM_ADDRESS = 'too many connections from this address'

/** A listener that is open, as it is shown to people. */
export interface OpenListener {
  readonly host: string
  readonly port: number
  readonly transport: ListenSettings['transport']
}

/** All listeners of a relay. */
export interface Listeners {
  readonly open: readonly OpenListener[]
  /** Stops accepting; connections that are open go on. */
  close(): Promise<void>
}

/**
 * Opens the listeners of the settings, all or none. Rejects with MsrpError `unreachable` when an address or port cannot
 * be had. Connections beyond the limits are closed at once, before their TLS handshake costs anything.
 */
export async function openListeners(options: {
  settings: Settings
  tls: ListenTls
  log: Log
  /** Where those are counted that come to nothing. */
  counters: Pick<Counters, 'refused'>
  /** Who has these credentials, of those that come by WebSocket. */
  authenticate: WebSocketOptions['authenticate']
  /** `names` are those of a client certificate that was verified; `user` has logged in already. */
  onConnection: (transport: Transport, names: readonly string[], user?: HandshakeUser) => void
}): Promise<Listeners> {
  const { settings, tls, log, counters, authenticate, onConnection } = options
  const { connections, connectionsPerAddress } = settings.limits
  const perAddress = new Map<string, number>()
  let total = 0

  const admit = (address: string, most: number): string | undefined => {
    const already = perAddress.get(address) ?? 0
    if (total >= connections || already >= most) {
      log.warn({ address, total, fromThisAddress: already }, 'refused: too many connections')
      return total >= connections ? TOO_MANY : TOO_MANY_FROM_ADDRESS
    }
    total++
    perAddress.set(address, already + 1)
    return undefined
  }
  const gone = (address: string): void => {
    total--
    const left = (perAddress.get(address) ?? 1) - 1
    if (left === 0) perAddress.delete(address)
    else perAddress.set(address, left)
  }
  const accept = (transport: SocketTransport, { tls: facts }: Accepted): void => {
    // RFC 4976 §9.2: a certificate that does not pass is ignored; its owner may still authenticate as a client.
    onConnection(transport, facts?.authorized === true ? facts.names : [])
  }

  const webSockets = new WebSocketHandshakes({
    settings: () => settings.webSocket,
    ownNames: () => [settings.advertised.name, ...settings.listen.map(({ host }) => host)],
    handshakeTime: () => settings.limits.unauthenticatedTime,
    log,
    authenticate,
    onConnection: (transport, user) => onConnection(transport, [], user),
  })

  const opened: { listener: SocketListener; transport: ListenSettings['transport'] }[] = []
  try {
    for (const { host, port, transport } of settings.listen) {
      const inFront = isInFront(transport)
      const webSocket = transport === 'wss' || transport === 'ws'
      // All come from the proxy's address: how many each of them may have is for the proxy to say.
      const most = inFront ? connections : connectionsPerAddress
      const counted = (address: string): string => (inFront ? `${address}, in front` : address)
      const listener = await listenSockets({
        host,
        port,
        ...(transport === 'tls' ? { tls, requestCert: true } : {}),
        // A browser that is asked for a certificate asks its user.
        ...(transport === 'wss' ? { tls } : {}),
        ...(inFront ? { transport: { secure: true } } : {}),
        ...(webSocket ? { onSocket: (socket) => webSockets.accept(socket) } : { onTransport: accept }),
        admit: (address) => admit(counted(address), most),
        onGone: (address) => gone(counted(address)),
        maxHandshakes: connections,
        onRefused: (why, far) => {
          counters.refused[refusalOf(why)]++
          log.debug({ far, why }, 'a connection came to nothing')
        },
        handshakeTimeout: settings.limits.unauthenticatedTime * 1000,
      })
      opened.push({ listener, transport })
    }
  } catch (error) {
    await Promise.all(opened.map(({ listener }) => listener.close()))
    throw error
  }
  return {
    open: opened.map(({ listener, transport }) => ({ ...listener.address, transport })),
    close: async () => {
      webSockets.close()
      await Promise.all(opened.map(({ listener }) => listener.close()))
    },
  }
}

/** What counts for the words in which a listener says why a connection came to nothing. */
function refusalOf(why: string): Refusal {
  if (why === TOO_MANY) return 'connections'
  if (why === TOO_MANY_FROM_ADDRESS) return 'connections_per_address'
  if (why === 'too many TLS handshakes under way') return 'handshakes'
  return why === 'no TLS handshake in time' ? 'handshake_timeout' : 'handshake_failed'
}
