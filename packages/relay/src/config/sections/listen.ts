import { isIP } from 'node:net'
import type { z } from 'zod'
import { documented, networks, oneOf, sections, text, whole } from '../field.ts'
import type { Surroundings } from '../surroundings.ts'

/** Where the relay accepts connections. */
export interface ListenSettings {
  /** An IP address of this machine, or `0.0.0.0` or `::` for all of them. */
  readonly host: string
  /** Default: 2855. 0 takes a free one. */
  readonly port: number
  /**
   * Clients and relays need `tls`, the default; `tcp` serves only peers that use no relay (RFC 4976 §9.2). At
   * `tls-in-front` a proxy on this machine connects, which has taken TLS off: what comes counts as having come over TLS, so
   * the address has to be a loopback one. Other relays cannot be told there from clients, since their certificates end at
   * the proxy. `wss` is for browsers (RFC 7977), and so is `ws`, for a proxy on this machine that ends TLS, or a page on it.
   */
  readonly transport: 'tls' | 'tcp' | 'tls-in-front' | 'wss' | 'ws'
  /**
   * Networks of proxies in front, which say by HAProxy's PROXY protocol from whom each connection comes: it counts as that
   * client's then, and who comes from elsewhere, or without such a header, is cut off. Default: none, no such proxies.
   */
  readonly proxyProtocolFrom: readonly string[]
}

const defaultPort = 2855

/** `[[listen]]` */
export function listenSection({ ipv6Loopback }: Surroundings): z.ZodType<readonly ListenSettings[]> {
  const hosts = ipv6Loopback ? ['127.0.0.1', '::1'] : ['127.0.0.1']
  const about =
    'Where to listen. Without any the relay listens with TLS on port 2855 of the loopback addresses: this machine alone reaches it.'
  const listeners = sections(about, 'listen', {
    host: text('an IP address such as "127.0.0.1", "::1" or "0.0.0.0"', (value) => isIP(value) !== 0, {
      about: 'An IP address of this machine; `"0.0.0.0"` and `"::"` stand for all of them.',
      example: '"0.0.0.0"',
    }),
    port: whole(0, 65535, defaultPort, 'The port; 0 takes a free one.'),
    transport: oneOf(
      ['tls', 'tcp', 'tls-in-front', 'wss', 'ws'],
      'tls',
      'Clients and relays need `"tls"`; `"tcp"` is for peers that use no relay. `"tls-in-front"`, on a loopback address, is for a proxy on this machine that ends TLS and passes on what is in it. `"wss"` is for browsers, by WebSocket; `"ws"`, on a loopback address, for a proxy that passes on WebSockets.',
    ),
    proxyProtocolFrom: networks({
      about:
        'Networks of the proxies in front of this listener, such as `["192.0.2.4"]`, when these say by the PROXY protocol (`send-proxy-v2` or `send-proxy` of HAProxy) from whom each connection comes. Then who comes from elsewhere, or without its header, is cut off.',
    }),
  })
  return documented(
    listeners.min(1, { error: 'must not be empty' }).prefault(hosts.map((host) => ({ host })) as never),
    {
      about,
      expected: 'a list of tables, written [[listen]]',
    },
  )
}
