import { ChunkParser, MsrpError, type RequestHead } from 'msrp/wire'

/** A request as it was sent, as far as it came. */
export interface SentRequest {
  readonly head: RequestHead
  readonly body: Buffer
}

/**
 * What was sent on one connection, as a plain reader has it: what arrives at the far side has to come from here. Reads on
 * as long as the bytes make sense.
 */
export class Sent {
  readonly #ended: SentRequest[] = []
  #open: { head: RequestHead; pieces: Buffer[] } | undefined
  #broken = false
  readonly #parser: ChunkParser = new ChunkParser({
    onHead: (head) => {
      if (head.kind === 'request') this.#open = { head, pieces: [] }
    },
    onBody: (bytes) => this.#open?.pieces.push(Buffer.from(bytes)),
    onEnd: () => {
      if (this.#open !== undefined) this.#ended.push({ head: this.#open.head, body: Buffer.concat(this.#open.pieces) })
      this.#open = undefined
    },
  })

  add(bytes: Uint8Array): void {
    if (this.#broken) return
    try {
      this.#parser.push(bytes)
    } catch (error) {
      if (!(error instanceof MsrpError)) throw error
      this.#broken = true
    }
  }

  /** All requests so far, with the one that has not ended yet. */
  get all(): readonly SentRequest[] {
    if (this.#open === undefined) return this.#ended
    return [...this.#ended, { head: this.#open.head, body: Buffer.concat(this.#open.pieces) }]
  }
}

/**
 * Whether a message that was shown whole can have come from these chunks: each of its bytes stands in a chunk of that
 * Message-ID at its place, and one of them says where the message ends.
 */
export function cameFrom(sent: readonly SentRequest[], messageId: string, bytes: Uint8Array): boolean {
  const known = new Uint8Array(bytes.length)
  let ends = false
  for (const { head, body } of sent) {
    if (head.method !== 'SEND' || head.fields.messageId !== messageId) continue
    const start = (rangeOf(head)?.start ?? 1) - 1
    for (let at = 0; at < body.length && start + at < bytes.length; at++) {
      if (body[at] === bytes[start + at]) known[start + at] = 1
    }
    const total = rangeOf(head)?.total
    if (start + body.length === bytes.length || total === bytes.length) ends = true
  }
  return ends && known.every((byte) => byte === 1)
}

function rangeOf(head: RequestHead): { start: number; total: number | undefined } | undefined {
  try {
    return head.fields.byteRange
  } catch {
    return undefined
  }
}
