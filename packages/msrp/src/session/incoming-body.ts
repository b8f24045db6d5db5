import type { Cancel, Clock } from '../connection/index.ts'
import { MsrpError } from '../wire/index.ts'
import { BLOCK, type BlockSpool } from './block-spool.ts'
import { BodyBlocks } from './body-blocks.ts'
import { ByteRanges } from './byte-ranges.ts'
import type { FileSink } from './platform.ts'

/** The session around a body: what it may use, and whom to tell. */
export interface BodyRoom {
  readonly clock: Clock
  /** Bytes in memory that one body may hold. */
  readonly window: number
  /** Milliseconds that a reader may stand still while the connection waits for it. */
  readonly spoolAfter: number
  readonly spool: BlockSpool | undefined
  /** Stops reading from the connection until `resume` with the same reason. */
  pause(reason: object): void
  resume(reason: object): void
  /** The bodies of the session hold so many bytes more, or less, in memory. */
  memory(change: number): void
  /** Bytes 0 … `until` have reached their reader, without a gap; `finished` when that is all and for good. */
  progress(until: number, finished: boolean): void
  /** The body cannot be taken any further. */
  failed(error: MsrpError): void
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
  readonly #room: BodyRoom
  readonly #blocks: BodyBlocks
  /** Bytes that the reader had before this body began: on an earlier session. */
  readonly offset: number
  #total: number | undefined
  #taken: number
  #reader: 'none' | 'pull' | 'sink' = 'none'
  #waiting: (() => void) | undefined
  #failure: MsrpError | undefined
  #finished = false
  // A reader that stood still too long: what comes goes to the spool until it moves again.
  #stalled = false
  #stallTimer: Cancel | undefined
  #paused = false
  #sink: FileSink | undefined
  #direct = false
  #sinking = 0
  readonly #stored = new ByteRanges()

