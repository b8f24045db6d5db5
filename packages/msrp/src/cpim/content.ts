/** What can be wrapped: everything that a session sends. */
export type CpimContent =
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

/** What content becomes by being wrapped: of the same kind, so that it can be read again where the content can. */
export type WrappedContent<Content> = Content extends string | Uint8Array | ArrayBuffer
  ? Uint8Array
  : Content extends Blob
    ? Blob
    : Content extends ReadableContent
      ? ReadableContent
      : StreamedContent

/** The Content-Type that content suggests. */
export function defaultType(content: CpimContent): string {
  if (typeof content === 'string') return 'text/plain;charset=utf-8'
  const type = isBlob(content) ? content.type : ''
  return type === '' ? 'application/octet-stream' : type
}

/** Puts the head before the content. */
export function contentLike<Content extends CpimContent>(head: Uint8Array, content: Content): WrappedContent<Content> {
  return wrapped(head, content) as WrappedContent<Content>
}

function wrapped(head: Uint8Array, content: CpimContent): Uint8Array | Blob | ReadableContent | StreamedContent {
  if (typeof content === 'string') return joined(head, new TextEncoder().encode(content))
  if (content instanceof Uint8Array) return joined(head, content)
  if (content instanceof ArrayBuffer) return joined(head, new Uint8Array(content))
  if (isBlob(content)) return new Blob([head as Uint8Array<ArrayBuffer>, content])
  if ('read' in content && typeof content.read === 'function') return readable(head, content)
  if ('stream' in content) {
    const { stream, size } = content
    return { stream: streamed(head, stream), ...(size === undefined ? {} : { size: head.length + size }) }
  }
  return { stream: streamed(head, content as Exclude<typeof content, ReadableContent>) }
}

function isBlob(content: CpimContent): content is Blob {
  return typeof Blob !== 'undefined' && content instanceof Blob
}

function joined(head: Uint8Array, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + content.length)
  bytes.set(head)
  bytes.set(content, head.length)
  return bytes
}

function readable(head: Uint8Array, content: ReadableContent): ReadableContent {
  return {
    size: head.length + content.size,
    read: async (position, length) =>
      position < head.length ? head.slice(position, position + length) : content.read(position - head.length, length),
    close: () => content.close?.(),
  }
}

async function* streamed(
  head: Uint8Array,
  content: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array | string> {
  yield head
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
