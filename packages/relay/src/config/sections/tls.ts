import type { z } from 'zod'
import { oneOf, path, section } from '../field.ts'

/** Certificates and versions. */
export interface TlsSettings {
  /** PEM file: the relay's certificate, intermediate ones after it. Default (undefined): one from a private authority. */
  readonly certificate?: string
  /** PEM file: its private key, not encrypted. Given exactly when `certificate` is. */
  readonly key?: string
  /** PEM file: authorities whose certificates peers and relays may show, instead of those known to Node.js. */
  readonly ca?: string
  /** Oldest version of TLS accepted. Default: `1.2`. */
  readonly minimumVersion: '1.2' | '1.3'
}

/** `[tls]` */
export function tlsSection(folder: string): z.ZodType<TlsSettings> {
  return section("The relay's certificate, and whose certificates it takes. A reload reads the files again.", {
    certificate: path(folder, {
      about: 'PEM file: the certificate, intermediate ones after it.',
      leftOut: "one from an authority of the relay's own, in the state folder",
      example: '"relay.pem"',
    }),
    key: path(folder, {
      about: 'PEM file: the private key of the certificate, not encrypted.',
      leftOut: 'as the certificate',
      example: '"relay.key"',
    }),
    ca: path(folder, {
      about: 'PEM file: the authorities whose certificates peers and relays may show.',
      leftOut: "those known to Node.js, and the relay's own",
      example: '"authorities.pem"',
    }),
    minimumVersion: oneOf(['1.2', '1.3'], '1.2', 'The oldest version of TLS that is accepted.'),
  }) as z.ZodType<TlsSettings>
}
