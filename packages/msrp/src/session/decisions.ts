import type { ContinuationFlag } from '../wire/index.ts'
import { ByteRanges } from './byte-ranges.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import type { RequestFacts, SessionOptions, Verdict } from './options.ts'
import { type Refused, refusedBy } from './verdict.ts'
import { inspectionOf } from './wrapped-types.ts'

/** First bytes of a message that are decided on. */
const FIRST_BYTES = 2048

/**
 * Whether a message is taken: what is inside of it may be in no list (RFC 4975 §8.6), and the application may not want it. Until
 * that is decided nobody gets it.
 */
export class Decision {
  readonly #transfer: IncomingTransfer
  readonly #ask: (firstBytes: Uint8Array) => Verdict | Promise<Verdict>
  readonly #needsBeginning: boolean
  readonly #most: number
  readonly #onTaken: () => void
  /** What has come of the first bytes; undefined once it was asked about them. */
  #first: Uint8Array | undefined = new Uint8Array(FIRST_BYTES)
  readonly #seen = new ByteRanges()
  /** Chunks to be answered once it is decided; undefined when it is. */
  #waiting: IncomingRequest[] | undefined = []

  /**
   * `needsBeginning`: without the beginning of the message nothing can be decided. `most`: chunks that may wait. `onTaken`: it
   * is decided, and not refused.
   */
  constructor(
    transfer: IncomingTransfer,
    options: {
      ask: (firstBytes: Uint8Array) => Verdict | Promise<Verdict>
      needsBeginning: boolean
      most: number
      onTaken: () => void
    },
  ) {
    this.#transfer = transfer
    this.#ask = options.ask
    this.#needsBeginning = options.needsBeginning
    this.#most = options.most
    this.#onTaken = options.onTaken
  }

  /** It has still to be decided. */
  get open(): boolean {
    return this.#waiting !== undefined
  }

  /** The first chunk has begun, at `start`. */
  begun(start: number): void {
    if (start > 0 && !this.#needsBeginning) void this.#decide()
  }

  /** Body bytes came, lent. */
  take(position: number, bytes: Uint8Array): void {
    if (this.#first === undefined || position >= FIRST_BYTES) return
    const part = bytes.subarray(0, FIRST_BYTES - position)
    this.#first.set(part, position)
    this.#seen.add(position, position + part.length)
    // What it is decided on is what the application gets, whatever comes again.
    this.#transfer.body.decided = this.#seen.contiguousFrom(0)
    if (this.#seen.covers(0, FIRST_BYTES)) void this.#decide()
  }

  /** A chunk has ended at `end`. */
  ended(flag: ContinuationFlag, end: number): void {
    if (this.#first === undefined || flag === '#') return
    const size = flag === '$' ? end : (this.#transfer.size ?? FIRST_BYTES)
    if (!this.#needsBeginning || this.#seen.covers(0, Math.min(size, FIRST_BYTES))) void this.#decide()
  }

  /**
   * Keeps the answer to a chunk back until it is decided; false when it need not wait. A sender that waits for each answer
   * would never send the beginning, if that has still to come.
   */
  hold(request: IncomingRequest): boolean {
    if (this.#waiting === undefined || this.#first !== undefined) return false
    this.#waiting.push(request)
    if (this.#waiting.length > this.#most) this.#transfer.refuse(413, 'Too many chunks wait for a decision')
    return true
  }

  /** It is decided. Gives what is to be answered now. */
  release(): readonly IncomingRequest[] {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    this.#first = undefined
    return waiting
  }

  async #decide(): Promise<void> {
    const firstBytes = (this.#first ?? new Uint8Array()).slice(0, this.#seen.contiguousFrom(0))
    this.#first = undefined
    let refused: Refused | undefined
    try {
      const given = this.#ask(firstBytes)
      // A decision that is there at once takes effect at once.
      refused = refusedBy(given instanceof Promise ? await given : given)
    } catch {
      refused = { status: 403 }
    }
    if (this.#transfer.state === 'failed') return
    if (refused !== undefined) {
      this.#transfer.refuse(refused.status, refused.comment)
      return
    }
    for (const request of this.release()) request.respond(200)
    this.#transfer.reportArrival()
    this.#onTaken()
  }
}

/**
 * What is to be decided on a message, if anything is. `kept`: an earlier session has brought its beginning, and decided on what
 * that shows. `most` and `onTaken` are those of `Decision`.
 */
export function decisionOn(
  transfer: IncomingTransfer,
  options: SessionOptions,
  { kept, ...how }: { kept: boolean; most: number; onTaken: () => void },
): Decision | undefined {
  const facts = factsOf(transfer.first)
  const { onRequest = () => 'accept' } = options
  const inspect = kept ? undefined : inspectionOf(facts.contentType, options)
  if (inspect === undefined && options.onRequest === undefined) return undefined
  const ask = (firstBytes: Uint8Array): Verdict | Promise<Verdict> =>
    inspect?.(firstBytes, firstBytes.length < FIRST_BYTES) ?? onRequest(facts, firstBytes)
  return new Decision(transfer, { ...how, ask, needsBeginning: inspect !== undefined })
}

function factsOf({ head: { fields }, messageId, byteRange }: IncomingRequest): RequestFacts {
  return {
    messageId,
    contentType: fields.contentType ?? '',
    contentDisposition: fields.get('Content-Disposition'),
    size: byteRange?.total,
    fromPath: fields.fromPath.map(String),
    field: (name) => fields.get(name),
  }
}
