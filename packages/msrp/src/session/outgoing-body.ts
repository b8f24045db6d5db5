import { MsrpError } from '../wire/index.ts'
import type { MessageBody, RandomAccessBody } from './body.ts'
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
  if (typeof body === 'string') return bytesReader(new TextEncoder().encode(body), 'text/plain;charset=utf-8')
  if (body instanceof Uint8Array) return bytesReader(body, DEFAULT_TYPE)
  if (body instanceof ArrayBuffer) return bytesReader(new Uint8Array(body), DEFAULT_TYPE)
  if (typeof Blob !== 'undefined' && body instanceof Blob) return blobReader(body)
  if (typeof body !== 'object' || body === null) throw unusable(typeof body)
  if (isRandomAccess(body)) return randomAccessReader(body)
  if ('stream' in body && typeof body.stream !== 'function') {
    const { size } = body
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw unusable(`the size ${size}`)
    return streamReader(iteratorOf(body.stream), size, start)
  }
  return streamReader(iteratorOf(body as Iterable<Uint8Array | string>), undefined, start)
}

const DEFAULT_TYPE = 'application/octet-stream'

function bytesReader(bytes: Uint8Array, contentType: string): BodyReader {
  return {
    size: bytes.length,
    rereadable: true,
    openEnded: false,
    contentType,
    read: (position, length) => (position < bytes.length ? bytes.subarray(position, position + length) : undefined),
    retain: () => {},
    release: () => {},
    close: () => {},
  }
}

function blobReader(blob: Blob): BodyReader {
  return {
    size: blob.size,
    rereadable: true,
    openEnded: false,
    contentType: blob.type === '' ? DEFAULT_TYPE : blob.type,
    read: async (position, length) => {
      if (position >= blob.size) return undefined
      return new Uint8Array(await blob.slice(position, position + length).arrayBuffer())
    },
    retain: () => {},
    release: () => {},
    close: () => {},
  }
}

function isRandomAccess(body: object): body is RandomAccessBody {
  return 'read' in body && typeof body.read === 'function' && 'size' in body && typeof body.size === 'number'
}

function randomAccessReader(body: RandomAccessBody): BodyReader {
  return {
    size: body.size,
    rereadable: true,
    openEnded: false,
    contentType: DEFAULT_TYPE,
    read: (position, length) =>
      position < body.size ? body.read(position, Math.min(length, body.size - position)) : undefined,
    retain: () => {},
    release: () => {},
    close: () => {
      // The message is over either way; whoever opened the file hears of it there.
      Promise.resolve(body.close?.()).catch(() => {})
    },
  }
}

function streamReader(iterator: StreamIterator, size: number | undefined, start: number): BodyReader {
  const unusablePiece = (value: unknown): Error => unusable(`a stream of ${typeof value}`)
  return new StreamReader(iterator, { size, start, contentType: DEFAULT_TYPE, unusable: unusablePiece })
}

function iteratorOf(
  stream: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): StreamIterator {
  if (typeof stream === 'object' && stream !== null) {
    if (Symbol.asyncIterator in stream) return stream[Symbol.asyncIterator]()
    if (Symbol.iterator in stream) return stream[Symbol.iterator]()
    if ('getReader' in stream) return readableIterator(stream)
  }
  throw unusable(typeof stream)
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

function unusable(what: string): MsrpError {
  const text = 'expected a string, bytes, a Blob, an object with size and read, or a stream of bytes or strings'
  return new MsrpError('invalid-argument', `A message cannot be sent from ${what}: ${text}`)
}
