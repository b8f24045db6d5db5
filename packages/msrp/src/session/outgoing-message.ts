import type { ChunkOpening, ChunkPiece, ChunkSource, MsrpConnection, SentChunk } from '../connection/index.ts'
import { MsrpError, type ResponseHead } from '../wire/index.ts'
import type { ConfirmedBytes, OutgoingMessage } from './api.ts'
import type { ChunkHead } from './chunk-head.ts'
import { type Cursor, type Part, type SentPart, WHOLE_CHUNK } from './cursor.ts'
import { Delivery, type Proof } from './delivery.ts'
import type { SendProgress } from './options.ts'
import type { PendingRequest } from './pending-request.ts'
import { refusal } from './refusal.ts'
import { ProgressNotice } from './send-progress.ts'
import type { SessionContext } from './session-context.ts'

/** The session around a message. */
export interface OutgoingRoom {
  readonly context: Pick<SessionContext, 'platform' | 'counts' | 'limits'>
  /** A status of 300 or more came for the message or a chunk of it. */
  refused(message: SentMessage, status: number, error: MsrpError): void
  /** Nothing of the message is pending any more. */
  over(message: SentMessage): void
}

/** How a message is sent; defaults are filled in. */
export interface OutgoingSettings {
  readonly messageId: string
  readonly contentType: string
  readonly successReport: boolean
  readonly failureReport: 'yes' | 'partial' | 'no'
  /** Size in bytes, where it is known before the body is read. */
  readonly size: number | undefined
  readonly resumeFrom: number
  readonly reportTimeout: number
  /** Where only errors are answered, so many chunks are remembered. */
  readonly unansweredChunks: number
  readonly onProgress: ((progress: SendProgress) => void) | undefined
  /** Abandons the message. */
  readonly signal: AbortSignal | undefined
  /** Its media type and those inside: what a 415 is about. */
  readonly types: string
}

/** A chunk that is open, or out and unanswered. */
interface Chunk {
  readonly transactionId: string
  readonly pending: PendingRequest
  /** What of the message it is, and when its end went out in the clock's milliseconds; undefined while it is open. */
  part?: SentPart
  endedAt: number
  /** That came before its end. */
  answer?: ResponseHead
}

/**
 * A message on its way out: gives its chunks to the connection (RFC 4975 §7.1.1) and keeps account of what becomes of
 * them. It goes from `sending` to `over`; one that is given up half way passes through `aborting`, until `#` is out.
 */
export class SentMessage implements OutgoingMessage {
  readonly messageId: string
  readonly contentType: string
  readonly #settings: OutgoingSettings
  readonly types: string
  readonly #room: OutgoingRoom
  /** Undefined while what it takes is loaded. */
  #cursor: Cursor | undefined
  #head: ChunkHead | undefined
  readonly #delivery: Delivery
  /** Chunks that are out and not answered. */
  readonly #unanswered: Set<Chunk> = new Set()
  readonly #progress: ProgressNotice
  readonly #handedOver = Promise.withResolvers<void>()
  #connection: MsrpConnection<PendingRequest> | undefined
  #phase: 'sending' | 'aborting' | 'over' = 'sending'
  #source: ChunkSource | undefined
  #begun = false
  #wasOut = false
  #open: Chunk | undefined

