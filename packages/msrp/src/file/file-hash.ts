import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** The hash of a whole file. */
export interface FileHash {
  /** By its name at IANA, in lower case: `sha-1`, `sha-256`. Those that are not known here are kept. */
  readonly algorithm: string
  /** Lower-case hexadecimal digits. */
  readonly digest: string
}

/** The hash functions that files are checked by here. RFC 5547 §6 wants the first; the second is the stronger one. */
export const FILE_HASHES = ['sha-1', 'sha-256'] as const

/** One of those, as `hash` in a selector names it. */
export type FileHashAlgorithm = (typeof FILE_HASHES)[number]

const BYTES: Readonly<Record<FileHashAlgorithm, number>> = { 'sha-1': 20, 'sha-256': 32 }

/** Names that are sent for them: old versions of Blink leave out the hyphen. */
const ALIASES: ReadonlyMap<string, FileHashAlgorithm> = new Map([
  ['sha1', 'sha-1'],
  ['sha256', 'sha-256'],
])

/**
 * Reads the value of a `hash` selector, such as `sha-1:72:24:5F:…` (RFC 5547 §6); lower-case digits are taken, too.
 * @throws MsrpError `malformed`
 */
export function parseFileHash(text: string): FileHash {
  const [, name = '', value = ''] = /^([!#-'*+\-.0-9A-Z^-~]+):([0-9A-F]{2}(?::[0-9A-F]{2})*)$/i.exec(text) ?? []
  const algorithm = ALIASES.get(name.toLowerCase()) ?? name.toLowerCase()
  const digest = value.replaceAll(':', '').toLowerCase()
  if (digest !== '' && hasRightLength(algorithm, digest)) return { algorithm, digest }
  throw new MsrpError('malformed', `file-selector: ${shown(text)} is no hash such as sha-1:72:24:5F:… (RFC 5547 §6)`)
}

/** Writes one. @throws MsrpError `invalid-argument` */
export function formatFileHash({ algorithm, digest }: FileHash): string {
  const isToken = /^[!#-'*+\-.0-9A-Z^-~]+$/i.test(algorithm)
  if (isToken && /^(?:[0-9a-f]{2})+$/i.test(digest) && hasRightLength(algorithm.toLowerCase(), digest)) {
    return `${algorithm.toLowerCase()}:${(digest.toUpperCase().match(/../g) ?? []).join(':')}`
  }
  throw new MsrpError('invalid-argument', `${shown(algorithm)} ${shown(digest)} is no hash in hexadecimal digits`)
}

/** Whether files can be checked by it here. */
export function isKnownHash(hash: FileHash): hash is FileHash & { readonly algorithm: FileHashAlgorithm } {
  return (FILE_HASHES as readonly string[]).includes(hash.algorithm)
}

/** The digest by an algorithm, among several. */
export function digestBy(hashes: readonly FileHash[], algorithm: string): string | undefined {
  return hashes.find((hash) => hash.algorithm === algorithm)?.digest
}

function hasRightLength(algorithm: string, digest: string): boolean {
  const bytes = (BYTES as Readonly<Record<string, number>>)[algorithm]
  return bytes === undefined || digest.length === 2 * bytes
}
