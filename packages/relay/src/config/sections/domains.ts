import type { z } from 'zod'
import { isDomain } from '../../users/user-address.ts'
import { documented, hostName, path, sections, text } from '../field.ts'

/** A domain whose users the relay serves, beside those of `realm`. */
export interface DomainSettings {
  /** The host in To-Path of its users' AUTH, lower case; its SRV record leads to this relay (RFC 4976 §8). */
  readonly name: string
  /** The realm of their challenges and the domain of their accounts, lower case. Default: the name. */
  readonly realm: string
  /** The host name in the URIs that they get, lower case. Default: the advertised name. */
  readonly host: string
  /** PEM file: the certificate for the domain's name, intermediate ones after it. Default (undefined): that of `tls`. */
  readonly certificate?: string
  /** PEM file: its private key, not encrypted. Given exactly when `certificate` is. */
  readonly key?: string
}

/** As they stand in the file: what is left out follows from the rest. */
export type WrittenDomain = Omit<DomainSettings, 'realm' | 'host'> & { readonly realm?: string; readonly host?: string }

/** `[[domains]]` */
export function domainsSection(folder: string): z.ZodType<readonly WrittenDomain[]> {
  const expected = 'a domain such as "example.org"'
  const fulfils = (value: string): boolean => isDomain(value.toLowerCase())
  const about =
    'Further domains whose users are served: an AUTH to `msrps://NAME;tcp`, where the SRV record `_msrps._tcp.NAME` has led here. An AUTH to the relay itself, or to the domain `realm`, is for the users of `realm`.'
  const list = sections(about, 'domains', {
    name: text(expected, fulfils, { about: 'The domain.', example: '"example.org"' }),
    realm: text(expected, fulfils, {
      about: 'The realm of challenges and the domain of its users (`alice@REALM`).',
      leftOut: 'the name',
      example: '"example.org"',
    }),
    host: hostName({
      about: 'The host name in the URIs that its users get; peers connect to it.',
      leftOut: '`advertised.name`',
      example: '"relay.example.org"',
    }),
    certificate: path(folder, {
      about:
        'PEM file: the certificate for the name, intermediate ones after it, shown to those who ask for the name (SNI).',
      leftOut: 'the one of `[tls]`, which then has to name the domain as well',
      example: '"example.org.pem"',
    }),
    key: path(folder, {
      about: 'PEM file: the private key of the certificate, not encrypted.',
      leftOut: 'as the certificate',
      example: '"example.org.key"',
    }),
  })
  return documented(list.prefault([]), {
    about,
    expected: 'a list of tables, written [[domains]]',
  }) as unknown as z.ZodType<readonly WrittenDomain[]>
}
