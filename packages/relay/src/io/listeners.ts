import { isIPv4, isIPv6 } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Transport } from 'msrp/connection'
import { type Accepted, listenSockets, type SocketListener, type SocketTransport } from 'msrp/node'
import { isInFront } from '../config/consistency.ts'
import type { ListenSettings, Settings } from '../config/index.ts'
import { isWithin, networkSet } from '../config/network.ts'
import type { Counters, Refusal } from '../forwarding/counters.ts'
import type { HandshakeUser } from '../forwarding/handshake-user.ts'
import type { Log } from '../forwarding/settings.ts'
import { type Admission, NOT_ALLOWED, TOO_MANY, TOO_MANY_FROM_ADDRESS } from './admission.ts'
import type { RelayTls } from './relay-tls.ts'
import type { WebSocketHandshakes, WebSocketOptions } from './web-sockets.ts'

/** A listener that is open, as it is shown to people. */
export interface OpenListener {
  readonly host: string
  readonly port: number
  readonly transport: ListenSettings['transport']
}

/** What listeners need. */
export interface ListenersOptions {
  /** Looked at for each connection: they may change. */
  readonly settings: () => Settings
  readonly tls: RelayTls
  readonly admission: Admission
  /** Other processes listen on the same ports. Default: false. */
  readonly reusePort?: boolean
  readonly log: Log
  /** Where those are counted that come to nothing. */
  readonly counters: Pick<Counters, 'refused'>
  /** Who has these credentials, of those that come by WebSocket. */
  readonly authenticate: WebSocketOptions['authenticate']
  /** `names` are those of a client certificate that was verified; `user` has logged in already. */
  onConnection(transport: Transport, names: readonly string[], user?: HandshakeUser): void
}

/** Listeners that were opened beside those there are, for other settings. */
export interface ListenerChange {
  /** Closes those that are not wanted any more; their connections go on. */
  keep(): Promise<void>
  /** Closes the new ones. */
  undo(): Promise<void>
}

/** A listener with the settings it was opened for. */
interface Opened {
  readonly wanted: ListenSettings
  readonly listener: SocketListener
}

/** All listeners of a relay. Connections beyond the limits are closed at once, before their TLS handshake costs anything. */
export class Listeners {
  readonly #options: ListenersOptions
  /** There once a listener needs them. */
  #webSockets: WebSocketHandshakes | undefined
  #opened: readonly Opened[] = []

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  /** Those that are open, with the ports they really got. */
  get open(): readonly OpenListener[] {
    return this.#opened.map(({ listener, wanted: { transport } }) => ({ ...listener.address, transport }))
  }

