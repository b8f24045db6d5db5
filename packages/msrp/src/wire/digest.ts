/**
 * HTTP Digest (RFC 7616) as RFC 4976 §9.1 restricts it: qop is always `auth`, no session variants of the algorithms.
 * Pure and synchronous; the hash is passed in.
 */

/** Algorithms known here, by the name that `Hash` takes. */
export type DigestAlgorithm = 'md5' | 'sha-256'

/** A hash of the UTF-8 of a text, as lower-case hexadecimal; synchronous. */
export interface Hash {
  (algorithm: DigestAlgorithm, text: string): string
  /** Makes it ready for an algorithm: awaited before that is first used. Absent where all are at hand. */
  readonly load?: (algorithm: DigestAlgorithm) => Promise<void>
}

/** What a digest is computed from. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm
  /** H(A1), from `ha1`. */
  readonly ha1: string
  readonly nonce: string
  /** The nonce count as it stands in the field: eight hexadecimal digits. */
  readonly nc: string
  readonly cnonce: string
  /** The rightmost URI of To-Path, byte for byte as sent (RFC 4976 §9.1). */
  readonly uri: string
  /** `AUTH` unless given. */
  readonly method?: string
}

/** H(A1): stands for the password, in one realm and with one algorithm, and is as secret there. */
export function ha1(hash: Hash, algorithm: DigestAlgorithm, user: string, realm: string, password: string): string {
  return hash(algorithm, `${user}:${realm}:${password}`)
}

/** The `response` of an Authorization field (RFC 7616 §3.4.1). */
export function digestResponse(hash: Hash, input: DigestInput): string {
  return digest(hash, input, `${input.method ?? 'AUTH'}:${input.uri}`)
}

/** The `rspauth` with which the relay shows that it knows the password too (RFC 7616 §3.5). */
export function rspauth(hash: Hash, input: DigestInput): string {
  return digest(hash, input, `:${input.uri}`)
}

/** Writes a nonce count as eight hexadecimal digits. */
export function formatNonceCount(count: number): string {
  return count.toString(16).padStart(8, '0')
}

/** The algorithm that a challenge or credentials name; undefined when it is not known here. MD5 when absent. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const known = name?.toLowerCase() ?? 'md5'
  return known === 'md5' || known === 'sha-256' ? known : undefined
}

/** The algorithm's name as it is written in fields. */
export function digestAlgorithmName(algorithm: DigestAlgorithm): string {
  return algorithm === 'md5' ? 'MD5' : 'SHA-256'
}

function digest(hash: Hash, input: DigestInput, a2: string): string {
  const { algorithm, nonce, nc, cnonce } = input
  return hash(algorithm, `${input.ha1}:${nonce}:${nc}:${cnonce}:auth:${hash(algorithm, a2)}`)
}
