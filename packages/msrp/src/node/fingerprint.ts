import { createHash, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { type Fingerprint, type FingerprintHash, formatFingerprint, MsrpError } from '../wire/index.ts'

/** The digest of a certificate in DER, as RFC 8122 §5 writes it. */
export function certificateDigest(der: Uint8Array, hash: FingerprintHash): string {
  const hex = createHash(hash.replace('-', '')).update(der).digest('hex').toUpperCase()
  return hex.replace(/..(?!$)/g, '$&:')
}

/**
 * The digest of the certificate that the far side has shown; undefined when it showed none. In a resumed TLS session that
 * is the one of the session's beginning, so resuming does not get around a check.
 */
export function peerDigest(socket: TLSSocket, hash: FingerprintHash): string | undefined {
  const { raw } = socket.getPeerCertificate()
  return raw === undefined ? undefined : certificateDigest(raw, hash)
}

/** Whether the far side's certificate is one of these. */
export function showsOneOf(socket: TLSSocket, fingerprints: readonly Fingerprint[]): boolean {
  return fingerprints.some(({ hash, digest }) => peerDigest(socket, hash) === digest)
}

/** DER of the signature algorithms with a hash function other than SHA-256 that is compared by. */
const SIGNED_BY: Readonly<Record<string, FingerprintHash>> = {
  // sha384WithRSAEncryption, sha512WithRSAEncryption (RFC 4055 §5)
  '2a864886f70d01010c': 'sha-384',
  '2a864886f70d01010d': 'sha-512',
  // ecdsa-with-SHA384, ecdsa-with-SHA512 (RFC 5758 §3.2)
  '2a8648ce3d040303': 'sha-384',
  '2a8648ce3d040304': 'sha-512',
}

/**
 * The values of the SDP attribute `fingerprint` for a certificate in PEM (the first one): SHA-256, and the hash function of
 * its signature when that is a stronger one (RFC 8122 §5.1).
 * @throws MsrpError `invalid-argument` when it is none
 */
export function ownFingerprints(certificate: string | Uint8Array): readonly string[] {
  const der = certificateOf(certificate).raw
  const hashes: FingerprintHash[] = ['sha-256', ...(signatureHash(der) ?? [])]
  return hashes.map((hash) => formatFingerprint({ hash, digest: certificateDigest(der, hash) }))
}

function certificateOf(certificate: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch (cause) {
    throw new MsrpError('invalid-argument', 'tls.cert: no certificate in PEM format found', { cause })
  }
}

// RFC 5280 §4.1: SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … }
function signatureHash(der: Uint8Array): [FingerprintHash] | undefined {
  const toBeSigned = contentAt(der, 0)
  const algorithm = contentAt(der, contentAt(der, toBeSigned.start).end)
  const { start, end } = contentAt(der, algorithm.start)
  const hash = SIGNED_BY[Buffer.from(der.subarray(start, end)).toString('hex')]
  return hash === undefined ? undefined : [hash]
}

/** Where the content of the DER value at a place begins and ends (ITU-T X.690 §8.1). */
function contentAt(der: Uint8Array, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0
  if (first < 0x80) return { start: at + 2, end: at + 2 + first }
  const start = at + 2 + (first & 0x7f)
  const length = der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
  return { start, end: start + length }
}
