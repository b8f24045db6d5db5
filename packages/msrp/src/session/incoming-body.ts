import { MsrpError } from '../wire/index.ts'
import { BLOCK, type BlockSpool } from './block-spool.ts'
import { BodyBlocks, type PlacedBytes } from './body-blocks.ts'
import type { BodyRoom } from './body-room.ts'
import { ByteRanges } from './byte-ranges.ts'
import { FlowGate } from './flow-gate.ts'
import type { FileSink } from './platform.ts'
import { SinkWriter, storageFailure } from './sink-writer.ts'

/** What can be done with a body, whatever it is made with. */
export type AnyBody = Pick<IncomingBody, keyof IncomingBody>

/** What a body has when another takes its place. */
export interface BegunBody {
  /** Bytes at the front that the reader has. */
  readonly taken: number
  readonly isRead: boolean
  readonly decided: number
  readonly total: number | undefined
  readonly pieces: readonly PlacedBytes[]
}

/**
 * The body of one incoming message: puts chunks in their places, holds what is not read yet and hands it out.
 *
 * When `window` bytes are held: a reader that is at work makes the connection wait, but for 2 s without progress at most;
 * for a body that nobody reads, or whose reader stands still, the spool takes what comes. Thus one body never stops the
 * others for long, and the answers that its reader may be waiting for still arrive.
 */
export class IncomingBody {
  /** Which bytes have arrived. */
  readonly received: ByteRanges = new ByteRanges()
  /** So many bytes at the front have been decided on: nothing is put in their places any more. */
  decided = 0
  #room: BodyRoom
  readonly #gate: FlowGate
  readonly #blocks: BodyBlocks
  readonly #spool: BlockSpool | undefined
  #offset = 0
  #total: number | undefined
  #taken = 0
  #reader: 'none' | 'pull' | 'sink' = 'none'
  #sink: SinkWriter | undefined
  /** What comes goes to the sink at once. */
  #direct = false
  #waiting: (() => void) | undefined
  #failure: MsrpError | undefined
  #finished = false
  /** Counts the sessions that brought parts of it; a reader belongs to one of them. */
  #session = 0
  #interruption: MsrpError | undefined
  /** What a sink had when the session broke is being put back. */
  #restoring: Promise<void> | undefined

