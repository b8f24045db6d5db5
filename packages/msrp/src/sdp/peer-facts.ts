import type { CompleteOptions } from '../session/options.ts'
import { parseFingerprints } from '../wire/index.ts'
import type { MediaWishes, MessageDescription } from './api.ts'

/** What of the peer's description becomes options of the session with it. */
export function peerFacts(remote: MessageDescription, wishes: MediaWishes, active: boolean): CompleteOptions {
  const { acceptTypes, acceptWrappedTypes, maxSize, path, fingerprints } = remote
  const { relay, listen } = wishes
  // Behind a relay nobody sees the certificate of the other one (RFC 6135 §4.3).
  const direct = relay === undefined && path.length === 1
  const secure = active ? path[0]?.secure === true : listen?.tls !== undefined
  const peerFingerprint = direct && secure ? strongFingerprints(fingerprints) : undefined
  return {
    peerAcceptTypes: acceptTypes,
    ...(acceptWrappedTypes.length === 0 ? {} : { peerAcceptWrappedTypes: acceptWrappedTypes }),
    // Nobody wants messages of no bytes alone: who writes 0 has no limit in mind.
    ...(maxSize === undefined || maxSize === 0 ? {} : { peerMaxMessageSize: maxSize }),
    ...(peerFingerprint === undefined ? {} : { peerFingerprint }),
  }
}

/** Those by which a certificate can be checked. Weaker ones alone prove nothing, so names and authority have to. */
function strongFingerprints(fingerprints: readonly string[]): readonly string[] | undefined {
  if (fingerprints.length === 0) return undefined
  try {
    parseFingerprints(fingerprints)
    return fingerprints
  } catch {
    return undefined
  }
}
