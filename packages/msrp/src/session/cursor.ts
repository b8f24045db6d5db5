import { ByteSearch } from '../wire/byte-search.ts'
import type { ContinuationFlag, MsrpError } from '../wire/index.ts'
import { encodeText } from '../wire/utf8.ts'

/** Up to this many body bytes a chunk need not be interruptible (RFC 4975 §7.1.1). */
export const WHOLE_CHUNK = 2048

/** A part of a message; positions count from 0, `end` is not included. */
export interface Part {
  readonly start: number
  readonly end: number
}

/** A part that went out as a chunk. */
export interface SentPart extends Part {
  /** The chunk size that held when it began, if there was one. */
  readonly chunkSize?: number
  /** It could not become so large that it would have had to be interruptible. */
  readonly small?: boolean
}

/** A chunk to be opened. */
export interface ChunkBounds {
  readonly start: number
  /** Where it ends at the latest; infinite when nothing bounds it. */
  readonly until: number
  /** All of it is there and goes out in one piece, so that Byte-Range can say where it ends. */
  readonly whole: boolean
}

export type CursorPiece =
  /** `plain`: without seven hyphens in a row, so without an end-line. */
  | { kind: 'body'; bytes: Uint8Array; plain?: boolean; end?: ContinuationFlag }
  | { kind: 'end'; flag: ContinuationFlag }
  | { kind: 'waiting' }
  | { kind: 'failed'; error: MsrpError }

/** Where a message stands in being sent: which bytes come next, where chunks end, and what has to be sent again. */
export interface Cursor {
  /** Size of the message, once known. */
  readonly total: number | undefined
  /** How far the message has gone out. */
  readonly sent: number
  /** Everything is out, the last chunk with `$`, and nothing has to go out again. */
  readonly out: boolean
  /** Goes to where the next chunk begins, and tells whether it could be opened now. Not while one is open, nor when all is out. */
  prepare(): boolean
  /** Opens a chunk; `unsent` bytes that were given before come first in it. */
  open(unsent: number): ChunkBounds
  /** The next piece of the open chunk. */
  next(limit: number): CursorPiece
  /** The open chunk has ended after `bodyBytes`; it is unanswered from now on. */
  close(flag: ContinuationFlag, bodyBytes: number): SentPart
  /** A chunk is not unanswered any more; `arrived`: it was answered 200. */
  settle(part: SentPart, arrived: boolean): void
  /** The open chunk will never end: its connection is gone. */
  cut(): Part | undefined
  /** The far side does not take chunks of that size (501). False when there are no smaller ones. */
  shrink(part: SentPart): boolean
  /** Sends a part once more; false when it is not there any more. */
  repeat(part: Part): boolean
  /** Reads no more of the body. */
  stop(): void
}

/** What an end-line begins with. */
const hyphens = new ByteSearch(encodeText('-------'))

/** Whether no end-line can be in there. Most bodies are: looking for that takes a quarter of the time of looking for an end-line. */
export function isPlain(bytes: Uint8Array): boolean {
  return hyphens.indexIn(bytes, 0) === -1
}
