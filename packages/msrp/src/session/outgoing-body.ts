import { MsrpError } from '../wire/index.ts'
import type { MessageBody, RandomAccessBody, StreamBody } from './body.ts'

const DEFAULT_TYPE = 'application/octet-stream'

/** What shows of a body before any of it is read. */
export interface BodyFacts {
  /** Size in bytes, if known. */
  readonly size: number | undefined
  /** What Content-Type it suggests. */
  readonly contentType: string
  /** All of it, when it is in memory. */
  readonly bytes?: Uint8Array
}

/** Looks at anything that can be sent. @throws MsrpError `invalid-argument` for what cannot */
export function factsOf(body: MessageBody): BodyFacts {
  if (typeof body === 'string') return inMemory(new TextEncoder().encode(body), 'text/plain;charset=utf-8')
  if (body instanceof Uint8Array) return inMemory(body)
  if (body instanceof ArrayBuffer) return inMemory(new Uint8Array(body))
  if (body instanceof Blob) return { size: body.size, contentType: body.type || DEFAULT_TYPE }
  if (typeof body !== 'object' || body === null) throw unusable(typeof body)
  if (isRandomAccess(body)) return { size: body.size, contentType: DEFAULT_TYPE }
  const { stream, size } = isStreamBody(body) ? body : { stream: body }
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw unusable(`the size ${size}`)
  const readable = typeof stream === 'object' && stream !== null && WAYS.some((way) => way in stream)
  if (!readable) throw unusable(typeof stream)
  return { size, contentType: DEFAULT_TYPE }
}

/** How a stream can be read. */
const WAYS = [Symbol.asyncIterator, Symbol.iterator, 'getReader']

/** Whether any place of a body can be read. */
export function isRandomAccess(body: object): body is RandomAccessBody {
  return 'read' in body && typeof body.read === 'function' && 'size' in body && typeof body.size === 'number'
}

/** Whether a body is a stream with what is known of it. */
export function isStreamBody(body: object): body is StreamBody {
  return 'stream' in body && typeof body.stream !== 'function'
}

/** Closes a body of which nothing more is read. */
export async function closeBody(body: MessageBody): Promise<void> {
  try {
    if (typeof body !== 'object') return
    const stream = isStreamBody(body) ? body.stream : body
    if (isRandomAccess(body)) await body.close?.()
    else if (stream instanceof ReadableStream) await stream.cancel()
  } catch {
    // The message is over either way; whoever opened the file or stream hears of it there.
  }
}

export function unusable(what: string): MsrpError {
  const text = 'expected a string, bytes, a Blob, an object with size and read, or a stream of bytes or strings'
  return new MsrpError('invalid-argument', `A message cannot be sent from ${what}: ${text}`)
}

function inMemory(bytes: Uint8Array, contentType: string = DEFAULT_TYPE): BodyFacts {
  return { size: bytes.length, contentType, bytes }
}