  constructor(room: BodyRoom) {
    this.#room = room
    this.#gate = new FlowGate(room.shared, () => this.#stalled())
    this.#blocks = new BodyBlocks({
      spool: room.shared.spool,
      onMemory: (change) => this.#room.shared.memory(change),
      onSpooled: (error) => this.#spooled(error),
    })
    this.#spool = room.shared.spool
    this.#spool?.use()
  }

  /** One that takes the place of another, with what that has. */
  static insteadOf({ taken, isRead, decided, total, pieces }: BegunBody, room: BodyRoom): IncomingBody {
    const body = new IncomingBody(room)
    body.#taken = taken
    body.received.add(0, taken)
    if (isRead) body.#reader = 'pull'
    body.decided = decided
    for (const { position, bytes } of pieces) body.write(position, bytes)
    if (total !== undefined) body.setTotal(total)
    return body
  }

  /** Bytes at the front that a reader had on an earlier session; reading begins after them. */
  get offset(): number {
    return this.#offset
  }

  /** Size of the message; undefined until it is known. */
  get total(): number | undefined {
    return this.#total
  }

  /** The same, when it is complete. */
  get size(): number {
    return this.#total ?? this.received.end
  }

  /** Every byte has arrived. */
  get complete(): boolean {
    return this.#total !== undefined && this.received.covers(0, this.#total)
  }

  /** Nobody reads it, so it can move to the spool. */
  get unread(): boolean {
    return this.#reader === 'none'
  }

  /** It is being written to a file. */
  get saving(): boolean {
    return this.#reader === 'sink'
  }

  get memory(): number {
    return this.#blocks.memory
  }

  get failure(): MsrpError | undefined {
    return this.#failure
  }

  /**
   * Puts bytes, lent, in their place. Those that the reader already has are left out. `expected`: size of the message, if
   * announced, so that no more memory is taken than needed.
   */
  write(position: number, bytes: Uint8Array, expected?: number): void {
    if (this.#failure !== undefined || this.#finished) return
    const skip = Math.max(0, this.#taken - position)
    const fresh = skip === 0 ? bytes : bytes.subarray(skip)
    // What a reader that keeps up will take at once needs no room for more.
    const keepsUp = this.#reader === 'pull' && this.#available < BLOCK
    this.received.add(position, position + bytes.length)
    if (fresh.length === 0) return
    if (this.#direct) this.#sink?.write(position + skip, fresh.slice())
    else this.#blocks.write(position + skip, fresh, keepsUp ? undefined : expected)
    // It may have been more than the session takes.
    if (this.#failure !== undefined) this.#blocks.clear()
    this.#wake()
    this.#relieve()
  }

  /** The size of the message is known now. */
  setTotal(total: number): void {
    this.#total = total
    this.#wake()
  }

  /** All of it is in memory, and has been all the time. */
  get inMemory(): boolean {
    return !this.#blocks.spooled && this.#reader !== 'sink'
  }

  /** Moves what is held to the spool, for a session that holds too much. */
  evict(): boolean {
    return this.#blocks.evict(0)
  }

  /** Marks it as being read. @throws MsrpError `invalid-argument` when it is already. */
  attach(): void {
    if (this.#reader !== 'none') throw new MsrpError('invalid-argument', 'A message can be read once only')
    this.#reader = 'pull'
  }

  /** The next bytes in order, once they are there; undefined at the end. */
  async take(): Promise<Uint8Array | undefined> {
    const session = this.#session
    await this.#restoring
    while (!this.#over(session) && this.#available === 0) {
      if (this.#total !== undefined && this.#taken >= this.#total) {
        this.#finish()
        return undefined
      }
      await this.#more()
    }
    this.#throwIfOver(session)
    const from = this.#taken
    const until = Math.min(this.received.contiguousFrom(from), (Math.floor(from / BLOCK) + 1) * BLOCK)
    // What is being handed out is not overwritten any more.
    this.#taken = until
    const found = this.#blocks.take(from, until)
    const bytes = found instanceof Uint8Array ? found : await this.#fromSpool(found)
    this.#gate.moved()
    // To wait for a reader that has all there is would be for ever: what it needs may be what is not read.
    if (this.#blocks.memory <= this.#room.shared.window / 2 || this.#available === 0) this.#gate.open()
    if (this.#taken === this.#total) this.#finish()
    else this.#room.progress(this.#taken, false)
    return bytes
  }

  /** Writes it to a sink as it arrives, wherever in it; resolves with what the sink's `finish` gives. */
  async saveTo<Result>(sink: FileSink<Result>): Promise<Result> {
    const session = this.#session
    const writer = new SinkWriter(sink, this.#offset, (error) => this.#sunk(writer, error))
    this.#reader = 'sink'
    this.#sink = writer
    try {
      await this.#restoring
      await this.#handOver(writer, session)
      while (!this.#over(session) && !(this.complete && writer.pending === 0)) await this.#more()
      this.#throwIfOver(session)
      const result = await writer.finish(this.size)
      this.#throwIfOver(session)
      this.#finish()
      return result
    } catch (error) {
      const failure = error instanceof MsrpError ? error : storageFailure(error)
      if (session === this.#session) this.fail(failure)
      // What is being put back comes from there.
      await this.#restoring
      await writer.discard()
      throw failure
    }
  }

  /** The session broke: the reader gets the error, and what has arrived is kept for `moveTo`. */
  interrupt(error: MsrpError): void {
    const sink = this.#sink
    this.#session++
    this.#interruption = error
    this.#reader = 'none'
    this.#sink = undefined
    this.#direct = false
    this.#gate.open()
    if (sink !== undefined) this.#restoring = this.#restore(sink, error)
    this.#wake()
  }

  /** Gives back what a reader took before the session broke and has no use for without the rest. */
  giveBack(pieces: readonly Uint8Array[]): void {
    // The next session may have begun to bring the rest, as long as nobody reads that.
    if (this.#reader !== 'none' || this.#failure !== undefined) return
    this.#offset = this.#taken - pieces.reduce((sum, { length }) => sum + length, 0)
    this.#taken = this.#offset
    let position = this.#offset
    for (const piece of pieces) {
      this.#blocks.write(position, piece)
      position += piece.length
    }
    this.#relieve()
  }

  /** Another session brings the rest. */
  moveTo(room: BodyRoom): void {
    const { memory } = this
    this.#room.shared.memory(-memory)
    this.#room = room
    this.#gate.moveTo(room.shared)
    this.#offset = this.#taken
    this.#interruption = undefined
    room.shared.memory(memory)
  }

  /** Ends it: its reader gets the error, what is held is thrown away. */
  fail(error: MsrpError): void {
    if (this.#failure !== undefined || this.#finished) return
    this.#failure = error
    this.#clear()
    this.#wake()
    this.#room.failed(error)
  }

  /** Moves what is held to the sink, block by block; what comes afterwards goes there directly. */
  async #handOver(writer: SinkWriter, session: number): Promise<void> {
    while (!this.#blocks.empty && !this.#over(session)) {
      for (const { position, bytes } of (await this.#blocks.shift(this.#offset)) ?? []) {
        if (session === this.#session) writer.write(position, bytes)
        else this.#blocks.write(position, bytes)
      }
      this.#gate.moved()
      if (this.#blocks.memory <= this.#room.shared.window / 2) this.#gate.open()
      while (writer.pending > this.#room.shared.window && !this.#over(session)) await this.#more()
    }
    if (this.#over(session)) return
    this.#direct = true
    this.#gate.open()
  }

  /**
   * Brings what a sink had back into blocks. Where that cannot be read, or would take more memory than a window, the
   * session's end is the message's.
   */
  async #restore(writer: SinkWriter, error: MsrpError): Promise<void> {
    const fits = this.#spool !== undefined || writer.given + this.#blocks.memory <= this.#room.shared.window
    if (!writer.readable || !fits) return this.fail(error)
    try {
      for await (const { position, bytes } of writer.givenBack(BLOCK)) {
        this.#blocks.write(position, bytes)
        this.#relieve()
        while (this.#blocks.pending > this.#room.shared.window && this.#failure === undefined) await this.#more()
        if (this.#failure !== undefined) return
      }
    } catch (cause) {
      this.fail(storageFailure(cause))
    }
  }

  /** A reader of that session gets nothing more. */
  #over(session: number): boolean {
    return this.#failure !== undefined || session !== this.#session
  }

  #throwIfOver(session: number): void {
    if (this.#failure !== undefined) throw this.#failure
    if (session !== this.#session) {
      throw this.#interruption ?? new MsrpError('connection-lost', 'The session that brought the message has ended')
    }
  }

  /** Makes room when too much is held, by one of the ways above. */
  #relieve(): void {
    if (this.#failure !== undefined) return
    const { window } = this.#room.shared
    if ((this.#direct ? this.#sinkPending : this.#blocks.pending) > window) {
      // The disk is slower than the connection: that passes.
      this.#gate.close()
      return
    }
    if (this.#direct || this.#blocks.memory <= window) return
    // Where there is no spool, whoever is about to read it is given the time that a reader has.
    const awaited = this.#reader !== 'none' || this.#spool === undefined
    if (awaited && !this.#gate.stalled && this.#available > 0) {
      if (!this.#gate.closed) this.#gate.closeForReader()
      return
    }
    if (this.#blocks.evict(window / 2)) return
    const what = this.#spool === undefined ? 'no temporary file can be used' : 'the temporary file is full'
    this.fail(new MsrpError('too-large', `Nobody reads the message, its window is full, and ${what}`, { status: 413 }))
  }

  /** Bytes that can be handed out at once. */
  get #available(): number {
    return this.received.contiguousFrom(this.#taken) - this.#taken
  }

  get #sinkPending(): number {
    return this.#sink?.pending ?? 0
  }

  async #fromSpool(read: Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      const bytes = await read
      // What was thrown away meanwhile may have been overwritten before it was read.
      if (this.#failure !== undefined) throw this.#failure
      return bytes
    } catch (error) {
      if (this.#failure === undefined) this.fail(storageFailure(error))
      throw this.#failure ?? error
    }
  }

  #finish(): void {
    if (this.#finished || this.#failure !== undefined) return
    this.#finished = true
    this.#clear()
    this.#room.progress(this.size, true)
  }

  #clear(): void {
    this.#blocks.clear()
    this.#spool?.leave()
    this.#gate.open()
  }

  #stalled(): void {
    this.#relieve()
    if (this.#blocks.pending <= this.#room.shared.window) this.#gate.open()
  }

  /** A write to the spool is over. */
  #spooled(error: unknown): void {
    if (error !== undefined) this.fail(storageFailure(error))
    if (this.#restoring !== undefined) this.#wake()
    const { window } = this.#room.shared
    if (this.#blocks.pending <= window / 2 && this.#blocks.memory <= window) this.#gate.open()
  }

  /** A write to a sink is over. */
  #sunk(writer: SinkWriter, error: MsrpError | undefined): void {
    if (writer !== this.#sink) return
    if (error !== undefined) this.fail(error)
    if (this.#failure !== undefined) return
    if (writer.pending <= this.#room.shared.window / 2 && this.#direct) this.#gate.open()
    // The last byte counts only when the file has its name.
    const until = writer.storedUntil - 1
    if (until > this.#offset) this.#room.progress(until, false)
    this.#wake()
  }

  /** Waits until something changes. */
  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }
}
