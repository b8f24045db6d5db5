import { type Accepted, listenSockets, type SocketListener, type SocketTransport } from 'msrp/node'
import type { ListenSettings, Settings } from '../config/index.ts'
import { isWithin, networkSet } from '../config/network.ts'
import type { Log } from '../forwarding/settings.ts'
import type { Admission } from './admission.ts'
import type { RelayTls } from './relay-tls.ts'

/** A listener that is open, as it is shown to people. */
export interface OpenListener {
  readonly host: string
  readonly port: number
  readonly transport: ListenSettings['transport']
}

/** All listeners of a relay. */
export interface Listeners {
  readonly open: readonly OpenListener[]
  /** Shows the certificates that `tls` has by now, from the next handshake on. */
  renewCertificates(): void
  /** Stops accepting; connections that are open go on. */
  close(): Promise<void>
}

/**
 * Opens the listeners of the settings, all or none. Rejects with MsrpError `unreachable` when an address or port cannot
 * be had. Connections beyond the limits are closed at once, before their TLS handshake costs anything.
 */
export async function openListeners(options: {
  settings: Settings
  tls: RelayTls
  admission: Admission
  log: Log
  /** `names` are those of a client certificate that was verified. */
  onConnection: (transport: SocketTransport, names: readonly string[]) => void
}): Promise<Listeners> {
  const { settings, tls, admission, log, onConnection } = options
  const accept = (transport: SocketTransport, { tls: facts }: Accepted): void => {
    // RFC 4976 §9.2: a certificate that does not pass is ignored; its owner may still authenticate as a client.
    onConnection(transport, facts?.authorized === true ? facts.names : [])
  }

  const opened: { listener: SocketListener; transport: ListenSettings['transport'] }[] = []
  try {
    for (const { host, port, transport, proxyProtocolFrom } of settings.listen) {
      const inFront = transport === 'tls-in-front'
      const proxies = proxyProtocolFrom.length === 0 ? undefined : networkSet(proxyProtocolFrom)
      const { admit, gone } = inFront && proxies === undefined ? admission.doorBehindProxy : admission.door
      const listener = await listenSockets({
        host,
        port,
        ...(transport === 'tls'
          ? { tls: tls.listen, certificateFor: (name) => tls.listenAs(name), requestCert: true }
          : {}),
        ...(inFront ? { transport: { secure: true } } : {}),
        onTransport: accept,
        proxy: proxies && {
          trusts: (address) => isWithin(proxies, address),
          // A wrong setting, here or at the proxy, makes all connections fail: it should not go unnoticed.
          onRefused: (why, address) => log.warn({ address, why }, 'refused: not announced by a proxy'),
        },
        admit,
        onGone: gone,
        maxHandshakes: settings.limits.connections,
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
    renewCertificates: () => {
      // Those of names are asked for in each handshake.
      for (const { listener } of opened) if (listener.secure) listener.setSecureContext(tls.listen)
    },
    close: async () => {
      await Promise.all(opened.map(({ listener }) => listener.close()))
    },
  }
}
