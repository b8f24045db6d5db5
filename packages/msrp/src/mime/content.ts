import { concatenate } from '../wire/index.ts'

/** What can be wrapped: everything that a session sends. */
export type Content =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableContent
  | StreamedContent
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>

/** Bytes that can be read at any position, such as a file. */
export interface ReadableContent {
  readonly size: number
  read(position: number, length: number): Promise<Uint8Array>
  close?(): void | Promise<void>
}

/** A stream, with its size where it is known. */
export interface StreamedContent {
  readonly stream: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>
  readonly size?: number
}

/** What contents become when they are joined: each kind can do what all of them can. */
export type JoinedContent = Uint8Array | Blob | ReadableContent | StreamedContent

/** The Content-Type that content suggests. */
export function defaultType(content: Content): string {
  if (typeof content === 'string') return 'text/plain;charset=utf-8'
  const type = isBlob(content) ? content.type : ''
  return type === '' ? 'application/octet-stream' : type
}

/** Text as bytes; what lies in memory as bytes, without a copy; anything else as it is. */
export function inMemory(content: Content): Uint8Array | undefined {
  if (typeof content === 'string') return new TextEncoder().encode(content)
  if (content instanceof Uint8Array) return content
  return content instanceof ArrayBuffer ? new Uint8Array(content) : undefined
}

/**
 * Puts contents one behind the other: bytes when all of them lie in memory, else a Blob, else something that can be read at
 * any place, else a stream, whichever all of them can be.
 */
export function joinContents(contents: readonly Content[]): JoinedContent {
  const pieces = contents.map((content) => inMemory(content) ?? content)
  const bytes = pieces.filter((piece) => piece instanceof Uint8Array)
  if (bytes.length === pieces.length) return concatenate(bytes)
  const blobParts = pieces.filter((piece) => piece instanceof Uint8Array || isBlob(piece))
  if (blobParts.length === pieces.length) return new Blob(blobParts as BlobPart[])
  const readable = pieces.map(asReadable).filter((piece) => piece !== undefined)
  return readable.length === pieces.length ? joinedReadable(readable) : joinedStream(pieces)
}

function isBlob(content: unknown): content is Blob {
  return typeof Blob !== 'undefined' && content instanceof Blob
}

function isReadable(content: Content): content is ReadableContent {
  return typeof content === 'object' && 'read' in content && typeof content.read === 'function'
}

function asReadable(content: Content): ReadableContent | undefined {
  if (content instanceof Uint8Array) {
    return { size: content.length, read: async (position, length) => content.slice(position, position + length) }
  }
  if (!isBlob(content)) return isReadable(content) ? content : undefined
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

function joinedStream(pieces: readonly Content[]): StreamedContent {
  const sizes = pieces.map(sizeOf)
  const size = sizes.reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one), 0)
  return { stream: streamed(pieces), ...(size === undefined ? {} : { size }) }
}

function sizeOf(content: Content): number | undefined {
  if (content instanceof Uint8Array) return content.length
  return typeof content === 'object' && 'size' in content ? content.size : undefined
}

async function* streamed(pieces: readonly Content[]): AsyncGenerator<Uint8Array | string> {
  const rest = [...pieces]
  try {
    for (let piece = rest.shift(); piece !== undefined; piece = rest.shift()) {
      if (piece instanceof Uint8Array) yield piece
      else if (isBlob(piece)) yield* iterated(piece.stream())
      else if (isReadable(piece)) yield* readThrough(piece)
      else yield* iterated(streamIn(piece))
    }
  } finally {
    // Nobody wants what comes behind.
    for (const piece of rest) await letGo(piece)
  }
}

type Stream = ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

function streamIn(content: Content): Stream {
  const isStreamed = typeof content === 'object' && 'stream' in content && typeof content.stream !== 'function'
  return isStreamed ? (content as StreamedContent).stream : (content as Stream)
}

async function letGo(content: Content): Promise<void> {
  if (content instanceof Uint8Array || isBlob(content)) return
  if (isReadable(content)) return content.close?.()
  const stream = streamIn(content)
  if ('cancel' in stream) await stream.cancel()
}

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
