import { checkServerIdentity, type TLSSocket } from 'node:tls'

/** What the TLS handshake told about the far side. */
export interface TlsFacts {
  /** A certificate that chains to an authority we trust and is valid now. Says nothing about names. */
  readonly authorized: boolean
  /** Why not, in OpenSSL's words such as `CERT_HAS_EXPIRED`; absent when authorised or when no certificate came. */
  readonly reason?: string
  /** The names of the certificate: its subjectAltName entries of type dNSName; empty without a certificate. */
  readonly names: readonly string[]
  /** Its subjectAltName entries of type iPAddress. */
  readonly addresses: readonly string[]
  /** SHA-256 over the certificate, `AB:CD:…` as RFC 8122 §5 writes it; absent without a certificate. */
  readonly fingerprint?: string
  /** Such as `TLSv1.3`. */
  readonly protocol: string
  /**
   * Whether the certificate is made out to this host (RFC 4975 §5.4, RFC 4976 §9.2): a name against its dNSNames, an
   * address against its iPAddresses, no bracket. False without a certificate. Look at `authorized` as well.
   */
  matches(host: string): boolean
}

/** Reads the facts off a socket whose handshake is complete. */
export function tlsFacts(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerCertificate()
  const present = certificate.raw !== undefined
  const alternatives = present ? subjectAlternatives(certificate.subjectaltname) : []
  const reason = present && !socket.authorized ? reasonOf(socket) : undefined
  return {
    authorized: present && socket.authorized,
    ...(reason === undefined ? {} : { reason }),
    names: alternatives.filter(([type]) => type === 'DNS').map(([, value]) => value.toLowerCase()),
    addresses: alternatives.filter(([type]) => type === 'IP Address').map(([, value]) => value),
    ...(present ? { fingerprint: certificate.fingerprint256 } : {}),
    protocol: socket.getProtocol() ?? '',
    matches: (host) => present && checkServerIdentity(host, certificate) === undefined,
  }
}

const ALTERNATIVE = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g

/** Node writes the alternatives as one line, values with special characters as JSON strings. */
function subjectAlternatives(line: string | undefined): [type: string, value: string][] {
  return [...(line ?? '').matchAll(ALTERNATIVE)].map(([, type = '', value = '']) => [
    type,
    value.startsWith('"') ? String(JSON.parse(value)) : value,
  ])
}

function reasonOf(socket: TLSSocket): string {
  // Typed as an Error, given as OpenSSL's code.
  const error: unknown = socket.authorizationError
  return error instanceof Error ? error.message : String(error ?? 'unknown')
}
