import { concatenate } from '../wire/index.ts'
import {
  type Content,
  closeContent,
  factsOf,
  isReadable,
  isStreamed,
  type ReadableContent,
  type StreamedContent,
} from './content.ts'

/** What contents become when they are joined: each kind can do what all of them can. */
export type JoinedContent = Uint8Array | Blob | ReadableContent | StreamedContent

/** Content that is not in memory, or is bytes. */
type Piece = Exclude<Content, string | ArrayBuffer>

/**
 * Puts contents one behind the other: bytes when all of them lie in memory, else a Blob, else something that can be read at
 * any place, else a stream, whichever all of them can be.
 * @throws MsrpError `invalid-argument` for what cannot be sent
 */
export function joinContents(contents: readonly Content[]): JoinedContent {
  const pieces = contents.map((content) => factsOf(content).bytes ?? (content as Piece))
  const bytes = pieces.filter((piece) => piece instanceof Uint8Array)
  if (bytes.length === pieces.length) return concatenate(bytes)
  const blobParts = pieces.filter((piece) => piece instanceof Uint8Array || piece instanceof Blob)
  if (blobParts.length === pieces.length) return new Blob(blobParts as BlobPart[])
  const readable = pieces.map(asReadable).filter((piece) => piece !== undefined)
  return readable.length === pieces.length ? joinedReadable(readable) : joinedStream(pieces)
}

function asReadable(content: Piece): ReadableContent | undefined {
  if (content instanceof Uint8Array) {
    return { size: content.length, read: async (position, length) => content.slice(position, position + length) }
  }
  if (!(content instanceof Blob)) return isReadable(content) ? content : undefined
  const read = async (position: number, length: number): Promise<Uint8Array> =>
    new Uint8Array(await content.slice(position, position + length).arrayBuffer())
  return { size: content.size, read }
}

function joinedReadable(pieces: readonly ReadableContent[]): ReadableContent {
  const filled = pieces.filter(({ size }) => size > 0)
  return {
    size: filled.reduce((sum, { size }) => sum + size, 0),
    read: async (position, length) => {
      let from = position
      for (const piece of filled) {
        if (from < piece.size) return piece.read(from, Math.min(length, piece.size - from))
        from -= piece.size
      }
      return new Uint8Array()
    },
    close: async () => {
      for (const piece of pieces) await piece.close?.()
    },
  }
}

function joinedStream(pieces: readonly Piece[]): StreamedContent {
  const sizes = pieces.map((piece) => factsOf(piece).size)
  const size = sizes.reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one), 0)
  return { stream: streamed(pieces), ...(size === undefined ? {} : { size }) }
}

async function* streamed(pieces: readonly Piece[]): AsyncGenerator<Uint8Array | string> {
  const rest = [...pieces]
  try {
    for (let piece = rest.shift(); piece !== undefined; piece = rest.shift()) {
      if (piece instanceof Uint8Array) yield piece
      else if (piece instanceof Blob) yield* iterated(piece.stream())
      else if (isReadable(piece)) yield* readThrough(piece)
      else yield* iterated(isStreamed(piece) ? piece.stream : piece)
    }
  } finally {
    // Nobody wants what comes behind.
    for (const piece of rest) await closeContent(piece)
  }
}

type Stream = ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

/** Bytes read at once. */
const READ_SIZE = 128 * 1024

async function* readThrough(content: ReadableContent): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < content.size; ) {
      const bytes = await content.read(at, Math.min(READ_SIZE, content.size - at))
      if (bytes.length === 0) return
      at += bytes.length
      yield bytes
    }
  } finally {
    await content.close?.()
  }
}

async function* iterated(content: Stream): AsyncGenerator<Uint8Array | string> {
  if (Symbol.asyncIterator in content || Symbol.iterator in content) {
    yield* content
    return
  }
  // Not every browser can iterate over a ReadableStream.
  const reader = (content as ReadableStream<Uint8Array | string>).getReader()
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) yield value ?? ''
  } finally {
    await reader.cancel().catch(() => {})
  }
}