  /**
   * Opens those that are wanted and not open yet, all or none.
   * @throws MsrpError `unreachable` when an address or port cannot be had
   */
  async change(wanted: readonly ListenSettings[]): Promise<ListenerChange> {
    const left = [...this.#opened]
    const found = wanted.map((one) => {
      const index = left.findIndex((opened) => isDeepStrictEqual(opened.wanted, one))
      return index < 0 ? undefined : left.splice(index, 1)[0]
    })
    const before = this.#opened
    const opened: Opened[] = []
    const all: Opened[] = []
    try {
      for (const [index, one] of wanted.entries()) {
        const there = found[index]
        const listener = there ?? { wanted: one, listener: await this.#open(one, wanted) }
        if (there === undefined) opened.push(listener)
        all.push(listener)
      }
    } catch (error) {
      await closeAll(opened)
      throw error
    }
    this.#opened = all
    return {
      keep: () => closeAll(left),
      undo: async () => {
        this.#opened = before
        await closeAll(opened)
      },
    }
  }

  /** Shows the certificates that there are now, from the next handshake on. */
  renewCertificates(): void {
    // Those of names are asked for in each handshake.
    for (const { listener } of this.#opened) if (listener.secure) listener.setSecureContext(this.#options.tls.listen)
  }

  /** Stops accepting; connections that are open go on. */
  async close(): Promise<void> {
    this.#webSockets?.close()
    await closeAll(this.#opened)
  }

  async #open(one: ListenSettings, all: readonly ListenSettings[]): Promise<SocketListener> {
    const { host, port, transport, proxyProtocolFrom } = one
    const { settings, tls, admission, log, counters, reusePort = false } = this.#options
    const { limits } = settings()
    const inFront = isInFront(transport)
    const webSockets = transport === 'wss' || transport === 'ws' ? await this.#handshakes() : undefined
    const proxies = proxyProtocolFrom.length === 0 ? undefined : networkSet(proxyProtocolFrom)
    const { admit, gone } = inFront && proxies === undefined ? admission.doorBehindProxy : admission.door
    return listenSockets({
      host,
      port,
      reusePort,
      ipv6Only: isIpv6Alone(one, all),
      ...(transport === 'tls' || transport === 'wss'
        ? { tls: tls.listen, certificateFor: (name) => tls.listenAs(name) }
        : {}),
      // Not at `wss`: a browser that is asked for a certificate asks its user.
      ...(transport === 'tls' ? { requestCert: true } : {}),
      ...(inFront ? { transport: { secure: true } } : {}),
      ...(webSockets !== undefined
        ? { onSocket: (socket, { remote }) => webSockets.accept(socket, remote) }
        : { onTransport: (transport, accepted) => this.#accept(transport, accepted) }),
      proxy: proxies && {
        trusts: (address) => isWithin(proxies, address),
        // A wrong setting, here or at the proxy, makes all connections fail: it should not go unnoticed.
        onRefused: (why, address) => log.warn({ address, why }, 'refused: not announced by a proxy'),
      },
      admit,
      onGone: gone,
      maxHandshakes: limits.connections,
      onRefused: (why, far) => {
        counters.refused[refusalOf(why)]++
        log.debug({ far, why }, 'a connection came to nothing')
      },
      handshakeTimeout: limits.unauthenticatedTime * 1000,
    })
  }

  async #handshakes(): Promise<WebSocketHandshakes> {
    const { settings, log, authenticate, onConnection } = this.#options
    const { WebSocketHandshakes: Handshakes } = await import('./web-sockets.ts')
    this.#webSockets ??= new Handshakes({
      settings: () => settings().webSocket,
      ownNames: () => [settings().advertised.name, ...settings().listen.map(({ host }) => host)],
      handshakeTime: () => settings().limits.unauthenticatedTime,
      log,
      authenticate,
      onConnection: (transport, user) => onConnection(transport, [], user),
    })
    return this.#webSockets
  }

  #accept(transport: SocketTransport, { tls }: Accepted): void {
    // RFC 4976 §9.2: a certificate that does not pass is ignored; its owner may still authenticate as a client.
    this.#options.onConnection(transport, tls?.authorized === true ? tls.names : [])
  }
}

/** Whether a listener at `::` leaves IPv4 to another one with the same port; by itself it takes both. */
export function isIpv6Alone({ host, port }: ListenSettings, all: readonly ListenSettings[]): boolean {
  return isIPv6(host) && port !== 0 && all.some((other) => other.port === port && isIPv4(other.host))
}

async function closeAll(opened: readonly Opened[]): Promise<void> {
  await Promise.all(opened.map(({ listener }) => listener.close()))
}

/** What counts for the words in which a listener says why a connection came to nothing. */
function refusalOf(why: string): Refusal {
  if (why === TOO_MANY) return 'connections'
  if (why === TOO_MANY_FROM_ADDRESS) return 'connections_per_address'
  if (why === NOT_ALLOWED) return 'access'
  if (/proxy/i.test(why)) return 'proxy'
  if (why === 'too many TLS handshakes under way') return 'handshakes'
  return why === 'no TLS handshake in time' ? 'handshake_timeout' : 'handshake_failed'
}
