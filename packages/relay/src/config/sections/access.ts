import type { z } from 'zod'
import { patterns, section } from '../field.ts'

/** Who may use the relay. */
export interface AccessSettings {
  /** Users with an account who may log in, as patterns. Default: none, which is everybody. */
  readonly allowUsers: readonly string[]
  /** Users who may not, whatever is allowed. Default: none. */
  readonly denyUsers: readonly string[]
}

/** `[access]` */
export function accessSection(): z.ZodType<AccessSettings> {
  return section('Who may use the relay.', {
    allowUsers: patterns({
      about:
        'Users with an account who may log in, such as `["alice@example.com", "*@example.org"]`; with none, all of them. A name without `@` is a domain; `*` stands for any characters.',
      of: 'users',
    }),
    denyUsers: patterns({
      about: 'Users who may not, whatever is allowed. Their AUTH is answered 403 once their password was right.',
      of: 'users',
    }),
  }) as z.ZodType<AccessSettings>
}
