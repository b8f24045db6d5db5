import type { ContinuationFlag } from '../wire/index.ts'

/**
 * Something that has SEND chunks to put on a connection, a piece at a time: a message of an endpoint, or the stream a
 * relay forwards for one session. The `Outbox` pulls from it, takes turns between sources, and may end the open chunk at
 * any byte with `+` (RFC 4975 §7.1.1); the source then goes on with a new chunk from the byte after the last one sent.
 */
export interface ChunkSource {
  /**
   * What a pull would find now. `ready`: a head, body bytes or an end. `waiting`: nothing until somebody calls
   * `Outbox.wake`. `done`: nothing ever again; the outbox forgets the source.
   */
  readonly state: 'ready' | 'waiting' | 'done'
  /**
   * Opens a chunk under a transaction id. `unsent` is how many body bytes that `next` already gave are not on the wire
   * yet (the outbox still holds them and sends them first), so the chunk's range starts that many bytes earlier.
   */
  begin(transactionId: string, unsent: number): ChunkOpening
  /**
   * The next piece of the open chunk, a body piece of at most `limit` bytes. The bytes are lent: valid until the
   * source is called again, or the bytes that it was itself lent are over. A chunk that is
   * left `waiting` in the middle is interrupted as soon as anything else wants to go out, so a source whose chunk must
   * not be interrupted begins it only when it has the whole of it.
   */
  next(limit: number): ChunkPiece
  /** The open chunk is complete; its end-line is in the hands of the transport. */
  ended(chunk: SentChunk): void
  /** The connection is gone; no further call follows. `open` tells of a chunk that was cut off in the middle. */
  lost(open: { transactionId: string; bodyBytes: number } | undefined): void
}

/** How a chunk begins. */
export interface ChunkOpening {
  /** Start-line and header fields, and the blank line when a body follows. */
  head: Uint8Array
  hasBody: boolean
}

/** What a source has next: body bytes, or a reason why there are none. */
export type ChunkPiece =
  /** Body bytes; with `end` when they are the chunk's last; `plain` when they hold no seven hyphens in a row. */
  | { kind: 'body'; bytes: Uint8Array; end?: ContinuationFlag; plain?: boolean }
  /** The chunk ends here; `+` when the source itself wants a new one. */
  | { kind: 'end'; flag: ContinuationFlag }
  | { kind: 'waiting' }

/** A chunk as it went out. */
export interface SentChunk {
  transactionId: string
  flag: ContinuationFlag
  /** Body bytes this chunk carried. */
  bodyBytes: number
  /** Position of the end of its end-line in the connection's outgoing bytes; for `Transactions.add`. */
  position: number
}
