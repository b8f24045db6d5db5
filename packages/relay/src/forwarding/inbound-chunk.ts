import type { FailureReport, MsrpUri, RequestHead } from 'msrp/wire'
import type { RelayConnection } from './relay-connection.ts'
import type { Token } from './token.ts'

/**
 * A SEND request that came in, from its head until every part of it is answered by the next hop. It knows where its
 * sender is told of failures: in the response while the request still arrives, in a REPORT once it has been answered,
 * and in one of the two only (RFC 4976 §6.4.1).
 */
export class InboundChunk {
  readonly head: RequestHead
  readonly source: RelayConnection
  /** The token that the request was addressed to. */
  readonly token: Token
  readonly failureReport: FailureReport
  /** Position of the first body byte in the message. */
  readonly start: number
  readonly total: number | undefined
  /** Body bytes that arrived. */
  received = 0
  #ended = false
  #failed = false

  constructor(options: { head: RequestHead; source: RelayConnection; token: Token }) {
    this.head = options.head
    this.source = options.source
    this.token = options.token
    const { fields } = options.head
    this.failureReport = fields.failureReport
    const range = fields.byteRange
    this.start = range?.start ?? 1
    this.total = range?.total
  }

  /** The URI it was addressed to: ours in its response and in REPORTs about it. */
  get addressedTo(): MsrpUri {
    return this.head.fields.toPath[0] ?? this.token.uri
  }

  get failed(): boolean {
    return this.#failed
  }

  /** The end-line has arrived. From now on we answer for the bytes (RFC 4976 §6.4.1). */
  end(): void {
    this.#ended = true
    if (!this.#failed && this.failureReport === 'yes') this.source.respond(this.head, 200)
  }

  /** Tells the sender, once, that the chunk does not get through. */
  fail(status: number, comment?: string): void {
    if (this.#failed) return
    this.#failed = true
    if (this.failureReport === 'no') return
    if (this.#ended) this.source.report(this, status, comment)
    else this.source.respond(this.head, status, comment)
  }
}

/** One part of a chunk that went out and waits for the next hop's response. */
export interface SentPart {
  kind: 'part'
  chunk: InboundChunk
}

/** A request other than SEND and REPORT that went out and waits for its response on the way back. */
export interface ForwardedRequest {
  kind: 'request'
  head: RequestHead
  origin: RelayConnection
  /** Our URIs on its way, in the order they were visited. */
  hops: readonly MsrpUri[]
}

export type Pending = SentPart | ForwardedRequest
