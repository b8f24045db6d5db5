import { closeContent, factsOf, inMemory, isReadable } from '../mime/content.ts'
import type { MessageBody, RandomAccessBody } from '../session/body.ts'
import { readerFor } from '../session/body-reader.ts'
import { MsrpError } from '../wire/index.ts'
import type { FileDates } from './file-date.ts'
import type { FileDisposition } from './file-disposition.ts'
import type { FileHash, FileHashAlgorithm } from './file-hash.ts'
import { type CreateHash, FileHasher } from './file-hasher.ts'
import { type FileRange, positionsOf } from './file-range.ts'
import type { FileSelector } from './file-selector.ts'

/** A file that can be sent: its bytes, and what is known of it. */
export interface LocalFile {
  /** Something that can be read at any place (a Blob, bytes, `fileBody` of `msrp`); a stream can only be sent whole. */
  readonly body: MessageBody
  /** Its name without folders. */
  readonly name?: string
  /** Media type. Default: the Blob's own, else `application/octet-stream`. */
  readonly type?: string
  readonly hashes?: readonly FileHash[]
  readonly dates?: FileDates
  /** What the receiver shall do with it. Default `attachment`: it waits until its user does something. */
  readonly disposition?: FileDisposition
}

/** How a file is hashed. */
export interface HashOptions {
  readonly createHash: CreateHash
  /** Default: SHA-1, which RFC 5547 wants, and SHA-256. */
  readonly algorithms?: readonly FileHashAlgorithm[]
  readonly signal?: AbortSignal
  /** Bytes that are hashed so far. */
  readonly onProgress?: (bytes: number) => void
}

/** Media type that a file goes out with. */
export function typeOf(file: LocalFile): string {
  return knownTypeOf(file) ?? 'application/octet-stream'
}

function knownTypeOf({ type, body }: LocalFile): string | undefined {
  if (type !== undefined) return type
  return typeof Blob !== 'undefined' && body instanceof Blob && body.type !== '' ? body.type : undefined
}

/** Size of a file in bytes; undefined for a stream that does not say it. */
export function sizeOf({ body }: Pick<LocalFile, 'body'>): number | undefined {
  return factsOf(body).size
}

/** The selector of a file (RFC 5547 §5), with what is known of it. */
export function selectorOf(file: LocalFile): FileSelector {
  const { name, hashes } = file
  const [type, size] = [knownTypeOf(file), sizeOf(file)]
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type }),
    ...(size === undefined ? {} : { size }),
    ...(hashes === undefined || hashes.length === 0 ? {} : { hashes }),
  }
}

/** The same of a file that we have to give: with the type that it goes out with, so that nobody has to guess. */
export function ownSelectorOf(file: LocalFile): FileSelector {
  return { ...selectorOf(file), type: typeOf(file) }
}

/**
 * The same file with its hashes, those that it had already left as they are. Reads all of it, and closes it after that.
 * @throws MsrpError `invalid-argument` for a stream, `file-unreadable`, `aborted`
 */
export async function withHashes(file: LocalFile, options: HashOptions): Promise<LocalFile> {
  const known = file.hashes ?? []
  const { createHash, algorithms = ['sha-1', 'sha-256'], signal, onProgress } = options
  const missing = algorithms.filter((algorithm) => !known.some((hash) => hash.algorithm === algorithm))
  if (missing.length === 0) return file
  const body = randomAccess(file.body)
  const hasher = new FileHasher(missing, createHash)
  try {
    await hasher.updateFrom((position, length) => body.read(position, length), body.size, { signal, onProgress })
    return { ...file, hashes: [...known, ...hasher.digests()] }
  } finally {
    await closeContent(body)
  }
}

/** A part of a file, or all of it, as a message. @throws MsrpError `invalid-argument` when there is no such part */
export function rangeOf({ body }: LocalFile, range: FileRange): MessageBody {
  if (range.start === 1 && range.stop === undefined) return body
  const whole = randomAccess(body)
  const [start, end] = positionsOf(range, whole.size)
  return {
    size: end - start,
    read: (position, length) => whole.read(start + position, Math.min(length, end - start - position)),
    close: () => whole.close?.(),
  } satisfies RandomAccessBody
}

/** Whether it can be read at any place, and again. */
export function isRereadable({ body }: Pick<LocalFile, 'body'>): boolean {
  return typeof body === 'string' || isReadable(body) || body instanceof Blob || inMemory(body) !== undefined
}

function randomAccess(body: MessageBody): RandomAccessBody {
  if (!isRereadable({ body })) {
    throw new MsrpError('invalid-argument', 'A stream can be sent whole only, and not be hashed before')
  }
  if (typeof body === 'object' && isReadable(body)) return body
  const reader = readerFor(body, 0)
  return {
    size: reader.size ?? 0,
    read: async (position, length) => (await reader.read(position, length)) ?? new Uint8Array(0),
  }
}
