import type { Cancel, Clock } from '../connection/index.ts'

/** What a gate can do to the connection. */
export interface FlowRoom {
  readonly clock: Clock
  /** Milliseconds that a reader may stand still while the connection waits for it. */
  readonly spoolAfter: number
  /** Stops reading from the connection until `resume` with the same reason. */
  pause(reason: object): void
  resume(reason: object): void
}

/** Makes the connection wait for one body: for its disk as long as it takes, for its reader as long as that moves. */
export class FlowGate {
  #room: FlowRoom
  readonly #onStall: () => void
  #closed = false
  #stalled = false
  #timer: Cancel | undefined

  /** `onStall`: the reader has stood still too long. */
  constructor(room: FlowRoom, onStall: () => void) {
    this.#room = room
    this.#onStall = onStall
  }

  /** The connection waits. */
  get closed(): boolean {
    return this.#closed
  }

  /** The reader stood still too long, and has not moved since. */
  get stalled(): boolean {
    return this.#stalled
  }

  /** Goes over to another session. */
  moveTo(room: FlowRoom): void {
    this.open()
    this.#stalled = false
    this.#room = room
  }

  /** Makes the connection wait. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#room.pause(this)
  }

  /** Makes it wait for the reader, from now on and until the reader moves or stands still too long. */
  closeForReader(): void {
    this.close()
    this.#timer?.()
    this.#timer = this.#room.clock.after(this.#room.spoolAfter, () => {
      this.#timer = undefined
      this.#stalled = true
      this.#onStall()
    })
  }

  /** The reader took something. */
  moved(): void {
    this.#stalled = false
    if (this.#timer !== undefined) this.closeForReader()
  }

  /** Lets the connection go on. */
  open(): void {
    this.#timer?.()
    this.#timer = undefined
    if (!this.#closed) return
    this.#closed = false
    this.#room.resume(this)
  }
}