  constructor(room: OutgoingRoom, settings: OutgoingSettings) {
    const { messageId, contentType, failureReport, successReport, resumeFrom } = settings
    this.messageId = messageId
    this.contentType = contentType
    this.types = settings.types
    this.#settings = settings
    this.#room = room
    settings.signal?.addEventListener('abort', this.#onAbort)
    const { clock } = room.context.platform
    const proof: Proof = successReport ? 'reports' : failureReport === 'yes' ? 'responses' : 'none'
    this.#delivery = new Delivery({
      proof,
      clock,
      reportTimeout: settings.reportTimeout,
      blocked: () => (this.#connection?.transport.bufferedBytes ?? 0) > 0 || this.#connection?.reading === false,
    })
    if (resumeFrom > 0) this.#delivery.confirm(0, resumeFrom)
    this.#progress = new ProgressNotice(clock, settings.onProgress, () => ({
      sent: this.sent,
      confirmed: this.#delivery.confirmedBytes,
      total: this.total,
    }))
  }

  get total(): number | undefined {
    return this.#cursor === undefined ? this.#settings.size : this.#cursor.total
  }

  get sent(): number {
    return this.#cursor?.sent ?? this.#settings.resumeFrom
  }

  get confirmed(): ConfirmedBytes {
    return this.#delivery.confirmed
  }

  get delivered(): Promise<void> {
    return this.#delivery.delivered
  }

  /** Whether it goes out in one chunk that is not interrupted. */
  get small(): boolean {
    return this.total !== undefined && this.total <= WHOLE_CHUNK
  }

  /** Resolves when every byte is out, or nothing more is sent. */
  get handedOver(): Promise<void> {
    return this.#handedOver.promise
  }

  /** `delivered` has settled. */
  get settled(): boolean {
    return this.#delivery.settled
  }

  /** Bytes that are out and not confirmed. */
  get unconfirmedBytes(): number {
    return Math.max(0, this.sent - this.#delivery.confirmedBytes)
  }

  /** Every byte is out. */
  get out(): boolean {
    return this.#cursor?.out === true
  }

  /** What it takes to send it is there. Called once. */
  open(cursor: Cursor, head: ChunkHead): void {
    this.#cursor = cursor
    this.#head = head
    if (this.#phase === 'over') cursor.stop()
  }

  /** There may be more to send now, or the body cannot be read. */
  changed(error?: MsrpError): void {
    if (error === undefined) this.#connection?.wake()
    else this.fail(error)
  }

  readonly #onAbort = (): void => this.abort(this.#settings.signal?.reason)

  abort(reason?: unknown): void {
    if (this.#phase !== 'sending' || this.out) return
    this.fail(new MsrpError('aborted', 'The message was abandoned by its sender', { cause: reason }))
  }

  /** Begins to send; or goes on over another connection, with what is not known to have arrived. */
  sendOver(connection: MsrpConnection<PendingRequest>): void {
    const moved = this.#connection !== undefined
    this.#connection = connection
    this.#source = undefined
    this.#open = undefined
    if (moved) {
      const lost = [...this.#drain(), this.#cursor?.cut()]
      if (this.#phase === 'aborting') this.#finish()
      else for (const part of lost) if (part !== undefined) this.#repeat(part)
    }
    if (this.#phase === 'sending' && !this.out) this.#enqueue()
  }

  /** Gives the message up; what has begun is ended with `#`. */
  fail(error: MsrpError): void {
    this.#delivery.fail(error)
    if (this.#phase !== 'sending') return
    // RFC 4975 §10.5: after a 413 not even a chunk follows that only says so.
    const stopped = error.status === 413 && this.#open === undefined
    const unfinished = this.#begun && !this.out && !stopped
    this.#cursor?.stop()
    if (unfinished && this.#connection !== undefined) {
      this.#phase = 'aborting'
      this.#connection.wake()
    } else {
      this.#finish()
    }
  }

  /** The session is over: nothing more can be sent. */
  lost(error: MsrpError): void {
    // What nobody has abandoned another session may go on with: its open chunk ends with `+`, at once where others use the line.
    if (this.#phase === 'sending') this.#source = undefined
    this.#delivery.fail(error)
    this.#finish()
    this.#connection = undefined
  }

  /** A REPORT about it (RFC 4975 §7.3.2); bytes from `start` up to `end`, not included, counted from 0. */
  reported(status: number, comment: string, start: number, end: number): void {
    if (status >= 300) {
      this.#room.context.counts.failed(status)
      // RFC 4975 §7.3.2: a REPORT means what a response with its status means.
      const reported = { start, end: Math.min(end, this.sent) }
      if (status === 501) this.#tooLarge(reported, comment)
      else this.#refuse(status, comment)
      return
    }
    // What did not go out cannot have arrived, whatever a REPORT says.
    if (this.#settings.successReport)
      this.#delivery.confirm(start, Math.min(end, this.sent), this.#room.context.limits.gaps)
    this.#progress.changed()
    this.#check()
  }

  // ---- what the connection asks for

  /** Gives its chunks to the connection. On another connection, another source takes the place of this one. */
  #enqueue(): void {
    const [cursor, head] = [this.#cursor, this.#head]
    if (this.#source !== undefined || cursor === undefined || head === undefined) return
    const isMine = (): boolean => this.#source === source
    const state = (): ChunkSource['state'] => (isMine() ? this.#state(cursor) : 'done')
    const source: ChunkSource = {
      get state() {
        return state()
      },
      begin: (transactionId, unsent) => this.#begin(cursor, head, transactionId, unsent),
      next: (limit) => (isMine() ? this.#next(cursor, limit) : { kind: 'end', flag: '+' }),
      ended: (chunk) => {
        if (isMine()) this.#ended(cursor, chunk)
      },
      // The session hears of the connection's end, too, and knows what it means for its messages.
      lost: () => {},
    }
    this.#source = source
    this.#connection?.addSource(source)
  }

  #state(cursor: Cursor): ChunkSource['state'] {
    if (this.#phase === 'aborting') return 'ready'
    if (this.#phase === 'sending' && !cursor.out) return cursor.prepare() ? 'ready' : 'waiting'
    this.#source = undefined
    return 'done'
  }

  #begin(cursor: Cursor, heads: ChunkHead, transactionId: string, unsent: number): ChunkOpening {
    this.#begun = true
    const { start, until, whole } = cursor.open(unsent)
    const chunk: Chunk = {
      transactionId,
      endedAt: 0,
      pending: {
        answered: (head) => this.#response(chunk, head),
        timedOut: () => this.#timedOut(chunk),
        lost: () => {},
      },
    }
    this.#open = chunk
    this.#connection?.expect(transactionId, chunk.pending)
    const end = whole && this.#phase === 'sending' ? until : undefined
    const head = heads.encode(transactionId, { start: start + 1, end, total: this.total })
    return { head, hasBody: true }
  }

  #next(cursor: Cursor, limit: number): ChunkPiece {
    if (this.#open?.answer?.status === 501) return { kind: 'end', flag: '+' }
    if (this.#phase !== 'sending') return { kind: 'end', flag: '#' }
    const piece = cursor.next(limit)
    if (piece.kind === 'failed') {
      this.fail(piece.error)
      return { kind: 'end', flag: '#' }
    }
    if (piece.kind === 'body') this.#room.context.counts.sent.bytes += piece.bytes.length
    this.#progress.changed()
    return piece
  }

  #ended(cursor: Cursor, { flag, bodyBytes, position }: SentChunk): void {
    const chunk = this.#open
    if (chunk === undefined) return
    this.#open = undefined
    const { counts, platform } = this.#room.context
    counts.sent.chunks++
    chunk.part = cursor.close(flag, bodyBytes)
    chunk.endedAt = platform.clock.now()
    this.#unanswered.add(chunk)
    if (chunk.answer === undefined) this.#remember(chunk, position)
    else this.#answered(chunk, chunk.answer)
    if (this.#phase === 'aborting' && flag !== '+') this.#finish()
    if (this.out && this.total !== undefined) {
      this.#delivery.sent(this.total)
      if (!this.#wasOut) counts.sent.messages++
      this.#wasOut = true
      this.#handedOver.resolve()
    }
    this.#check()
  }

  // ---- what becomes of the chunks

  #remember({ transactionId, pending }: Chunk, position: number): void {
    this.#connection?.remember(transactionId, pending, position)
    const { failureReport, unansweredChunks } = this.#settings
    if (failureReport === 'yes' || this.#unanswered.size <= unansweredChunks) return
    const [oldest] = this.#unanswered
    if (oldest === undefined) return
    this.#take(oldest, false)
    this.#connection?.forget(oldest.transactionId)
  }

  /** A chunk is not unanswered any more. Gives what of the message it is, unless that has been done before. */
  #take(chunk: Chunk, arrived: boolean): SentPart | undefined {
    if (!this.#unanswered.delete(chunk) || chunk.part === undefined) return undefined
    this.#cursor?.settle(chunk.part, arrived)
    return chunk.part
  }

  #drain(): (SentPart | undefined)[] {
    return [...this.#unanswered].map((chunk) => this.#take(chunk, false))
  }

  #response(chunk: Chunk, head: ResponseHead): void {
    const { counts, platform } = this.#room.context
    if (head.status >= 300) counts.failed(head.status)
    if (this.#unanswered.has(chunk)) {
      counts.answeredAfter(platform.clock.now() - chunk.endedAt)
      this.#answered(chunk, head)
      this.#check()
    } else if (this.#open === chunk) {
      // Before the end of its chunk. RFC 4975 §10.5: the chunk is interrupted then.
      chunk.answer = head
      if (head.status >= 300 && head.status !== 501) this.#refuse(head.status, head.comment)
    }
    this.#connection?.wake()
  }

  #answered(chunk: Chunk, { status, comment }: ResponseHead): void {
    const part = this.#take(chunk, status < 300)
    if (part === undefined) return
    if (status < 300) {
      if (this.#delivery.proof === 'responses') this.#delivery.confirm(part.start, part.end)
      this.#progress.changed()
    } else if (status === 501) this.#tooLarge(part, comment)
    else this.#refuse(status, comment)
  }

  #tooLarge(part: SentPart, comment: string): void {
    if (this.#cursor?.shrink(part)) this.#repeat(part)
    else this.#refuse(501, comment)
  }

  #repeat(part: Part): void {
    if (this.#phase !== 'sending' || this.#delivery.settled) return
    if (!this.#cursor?.repeat(part)) {
      this.fail(new MsrpError('connection-lost', 'The connection changed, and a stream cannot be sent again'))
      return
    }
    this.#room.context.counts.resentBytes += part.end - part.start
    this.#delivery.unsent()
    this.#enqueue()
  }

  #refuse(status: number, comment: string): void {
    const error = refusal(status, comment, 'The message')
    // First, for it may be the end of the session, which abandons nothing.
    this.#room.refused(this, status, error)
    this.fail(error)
  }

  #timedOut(chunk: Chunk): void {
    if (this.#take(chunk, false) === undefined || this.#settings.failureReport !== 'yes') return
    this.#room.context.counts.failed(408)
    this.fail(new MsrpError('timeout', 'A part of the message was not answered within 30 s'))
  }

  /** Closes the books when all is out and settled. */
  #check(): void {
    if (this.#phase === 'sending' && this.#delivery.settled && this.out) this.#finish()
  }

  #finish(): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#unanswered.clear()
    this.#cursor?.stop()
    this.#progress.close()
    this.#handedOver.resolve()
    this.#connection?.wake()
    this.#settings.signal?.removeEventListener('abort', this.#onAbort)
    this.#room.over(this)
  }
}
