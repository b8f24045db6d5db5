import type { BodyReader } from './body-reader.ts'

/** Bytes of memory that are filled together, and used again when nothing in them is needed any more. */
const BLOCK = 64 * 1024

interface Block {
  /** Position of its first byte in the message. */
  readonly position: number
  readonly bytes: Uint8Array
  used: number
}

export type StreamIterator = AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string>

/**
 * Reads a stream once, in order, whatever the sizes of its pieces, and holds what it has read until that is released.
 * Pieces are copied, because many streams use their buffers again.
 */
export class StreamReader implements BodyReader {
  readonly size: number | undefined
  readonly openEnded = true
  readonly contentType: string
  readonly #iterator: StreamIterator
  readonly #unusable: (value: unknown) => Error
  /** What is held, in order and without gaps. */
  #held: Block[] = []
  #free: Uint8Array[] = []
  #end: number
  #ended = false
  #retains = false
  // A read that was begun for a position since left is still what brings the next bytes.
  #advancing: Promise<void> | undefined

  /** `start`: position of the stream's first byte in the message. `unusable`: what to throw for a strange piece. */
  constructor(
    iterator: StreamIterator,
    options: {
      size: number | undefined
      start: number
      contentType: string
      unusable: (value: unknown) => Error
    },
  ) {
    this.#iterator = iterator
    this.size = options.size
    this.contentType = options.contentType
    this.#unusable = options.unusable
    this.#end = options.start
  }

  get rereadable(): boolean {
    return this.#retains
  }

  retain(): void {
    this.#retains = true
  }

  read(position: number): Uint8Array | Promise<Uint8Array | undefined> {
    return this.#find(position) ?? this.#next(position)
  }

  release(position: number): void {
    for (
      let [first] = this.#held;
      first !== undefined && first.position + first.used <= position;
      [first] = this.#held
    ) {
      this.#held.shift()
      this.#free.push(first.bytes)
    }
  }

  close(): void {
    this.#held = []
    this.#free = []
    if (this.#ended) return
    this.#ended = true
    // A stream that fails while it is being given up has nothing more to say.
    void (async () => await this.#iterator.return?.())().catch(() => {})
  }

  /** What is held from a position on, as far as it lies in one block. */
  #find(position: number): Uint8Array | undefined {
    if (position >= this.#end) return undefined
    const block = this.#held.findLast((candidate) => candidate.position <= position)
    return block?.bytes.subarray(position - block.position, block.used)
  }

  async #next(position: number): Promise<Uint8Array | undefined> {
    this.#advancing ??= this.#advance()
    await this.#advancing
    return this.#find(position)
  }

  /** Takes a piece of the stream in, or its end. */
  async #advance(): Promise<void> {
    try {
      for (let before = this.#end; this.#end === before && !this.#ended; ) {
        const { done, value } = await this.#iterator.next()
        if (done) this.#ended = true
        else this.#hold(typeof value === 'string' ? new TextEncoder().encode(value) : value)
      }
    } finally {
      this.#advancing = undefined
    }
  }

  #hold(piece: Uint8Array): void {
    if (!(piece instanceof Uint8Array)) throw this.#unusable(piece)
    if (this.#ended) return
    for (let from = 0; from < piece.length; ) {
      const block = this.#room()
      const part = piece.subarray(from, from + BLOCK - block.used)
      block.bytes.set(part, block.used)
      block.used += part.length
      this.#end += part.length
      from += part.length
    }
  }

  /** A block that is not full. */
  #room(): Block {
    const last = this.#held.at(-1)
    if (last !== undefined && last.used < BLOCK) return last
    const block = { position: this.#end, bytes: this.#free.pop() ?? new Uint8Array(BLOCK), used: 0 }
    this.#held.push(block)
    return block
  }
}
