/**
 * What can be sent. Strings travel as UTF-8. A body that can be read again at any place (string, bytes, Blob,
 * `RandomAccessBody`) costs no memory beyond the piece in flight; a stream is read once.
 */
export type MessageBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | RandomAccessBody
  | StreamBody
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>

/** A stream together with what is known of it. */
export interface StreamBody {
  readonly stream: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>
  /**
   * Size in bytes where it is known; it is announced as the Byte-Range total. A stream that turns out longer or shorter
   * fails the message with `invalid-argument`.
   */
  readonly size?: number
}

/** Bytes that can be read at any position, as often as needed: a file. */
export interface RandomAccessBody {
  /** Size in bytes. */
  readonly size: number
  /**
   * Reads `length` bytes from `position` (0 is the first), or fewer, but at least one before the end. The result is handed
   * over: it is not changed afterwards.
   */
  read(position: number, length: number): Promise<Uint8Array>
  /**
   * Called when a message is over, and when the file has been hashed. The body is read again when it is sent after that, or the
   * rest of it, or all of it once more; then it is called again.
   */
  close?(): void | Promise<void>
}
