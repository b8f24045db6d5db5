import type { ChunkOpening, ChunkPiece, ChunkSource, Clock, MsrpConnection, SentChunk } from '../connection/index.ts'
import { MsrpError, type ResponseHead } from '../wire/index.ts'
import type { ConfirmedBytes, OutgoingMessage } from './api.ts'
import { BodyCursor, type Part, WHOLE_CHUNK } from './body-cursor.ts'
import type { ChunkHead } from './chunk-head.ts'
import { Delivery, type Proof } from './delivery.ts'
import type { SendProgress } from './options.ts'
import type { BodyReader } from './outgoing-body.ts'
import type { PendingRequest } from './pending-request.ts'
import { refusal } from './refusal.ts'
import { ProgressNotice } from './send-progress.ts'
import type { SessionCounts } from './statistics.ts'
import { type SentPart, UnansweredChunks } from './unanswered-chunks.ts'

/**
 * Largest chunk where no size is asked for. RFC 4975 §7.1.1 wants few chunks, but also an answer to each within 30 s: what
 * waits for a slow relay in TCP's buffers would not have its answer in that time if it were one chunk, while nothing is
 * wrong; the answer to a part of it shows that. A MiB makes headers less than a thousandth of it.
 */
export const LONGEST_CHUNK: number = 1024 * 1024

/** The session around a message. */
export interface OutgoingRoom {
  readonly clock: Clock
  readonly counts: SessionCounts
  /** A status of 300 or more came for the message or a chunk of it. */
  refused(message: SentMessage, status: number, error: MsrpError): void
  /** Nothing of the message is pending any more. */
  over(message: SentMessage): void
}

/** How a message is sent; defaults are filled in. */
export interface OutgoingSettings {
  readonly messageId: string
  readonly contentType: string
  readonly head: ChunkHead
  readonly successReport: boolean
  readonly failureReport: 'yes' | 'partial' | 'no'
  readonly chunkSize: number | undefined
  readonly resumeFrom: number
  readonly reportTimeout: number
  readonly unansweredChunks: number
  readonly unansweredBytes: number
  readonly onProgress: ((progress: SendProgress) => void) | undefined
}

interface OpenChunk {
  readonly transactionId: string
  readonly chunkSize: number | undefined
  readonly small: boolean
  readonly pending: PendingRequest
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
  readonly #room: OutgoingRoom
  readonly #reader: BodyReader
  readonly #cursor: BodyCursor
  readonly #delivery: Delivery
  readonly #unanswered: UnansweredChunks
  readonly #progress: ProgressNotice
  readonly #handedOver = Promise.withResolvers<void>()
  #connection: MsrpConnection<PendingRequest> | undefined
  #phase: 'sending' | 'aborting' | 'over' = 'sending'
  #source: MessageChunks | undefined
  #begun = false
  #wasOut = false
  /** The open chunk, and its response when that came before its end. */
  #open: OpenChunk | undefined

