import type { CompleteOptions } from '../session/options.ts'
import type { PeerFacts } from '../session/peer-facts.ts'
import { parseFingerprints } from '../wire/index.ts'
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

/** The certificate by which the peer is to be known, if it can be. */
export function peerCertificate(
  remote: MessageDescription,
  wishes: MediaWishes,
  active: boolean,
): Pick<CompleteOptions, 'peerFingerprint'> {
  const fingerprints = fingerprintsFor(remote, wishes, active)
  return canBeChecked(fingerprints) ? { peerFingerprint: fingerprints } : {}
}

/**
 * Whether a peer that comes to us over TLS gives fingerprints none of which can be checked, by SHA-1 or MD5 alone. Anybody
 * could come in its place: names and authority, which count where we connect, are asked of nobody who connects to us.
 */
export function comesUnchecked(remote: MessageDescription, wishes: MediaWishes): boolean {
  const fingerprints = fingerprintsFor(remote, wishes, false)
  return fingerprints.length > 0 && !canBeChecked(fingerprints)
}

/** The peer's fingerprints, where there will be a certificate of its own to see. */
function fingerprintsFor(remote: MessageDescription, wishes: MediaWishes, active: boolean): readonly string[] {
  const { path, fingerprints } = remote
  const { relay, listen } = wishes
  // Behind a relay nobody sees the certificate of the other one (RFC 6135 §4.3).
  const direct = relay === undefined && path.length === 1
  const secure = active ? path[0]?.secure === true : listen?.tls !== undefined
  return direct && secure ? fingerprints : []
}

function canBeChecked(fingerprints: readonly string[]): boolean {
  if (fingerprints.length === 0) return false
  try {
    parseFingerprints(fingerprints)
    return true
  } catch {
    return false
  }
}
