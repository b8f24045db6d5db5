import type { MessageFraming } from './transport.ts'

/** Room that a message begins with, in bytes: most are responses and short texts. */
const FIRST_ROOM = 1024

/** Puts together the messages of a transport that sends them whole, such as WebSocket. */
export class MessageAssembly implements MessageFraming {
  readonly maximum: number
  readonly #send: (message: Uint8Array<ArrayBuffer>) => void
  /** The message that is open. */
  #room: Uint8Array<ArrayBuffer> | undefined
  #used = 0

  /** `send` gets each message once, to keep. */
  constructor(maximum: number, send: (message: Uint8Array<ArrayBuffer>) => void) {
    this.maximum = maximum
    this.#send = send
  }

  begin(): void {
    this.#room = new Uint8Array(FIRST_ROOM)
    this.#used = 0
  }

  end(): void {
    const room = this.#room
    this.#room = undefined
    if (room !== undefined && this.#used > 0) this.#send(room.subarray(0, this.#used))
  }

  /** Copies the bytes: into the open message, or into one of their own. */
  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) from += this.#take(bytes, from)
  }

  /** As much as one message has room for; says how much that was. */
  #take(bytes: Uint8Array, from: number): number {
    if (this.#room === undefined) {
      // Not `slice`: that of Node's Buffer copies nothing.
      const message = new Uint8Array(bytes.subarray(from, from + this.maximum))
      this.#send(message)
      return message.length
    }
    if (this.#used === this.maximum) {
      this.end()
      this.begin()
    }
    const size = Math.min(bytes.length - from, this.maximum - this.#used)
    this.#grow(this.#used + size).set(bytes.subarray(from, from + size), this.#used)
    this.#used += size
    return size
  }

  #grow(needed: number): Uint8Array {
    const room = this.#room ?? new Uint8Array(FIRST_ROOM)
    if (needed <= room.length) return room
    const larger = new Uint8Array(Math.min(this.maximum, Math.max(needed, 4 * room.length)))
    larger.set(room.subarray(0, this.#used))
    this.#room = larger
    return larger
  }
}