  constructor(room: OutgoingRoom, reader: BodyReader, settings: OutgoingSettings) {
    const { messageId, contentType, failureReport, successReport, chunkSize, resumeFrom } = settings
    this.messageId = messageId
    this.contentType = contentType
    this.#settings = settings
    this.#room = room
    // A chunk that the far side cannot take whole is sent again in smaller ones.
    if (chunkSize !== undefined && failureReport === 'yes') reader.retain()
    this.#reader = reader
    this.#cursor = new BodyCursor({
      reader: this.#reader,
      start: resumeFrom,
      chunkSize: chunkSize ?? LONGEST_CHUNK,
      onChange: (error) => (error === undefined ? this.#connection?.wake() : this.fail(error)),
    })
    const proof: Proof = successReport ? 'reports' : failureReport === 'yes' ? 'responses' : 'none'
    this.#delivery = new Delivery({
      proof,
      clock: room.clock,
      reportTimeout: settings.reportTimeout,
      blocked: () => (this.#connection?.transport.bufferedBytes ?? 0) > 0 || this.#connection?.reading === false,
    })
    if (resumeFrom > 0) this.#delivery.confirm(0, resumeFrom)
    this.#unanswered = new UnansweredChunks({
      answersExpected: failureReport === 'yes',
      start: resumeFrom,
      mostChunks: settings.unansweredChunks,
      mostBytes: settings.unansweredBytes,
    })
    this.#progress = new ProgressNotice(room.clock, settings.onProgress, () => ({
      sent: this.sent,
      confirmed: this.#delivery.confirmedBytes,
      total: this.total,
    }))
  }

  get total(): number | undefined {
    return this.#cursor.total
  }

  get sent(): number {
    return this.#cursor.sent
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
    return this.#cursor.out
  }

  abort(reason?: unknown): void {
    if (this.#phase !== 'sending' || this.#cursor.out) return
    this.fail(new MsrpError('aborted', 'The message was abandoned by its sender', { cause: reason }))
  }

  /** Begins to send; or goes on over another connection, with what is not known to have arrived. */
  sendOver(connection: MsrpConnection<PendingRequest>): void {
    const moved = this.#connection !== undefined
    this.#connection = connection
    this.#source = undefined
    this.#open = undefined
    if (moved) {
      const cut = this.#cursor.cut()
      const lost = [...this.#unanswered.drain(), ...(cut === undefined ? [] : [cut])]
      if (this.#phase === 'aborting') this.#ended()
      else for (const part of lost) this.#repeat(part)
    }
    if (this.#phase === 'sending' && !this.#cursor.out) this.#enqueue()
  }

  /** Gives the message up; what has begun is ended with `#`. */
  fail(error: MsrpError): void {
    this.#delivery.fail(error)
    if (this.#phase !== 'sending') return
    // RFC 4975 §10.5: after a 413 not even a chunk follows that only says so.
    const stopped = error.status === 413 && this.#open === undefined
    const unfinished = this.#begun && !this.#cursor.out && !stopped
    this.#cursor.stop()
    if (unfinished && this.#connection !== undefined) {
      this.#phase = 'aborting'
      this.#connection.wake()
    } else {
      this.#ended()
    }
  }

  /** The session is over: nothing more can be sent. */
  lost(error: MsrpError): void {
    this.#connection = undefined
    this.fail(error)
    this.#ended()
  }

  /** A REPORT about it (RFC 4975 §7.3.2); bytes from `start` up to `end`, not included, counted from 0. */
  reported(status: number, comment: string, start: number, end: number): void {
    if (status >= 300) {
      this.#room.counts.failed(status)
      // RFC 4975 §7.3.2: a REPORT means what a response with its status means.
      const reported = { start, end: Math.min(end, this.sent) }
      if (status === 501) this.#tooLarge({ ...reported, small: reported.end - start <= WHOLE_CHUNK }, comment)
      else this.#refuse(status, comment)
      return
    }
    // What did not go out cannot have arrived, whatever a REPORT says.
    if (this.#settings.successReport) this.#delivery.confirm(start, Math.min(end, this.sent))
    this.#progress.changed()
    this.#check()
  }

  // ---- what the connection asks for: see ChunkSource

  state(source: MessageChunks): ChunkSource['state'] {
    const state = source === this.#source ? this.#state() : 'done'
    if (state === 'done' && source === this.#source) this.#source = undefined
    return state
  }

  begin(transactionId: string, unsent: number): ChunkOpening {
    this.#begun = true
    const { start, until, whole } = this.#cursor.open(unsent)
    const pending = this.#pending(transactionId)
    this.#open = { transactionId, chunkSize: this.#cursor.chunkSize, small: until - start <= WHOLE_CHUNK, pending }
    this.#connection?.expect(transactionId, pending)
    const end = whole && this.#phase === 'sending' ? until : undefined
    const head = this.#settings.head.encode(transactionId, { start: start + 1, end, total: this.total })
    return { head, hasBody: true }
  }

  next(source: MessageChunks, limit: number): ChunkPiece {
    if (source !== this.#source || this.#open?.answer?.status === 501) return { kind: 'end', flag: '+' }
    if (this.#phase !== 'sending') return { kind: 'end', flag: '#' }
    const piece = this.#cursor.next(limit)
    if (piece.kind === 'failed') {
      this.fail(piece.error)
      return { kind: 'end', flag: '#' }
    }
    if (piece.kind === 'body') this.#room.counts.sent.bytes += piece.bytes.length
    this.#progress.changed()
    return piece
  }

  ended(source: MessageChunks, chunk: SentChunk): void {
    const open = this.#open
    if (source !== this.#source || open === undefined) return
    this.#open = undefined
    const { counts, clock } = this.#room
    counts.sent.chunks++
    const { chunkSize, small, pending } = open
    const { start, end } = this.#cursor.close(chunk.flag, chunk.bodyBytes)
    const part: SentPart = { start, end, chunkSize, small, at: clock.now() }
    if (open.answer === undefined) this.#remember(chunk, part, pending)
    else this.#answered(part, open.answer)
    if (this.#phase === 'aborting' && chunk.flag !== '+') this.#ended()
    if (this.#cursor.out && this.total !== undefined) {
      this.#delivery.sent(this.total)
      if (!this.#wasOut) counts.sent.messages++
      this.#wasOut = true
      this.#handedOver.resolve()
    }
    this.#check()
  }

  #state(): ChunkSource['state'] {
    if (this.#phase === 'over') return 'done'
    if (this.#phase === 'aborting') return 'ready'
    if (this.#cursor.out) return 'done'
    return !this.#unanswered.isFull(this.#askedChunkSize) && this.#cursor.prepare() ? 'ready' : 'waiting'
  }

  /** The chunk size that holds because somebody has asked for one, here or the far side by a 501. */
  get #askedChunkSize(): number | undefined {
    const { chunkSize } = this.#cursor
    return this.#settings.chunkSize === undefined && chunkSize === LONGEST_CHUNK ? undefined : chunkSize
  }

  #enqueue(): void {
    if (this.#source !== undefined) return
    this.#source = new MessageChunks(this)
    this.#connection?.addSource(this.#source)
  }

  // ---- what becomes of the chunks

  #pending(transactionId: string): PendingRequest {
    return {
      answered: (head) => this.#response(transactionId, head),
      timedOut: () => this.#timedOut(transactionId),
      lost: () => {},
    }
  }

  #remember(chunk: SentChunk, part: SentPart, pending: PendingRequest): void {
    this.#connection?.remember(chunk.transactionId, pending, chunk.position)
    const forgotten = this.#unanswered.add(chunk.transactionId, part)
    if (forgotten !== undefined) this.#connection?.forget(forgotten)
  }

  #response(transactionId: string, head: ResponseHead): void {
    if (head.status >= 300) this.#room.counts.failed(head.status)
    const part = this.#unanswered.take(transactionId)
    if (part !== undefined) {
      this.#room.counts.answeredAfter(this.#room.clock.now() - part.at)
      this.#answered(part, head)
      this.#check()
    } else if (this.#open?.transactionId === transactionId) {
      // Before the end of its chunk. RFC 4975 §10.5: the chunk is interrupted then.
      this.#open.answer = head
      if (head.status >= 300 && head.status !== 501) this.#refuse(head.status, head.comment)
    }
    this.#connection?.wake()
  }

  #answered(part: SentPart, { status, comment }: ResponseHead): void {
    if (status < 300) {
      if (this.#delivery.proof === 'responses') this.#delivery.confirm(part.start, part.end)
      this.#unanswered.confirm(part)
      if (this.#reader.rereadable) this.#reader.release(this.#unanswered.answeredUntil)
      this.#progress.changed()
      return
    }
    if (status === 501) this.#tooLarge(part, comment)
    else this.#refuse(status, comment)
  }

  /**
   * The far side does not take chunks of that size (501): smaller ones, if there are any. What counts is how large the
   * chunk might have become: it may be refused by its head alone, while little of it is out.
   */
  #tooLarge({ chunkSize, small, ...part }: Part & Partial<SentPart>, comment: string): void {
    const length = part.end - part.start
    if (small || !this.#reader.rereadable) {
      this.#refuse(501, comment)
      return
    }
    // Several may have been under way; the size never grows again.
    const half = Math.max(WHOLE_CHUNK, Math.ceil(Math.min(length, chunkSize ?? length) / 2))
    this.#repeat(part, Math.min(half, this.#cursor.chunkSize ?? half))
  }

  #repeat(part: { start: number; end: number }, chunkSize?: number): void {
    if (this.#phase !== 'sending' || this.#delivery.settled) return
    if (!this.#reader.rereadable) {
      this.fail(new MsrpError('connection-lost', 'The connection changed, and a stream cannot be sent again'))
      return
    }
    this.#room.counts.resentBytes += part.end - part.start
    this.#delivery.unsent()
    this.#cursor.repeat(part, chunkSize)
    this.#enqueue()
  }

  #refuse(status: number, comment: string): void {
    const error = refusal(status, comment, 'The message')
    this.fail(error)
    this.#room.refused(this, status, error)
  }

  #timedOut(transactionId: string): void {
    const part = this.#unanswered.take(transactionId)
    if (part === undefined || this.#settings.failureReport !== 'yes') return
    this.#room.counts.failed(408)
    this.fail(new MsrpError('timeout', 'A part of the message was not answered within 30 s'))
  }

  /** Closes the books when all is out and settled. */
  #check(): void {
    if (this.#phase === 'sending' && this.#delivery.settled && this.#cursor.out) this.#ended()
  }

  #ended(): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#unanswered.drain()
    this.#cursor.stop()
    this.#progress.close()
    this.#handedOver.resolve()
    this.#connection?.wake()
    this.#room.over(this)
  }
}

/** A message as a source of chunks for one connection. On another connection, another one takes its place. */
export class MessageChunks implements ChunkSource {
  readonly #message: SentMessage

  constructor(message: SentMessage) {
    this.#message = message
  }

  get state(): ChunkSource['state'] {
    return this.#message.state(this)
  }

  begin(transactionId: string, unsent: number): ChunkOpening {
    return this.#message.begin(transactionId, unsent)
  }

  next(limit: number): ChunkPiece {
    return this.#message.next(this, limit)
  }

  ended(chunk: SentChunk): void {
    this.#message.ended(this, chunk)
  }

  lost(): void {
    // The session hears of the connection's end, too, and knows what it means for its messages.
  }
}
