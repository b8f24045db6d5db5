import type { Socket } from 'node:net'
import { type Block, giveBlock, LARGEST_BLOCK, takeBlock } from './write-blocks.ts'

/**
 * How bytes go into a socket: what is written in one turn of the event loop, and while earlier bytes wait for the
 * operating system, is copied together and leaves in as few system calls and TLS records as possible. One block at a time
 * is with the socket: that bounds what TLS encrypts ahead, and is the grain in which progress towards a slow far side can
 * be seen.
 */
export class SocketWriter {
  readonly #socket: Socket
  readonly #onTaken: () => void
  /** What waits, oldest first; the last one has room. */
  readonly #blocks: Block[] = []
  #buffered = 0
  /** The block that is with the socket. */
  #underWay: Block | undefined
  #scheduled = false
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

  /** Copies the bytes. */
  write(bytes: Uint8Array): void {
    this.#buffered += bytes.length
    for (let from = 0; from < bytes.length; ) from += this.#copy(bytes, from)
    // What is queued behind bytes under way goes when those are taken.
    if (this.#scheduled || this.#underWay !== undefined) return
    this.#scheduled = true
    afterThisTurn(this.#send)
  }

  /** Ends the stream after everything written so far; nothing is written after it. */
  end(onSent: () => void): void {
    this.#onSent = onSent
    this.#send()
  }

  /** Throws away what has not been handed to the socket. */
  forget(): void {
    for (const block of this.#blocks.splice(0)) giveBlock(block)
    this.#buffered = 0
  }

  /** As much as fits into one block; says how much that was. */
  #copy(bytes: Uint8Array, from: number): number {
    const block = this.#room(bytes.length - from)
    const size = Math.min(bytes.length - from, block.bytes.length - block.used)
    block.bytes.set(from === 0 && size === bytes.length ? bytes : bytes.subarray(from, from + size), block.used)
    block.used += size
    return size
  }

  /** The block to go on with, which has room for a byte at least. */
  #room(size: number): Block {
    const last = this.#blocks.at(-1)
    const used = last?.used ?? 0
    if (last !== undefined && used + size <= last.bytes.length) return last
    if (last?.bytes.length !== LARGEST_BLOCK || used === LARGEST_BLOCK) return this.#next(size)
    return last
  }

  /** Another block; one that was small, since little was to be expected, makes way for a larger one. */
  #next(size: number): Block {
    const last = this.#blocks.at(-1)
    const outgrown = last !== undefined && last.bytes.length < LARGEST_BLOCK
    const block = takeBlock(outgrown ? last.used + size : size)
    if (outgrown) {
      block.bytes.set(last.bytes.subarray(0, last.used))
      block.used = last.used
      this.#blocks.pop()
      giveBlock(last)
    }
    this.#blocks.push(block)
    return block
  }

  readonly #send = (): void => {
    this.#scheduled = false
    if (this.#underWay !== undefined) return
    const block = this.#blocks.shift()
    this.#underWay = block
    if (block !== undefined) {
      this.#socket.write(
        block.used === block.bytes.length ? block.bytes : block.bytes.subarray(0, block.used),
        this.#taken,
      )
      return
    }
    if (this.#onSent) this.#socket.end(this.#onSent)
    this.#onSent = undefined
  }

  readonly #taken = (cause?: Error | null): void => {
    const block = this.#underWay
    this.#underWay = undefined
    // After an error nobody knows who still looks at its bytes.
    if (cause || this.#socket.destroyed || block === undefined) return
    this.#buffered -= block.used
    giveBlock(block)
    if (this.#buffered > 0 || this.#onSent) this.#send()
    this.#onTaken()
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
