import { MsrpError } from '../wire/index.ts'
import { pulledStream } from '../wire/pulled-stream.ts'

/** What `saveTo` of a message takes. */
export interface PassingSink {
  write(position: number, bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  discard(): Promise<void>
}

/**
 * For `message.saveTo`, where a message is passed on: `pass` gets it in order while it arrives, and the success REPORT of its
 * last byte waits until `pass` is done. When `pass` fails, so does the message; its sender hears the status of the error. When
 * the message fails, so does the stream. Of a message whose chunks come in another order 1 MiB is put in order; beyond that
 * it is refused with 413.
 */
export function passingSink(pass: (stream: ReadableStream<Uint8Array>) => Promise<unknown>): PassingSink {
  return new OrderedStream(pass)
}

/** Bytes that may come before those in front of them, and what keeping a piece of them costs besides. */
const MOST_EARLY = 1024 * 1024
const PIECE_COST = 64

interface Piece {
  readonly position: number
  readonly bytes: Uint8Array
}

class OrderedStream implements PassingSink {
  readonly #passed: Promise<unknown>
  /** What is next in the stream, until it is read. */
  readonly #ready: { readonly bytes: Uint8Array; readonly read: PromiseWithResolvers<void> }[] = []
  /** What came before its time, by position. */
  readonly #early: Piece[] = []
  #earlyCost = 0
  /** Up to where it is in the stream. */
  #until = 0
  #ended = false
  #error: unknown
  #wake: () => void = () => {}

  constructor(pass: (stream: ReadableStream<Uint8Array>) => Promise<unknown>) {
    this.#passed = pass(pulledStream({ pull: () => this.#next(), cancel: async () => this.#stop(unwanted()) }))
    this.#passed.then(
      () => this.#stop(unwanted()),
      (error: unknown) => this.#stop(error),
    )
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (position > this.#until) return this.#keep({ position, bytes })
    const read = [this.#put({ position, bytes })]
    for (let [first] = this.#early; first !== undefined && first.position <= this.#until; [first] = this.#early) {
      this.#early.shift()
      this.#earlyCost -= first.bytes.length + PIECE_COST
      read.push(this.#put(first))
    }
    await Promise.all(read)
  }

  async finish(): Promise<void> {
    this.#ended = true
    this.#wake()
    await this.#passed
  }

  async discard(): Promise<void> {
    this.#stop(new MsrpError('aborted', 'The message did not come to its end'))
  }

  async #next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = this.#ready.shift()
      piece?.read.resolve()
      if (piece !== undefined) return piece.bytes
      if (this.#error !== undefined) throw this.#error
      if (this.#ended) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Resolves when somebody has read it. What is in the stream already came twice. */
  async #put({ position, bytes }: Piece): Promise<void> {
    if (this.#error !== undefined) throw this.#error
    const fresh = bytes.subarray(this.#until - position)
    if (fresh.length === 0) return
    this.#until += fresh.length
    const read = Promise.withResolvers<void>()
    this.#ready.push({ bytes: fresh, read })
    this.#wake()
    await read.promise
  }

  #keep(piece: Piece): void {
    this.#earlyCost += piece.bytes.length + PIECE_COST
    if (this.#earlyCost > MOST_EARLY) {
      const text = `More than ${MOST_EARLY} bytes of the message came before those in front of them`
      throw new MsrpError('limit-exceeded', text, { status: 413 })
    }
    const before = this.#early.findLastIndex(({ position }) => position <= piece.position)
    this.#early.splice(before + 1, 0, piece)
  }

  #stop(error: unknown): void {
    this.#error ??= error
    for (const { read } of this.#ready.splice(0)) read.reject(error)
    this.#wake()
  }
}

function unwanted(): MsrpError {
  return new MsrpError('aborted', 'The rest of the message is not passed on', { status: 413 })
}
