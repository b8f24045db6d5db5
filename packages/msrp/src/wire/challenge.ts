import { type DigestAlgorithm, digestAlgorithm, digestAlgorithmName } from './digest.ts'
import { type DigestParameters, parseAuthSchemes, quoted, required } from './digest-parameters.ts'
import { MsrpError } from './msrp-error.ts'

/** A Digest challenge: a WWW-Authenticate value (RFC 4976 §7, §9.1). */
export interface Challenge {
  readonly realm: string
  readonly nonce: string
  /** To be echoed in the credentials. */
  readonly opaque?: string
  /** The credentials were right but the nonce too old: try again at once, without asking the user. */
  readonly stale?: boolean
  /** Undefined when the challenge names one that is not known here, or a session variant: it cannot be answered. */
  readonly algorithm: DigestAlgorithm | undefined
  /** What the relay offers; only `auth` can be answered. Taken as offering `auth` when absent. */
  readonly qop?: readonly string[]
}

/**
 * Reads all Digest challenges of a WWW-Authenticate value, in order; other schemes are passed over (RFC 4976 §9.1: a
 * client must not use Basic).
 * @throws MsrpError `malformed`, also for a challenge without realm or nonce.
 */
export function parseChallenges(text: string): Challenge[] {
  return parseAuthSchemes('WWW-Authenticate', text)
    .filter(({ scheme }) => scheme === 'digest')
    .map(({ parameters }) => challengeOf(parameters))
}

/**
 * Reads the first Digest challenge of a WWW-Authenticate value.
 * @throws MsrpError `malformed`, also when there is none.
 */
export function parseChallenge(text: string): Challenge {
  const [challenge] = parseChallenges(text)
  if (challenge === undefined) throw new MsrpError('malformed', 'WWW-Authenticate holds no Digest challenge')
  return challenge
}

/** Whether a challenge can be answered here: an algorithm that is known, and qop `auth` among the offered. */
export function isAnswerable(challenge: Challenge): challenge is Challenge & { readonly algorithm: DigestAlgorithm } {
  return challenge.algorithm !== undefined && (challenge.qop === undefined || challenge.qop.includes('auth'))
}

/** Writes a challenge, strictly: qop quoted, algorithm and stale not (RFC 4976 §7, §9.1). */
export function formatChallenge(challenge: Challenge): string {
  const { realm, nonce, opaque, stale, algorithm, qop = ['auth'] } = challenge
  if (algorithm === undefined) throw new MsrpError('invalid-argument', 'A challenge needs an algorithm')
  const parts = [quoted('realm', realm), quoted('qop', qop.join(',')), quoted('nonce', nonce)]
  if (opaque !== undefined) parts.push(quoted('opaque', opaque))
  if (stale === true) parts.push('stale=true')
  parts.push(`algorithm=${digestAlgorithmName(algorithm)}`)
  return `Digest ${parts.join(', ')}`
}

function challengeOf(parameters: DigestParameters): Challenge {
  return {
    realm: required('WWW-Authenticate', parameters, 'realm'),
    nonce: required('WWW-Authenticate', parameters, 'nonce'),
    opaque: parameters.get('opaque'),
    stale: parameters.get('stale')?.toLowerCase() === 'true',
    algorithm: digestAlgorithm(parameters.get('algorithm')),
    qop: parameters
      .get('qop')
      ?.toLowerCase()
      .split(/[\s,]+/)
      .filter((value) => value !== ''),
  }
}
