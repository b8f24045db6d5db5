import type { z } from 'zod'
import { networks, section } from '../field.ts'

/** Who may connect. */
export interface AccessSettings {
  /** Networks from which connections are taken. Default: none, which is from everywhere. */
  readonly allowNetworks: readonly string[]
  /** Networks from which none are taken, whatever is allowed. Default: none. */
  readonly denyNetworks: readonly string[]
}

/** `[access]` */
export function accessSection(): z.ZodType<AccessSettings> {
  return section(
    'Who may connect: clients, peers and relays alike. Others are cut off at once, before their TLS handshake.',
    {
      allowNetworks: networks({ about: 'Networks from which connections are taken; with none, from everywhere.' }),
      denyNetworks: networks({ about: 'Networks from which none are taken, whatever is allowed.' }),
    },
  ) as z.ZodType<AccessSettings>
}
