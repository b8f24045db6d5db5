/** What a session, or a connection with few, may keep when all of them together keep as much as they may. Bytes. */
export const LEAST_BUFFER = 16_384

/** What one connection that carries many sessions may keep then. */
export const LEAST_PER_CONNECTION: number = 16 * LEAST_BUFFER

/**
 * What is counted for each request that is kept, besides its bytes: the objects that stand for it. Without it a flood of
 * the shortest requests would cost many times what is counted.
 */
export const REQUEST_OVERHEAD = 1024

/**
 * What all connections of a relay keep together. It is no wall but a change of manners: when it is full everybody gets by
 * with the least that still moves, so that those who fill it do not stop the others.
 */
export class TotalBuffer {
  /** Bytes of messages on their way, and of requests that wait for answers. */
  kept = 0
  /** Bytes that wait to be taken by the far sides, when they were last counted. */
  outgoing = 0
  /** What there is room for, in bytes. */
  limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  get full(): boolean {
    return this.kept + this.outgoing > this.limit
  }
}