  constructor(room: BodyRoom, offset = 0) {
    this.#room = room
    this.offset = offset
    this.#taken = offset
    this.#blocks = new BodyBlocks({
      spool: room.spool,
      onMemory: (change) => room.memory(change),
      onSpooled: (error) => this.#spooled(error),
    })
    if (offset > 0) this.received.add(0, offset)
  }

  /** Size of the message; undefined until it is known. */
  get total(): number | undefined {
    return this.#total
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
    this.received.add(position, position + bytes.length)
    if (fresh.length === 0) return
    if (this.#direct) this.#sinkWrite(position + skip, fresh.slice())
    else this.#blocks.write(position + skip, fresh, expected)
    this.#wake()
    this.relieve()
  }

  /** The size of the message is known now. */
  setTotal(total: number): void {
    this.#total = total
    this.#wake()
  }

  /** Moves what is held to the spool, for a session that holds too much. */
  evict(): boolean {
    return this.#blocks.evict(0)
  }

  /** Makes room when too much is held, by one of the ways above. */
  relieve(): void {
    if (this.#failure !== undefined) return
    const waits = this.#direct ? this.#sinking : this.#blocks.pending
    if (waits > this.#room.window) {
      // The disk is slower than the connection: that passes.
      this.#pause()
      return
    }
    if (this.#direct || this.#blocks.memory <= this.#room.window) return
    if (this.#reader !== 'none' && !this.#stalled && this.#available > 0) {
      this.#pause()
      this.#watchReader()
      return
    }
    if (this.#blocks.evict(this.#room.window / 2)) return
    const what = this.#room.spool === undefined ? 'no temporary file can be used' : 'the temporary file is full'
    this.fail(new MsrpError('too-large', `nobody reads the message, its window is full, and ${what}`, { status: 413 }))
  }

  /** Marks it as being read. @throws MsrpError `invalid-argument` when it is already. */
  attach(): void {
    if (this.#reader !== 'none') throw new MsrpError('invalid-argument', 'a message can be read once only')
    this.#reader = 'pull'
  }

  /** The next bytes in order, once they are there; undefined at the end. */
  async take(): Promise<Uint8Array | undefined> {
    while (this.#failure === undefined && this.#available === 0) {
      if (this.#total !== undefined && this.#taken >= this.#total) {
        this.#finish()
        return undefined
      }
      this.#starved()
      await this.#more()
    }
    if (this.#failure !== undefined) throw this.#failure
    const from = this.#taken
    const until = Math.min(this.received.contiguousFrom(from), (Math.floor(from / BLOCK) + 1) * BLOCK)
    // What is being handed out is not overwritten any more.
    this.#taken = until
    const found = this.#blocks.take(from, until)
    const bytes = found instanceof Uint8Array ? found : await this.#fromSpool(found)
    this.#moved()
    if (this.#taken === this.#total) this.#finish()
    else this.#room.progress(this.#taken, false)
    return bytes
  }

  /** Writes it to a sink as it arrives, wherever in it; resolves with what the sink's `finish` gives. */
  async saveTo(sink: FileSink): Promise<unknown> {
    this.#reader = 'sink'
    this.#sink = sink
    try {
      while (!this.#blocks.empty) {
        const runs = await this.#blocks.shift()
        for (const { position, bytes } of runs ?? []) this.#sinkWrite(position, bytes)
        this.#stalled = false
        this.#unpauseIf(this.#blocks.memory <= this.#room.window / 2)
        while (this.#sinking > this.#room.window && this.#failure === undefined) await this.#more()
        if (this.#failure !== undefined) break
      }
      this.#direct = true
      this.#unpauseIf(true)
      while (this.#failure === undefined && !(this.complete && this.#sinking === 0)) await this.#more()
      if (this.#failure !== undefined) throw this.#failure
      const result = await sink.finish((this.#total ?? 0) - this.offset).catch((error: unknown) => {
        throw storageFailure(error)
      })
      this.#finish()
      return result
    } catch (error) {
      const failure = error instanceof MsrpError ? error : storageFailure(error)
      this.fail(failure)
      await sink.discard()
      throw failure
    }
  }

  /** Ends it: its reader gets the error, what is held is thrown away. */
  fail(error: MsrpError): void {
    if (this.#failure !== undefined || this.#finished) return
    this.#failure = error
    this.#blocks.clear()
    this.#unpauseIf(true)
    this.#wake()
    this.#room.failed(error)
  }

  /** Bytes that can be handed out at once. */
  get #available(): number {
    return this.received.contiguousFrom(this.#taken) - this.#taken
  }

  async #fromSpool(read: Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await read
    } catch (error) {
      const failure = storageFailure(error)
      this.fail(failure)
      throw failure
    }
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#blocks.clear()
    this.#unpauseIf(true)
    this.#room.progress(this.#total ?? 0, true)
  }

  /** The reader waits for bytes that are not there, so waiting for the reader would be for ever. */
  #starved(): void {
    if (!this.#paused || this.#blocks.pending > this.#room.window) return
    this.#blocks.evict(this.#room.window / 2)
    this.#unpauseIf(true)
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

  #sinkWrite(position: number, bytes: Uint8Array): void {
    this.#sinking += bytes.length
    this.#sink?.write(position - this.offset, bytes).then(
      () => this.#sunk(position, bytes.length),
      (error: unknown) => this.fail(storageFailure(error)),
    )
  }

  #sunk(position: number, length: number): void {
    this.#sinking -= length
    if (this.#failure !== undefined) return
    this.#stored.add(position, position + length)
    this.#unpauseIf(this.#sinking <= this.#room.window / 2)
    // The last byte counts only when the file has its name.
    const until = this.#stored.contiguousFrom(this.offset) - 1
    if (until > this.offset) this.#room.progress(until, false)
    this.#wake()
  }

  #spooled(error: unknown): void {
    if (error !== undefined) this.fail(storageFailure(error))
    else this.#unpauseIf(this.#blocks.pending <= this.#room.window / 2 && this.#blocks.memory <= this.#room.window)
  }

  /** The reader took something. */
  #moved(): void {
    this.#stalled = false
    if (!this.#paused) return
    if (this.#blocks.memory <= this.#room.window / 2) this.#unpauseIf(true)
    else this.#watchReader()
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#room.pause(this)
  }

  #unpauseIf(condition: boolean): void {
    if (!condition || !this.#paused) return
    this.#stallTimer?.()
    this.#stallTimer = undefined
    this.#paused = false
    this.#room.resume(this)
  }

  #watchReader(): void {
    this.#stallTimer?.()
    this.#stallTimer = this.#room.clock.after(this.#room.spoolAfter, () => {
      this.#stallTimer = undefined
      this.#stalled = true
      this.relieve()
      this.#unpauseIf(this.#blocks.pending <= this.#room.window)
    })
  }
}

function storageFailure(cause: unknown): MsrpError {
  if (cause instanceof MsrpError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new MsrpError('storage', `the message could not be stored: ${why}`, { cause })
}
