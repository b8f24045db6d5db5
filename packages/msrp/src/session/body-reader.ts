import { type ContentFacts, closeContent, factsOf, isReadable, isStreamed, unusable } from '../mime/content.ts'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import type { MessageBody, RandomAccessBody, StreamBody } from './body.ts'
import { type StreamIterator, StreamReader } from './stream-reader.ts'

/** Bytes read at once from a body. */
export const READ_SIZE: number = 128 * 1024

/** A body as the sender reads it. */
export interface BodyReader {
  /** Size in bytes, if known. */
  readonly size: number | undefined
  /**
   * Whether any place that is not released can be read as often as needed; otherwise each read has to begin where the last
   * one ended.
   */
  readonly rereadable: boolean
  /** Its end is known only when it is found, whatever size was announced. */
  readonly openEnded: boolean
  /** What Content-Type it suggests. */
  readonly contentType: string
  /**
   * The bytes from a position on: about `length`, at least one, or undefined at the end. They are lent, until they are
   * released or the reader is closed. Bodies in memory answer at once.
   */
  read(position: number, length: number): Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** Makes what is read from now on rereadable, at the price of its memory. */
  retain(): void
  /** Bytes before a position are not needed any more. */
  release(position: number): void
  /** Called once, when nothing more is read. */
  close(): void
}

/** Makes a reader for anything that can be sent; a stream's first byte is at `start`. @throws MsrpError `invalid-argument` for what cannot. */
export function readerFor(body: MessageBody, start: number): BodyReader {
  const facts = factsOf(body)
  const { bytes } = facts
  if (bytes !== undefined)
    return anyPlace(facts, (position, length) =>
      position < bytes.length ? bytes.subarray(position, position + length) : undefined,
    )
  if (body instanceof Blob) {
    return anyPlace(facts, async (position, length) => {
      if (position >= body.size) return undefined
      return new Uint8Array(await body.slice(position, position + length).arrayBuffer())
    })
  }
  if (isReadable(body as object)) return randomAccessReader(facts, body as RandomAccessBody)
  const stream = isStreamed(body as object) ? (body as StreamBody).stream : (body as Stream)
  return new StreamReader(iteratorOf(stream), {
    ...facts,
    start,
    unusable: (value) => unusable(`a stream of ${typeof value}`),
  })
}

type Stream = StreamBody['stream'] | Iterable<Uint8Array | string>

/** Of a body that can be read at any place, as often as needed. */
function anyPlace({ size, contentType }: ContentFacts, read: BodyReader['read'], close = (): void => {}): BodyReader {
  return { size, contentType, rereadable: true, openEnded: false, read, close, retain: () => {}, release: () => {} }
}

function randomAccessReader(facts: ContentFacts, body: RandomAccessBody): BodyReader {
  return anyPlace(
    facts,
    async (position, length) => {
      if (position >= body.size) return undefined
      const bytes = await body.read(position, Math.min(length, body.size - position))
      if (!(bytes instanceof Uint8Array)) throw unusable(`a read of ${typeof bytes}`)
      return bytes
    },
    () => void closeContent(body),
  )
}

function iteratorOf(stream: Stream): StreamIterator {
  try {
    if (Symbol.asyncIterator in stream) return stream[Symbol.asyncIterator]()
    return Symbol.iterator in stream ? stream[Symbol.iterator]() : readableIterator(stream)
  } catch (cause) {
    throw asMsrpError(cause, 'invalid-argument', 'The body cannot be read')
  }
}

/** Not every browser can iterate over a ReadableStream. */
function readableIterator(stream: ReadableStream<Uint8Array | string>): AsyncIterator<Uint8Array | string> {
  const reader = stream.getReader()
  return {
    next: async () => {
      const { done, value } = await reader.read()
      return done ? { done: true, value: undefined } : { done: false, value }
    },
    return: async () => {
      await reader.cancel()
      return { done: true, value: undefined }
    },
  }
}
