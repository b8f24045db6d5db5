import { type ContinuationFlag, MsrpError } from '../wire/index.ts'
import type { BodyRoom, BodyShare } from './body-room.ts'
import type { Decision } from './decisions.ts'
import type { AnyBody } from './incoming-body.ts'
import type { IncomingRequest } from './incoming-request.ts'
import type { SessionContext } from './session-context.ts'
import { SuccessReporter } from './success-report.ts'
import type { Refused } from './verdict.ts'

/** The session around a message that comes in. */
export interface TransferRoom {
  readonly context: SessionContext
  readonly shared: BodyShare
  /** Every byte has arrived. */
  completed(transfer: IncomingTransfer): void
  /** A reader took something. */
  moved(): void
  /** Nothing more is done for it: it is with its reader, or it failed. */
  over(transfer: IncomingTransfer, error: MsrpError | undefined): void
}

/** One chunk while it arrives. */
export interface IncomingChunk {
  readonly request: IncomingRequest
  /** Position of its first byte; 0 is the first of the message. */
  readonly start: number
  /** Body bytes so far. */
  bytes: number
}

/**
 * A message while it comes in: puts its chunks together (RFC 4975 §7.3.1), answers each of them, and reports success.
 * The session holds it; the application has an `IncomingMessage` in front of it.
 */
export class IncomingTransfer implements BodyRoom {
  readonly messageId: string
  /** The request with its first chunk to arrive. */
  readonly first: IncomingRequest
  body: AnyBody
  /** A message with this Message-ID was completed before, on another session. */
  readonly duplicate: boolean
  /** Its first chunk begins behind what is here. */
  readonly frontMissing: boolean
  /** Whether it is taken; undefined where nothing has to be decided. */
  decision: Decision | undefined
  /** The application has it. */
  given = false
  readonly shared: BodyShare
  readonly #room: TransferRoom
  readonly #reporter: SuccessReporter | undefined
  readonly #complete = Promise.withResolvers<void>()
  /** Size by Byte-Range: what the sender announced, not yet what is true. */
  #announced: number | undefined
  #chunk: IncomingChunk | undefined
  /** REPORTs go back along its From-Path. */
  #latest: IncomingRequest
  #activeAt: number
  #state: 'arriving' | 'complete' | 'failed' = 'arriving'
  #forsaken = false
  #interruption: MsrpError | undefined
  #refused: Refused | undefined

  constructor(room: TransferRoom, first: IncomingRequest, options: { duplicate: boolean; body?: AnyBody | undefined }) {
    const { context } = room
    const { duplicate, body } = options
    this.duplicate = duplicate
    this.#room = room
    this.first = first
    this.#latest = first
    this.shared = room.shared
    this.#activeAt = room.shared.clock.now()
    this.messageId = first.messageId
    // What an earlier session brought comes along.
    body?.moveTo(this)
    this.body = body ?? context.platform.openBody(this)
    this.frontMissing = (first.byteRange?.start ?? 1) - 1 > this.body.received.contiguousFrom(0)
    this.#complete.promise.catch(() => {})
    if (first.successReport) {
      this.#reporter = new SuccessReporter(this.shared.clock, this.body.offset, (until) => this.#report(200, until))
    }
  }

  /** Why its session broke, if that did not bring all of it: its body is a later session's then. */
  get interruption(): MsrpError | undefined {
    return this.#interruption
  }

  /** Resolves when every byte has arrived. */
  get complete(): Promise<void> {
    return this.#complete.promise
  }

  get state(): 'arriving' | 'complete' | 'failed' {
    return this.#state
  }

  /** Size in bytes: as announced, until it is known. */
  get size(): number | undefined {
    return this.body.total ?? this.#announced
  }

  /** When a chunk last began or ended, in the clock's milliseconds. */
  get activeAt(): number {
    return this.#activeAt
  }

  /** Success has been reported, or need not be. */
  get reported(): boolean {
    return this.#reporter?.finished ?? true
  }

