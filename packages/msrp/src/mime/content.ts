import { MsrpError } from '../wire/index.ts'

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

/** What shows of content before any of it is read. */
export interface ContentFacts {
  /** Size in bytes, if known. */
  readonly size: number | undefined
  /** What Content-Type it suggests. */
  readonly contentType: string
  /** All of it, when it is in memory. */
  readonly bytes?: Uint8Array
}

/** Looks at anything that can be sent. @throws MsrpError `invalid-argument` for what cannot */
export function factsOf(content: Content): ContentFacts {
  const contentType = defaultType(content)
  const bytes = inMemory(content)
  if (bytes !== undefined) return { size: bytes.length, contentType, bytes }
  if (typeof content !== 'object' || content === null) throw unusable(content === null ? 'null' : typeof content)
  if (content instanceof Blob || isReadable(content)) return { size: content.size, contentType }
  const { stream, size } = isStreamed(content) ? content : { stream: content }
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw unusable(`the size ${size}`)
  const readable = typeof stream === 'object' && stream !== null && WAYS.some((way) => way in stream)
  if (!readable) throw unusable(typeof stream)
  return { size, contentType }
}

/** How a stream can be read. */
const WAYS = [Symbol.asyncIterator, Symbol.iterator, 'getReader']

/** The Content-Type that content suggests. */
export function defaultType(content: Content): string {
  if (typeof content === 'string') return 'text/plain;charset=utf-8'
  return (content instanceof Blob && content.type) || 'application/octet-stream'
}

/** Text as bytes; what lies in memory as bytes, without a copy. */
export function inMemory(content: Content): Uint8Array | undefined {
  if (typeof content === 'string') return new TextEncoder().encode(content)
  if (content instanceof Uint8Array) return content
  return content instanceof ArrayBuffer ? new Uint8Array(content) : undefined
}

/** Whether any place of content can be read. */
export function isReadable(content: object): content is ReadableContent {
  return (
    'read' in content && typeof content.read === 'function' && 'size' in content && typeof content.size === 'number'
  )
}

/** Whether content is a stream with what is known of it. */
export function isStreamed(content: object): content is StreamedContent {
  return 'stream' in content && typeof content.stream !== 'function'
}

/** Closes content of which nothing more is read. */
export async function closeContent(content: Content): Promise<void> {
  try {
    if (typeof content !== 'object') return
    const stream = isStreamed(content) ? content.stream : content
    if (isReadable(content)) await content.close?.()
    else if (stream instanceof ReadableStream) await stream.cancel()
  } catch {
    // The message is over either way; whoever opened the file or stream hears of it there.
  }
}

export function unusable(what: string): MsrpError {
  const text = 'expected a string, bytes, a Blob, an object with size and read, or a stream of bytes or strings'
  return new MsrpError('invalid-argument', `A message cannot be sent from ${what}: ${text}`)
}
