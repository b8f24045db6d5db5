import type { CompleteOptions } from '../session/options.ts'
import type { PeerFacts } from '../session/peer-facts.ts'
import { canBeChecked } from '../wire/fingerprint.ts'
import type { MediaWishes, MessageDescription } from './api.ts'

/** What the peer says of the messages that it takes. */
export function peerFacts({ acceptTypes, acceptWrappedTypes, maxSize }: MessageDescription): PeerFacts {
  return {
    peerAcceptTypes: acceptTypes,
    ...(acceptWrappedTypes.length === 0 ? {} : { peerAcceptWrappedTypes: acceptWrappedTypes }),
    // Nobody wants messages of no bytes alone: who writes 0 has no limit in mind.
    ...(maxSize === undefined || maxSize === 0 ? {} : { peerMaxMessageSize: maxSize }),
  }
}

/**
 * The certificate by which the peer is to be known, if it can be.
 * @param secure whether the path begins with `msrps` of the side that is connected to
 */
export function peerCertificate(
  remote: MessageDescription,
  wishes: MediaWishes,
  secure: boolean,
): Pick<CompleteOptions, 'peerFingerprint'> {
  const fingerprints = fingerprintsFor(remote, wishes, secure)
  return canBeChecked(fingerprints) ? { peerFingerprint: fingerprints } : {}
}

/**
 * Whether a peer that comes to us over TLS gives fingerprints none of which can be checked, by SHA-1 or MD5 alone. Anybody
 * could come in its place: names and authority, which count where we connect, are asked of nobody who connects to us.
 * @param secure whether our path begins with `msrps`
 */
export function comesUnchecked(remote: MessageDescription, wishes: MediaWishes, secure: boolean): boolean {
  const fingerprints = fingerprintsFor(remote, wishes, secure)
  return fingerprints.length > 0 && !canBeChecked(fingerprints)
}

/** The peer's fingerprints, where there will be a certificate of its own to see. */
function fingerprintsFor(
  { path, fingerprints }: MessageDescription,
  { relay }: MediaWishes,
  secure: boolean,
): readonly string[] {
  // Behind a relay nobody sees the certificate of the other one (RFC 6135 §4.3).
  const direct = relay === undefined && path.length === 1
  // Without TLS they are about other media, such as audio, where they stand at session level.
  return direct && secure ? fingerprints : []
}
