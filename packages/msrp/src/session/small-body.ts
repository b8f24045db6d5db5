import { MsrpError } from '../wire/index.ts'
import { notLoaded } from '../wire/not-loaded.ts'
import type { PlacedBytes } from './body-blocks.ts'
import type { BodyRoom } from './body-room.ts'
import { ByteRanges } from './byte-ranges.ts'
import type { AnyBody, IncomingBody } from './incoming-body.ts'
import type { Later } from './later.ts'
import type { FileSink } from './platform.ts'

/** So many bytes of a message that wait for their reader make it a large one. */
const LARGE = 64 * 1024

/** Once it is loaded, all are made with it. */
let Large: typeof IncomingBody | undefined

/** Loads what it takes for bodies that are large, or kept when a session breaks. */
export async function loadBodies(): Promise<typeof IncomingBody> {
  Large ??= (await import('./incoming-body.ts')).IncomingBody
  return Large
}

/** The body of a message that begins to come in. `load`: `loadBodies`, as it is done here. */
export function openSmallBody(room: BodyRoom, load: Later<typeof IncomingBody>): AnyBody {
  return Large === undefined ? new SmallBody(room, load) : new Large(room)
}

/**
 * The body of a message whose chunks come in order and that is read about as fast as it comes, as that of every short
 * text. When it turns out to be something else it becomes a `IncomingBody`, which is loaded for that while the connection waits.
 */
export class SmallBody implements AnyBody {
  readonly received: ByteRanges = new ByteRanges()
  readonly offset = 0
  decided = 0
  memory = 0
  total: number | undefined
  failure: MsrpError | undefined
  readonly #room: BodyRoom
  readonly #load: Later<typeof IncomingBody>
  #growing: Promise<IncomingBody | undefined> | undefined
  /** What waits for the reader: in order and without gap, until it grows. */
  #pieces: PlacedBytes[] = []
  #taken = 0
  #reader: 'none' | 'pull' | 'sink' = 'none'
  #waiting: (() => void) | undefined
  #finished = false

  constructor(room: BodyRoom, load: Later<typeof IncomingBody>) {
    this.#room = room
    this.#load = load
  }

  get size(): number {
    return this.total ?? this.received.end
  }

  get complete(): boolean {
    return this.total !== undefined && this.received.covers(0, this.total)
  }

  get unread(): boolean {
    return this.#reader === 'none'
  }

  get saving(): boolean {
    return this.#reader === 'sink'
  }

  get inMemory(): boolean {
    return this.#reader !== 'sink'
  }

  write(position: number, bytes: Uint8Array): void {
    if (this.failure !== undefined || this.#finished) return
    const inOrder = position === this.received.end
    this.received.add(position, position + bytes.length)
    if (bytes.length === 0) return
    this.#pieces.push({ position, bytes: bytes.slice() })
    this.#account(bytes.length)
    if (inOrder && this.memory <= LARGE) this.#wake()
    else void this.#grow()
  }

  setTotal(total: number): void {
    this.total = total
    this.#wake()
  }

  evict(): boolean {
    return false
  }

  attach(): void {
    if (this.#reader !== 'none') throw new MsrpError('invalid-argument', 'A message can be read once only')
    this.#reader = 'pull'
  }

  async take(): Promise<Uint8Array | undefined> {
    for (;;) {
      const large = this.#growing && (await this.#growing)
      if (large !== undefined) return large.take()
      if (this.failure !== undefined) throw this.failure
      const bytes = this.#pieces.shift()?.bytes
      if (bytes !== undefined) {
        this.#taken += bytes.length
        this.#account(-bytes.length)
        if (this.#taken === this.total) this.#finish()
        else this.#room.progress(this.#taken, false)
        return bytes
      }
      if (this.total !== undefined && this.#taken >= this.total) {
        this.#finish()
        return undefined
      }
      await this.#more()
    }
  }

  async saveTo<Result>(sink: FileSink<Result>): Promise<Result> {
    this.#reader = 'sink'
    const large = await this.#grow()
    if (large !== undefined) return large.saveTo(sink)
    await sink.discard()
    throw this.failure
  }

  fail(error: MsrpError): void {
    if (this.failure !== undefined || this.#finished) return
    this.failure = error
    this.#clear()
    this.#wake()
    this.#room.failed(error)
  }

  // Where messages are kept, large bodies are loaded before there is any.

  interrupt(error: MsrpError): void {
    this.fail(error)
  }

  giveBack(): void {}

  moveTo(): void {}

  #grow(): Promise<IncomingBody | undefined> {
    this.#growing ??= this.#become()
    this.#wake()
    return this.#growing
  }

  /** Undefined when it has come to its end meanwhile. */
  async #become(): Promise<IncomingBody | undefined> {
    this.#room.shared.pause(this)
    try {
      const Body = await this.#load()
      if (this.failure !== undefined || this.#finished) return undefined
      const pieces = this.#pieces
      this.#clear()
      const large = Body.insteadOf(
        {
          taken: this.#taken,
          isRead: this.#reader !== 'none',
          decided: this.decided,
          total: this.total,
          pieces,
        },
        this.#room,
      )
      this.#room.grown(large)
      return large
    } catch (cause) {
      this.fail(notLoaded(cause))
      return undefined
    } finally {
      this.#room.shared.resume(this)
    }
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#clear()
    this.#room.progress(this.size, true)
  }

  #clear(): void {
    this.#pieces = []
    this.#account(-this.memory)
  }

  #account(change: number): void {
    this.memory += change
    this.#room.shared.memory(change)
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  #wake(): void {
    this.#waiting?.()
    this.#waiting = undefined
  }
}
