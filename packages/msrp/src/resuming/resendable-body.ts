import { closeContent, factsOf, isReadable, isStreamed, unusable } from '../mime/content.ts'
import type { MessageBody, RandomAccessBody, StreamBody } from '../session/body.ts'
import { type BodyReader, READ_SIZE, readerFor } from '../session/body-reader.ts'

/** A body that several sessions send one after another, each from where the one before was confirmed. */
export interface ResendableBody {
  /** Size in bytes; undefined where only a stream's end tells. */
  readonly size: number | undefined
  /** What Content-Type it suggests. */
  readonly contentType: string
  /** Bytes of memory that it takes while it waits. */
  readonly memory: number
  /** What to give to `send` with this `resumeFrom`; undefined when it cannot be read from there any more. */
  from(position: number): MessageBody | undefined
  /** The message is over. */
  close(): void
}

/**
 * `start`: position of a stream's first byte in the message. `streamMemory`: bytes of a stream that are held to be sent
 * again. Nothing is opened before a session reads it. @throws MsrpError `invalid-argument` for what cannot be sent
 */
export function resendable(body: MessageBody, start: number, streamMemory: number): ResendableBody {
  const { size, contentType, bytes } = factsOf(body)
  const memory = bytes?.length ?? 0
  const common = { size, contentType, memory, close: () => void closeContent(body) }
  if (bytes !== undefined || body instanceof Blob) return { ...common, from: () => body }
  if (!isReadable(body as object)) return { ...common, ...heldStream(body, size, start, streamMemory) }
  // A session closes what it has sent; here there may be another one.
  const { read, size: length } = body as RandomAccessBody
  const again = { size: length, read: read.bind(body) }
  return { ...common, from: () => again }
}

/** A stream is read once, so the last `most` bytes that were read are held; as long as all before them is confirmed it can go on. */
function heldStream(
  body: MessageBody,
  size: number | undefined,
  start: number,
  most: number,
): Pick<ResendableBody, 'from' | 'close'> {
  const stream = isStreamed(body as object) ? (body as StreamBody).stream : body
  if (stream instanceof ReadableStream && stream.locked) throw unusable('a stream that is locked to another reader')
  let reader: BodyReader | undefined
  let heldFrom = start
  let end = start
  const open = (): BodyReader => {
    const opened = readerFor(body, start)
    opened.retain()
    return opened
  }
  const read = async function* (from: number): AsyncGenerator<Uint8Array, void> {
    reader ??= open()
    for (let at = from; ; ) {
      const bytes = await reader.read(at, READ_SIZE)
      if (bytes === undefined) return
      at += bytes.length
      end = Math.max(end, at)
      yield bytes
      heldFrom = Math.max(heldFrom, end - most)
      reader.release(heldFrom)
    }
  }
  return {
    from: (position) => {
      if (position < heldFrom || position > end) return undefined
      return size === undefined ? read(position) : { stream: read(position), size }
    },
    close: () => (reader === undefined ? void closeContent(body) : reader.close()),
  }
}
