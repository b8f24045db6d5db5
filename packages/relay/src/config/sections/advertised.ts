import type { z } from 'zod'
import { hostName, optionalWhole, section } from '../field.ts'

/** The authority in the URIs that the relay hands out (RFC 4976 §6.3). */
export interface AdvertisedSettings {
  /**
   * The host name by which clients, peers and relays reach this relay; its certificate names it. Default: `localhost`
   * when the relay listens on loopback alone; otherwise it has to be given, and is not an address.
   */
  readonly name: string
  /** Default (undefined): the port of the first listener with `tls`; without one it has to be given. */
  readonly port?: number
}

/** `[advertised]` */
export function advertisedSection(): z.ZodType<{ readonly name?: string; readonly port?: number }> {
  return section('The authority in the URIs handed out: how others reach this relay.', {
    name: hostName({
      about: 'The host name by which clients, peers and relays reach this relay; its certificate names it.',
      leftOut: '`"localhost"`; a relay that others can reach has to be given its name',
      example: '"relay.example.com"',
    }),
    port: optionalWhole(1, 65535, {
      about: 'The port by which they reach it, where that is another one than it listens on: behind NAT or a proxy.',
      leftOut: 'the port of the first listener with TLS',
      example: '2855',
    }),
  })
}
