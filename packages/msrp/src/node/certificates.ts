import { constants, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { MsrpError } from '../wire/index.ts'
import { socketReason } from './socket-error.ts'

/** Certificates and keys in PEM. An object that was used once is not changed afterwards. */
export interface TlsMaterial {
  /** Our certificate, followed by the intermediate ones. */
  readonly cert?: string | Uint8Array
  /** Its private key. */
  readonly key?: string | Uint8Array
  /** Authorities to trust instead of the system's. Any number of certificates in each. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** Oldest version of TLS taken. Default `1.2`, the oldest that is possible. */
  readonly minimumVersion?: '1.2' | '1.3'
}

/**
 * The suites that are spoken: forward secrecy and authenticated encryption only. RFC 4975 §14.2 and RFC 4976 §9.2 ask for
 * TLS_RSA_WITH_AES_128_CBC_SHA: with RSA key exchange, a key that leaks opens what was recorded before, and RFC 9325 §4.1
 * says that such suites should not be negotiated.
 */
const CIPHERS = [
  // Node turns TLS 1.3 off where a list names none of its suites.
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
].join(':')

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** A TLS context together with the options that make it: Node's listeners want those, its clients can take the context. */
export interface TlsContext {
  readonly options: SecureContextOptions
  readonly context: SecureContext
}

/** Material is used for many connections; reading keys anew for each would cost more than the handshake's other steps. */
const made = new WeakMap<TlsMaterial, TlsContext>()

/**
 * Makes a context for the material, for TLS 1.2 and later. A wrong file is to be named where it is given, not to show as a failed
 * handshake later: throws MsrpError `invalid-argument` naming the part.
 */
export function tlsContext(material: TlsMaterial): TlsContext {
  const known = made.get(material)
  if (known) return known
  const options: SecureContextOptions = {
    minVersion: `TLSv${material.minimumVersion ?? '1.2'}`,
    ciphers: CIPHERS,
    // A handshake costs a server far more than whoever asks for it. Node counts them and goes on.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
  if (material.ca !== undefined) options.ca = authorities(material.ca)
  if (material.cert !== undefined) options.cert = certificates(material.cert, 'cert').join('\n')
  if (material.key !== undefined) options.key = textOf(material.key)
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new MsrpError(
      'invalid-argument',
      `tls.${options.cert ? 'cert needs tls.key' : 'key needs tls.cert'} beside it`,
    )
  }
  try {
    const context = { options, context: createSecureContext(options) }
    made.set(material, context)
    return context
  } catch (cause) {
    const text = `tls: certificate and key cannot be used together: ${socketReason(cause)}`
    throw new MsrpError('invalid-argument', text, { cause })
  }
}

function authorities(ca: NonNullable<TlsMaterial['ca']>): string[] {
  const list = typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca
  return list.flatMap((pem) => certificates(pem, 'ca'))
}

/** Node passes over what is no certificate, and then trusts nobody or shows none. */
function certificates(pem: string | Uint8Array, name: string): string[] {
  const found = textOf(pem).match(PEM_CERTIFICATE) ?? []
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
