import type { Socket } from 'node:net'
import { gather } from './gather.ts'

/**
 * At most this much is with the socket at a time, the rest waits here. It bounds what TLS encrypts ahead, and it is the
 * grain in which progress towards a slow far side can be seen. Bytes.
 */
const GROUP = 131_072

/**
 * How bytes go into a socket: what is written in one turn of the event loop, and while earlier bytes wait for the
 * operating system, leaves in as few system calls and TLS records as possible.
 */
export class SocketWriter {
  readonly #socket: Socket
  readonly #onTaken: () => void
  #queue: Uint8Array[] = []
  #buffered = 0
  /** Bytes that are with the socket. */
  #underWay = 0
  #onSent: (() => void) | undefined

  /** `onTaken`: called whenever the operating system has taken more. */
  constructor(socket: Socket, onTaken: () => void) {
    this.#socket = socket
    this.#onTaken = onTaken
  }

  /** Bytes that the operating system has not taken. */
  get buffered(): number {
    return this.#buffered
  }

  write(bytes: Uint8Array): void {
    this.#buffered += bytes.length
    // What is queued behind bytes under way goes when those are taken.
    if (this.#queue.push(bytes) === 1 && this.#underWay === 0) afterThisTurn(this.#send)
  }

  /** Ends the stream after everything written so far; nothing is written after it. */
  end(onSent: () => void): void {
    this.#onSent = onSent
    this.#send()
  }

  /** Throws away what has not been handed to the socket. */
  forget(): void {
    this.#queue = []
    this.#buffered = 0
  }

  readonly #send = (): void => {
    if (this.#underWay > 0) return
    const pieces = gather(this.#nextGroup())
    if (pieces.length === 0) {
      if (this.#onSent) this.#socket.end(this.#onSent)
      this.#onSent = undefined
      return
    }
    if (pieces.length > 1) this.#socket.cork()
    const last = pieces.length - 1
    for (const piece of pieces.slice(0, last)) this.#socket.write(piece)
    this.#socket.write(pieces[last] ?? '', this.#taken)
    if (pieces.length > 1) this.#socket.uncork()
  }

  readonly #taken = (cause?: Error | null): void => {
    const taken = this.#underWay
    this.#underWay = 0
    if (cause || this.#socket.destroyed) return
    this.#buffered -= taken
    if (this.#buffered > 0 || this.#onSent) this.#send()
    this.#onTaken()
  }

  #nextGroup(): Uint8Array[] {
    let count = 0
    while (count < this.#queue.length && this.#underWay < GROUP) this.#underWay += this.#queue[count++]?.length ?? 0
    const group = this.#queue.splice(0, count)
    const excess = this.#underWay - GROUP
    const last = group.at(-1)
    if (excess > 0 && last) {
      group[count - 1] = last.subarray(0, last.length - excess)
      this.#queue.unshift(last.subarray(last.length - excess))
      this.#underWay = GROUP
    }
    return group
  }
}

/** One immediate for all sockets that have something to send. */
let waiting: (() => void)[] = []

function afterThisTurn(send: () => void): void {
  if (waiting.push(send) === 1) setImmediate(sendWaiting)
}

function sendWaiting(): void {
  const now = waiting
  waiting = []
  for (const send of now) send()
}
