import { MsrpError, parseFingerprints } from '../wire/index.ts'
import type { EndpointConnection } from './endpoint-connection.ts'
import type { SessionOptions } from './options.ts'

/**
 * A fingerprint that could not be checked is no protection, so asking for it is a mistake.
 * @throws MsrpError `invalid-argument`
 */
export function checkFingerprint(
  input: SessionOptions['peerFingerprint'],
  { relayed, secure }: { relayed: boolean; secure: boolean },
): void {
  if (parseFingerprints(input) === undefined) return
  if (relayed) {
    throw new MsrpError(
      'invalid-argument',
      'peerFingerprint: behind a relay the certificate of a peer cannot be seen, and relays are known by their names',
    )
  }
  if (!secure) throw new MsrpError('invalid-argument', 'peerFingerprint: only a connection over TLS has a certificate')
}

/** Whether a connection that came to us has shown the certificate that a session wants to see, if it wants one. */
export function trusts({ peerFingerprint }: SessionOptions, { msrp: { transport } }: EndpointConnection): boolean {
  const fingerprints = parseFingerprints(peerFingerprint)
  return fingerprints?.some(({ hash, digest }) => transport.peerDigest?.(hash) === digest) ?? true
}

/** Why such a connection is closed. */
export function wrongCertificate({ msrp }: EndpointConnection): MsrpError {
  const text = `the peer came over ${msrp.transport.description} without the certificate whose fingerprint was given`
  return new MsrpError('tls-fingerprint', text)
}
