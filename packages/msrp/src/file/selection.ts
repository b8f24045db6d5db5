import { MsrpError } from '../wire/index.ts'
import { digestBy, type FileHash, isKnownHash } from './file-hash.ts'
import { hashMismatch } from './file-hasher.ts'
import type { FileSelector } from './file-selector.ts'
import { type HashOptions, type LocalFile, ownSelectorOf, withHashes } from './local-file.ts'
import { isSameType } from './media-type.ts'

/**
 * Whether a file is what every selector says (RFC 5547 §5), hashes excepted, which cost reading it. Names are compared
 * letter by letter; of types, parameters count where both have them, and `image/jpg` is `image/jpeg`.
 */
export function fits(selector: FileSelector, file: FileSelector): boolean {
  const { name, type, size } = selector
  if (name !== undefined && name.normalize('NFC') !== file.name?.normalize('NFC')) return false
  if (size !== undefined && size !== file.size) return false
  return type === undefined || (file.type !== undefined && isSameType(type, file.type))
}

/**
 * Chooses the files that a peer asks for, among those that it may have (RFC 5547 §8.3.2). Files whose other selectors fit
 * are hashed, and come with their hashes, if it gives a hash that is known here; with hashes in unknown functions alone,
 * nothing can be said to be the file. The hashes of a file object are remembered as long as it is.
 * @param most files at most; a second one already says that the selector is not enough
 * @throws MsrpError `file-unreadable`, `aborted`
 */
export async function selectFiles(
  selector: FileSelector,
  files: Iterable<LocalFile> | AsyncIterable<LocalFile>,
  options: HashOptions & { readonly most?: number },
): Promise<LocalFile[]> {
  const { hashes = [] } = selector
  const known = hashes.filter(isKnownHash)
  const found: LocalFile[] = []
  if (hashes.length > 0 && known.length === 0) return found
  const algorithms = known.map(({ algorithm }) => algorithm)
  for await (const file of files) {
    if (found.length === (options.most ?? 2)) break
    if (!fits(selector, ownSelectorOf(file))) continue
    const hashed = known.length === 0 ? file : await hashedOnce(file, { ...options, algorithms })
    if (hashMismatch(known, hashed.hashes ?? []) === undefined) found.push(hashed)
  }
  return found
}

/** Files that were hashed for a request, or are being hashed: a peer may ask for many in one offer. */
const hashedFiles: WeakMap<LocalFile, Promise<LocalFile>> = new WeakMap()

function hashedOnce(file: LocalFile, options: HashOptions): Promise<LocalFile> {
  const before = hashedFiles.get(file) ?? Promise.resolve(file)
  const hashed = before.catch(() => file).then((known) => withHashes(known, options))
  hashedFiles.set(file, hashed)
  return hashed
}

/**
 * Whether two selectors can mean one file: they say nothing different (RFC 5547 §8.1). Where both have the same hash, they do
 * whatever its name and type, which peers change on the way: Blink renames files.
 */
export function sameFile(one: FileSelector, other: FileSelector): boolean {
  const differs = <Value>(a: Value | undefined, b: Value | undefined): boolean =>
    a !== undefined && b !== undefined && a !== b
  const digests = (one.hashes ?? []).map(({ algorithm, digest }) => [digest, digestBy(other.hashes ?? [], algorithm)])
  if (differs(one.size, other.size) || digests.some(([a, b]) => differs(a, b))) return false
  if (digests.some(([a, b]) => a === b)) return true
  if (differs(one.name, other.name)) return false
  return one.type === undefined || other.type === undefined || isSameType(one.type, other.type)
}

/** What both together say of a file. @throws MsrpError `file-mismatch` when they are of two files */
export function merged(one: FileSelector, other: FileSelector): FileSelector {
  if (!sameFile(one, other)) {
    throw new MsrpError('file-mismatch', 'The answer is about another file than the one that was asked for')
  }
  const own = one.hashes ?? []
  const more = (other.hashes ?? []).filter(({ algorithm }: FileHash) => digestBy(own, algorithm) === undefined)
  const hashes = [...own, ...more]
  return { ...other, ...one, ...(hashes.length === 0 ? {} : { hashes }) }
}
