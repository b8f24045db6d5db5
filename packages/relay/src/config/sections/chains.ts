import { z } from 'zod'
import { isCertifiableName } from '../../certificates/certifiable-name.ts'
import { documented, section } from '../field.ts'

/** Relays by their host names in lower case, `*.example.com` for all below example.com; or all, or none. */
export type RelaySelection = 'any' | 'none' | readonly string[]

/** With which relays this one forms chains for clients (RFC 4976 §6.3). */
export interface ChainSettings {
  /** Relays whose clients get URIs here. They show a certificate in any case. Default: any. */
  readonly inbound: RelaySelection
  /** Relays at which clients of this one get URIs through it. Default: any. */
  readonly outbound: RelaySelection
}

/** `[chains]` */
export function chainsSection(): z.ZodType<ChainSettings> {
  return section(
    'With which relays this one forms chains. Between relays there is always TLS with certificates on both sides; here it is said whose are good enough. Peers behind other relays are reached whatever is said here.',
    {
      inbound: selection('Relays whose clients may log in here through them.'),
      outbound: selection('Relays where clients of this one may log in through it.'),
    },
  ) as z.ZodType<ChainSettings>
}

function selection(about: string): z.ZodType<RelaySelection> {
  const expected = '"any", "none" or a list of host names such as ["relay.example.net", "*.example.org"]'
  const error = `must be ${expected} (left out: "any")`
  const name = z
    .string({ error })
    .refine(isCertifiableName, { error })
    .transform((value) => value.toLowerCase())
  const schema = z.union([z.literal('any'), z.literal('none'), z.array(name)], { error }).default('any')
  return documented(schema, { about, expected, value: '"any"' })
}
