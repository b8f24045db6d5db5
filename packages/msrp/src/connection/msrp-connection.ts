import {
  type ChunkReader,
  type ContinuationFlag,
  type Head,
  MsrpError,
  newTransactionId,
  type OpenReader,
  type ParserLimits,
  type RandomBytes,
  type RequestHead,
  type ResponseHead,
} from '../wire/index.ts'
import { loadingEnds, notLoaded } from '../wire/not-loaded.ts'
import type { ChunkSource } from './chunk-source.ts'
import type { Clock } from './clock.ts'
import { Outbox } from './outbox.ts'
import type { OpenTable } from './transaction-table.ts'
import { Transactions } from './transactions.ts'
import type { Transport } from './transport.ts'
import type { WireObserver } from './wire-observer.ts'

/** Bytes of responses and REPORTs that may wait for a far side that does not read, before the connection is given up. */
const CONTROL_LIMIT = 1024 * 1024

/**
 * The same when memory is short. And so much may wait for a far side that has not shown yet that it has any business here,
 * before no more is read from it.
 */
const LEAST_CONTROL_LIMIT = 128 * 1024

/** What a connection tells its owner: an endpoint or a relay. `Pending` is what the owner remembers for each request. */
export interface MsrpConnectionHandler<Pending> {
  /** The head of a request; `requestBody` and `requestEnd` follow. */
  request(head: RequestHead): void
  /** Body bytes of the request, lent until `endOfRead`; `plain` when they hold no seven hyphens in a row. */
  requestBody(bytes: Uint8Array, plain: boolean): void
  requestEnd(flag: ContinuationFlag): void
  /** What was lent so far is not valid any more. */
  endOfRead?(): void
  /** A response to the request that was remembered as `pending`. */
  response(head: ResponseHead, pending: Pending): void
  /** A response to none that is remembered here; dropped without it (RFC 4975 §7.1). */
  stray?(head: ResponseHead): void
  /** No response within 30 s (RFC 4975 §7.1.1). */
  timeout(pending: Pending, transactionId: string): void
  /** A request was not sent: the connection was closing, or gone, when it came. */
  unsent(pending: Pending): void
  /** The far side may have taken more of what goes out: see `takenBytes`. */
  taken?(): void
  /** The connection is gone, once and last; `unanswered` are the requests that never got their response, oldest first. */
  closed(error: MsrpError | undefined, unanswered: Pending[]): void
}

/** What a connection is made of, and the bounds of what it reads. */
export interface MsrpConnectionOptions<Pending> {
  transport: Transport
  clock: Clock
  random: RandomBytes
  handler: MsrpConnectionHandler<Pending>
  /** Reads what arrives: `ChunkParser`; or `MessageReader`, over a WebSocket, where what is loaded should be little. */
  reader: OpenReader
  limits?: Partial<ParserLimits> | undefined
  /** Where requests are remembered: a `Map` unless given; `TransactionTable`, where they are many. */
  table?: OpenTable | undefined
  observer?: WireObserver | undefined
}

/**
 * One connection between two MSRP nodes: what arrives is parsed and handed to the owner, what is to go out is put in
 * order by the `Outbox`, requests wait for their responses in `Transactions`.
 */
export class MsrpConnection<Pending> {
  readonly transport: Transport
  /**
   * The far side has not shown yet that it has any business here: it is not read while it does not read. With others that
   * would not do, since two who treat each other like that wait for ever. False unless it is set.
   */
  stranger = false
  /** What goes out. Closed and cut from here alone. */
  readonly outbox: Outbox
  /** The requests that wait for their responses. */
  readonly transactions: Transactions<Pending>
  readonly #reader: ChunkReader
  readonly #handler: MsrpConnectionHandler<Pending>
  readonly #random: RandomBytes
  /** Why it is not read; few at a time. */
  readonly #pauses: unknown[] = []
  #observer: WireObserver | undefined
  #receivedBytes = 0
  /** The chunk that is open, once it is to be answered; only one is at a time. */
  #unfinished: { readonly transactionId: string; readonly pending: Pending } | undefined
  #head: Head | undefined
  #bodyBytes = 0
  #state: 'open' | 'closing' | 'failed' | 'closed' = 'open'
  #failure: MsrpError | undefined
  #heard = false
  readonly #clock: Clock
  #lastActivity: number
  #lastHeard: number

