import { MsrpError } from '../wire/index.ts'
import { FlowGate, type FlowRoom } from './flow-gate.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'

/**
 * Keeps what a session holds of unread messages within bounds. They move to the spool; where they cannot, the connection
 * waits for a reader, for a while, and for nobody who stood still for so long. After that messages that have not come to
 * their end make room, the latest first. One that is being read has a window of its own.
 */
export class UnreadMemory {
  readonly #transfers: ReadonlyMap<string, IncomingTransfer>
  readonly #most: number
  readonly #gate: FlowGate
  #refusing = false

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
    if (this.#refusing || this.#excess > 0) return
    this.#gate.moved()
    this.#gate.open()
  }

  get #excess(): number {
    const held = [...this.#transfers.values()].map(({ body }) => (body.unread ? body.memory : 0))
    return held.reduce((sum, bytes) => sum + bytes, -this.#most)
  }

  #refuse(): void {
    // What this throws away is nobody's reading.
    this.#refusing = true
    let excess = this.#excess
    for (const transfer of [...this.#transfers.values()].reverse()) {
      const { body, state } = transfer
      if (excess <= 0) break
      if (state !== 'arriving' || !body.unread || body.memory === 0) continue
      excess -= body.memory
      transfer.fail(new MsrpError('too-large', 'Too much waits here that nobody reads', { status: 413 }))
    }
    this.#refusing = false
  }
}
