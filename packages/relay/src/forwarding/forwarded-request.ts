import {
  type ContinuationFlag,
  concatenate,
  EndLineSearch,
  encodeEndLine,
  encodePaths,
  type MsrpError,
  type MsrpUri,
  type ParserLimits,
  type RequestHead,
  type ResponseHead,
  rewriteRequestHead,
  rewriteResponse,
} from 'msrp/wire'
import { failureOf } from './failure.ts'
import { isTooLong, pathIsTooLong } from './growth.ts'
import type { Passenger } from './next-hop.ts'
import type { Pending } from './pending.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { Token } from './token.ts'
import { REQUEST_OVERHEAD } from './total-buffer.ts'

/** Bytes of requests and responses that may wait for one connection before more of them are turned away. */
const WAITING_BYTES = 512 * 1024

/** Bytes of REPORTs: when a next hop of another relay dies, it tells of all that it remembered for that one at once. */
const REPORT_BYTES = 4 * 1024 * 1024

/**
 * A request other than SEND on its way through (RFC 4976 §6.4.2), and its response on the way back (§6.4.3). REPORT and
 * its like go where there is room, or are lost.
 */
export class ForwardedRequest implements Passenger, Pending {
  readonly tokens: readonly Token[]
  readonly #head: RequestHead
  readonly #body: Uint8Array
  readonly #flag: ContinuationFlag
  readonly #origin: RelayConnection
  readonly #toPath: readonly MsrpUri[]
  readonly #fromPath: readonly MsrpUri[]
  readonly #limits: Partial<ParserLimits>
  readonly #onResponse: (head: ResponseHead) => void
  /** Bytes that are kept until it is answered. */
  readonly size: number
  #owedBy: RelayConnection | undefined
  #transactionId = ''
  #over = false

  /** `toPath` and `fromPath` as they go out; `onResponse` hears of a response that is passed on. */
  constructor(options: {
    head: RequestHead
    body: Uint8Array
    flag: ContinuationFlag
    origin: RelayConnection
    tokens: readonly Token[]
    toPath: readonly MsrpUri[]
    fromPath: readonly MsrpUri[]
    /** Of what may be sent back. */
    limits?: Partial<ParserLimits> | undefined
    onResponse: (head: ResponseHead) => void
  }) {
    this.tokens = options.tokens
    this.#head = options.head
    this.#body = options.body
    this.#flag = options.flag
    this.#origin = options.origin
    this.#toPath = options.toPath
    this.#fromPath = options.fromPath
    this.#limits = options.limits ?? {}
    this.#onResponse = options.onResponse
    this.size = options.head.fields.size + options.body.byteLength + REQUEST_OVERHEAD
  }

  get method(): string {
    return this.#head.method
  }

  board(nextHop: RelayConnection): void {
    const { connection, counters } = nextHop
    const isReport = this.#head.method === 'REPORT'
    if (!connection.open) this.unanswered(481, 'the connection to the next hop is closing')
    else if (!(isReport ? hasRoomForReports(nextHop) : hasRoom(nextHop) && nextHop.requests.take(this))) {
      this.unanswered(413, 'the next hop is too slow')
    } else {
      const transactionId = this.#transactionIdFor(connection)
      const bytes = concatenate([
        rewriteRequestHead(this.#head, { transactionId, paths: encodePaths(this.#toPath, this.#fromPath) }),
        this.#body,
        encodeEndLine(transactionId, this.#flag, { afterBody: this.#head.hasBody }),
      ])
      counters.requestsForwarded++
      // RFC 4975 §7.3.2: nobody answers a REPORT.
      if (isReport) nextHop.queue(bytes)
      else {
        this.#owedBy = nextHop
        this.#transactionId = transactionId
        nextHop.owed += this.size
        connection.sendRequest(transactionId, bytes, this)
      }
    }
  }

  /** RFC 4975 §7.1: its end-line must not stand in the body. Whoever can guess ids would write one into it. */
  #transactionIdFor(connection: RelayConnection['connection']): string {
    for (;;) {
      const transactionId = connection.newTransactionId()
      if (new EndLineSearch(transactionId).next(this.#body) === this.#body.byteLength) return transactionId
    }
  }

  strand(error: MsrpError): void {
    const { status, comment } = failureOf(error)
    this.unanswered(status, comment)
  }

  /** A response that has further to go gets our URIs moved, as a request does; what goes astray is dropped. */
  answered(head: ResponseHead): void {
    if (this.#over) return
    this.#conclude()
    const { toPath, fromPath, malformedLine } = head.fields
    const hops = this.#fromPath.slice(0, this.tokens.length)
    const rest = toPath.slice(hops.length)
    if (malformedLine !== undefined || rest.length === 0 || !hops.every((uri, index) => toPath[index]?.equals(uri))) {
      this.#origin.counters.dropped++
      return
    }
    const grown = [...hops.reverse(), ...fromPath]
    const response = rewriteResponse(head, {
      transactionId: this.#head.transactionId,
      paths: encodePaths(rest, grown),
    })
    if (pathIsTooLong(grown, this.#limits) || isTooLong(response, this.#limits)) {
      this.#origin.counters.dropped++
      return
    }
    this.#origin.counters.responsesSent.add(head.status)
    this.#origin.connection.send(response)
    this.#onResponse(head)
  }

  unanswered(status: number, comment: string): void {
    if (this.#over) return
    const waited = this.#owedBy !== undefined
    this.#conclude()
    if (this.#head.method === 'REPORT') this.#origin.counters.dropped++
    if (waited) this.#origin.refuseLate(this.#head, status, comment)
    else this.#origin.refuse(this.#head, status, comment)
  }

  /** It is not waited for any more, since others need the room. */
  giveUp(): void {
    this.#owedBy?.connection.forget(this.#transactionId)
    this.unanswered(413, 'too many requests of this session wait for the next hop')
  }

  #conclude(): void {
    this.#over = true
    if (this.#owedBy === undefined) return
    this.#owedBy.owed -= this.size
    this.#owedBy.requests.release(this)
    this.#owedBy = undefined
  }
}

function hasRoom({ connection }: RelayConnection): boolean {
  return connection.outbox.controlBytes + connection.transport.bufferedBytes <= WAITING_BYTES
}

function hasRoomForReports({ connection, total }: RelayConnection): boolean {
  return connection.outbox.queuedBytes <= (total.full ? WAITING_BYTES : REPORT_BYTES)
}