  constructor(options: MsrpConnectionOptions<Pending>) {
    this.transport = options.transport
    this.#handler = options.handler
    this.#random = options.random
    this.#observer = options.observer
    this.#clock = options.clock
    this.#lastActivity = options.clock.now()
    this.#lastHeard = this.#lastActivity
    this.transactions = new Transactions({
      clock: options.clock,
      table: options.table,
      onTimeout: (pending, transactionId) => this.#handler.timeout(pending, transactionId),
    })
    this.outbox = new Outbox({
      transport: options.transport,
      newTransactionId: () => this.newTransactionId(),
      onWritten: () => this.#written(),
      observer: options.observer,
    })
    this.#reader = new options.reader(
      {
        onHead: (head) => this.#onHead(head),
        onBody: (bytes, plain) => this.#onBody(bytes, plain),
        onEnd: (flag) => this.#onEnd(flag),
      },
      options.limits,
    )
  }

  /** Begins to read. What arrived before is delivered now. */
  start(): void {
    this.transport.start({
      onData: (bytes) => this.#onData(bytes),
      onDrain: () => {
        this.#taken()
        this.outbox.pump()
      },
      onClose: (error) => this.#onClose(error),
    })
  }

  get open(): boolean {
    return this.#state === 'open'
  }

  /** True once a well-formed head has arrived: the far side does speak MSRP. */
  get heard(): boolean {
    return this.#heard
  }

  /** When bytes last went in or out, in the clock's milliseconds. */
  get lastActivity(): number {
    return this.#lastActivity
  }

  /** When bytes last came in; at first, when it began. */
  get lastHeard(): number {
    return this.#lastHeard
  }

  /** The beginning of a head that has not been completed, if the far side fell silent in the middle of one. */
  get partialHead(): string | undefined {
    return this.#reader.partialHead
  }

  /** Bytes that wait to be taken by the far side, those of open sources left out. */
  get waitingBytes(): number {
    return this.outbox.controlBytes + this.outbox.queuedBytes + this.transport.bufferedBytes
  }

  /** Has what passes watched from now on, or not any more. */
  set observer(observer: WireObserver | undefined) {
    this.#observer = observer
    this.outbox.observer = observer
  }

  /** Bytes that have arrived. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Bytes that the operating system has taken of what went out; what is large shows in steps of 128 KiB. */
  get takenBytes(): number {
    return this.outbox.position - this.transport.bufferedBytes
  }

  /** A transaction id that no waiting request of this connection uses (RFC 4975 §7.1). */
  newTransactionId(): string {
    for (;;) {
      const transactionId = newTransactionId(this.#random)
      if (!this.transactions.has(transactionId) && this.#unfinished?.transactionId !== transactionId)
        return transactionId
    }
  }

  /**
   * Sends a whole response, or a request that gets no response (REPORT). However much is sent at once: what ends the
   * connection is what the far side has left waiting.
   */
  send(bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#observer?.sent(bytes)
    this.outbox.control(bytes)
    if (this.outbox.leftBytes > (this.outbox.short ? LEAST_CONTROL_LIMIT : CONTROL_LIMIT)) {
      this.fail(new MsrpError('limit-exceeded', `${this.transport.description} does not read its responses`))
    }
  }

  /**
   * Sends a whole response or REPORT as well, but behind those, as the far side takes it, and without a limit: its owner
   * had kept as much for it before, and sees to what may wait. With `hold` the far side is not read while too much does.
   */
  queue(bytes: Uint8Array, { hold }: { hold: boolean }): void {
    if (this.#state !== 'open') return
    this.#observer?.sent(bytes)
    this.outbox.queue(bytes)
    const most = this.outbox.short ? LEAST_CONTROL_LIMIT : CONTROL_LIMIT
    if (hold && this.outbox.queuedBytes > most) this.pauseReading(this.outbox)
  }

  /**
   * Sends a whole non-SEND request, or a small SEND, and remembers it until its response, its timeout or the end. Where
   * nothing can be sent any more the owner is told at once, by `unsent`.
   */
  sendRequest(transactionId: string, bytes: Uint8Array, pending: Pending): void {
    if (this.#state !== 'open') {
      this.#handler.unsent(pending)
      return
    }
    this.send(bytes)
    this.transactions.add(transactionId, pending, this.outbox.position + this.outbox.controlBytes)
  }

  /** Takes a source of SEND chunks in. */
  addSource(source: ChunkSource): void {
    this.outbox.add(source)
  }

  /** A source that waited may have something to give. */
  wake(): void {
    this.outbox.wake()
  }

  /**
   * Remembers a chunk that a source has begun, so that a response which comes before its end is not dropped: a receiver
   * that wants no more of it says so at once (RFC 4975 §10.5). `remember` follows at the end, unless it was answered.
   */
  expect(transactionId: string, pending: Pending): void {
    this.#unfinished = { transactionId, pending }
  }

  /** Remembers a chunk that a source has sent, until its response, its timeout or the connection's end. */
  remember(transactionId: string, pending: Pending, position: number): void {
    this.#unfinished = undefined
    this.transactions.add(transactionId, pending, position)
  }

  /** Does not wait for the response of a request any more, and gives what was remembered; undefined when it is not there. */
  forget(transactionId: string): Pending | undefined {
    if (this.#unfinished?.transactionId !== transactionId) return this.transactions.complete(transactionId)
    const { pending } = this.#unfinished
    this.#unfinished = undefined
    return pending
  }

  /** Stops reading until `resumeReading` was called with the same reason. The timers of requests stand still meanwhile. */
  pauseReading(reason: unknown): void {
    if (this.#state === 'closed') return
    if (this.#pauses.length === 0) {
      this.transport.pause()
      this.transactions.reading = false
    }
    if (!this.#pauses.includes(reason)) this.#pauses.push(reason)
  }

  resumeReading(reason: unknown): void {
    const place = this.#pauses.indexOf(reason)
    if (place === -1) return
    this.#pauses.splice(place, 1)
    if (this.#pauses.length > 0 || this.#state === 'closed') return
    this.transactions.reading = true
    this.transport.resume()
  }

  get reading(): boolean {
    return this.#pauses.length === 0
  }

  get #over(): boolean {
    return this.#state === 'failed' || this.#state === 'closed'
  }

  /** Sends what is queued, then closes. Sources that are not done keep it open until they are. */
  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.outbox.close()
  }

  /** Closes at once; `closed` gets the error. */
  fail(error: MsrpError | undefined): void {
    if (this.#over) return
    this.#state = 'failed'
    this.#failure = error
    this.outbox.halt()
    this.transport.destroy()
  }

  #onData(bytes: Uint8Array): void {
    if (this.#state === 'failed') return
    this.#lastActivity = this.#clock.now()
    this.#lastHeard = this.#lastActivity
    this.#receivedBytes += bytes.byteLength
    try {
      const rest = this.#reader.push(bytes)
      if (rest !== undefined) this.#await(rest)
    } catch (error) {
      this.#unreadable(error)
    }
    this.#handler.endOfRead?.()
    if (this.stranger && this.waitingBytes > LEAST_CONTROL_LIMIT) this.pauseReading(this.outbox)
  }

  /** Reads no more before the reader is done with what it has. It may have to load something for that. */
  #await(rest: Promise<void>): void {
    this.pauseReading(this.#reader)
    const cancel = loadingEnds(this.#clock, (error) => this.fail(error))
    rest.finally(cancel).then(
      () => {
        this.#handler.endOfRead?.()
        this.resumeReading(this.#reader)
      },
      (cause: unknown) => {
        if (cause instanceof MsrpError) this.#unreadable(cause)
        else this.fail(notLoaded(cause))
      },
    )
  }

  #unreadable(error: unknown): void {
    if (!(error instanceof MsrpError)) throw error
    const text = `${this.transport.description} does not speak MSRP: ${error.message}`
    this.fail(this.#heard ? error : new MsrpError('not-msrp', text, { cause: error }))
  }

  #onHead(head: Head): void {
    // What was still to be read when it ended is not read any more.
    if (this.#over) return
    this.#heard = true
    this.#head = head
    this.#bodyBytes = 0
    this.#observer?.received(head)
    if (head.kind === 'request') this.#handler.request(head)
  }

  #onBody(bytes: Uint8Array, plain: boolean): void {
    this.#bodyBytes += bytes.byteLength
    if (!this.#over && this.#head?.kind === 'request') this.#handler.requestBody(bytes, plain)
  }

  #onEnd(flag: ContinuationFlag): void {
    const head = this.#head
    if (head === undefined || this.#over) return
    this.#head = undefined
    this.#observer?.end('in', head.transactionId, flag, this.#bodyBytes)
    if (head.kind === 'request') {
      this.#handler.requestEnd(flag)
      return
    }
    const pending = this.forget(head.transactionId)
    if (pending === undefined) this.#handler.stray?.(head)
    else this.#handler.response(head, pending)
  }

  #written(): void {
    this.#lastActivity = this.#clock.now()
    this.#taken()
  }

  /** Tells the timers how much of what was written is on its way. */
  #taken(): void {
    const { bufferedBytes } = this.transport
    const { position } = this.outbox
    if (bufferedBytes > 0) this.transactions.blocked(position - bufferedBytes)
    else this.transactions.sent(position)
    if (this.waitingBytes <= LEAST_CONTROL_LIMIT) this.resumeReading(this.outbox)
    this.#handler.taken?.()
  }

  #onClose(error: MsrpError | undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#unfinished = undefined
    this.outbox.lost()
    this.#handler.closed(this.#failure ?? error, this.transactions.drain())
  }
}
