import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'

/** The hash functions that certificates are compared by, the strongest first. RFC 8122 §5 forbids MD5; SHA-1 is as broken. */
export const FINGERPRINT_HASHES = ['sha-512', 'sha-384', 'sha-256'] as const
/** A hash function as `a=fingerprint` names it. */
export type FingerprintHash = (typeof FINGERPRINT_HASHES)[number]

/** The hash of a certificate, as the SDP attribute `fingerprint` has it (RFC 8122 §5). */
export interface Fingerprint {
  readonly hash: FingerprintHash
  /** Bytes in upper-case hex, with colons between them. */
  readonly digest: string
}

const ATTRIBUTE = /^\s*(?:(?:a=)?fingerprint:\s*)?([!-~]+)\s+(\S+)\s*$/i
const KNOWN: ReadonlySet<string> = new Set(FINGERPRINT_HASHES)
/** Too weak, or withdrawn: a certificate with that hash could be made by others. */
const WEAK: ReadonlySet<string> = new Set(['sha-1', 'md5', 'md2'])

/**
 * Reads fingerprints, each `sha-256 AB:CD:…` as in an SDP attribute, and keeps those by which the certificate is to be
 * checked: of the strongest hash function among them, since a weaker one beside it adds nothing (RFC 8122 §5.1). One of
 * these has to match. Hash functions that are too weak or unknown are passed over beside a good one.
 * @returns undefined for undefined.
 * @throws MsrpError `invalid-argument` for what is no fingerprint, an empty list, or when all are too weak or unknown
 */
export function parseFingerprints(input: string | readonly string[] | undefined): readonly Fingerprint[] | undefined {
  if (input === undefined) return undefined
  const texts = typeof input === 'string' ? [input] : input
  // An empty list comes from a description without the attribute: to go on without a check must be said on purpose.
  if (texts.length === 0) throw new MsrpError('invalid-argument', 'The list of fingerprints is empty: leave it out')
  const hashes = texts.map(parseFingerprint)
  const best = FINGERPRINT_HASHES.find((hash) => hashes.some((one) => one.hash === hash))
  if (best !== undefined) {
    return hashes.flatMap(({ hash, digest }) => (hash === best ? [{ hash: best, digest }] : []))
  }
  const names = [...new Set(hashes.map(({ hash }) => hash))]
  const why = names.some((name) => WEAK.has(name)) ? 'too weak' : 'not known here'
  const text = `A fingerprint by ${names.map(shown).join(' or ')} is ${why}: the peer has to give one by sha-256 or stronger`
  throw new MsrpError('invalid-argument', text)
}

/** Writes a fingerprint as the value of the SDP attribute. */
export function formatFingerprint({ hash, digest }: Fingerprint): string {
  return `${hash} ${digest}`
}

/**
 * Whether one of these is by a hash function that certificates are compared by.
 * @throws MsrpError `invalid-argument` for what is no fingerprint
 */
export function canBeChecked(texts: readonly string[]): boolean {
  return texts.map(parseFingerprint).some(({ hash }) => KNOWN.has(hash))
}

/** @throws MsrpError `invalid-argument`, also for one that has more or fewer bytes than its hash function gives */
export function parseFingerprint(text: string): { hash: string; digest: string } {
  const [, name = '', value = ''] = ATTRIBUTE.exec(text) ?? []
  const hash = name.toLowerCase()
  const digest = value.toUpperCase()
  // sha-256 has 256 bits, and so on.
  const bytes = KNOWN.has(hash) ? Number(hash.slice(4)) / 8 : undefined
  const isDigest = /^[0-9A-F]{2}(?::[0-9A-F]{2})*$/.test(digest)
  if (isDigest && (bytes === undefined || digest.length === 3 * bytes - 1)) return { hash, digest }
  const size = isDigest ? `: by ${hash} it has ${bytes} bytes` : ' such as "sha-256 4A:AD:B9:…"'
  throw new MsrpError('invalid-argument', `${shown(text)} is no fingerprint${size} (RFC 8122 §5)`)
}
