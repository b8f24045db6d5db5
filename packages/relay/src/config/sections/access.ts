import type { z } from 'zod'
import { networks, patterns, section } from '../field.ts'

/** Who may connect, and who may log in. */
export interface AccessSettings {
  /** Networks from which connections are taken. Default: none, which is from everywhere. */
  readonly allowNetworks: readonly string[]
  /** Networks from which none are taken, whatever is allowed. Default: none. */
  readonly denyNetworks: readonly string[]
  /** Users with an account who may log in, as patterns. Default: none, which is everybody. */
  readonly allowUsers: readonly string[]
  /** Users who may not, whatever is allowed. Default: none. */
  readonly denyUsers: readonly string[]
}

/** `[access]` */
export function accessSection(): z.ZodType<AccessSettings> {
  return section(
    'Who may connect, be it a client, a peer or a relay, and who may log in. Connections from elsewhere are cut off at once, before their TLS handshake.',
    {
      allowNetworks: networks({ about: 'Networks from which connections are taken; with none, from everywhere.' }),
      denyNetworks: networks({ about: 'Networks from which none are taken, whatever is allowed.' }),
      allowUsers: patterns({
        about:
          'Users with an account who may log in, such as `["alice@example.com", "*@example.org"]`; with none, all of them. A name without `@` is a domain; `*` stands for any characters.',
        of: 'users',
      }),
      denyUsers: patterns({
        about: 'Users who may not, whatever is allowed. Their AUTH is answered 403 once their password was right.',
        of: 'users',
      }),
    },
  ) as z.ZodType<AccessSettings>
}
