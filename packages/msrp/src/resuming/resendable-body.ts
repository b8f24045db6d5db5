import type { MessageBody } from '../session/body.ts'
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
 * again. @throws MsrpError `invalid-argument` for what cannot be sent
 */
export function resendable(body: MessageBody, start: number, streamMemory: number): ResendableBody {
  const reader = readerFor(body, start)
  const { size, contentType } = reader
  if (reader.openEnded) return heldStream(reader, start, streamMemory)
  const memory = typeof body === 'string' || !('size' in body) ? (size ?? 0) : 0
  const common = { size, contentType, memory, close: () => reader.close() }
  if (typeof body !== 'object' || !('read' in body) || !('size' in body)) return { ...common, from: () => body }
  // A session closes what it has sent; here there may be another one.
  const again = { size: body.size, read: body.read.bind(body) }
  return { ...common, from: () => again }
}

/** A stream is read once, so the last `most` bytes that were read are held; as long as all before them is confirmed it can go on. */
function heldStream(reader: BodyReader, start: number, most: number): ResendableBody {
  const { size, contentType } = reader
  let heldFrom = start
  let end = start
  reader.retain()
  const read = async function* (from: number): AsyncGenerator<Uint8Array, void> {
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
    size,
    contentType,
    memory: 0,
    from: (position) => {
      if (position < heldFrom || position > end) return undefined
      return size === undefined ? read(position) : { stream: read(position), size }
    },
    close: () => reader.close(),
  }
}
