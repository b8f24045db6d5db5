import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { MsrpError } from '../wire/index.ts'
import { socketReason } from './socket-error.ts'

/** Certificates and keys in PEM. */
export interface TlsMaterial {
  /** Our certificate, followed by the intermediate ones. */
  readonly cert?: string | Uint8Array
  /** Its private key. */
  readonly key?: string | Uint8Array
  /** Authorities to trust instead of the system's. Any number of certificates in each. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * What Node wants for a TLS context, TLS 1.2 and later, checked as a whole: a wrong file should be named where it is
 * given, not show as a failed handshake later. Throws MsrpError `invalid-argument` naming the part.
 */
export function contextOptions(material: TlsMaterial): SecureContextOptions {
  const options: SecureContextOptions = { minVersion: 'TLSv1.2' }
  if (material.ca !== undefined) options.ca = authorities(material.ca)
  if (material.cert !== undefined) options.cert = parsed(textOf(material.cert), 'cert').join('\n')
  if (material.key !== undefined) options.key = textOf(material.key)
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new MsrpError(
      'invalid-argument',
      `tls.${options.cert ? 'cert needs tls.key' : 'key needs tls.cert'} beside it`,
    )
  }
  try {
    createSecureContext(options)
  } catch (cause) {
    const text = `tls: certificate and key cannot be used together: ${socketReason(cause)}`
    throw new MsrpError('invalid-argument', text, { cause })
  }
  return options
}

function authorities(ca: NonNullable<TlsMaterial['ca']>): string[] {
  const list = typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca
  // Node ignores what is no certificate, and then trusts nobody; better to say so at once.
  return list.flatMap((one) => parsed(textOf(one), 'ca'))
}

function parsed(pem: string, name: string): string[] {
  const found = pem.match(PEM_CERTIFICATE) ?? []
  if (found.length === 0) throw new MsrpError('invalid-argument', `tls.${name}: no certificate in PEM format found`)
  try {
    for (const one of found) new X509Certificate(one)
  } catch (cause) {
    throw new MsrpError('invalid-argument', `tls.${name}: a certificate in it is damaged`, { cause })
  }
  return found
}

function textOf(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1')
}