  /** A chunk begins. */
  begin(request: IncomingRequest): IncomingChunk {
    this.#latest = request
    this.#activeAt = this.shared.clock.now()
    const range = request.byteRange
    const chunk: IncomingChunk = { request, start: (range?.start ?? 1) - 1, bytes: 0 }
    this.#chunk = chunk
    const total = range?.total
    const known = this.size
    if (total !== undefined && known !== undefined && total !== known) {
      this.#contradiction(`Byte-Range says a size of ${total}, before it was ${known}`)
    } else {
      this.#announced ??= total
      this.#checkSize(this.#announced ?? 0)
      this.#checkSize(chunk.start)
    }
    return chunk
  }

  /** Body bytes of a chunk, lent. */
  write(chunk: IncomingChunk, bytes: Uint8Array): void {
    if (this.#state !== 'arriving') return
    const position = chunk.start + chunk.bytes
    chunk.bytes += bytes.length
    const end = position + bytes.length
    this.#checkSize(end)
    // A message in one chunk is as long as it is, whatever Byte-Range says; else the numbers have to fit together.
    const size = this.body.total ?? (this.#isOnly(chunk) ? undefined : this.#announced)
    if (size !== undefined && end > size) this.#contradiction(`a chunk ends at ${end}, but the size is ${size}`)
    // Bytes that come again may differ. RFC 4975 §7.3.1 wants the later ones, but not where the earlier ones have been used:
    // whoever has a whole message may have checked it, and what was decided on is what the application gets.
    if (this.body.failure !== undefined || this.body.complete) return
    const known = Math.min(Math.max(0, this.body.decided - position), bytes.length)
    const fresh = bytes.subarray(known)
    this.body.write(position + known, fresh, this.#announced)
    if (this.body.received.runs > this.#room.context.limits.gaps) this.refuse(413, 'Too many gaps')
    this.reportArrival()
    this.decision?.take(position + known, fresh)
  }

  /** The end-line of a chunk. */
  end(chunk: IncomingChunk, flag: ContinuationFlag): void {
    this.decision?.ended(flag, chunk.start + chunk.bytes)
    if (this.#state === 'arriving') this.#ended(chunk, flag)
    // One may end on a connection that the session has left, after the next has begun.
    if (this.#chunk === chunk) this.#chunk = undefined
    this.#activeAt = this.shared.clock.now()
    if (!this.decision?.hold(chunk.request)) chunk.request.respond(200)
  }

  /** Reports what has arrived, where that is what is reported: not before it is decided that the message is taken. */
  reportArrival(): void {
    if (!this.#reportsArrival || this.decision?.open) return
    this.#reporter?.progress(this.body.received.contiguousFrom(0), this.#state === 'complete')
  }

  /**
   * Reports success of a complete message before it is taken, when nothing can go wrong with it any more: it is in memory.
   */
  reportWaiting(): void {
    if (this.#state === 'complete' && this.body.inMemory) this.#reporter?.progress(this.body.size, true)
  }

  /** Takes no more of it; its sender gets status and comment, its reader the error. */
  refuse(status: number, comment?: string, error: MsrpError = refusedHere(status, comment)): void {
    this.#refused ??= comment === undefined ? { status } : { status, comment }
    this.body.fail(error)
  }

  /** The application has let go of it; what nobody reads is thrown away once it has arrived. */
  forsake(): void {
    this.#forsaken = true
    if (this.#state === 'complete' && this.body.unread) this.body.fail(new MsrpError('closed', 'Nobody has read it'))
  }

  /** The session broke; gives what has arrived, for a later session to complete. */
  interrupt(error: MsrpError): AnyBody {
    this.#state = 'failed'
    this.#interruption = error
    this.#reporter?.stop()
    this.#complete.reject(error)
    this.body.interrupt(error)
    this.#room.over(this, error)
    return this.body
  }

  /** It cannot go on: the session is over. */
  fail(error: MsrpError): void {
    this.body.fail(error)
  }

  #ended(chunk: IncomingChunk, flag: ContinuationFlag): void {
    const end = chunk.start + chunk.bytes
    switch (flag) {
      case '#':
        this.body.fail(new MsrpError('aborted', 'The sender abandoned the message'))
        return
      case '$': {
        // RFC 4975 §7.3.1: this chunk defines the size of the message.
        const size = this.body.total ?? (this.#isOnly(chunk) ? end : this.#announced)
        if ((size !== undefined && size !== end) || end < this.body.received.end) {
          this.#contradiction(`the last chunk ends at ${end}, but the size is ${size ?? this.body.received.end}`)
          return
        }
        this.body.setTotal(end)
        break
      }
      case '+': {
        const announced = this.#announced
        if (announced === undefined) break
        if (end > announced) this.#contradiction(`a chunk ends at ${end}, but the size is ${announced}`)
        else if (this.body.received.covers(0, announced)) this.body.setTotal(announced)
        break
      }
      default:
        flag satisfies never
    }
    this.#checkComplete()
  }

  #checkComplete(): void {
    if (this.#state !== 'arriving' || !this.body.complete) return
    this.#state = 'complete'
    this.#complete.resolve()
    this.reportArrival()
    this.#room.completed(this)
    if (this.#forsaken) this.forsake()
  }

  /** Nothing but this chunk has arrived of the message. */
  #isOnly(chunk: IncomingChunk): boolean {
    return chunk.start === 0 && this.body.offset === 0 && this.body.received.bytes <= chunk.bytes
  }

  #checkSize(size: number): void {
    const { maxMessageSize: most = size } = this.#room.context.options
    if (size <= most) return
    const text = `The message has ${size} bytes or more, but ${most} are the most that is taken`
    this.body.fail(new MsrpError('too-large', text, { status: 413 }))
  }

  #contradiction(detail: string): void {
    this.body.fail(new MsrpError('malformed', `The chunks do not fit together: ${detail}`, { status: 400 }))
  }

  /** Bytes are reported when they have arrived, not when the reader has them. */
  get #reportsArrival(): boolean {
    return this.#room.context.options.reportOn === 'received'
  }

  #report(status: number, until: number, comment?: string): void {
    this.#room.context.report(this.#latest, { status, until, total: this.size, comment })
  }

  // ---- what the body tells: see BodyRoom

  grown(body: AnyBody): void {
    this.body = body
  }

  progress(until: number, finished: boolean): void {
    // The reader can be done before the end-line of the chunk that brought the last missing bytes, which may never come.
    if (finished) this.#checkComplete()
    if (!this.#reportsArrival) this.#reporter?.progress(until, finished)
    this.#room.moved()
    if (finished) this.#room.over(this, undefined)
  }

  failed(error: MsrpError): void {
    this.#state = 'failed'
    const status = statusFor(error)
    // Before the refusal, with which the message is over for its sender.
    if (error.code === 'aborted' && status !== undefined) this.#reporter?.giveUp()
    else this.#reporter?.stop()
    this.#complete.reject(error)
    // The application's own words, if it was that.
    const comment = this.#refused === undefined && error.status !== undefined ? error.message : this.#refused?.comment
    const waiting = this.decision?.release() ?? []
    for (const request of waiting) request.respond(status ?? 200, comment)
    if (status !== undefined) {
      if (this.#chunk !== undefined) this.#chunk.request.respond(status, comment)
      // Every chunk so far has had its 200, and another may never come: a REPORT tells (RFC 4975 §7.1.4).
      else if (waiting.length === 0) this.#report(status, this.body.size, comment)
    }
    this.#room.over(this, error)
  }
}

/** What the application said no to. */
export function refusedHere(status: number, comment?: string): MsrpError {
  const words = comment === undefined ? '' : `: ${comment}`
  return new MsrpError('aborted', `The message was refused here with ${status}${words}`, { status })
}

/** What goes wrong here, and has no status. */
const OURS: readonly string[] = ['storage', 'too-large', 'internal']

/** What to tell the sender; nothing when it knows, or when there is nobody to tell. */
export function statusFor(error: MsrpError): number | undefined {
  return error.status ?? (OURS.includes(error.code) ? 413 : undefined)
}
