import type { z } from 'zod'
import { flag, networks, optionalFlag, section } from '../field.ts'

/** Which addresses the relay connects to when a user names a peer. */
export interface OutboundSettings {
  /** Loopback addresses. Default: true when the relay listens on loopback alone, otherwise false. */
  readonly allowLoopback: boolean
  /** Addresses of private networks: RFC 1918, 100.64.0.0/10, fc00::/7. Default: false. */
  readonly allowPrivate: boolean
  /** Networks allowed although they are denied by default, such as `10.1.0.0/16`. Default: none. */
  readonly allow: readonly string[]
  /** Networks denied whatever else is said. Default: none. */
  readonly deny: readonly string[]
}

/** `[outbound]` */
export function outboundSection(): z.ZodType<Omit<OutboundSettings, 'allowLoopback'> & { allowLoopback?: boolean }> {
  return section(
    'Addresses that the relay connects to when a user names a peer. Link-local and multicast addresses and the metadata services of clouds are denied; the relay never connects to itself.',
    {
      allowLoopback: optionalFlag({
        about: 'Loopback addresses.',
        leftOut: 'true when the relay listens on loopback alone, otherwise false',
        example: 'true',
      }),
      allowPrivate: flag(false, 'Addresses of private networks: RFC 1918, 100.64.0.0/10, fc00::/7.'),
      allow: networks({ about: 'Networks that are allowed though denied by default, such as `["10.1.0.0/16"]`.' }),
      deny: networks({ about: 'Networks that are denied whatever else is said.' }),
    },
  ) as z.ZodType<Omit<OutboundSettings, 'allowLoopback'> & { allowLoopback?: boolean }>
}
