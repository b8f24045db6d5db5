import type { MsrpConnection } from '../connection/index.ts'
import {
  type ByteRange,
  type ContinuationFlag,
  encodePaths,
  encodeShortResponse,
  type FailureReport,
  type Paths,
  type RequestHead,
  requestFlaw,
} from '../wire/index.ts'
import type { PendingRequest } from './pending-request.ts'

/** What takes in the rest of a request whose head has been seen. */
export interface RequestReader {
  /** Body bytes, lent until the call returns. */
  body(bytes: Uint8Array): void
  end(flag: ContinuationFlag): void
}

/** Reads on to the end of a request that nobody is interested in any more. */
export const IGNORED: RequestReader = { body: () => {}, end: () => {} }

/** Those of the response to a SEND, for the paths of the request, which come again with every chunk. */
const answerPaths = new WeakMap<Paths, Uint8Array>()

/** A request from the peer, and its response: at most one, and only where Failure-Report wants it. */
export class IncomingRequest {
  readonly head: RequestHead
  readonly connection: MsrpConnection<PendingRequest>
  /** What is wrong with it beyond its paths: words for the comment of a 400. */
  readonly flaw: string | undefined
  #answered = false

  constructor(head: RequestHead, connection: MsrpConnection<PendingRequest>) {
    this.head = head
    this.connection = connection
    this.flaw = requestFlaw(head)
  }

  get messageId(): string {
    return this.head.fields.messageId ?? ''
  }

  get failureReport(): FailureReport {
    try {
      return this.head.fields.failureReport
    } catch {
      // What cannot be read is answered, so that its sender hears of it.
      return 'yes'
    }
  }

  get successReport(): boolean {
    return this.head.fields.successReport
  }

  get byteRange(): ByteRange | undefined {
    return this.head.fields.byteRange
  }

  /** Answers that it is not taken, and reads on to its end. */
  refuse(status: number, comment?: string): RequestReader {
    this.respond(status, comment)
    return IGNORED
  }

  /** Answers 400 to what has a flaw, and reads on to its end. */
  refuseFlaw(): RequestReader {
    return this.refuse(400, this.flaw)
  }

  /**
   * Answers. RFC 4975 §7.2, §7.1.4: REPORT is never answered; a SEND with Failure-Report `no` is not either, and with
   * `partial` only an error.
   */
  respond(status: number, comment?: string): void {
    if (this.#answered) return
    this.#answered = true
    const { head } = this
    const { method, transactionId } = head
    if (method === 'REPORT') return
    if (method === 'SEND') {
      const { failureReport } = this
      if (failureReport === 'no' || (failureReport === 'partial' && status < 300)) return
    }
    // RFC 4975 §7.2: the response to SEND goes to the previous hop, any other one all the way back.
    const { paths } = head.fields
    const back = method === 'SEND' ? answerPathsFor(paths) : encodePaths(paths.fromPath, paths.toPath.slice(0, 1))
    this.connection.send(encodeShortResponse(transactionId, status, back, comment && printable(comment)))
  }
}

function answerPathsFor(paths: Paths): Uint8Array {
  let encoded = answerPaths.get(paths)
  if (encoded === undefined) {
    encoded = encodePaths(paths.fromPath.slice(0, 1), paths.toPath.slice(0, 1))
    answerPaths.set(paths, encoded)
  }
  return encoded
}

function printable(comment: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return comment.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 200)
}
