import { MsrpError } from '../wire/index.ts'
import { FlowGate, type FlowRoom } from './flow-gate.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'

/**
 * Keeps what a session holds of unread messages within bounds. They move to the spool; where they cannot, the connection
 * waits for readers as long as they move, and for nobody once they stood still too long: messages that have not come to
 * their end make room then, the latest first, until a reader has made it. One that is being read has a window of its own.
 */
export class UnreadMemory {
  readonly #transfers: ReadonlyMap<string, IncomingTransfer>
  readonly #most: number
  readonly #gate: FlowGate

  /** `most`: bytes. */
  constructor(room: FlowRoom, transfers: ReadonlyMap<string, IncomingTransfer>, most: number) {
    this.#transfers = transfers
    this.#most = most
    this.#gate = new FlowGate(room, () => {
      this.#refuse()
      this.#gate.open()
    })
  }

  /** More came, and all is too much. */
  grown(): void {
    for (const { body } of this.#transfers.values()) {
      if (body.unread && body.memory > 0 && !body.evict()) break
    }
    if (this.#excess <= 0) return
    if (this.#gate.stalled) this.#refuse()
    else if (!this.#gate.closed) this.#gate.closeForReader()
  }

  /** Something was read, or thrown away. */
  shrunk(): void {
    if (this.#gate.closed && this.#excess <= 0) this.#gate.open()
  }

  /** A reader took something. Where nobody is waited for any more that counts only once all fits. */
  moved(): void {
    if (this.#gate.closed || this.#excess <= 0) this.#gate.moved()
  }

  get #excess(): number {
    const held = [...this.#transfers.values()].map(({ body }) => (body.unread ? body.memory : 0))
    return held.reduce((sum, bytes) => sum + bytes, -this.#most)
  }

  #refuse(): void {
    let excess = this.#excess
    for (const transfer of [...this.#transfers.values()].reverse()) {
      const { body, state } = transfer
      if (excess <= 0) break
      if (state !== 'arriving' || !body.unread || body.memory === 0) continue
      excess -= body.memory
      transfer.fail(new MsrpError('too-large', 'Too much waits here that nobody reads', { status: 413 }))
    }
  }
}
