import { type Accepted, type ListenTls, listenSockets, type SocketListener, type SocketTransport } from 'msrp/node'
import type { ListenSettings, Settings } from '../config/index.ts'
import type { Log } from '../forwarding/settings.ts'

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
  /** Other processes listen on the same ports. Default: false. */
  reusePort?: boolean
  /** `names` are those of a client certificate that was verified. */
  onConnection: (transport: SocketTransport, names: readonly string[]) => void
}): Promise<Listeners> {
  const { settings, tls, log, onConnection, reusePort = false } = options
  const { connections, connectionsPerAddress } = settings.limits
  const perAddress = new Map<string, number>()
  let total = 0

  const admit = (address: string, most: number): string | undefined => {
    const already = perAddress.get(address) ?? 0
    if (total >= connections || already >= most) {
      log.warn({ address, total, fromThisAddress: already }, 'refused: too many connections')
      return 'too many connections'
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

  const opened: { listener: SocketListener; transport: ListenSettings['transport'] }[] = []
  try {
    for (const { host, port, transport } of settings.listen) {
      const inFront = transport === 'tls-in-front'
      // All come from the proxy's address: how many each of them may have is for the proxy to say.
      const most = inFront ? connections : connectionsPerAddress
      const counted = (address: string): string => (inFront ? `${address}, in front` : address)
      const listener = await listenSockets({
        host,
        port,
        reusePort,
        ...(transport === 'tls' ? { tls, requestCert: true } : {}),
        ...(inFront ? { transport: { secure: true } } : {}),
        onTransport: accept,
        admit: (address) => admit(counted(address), most),
        onGone: (address) => gone(counted(address)),
        maxHandshakes: connections,
        onRefused: (why, far) => log.debug({ far, why }, 'a connection came to nothing'),
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
      await Promise.all(opened.map(({ listener }) => listener.close()))
    },
  }
}
