const encoder = new TextEncoder()

/** Texts and bytes up to this length are faster written one by one than handed to the platform. */
const SHORT = 128

/**
 * Puts together what is to be sent, in memory that is used again: what `take` gives is lent, until something is written
 * again.
 */
export class ByteWriter {
  #room: Uint8Array
  #size = 0

  /** @param room bytes to begin with; grows as needed. */
  constructor(room: number) {
    this.#room = new Uint8Array(room)
  }

  text(text: string): void {
    const { length } = text
    if (length > SHORT) {
      this.#encode(text)
      return
    }
    const room = this.#roomFor(length)
    const start = this.#size
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) {
        this.#encode(text)
        return
      }
      room[start + index] = code
    }
    this.#size = start + length
  }

  /** Writes bytes[from..until). */
  bytes(bytes: Uint8Array, from: number = 0, until: number = bytes.length): void {
    const size = until - from
    const room = this.#roomFor(size)
    const start = this.#size
    this.#size = start + size
    if (size > SHORT) room.set(size === bytes.length ? bytes : bytes.subarray(from, until), start)
    else for (let at = 0; at < size; at++) room[start + at] = bytes[from + at] ?? 0
  }

  /** What has been written since the last time. */
  take(): Uint8Array {
    const size = this.#size
    this.#size = 0
    return this.#room.subarray(0, size)
  }

  #encode(text: string): void {
    const room = this.#roomFor(3 * text.length)
    this.#size += encoder.encodeInto(text, room.subarray(this.#size)).written
  }

  #roomFor(size: number): Uint8Array {
    const needed = this.#size + size
    if (needed > this.#room.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#room.length))
      larger.set(this.#room.subarray(0, this.#size))
      this.#room = larger
    }
    return this.#room
  }
}
