import { encodeShortResponse, type FailureReport, type RequestHead, requestFlaw } from 'msrp/wire'
import type { Flow } from './flow.ts'
import { REQUEST_OVERHEAD } from './total-buffer.ts'

/** Positions of body bytes must stay exact numbers: nobody sends so much that they pass 2^53 from here. */
const LAST_START = 2 ** 52

/** What is wrong with the head of a SEND, for the comment of a 400; undefined when it is fine. */
export function chunkFlaw(head: RequestHead): string | undefined {
  const flaw = requestFlaw(head)
  if (flaw !== undefined) return flaw
  const start = head.fields.byteRange?.start ?? 1
  return start > LAST_START ? `Byte-Range starts at ${start}, where no message has a byte` : undefined
}

/**
 * A SEND request that came in, from its head until every part of it is answered by the next hop. It knows where its
 * sender is told of failures: in the response while the request still arrives, in a REPORT once it has been answered,
 * and in one of the two only (RFC 4976 §6.4.1). Of the head it has what is needed for that: thousands may wait for their
 * answers.
 */
export class InboundChunk {
  /** What takes it on its way. */
  readonly flow: Flow
  readonly transactionId: string
  /** Undefined when nobody is told of failures. */
  readonly messageId: string | undefined
  readonly failureReport: FailureReport
  /** Position of the first body byte in the message. */
  readonly start: number
  readonly total: number | undefined
  /** Bytes that are counted for it while it is kept, its body left out: as many as its head had, and some. */
  readonly size: number
  /** Body bytes that arrived. */
  received = 0
  /** When its end arrived, in the clock's milliseconds; not a number before. */
  arrivedAt: number = Number.NaN
  #ended = false
  #failed = false

  /** The head has been found without flaw. */
  constructor({ transactionId, fields }: RequestHead, flow: Flow) {
    this.flow = flow
    this.transactionId = transactionId
    const { failureReport, byteRange } = fields
    this.failureReport = failureReport
    this.messageId = failureReport === 'no' ? undefined : fields.messageId
    this.start = byteRange?.start ?? 1
    this.total = byteRange?.total
    this.size = fields.size + REQUEST_OVERHEAD
  }

  /** The end-line has arrived. From now on we answer for the bytes (RFC 4976 §6.4.1). */
  end(): void {
    this.#ended = true
    if (this.#failed || this.failureReport !== 'yes') return
    const { source, answerPaths } = this.flow
    source.counters.responsesSent.add(200)
    source.connection.send(encodeShortResponse(this.transactionId, 200, answerPaths))
  }

  /** Tells the sender, once, that the chunk does not get through. */
  fail(status: number, comment?: string): void {
    if (this.#failed) return
    this.#failed = true
    if (this.failureReport === 'no') return
    if (this.#ended) this.flow.source.report(this, status, comment)
    else this.flow.source.turnDown(this, status, comment)
  }
}
