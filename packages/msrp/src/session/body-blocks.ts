import { BLOCK, type BlockSpool } from './block-spool.ts'
import { ByteRanges } from './byte-ranges.ts'

/** Smallest room that a block takes in memory. Bytes. */
const LEAST = 512

interface Block {
  /** In memory; shorter than a block while little of it is there. */
  bytes: Uint8Array | undefined
  /** In the spool. A block is in one of both places. */
  slot: number | undefined
  /** Which of its bytes are there, counted from its beginning. */
  readonly valid: ByteRanges
}

/** A run of bytes of the message. */
export interface PlacedBytes {
  readonly position: number
  readonly bytes: Uint8Array
}

/**
 * What has arrived of one message and has not been read: blocks by position, each in memory or in the spool. Later bytes
 * replace earlier ones at the same place (RFC 4975 §7.3.1).
 */
export class BodyBlocks {
  readonly #blocks: Map<number, Block> = new Map()
  readonly #spool: BlockSpool | undefined
  readonly #onMemory: (change: number) => void
  readonly #onSpooled: (error?: unknown) => void
  #memory = 0
  #pending = 0
  #lastWritten = -1
  #spooled = false

  /** `onMemory` hears of every change of `memory`; `onSpooled` when a write to the spool is over, or failed. */
  constructor(options: {
    spool: BlockSpool | undefined
    onMemory: (change: number) => void
    onSpooled: (error?: unknown) => void
  }) {
    this.#spool = options.spool
    this.#onMemory = options.onMemory
    this.#onSpooled = options.onSpooled
  }

  /** Bytes of memory that the blocks take. */
  get memory(): number {
    return this.#memory
  }

  /** Bytes on their way to the spool. */
  get pending(): number {
    return this.#pending
  }

  get empty(): boolean {
    return this.#blocks.size === 0
  }

  /** Something of it went to the spool. */
  get spooled(): boolean {
    return this.#spooled
  }

  /** Copies bytes to their place. `total`: the expected size of the message, so that no more room is taken than needed. */
  write(position: number, bytes: Uint8Array, total?: number): void {
    for (let done = 0; done < bytes.length; ) {
      const at = position + done
      const index = Math.floor(at / BLOCK)
      const offset = at - index * BLOCK
      const part = bytes.subarray(done, done + BLOCK - offset)
      this.#writeBlock(index, offset, part, total)
      done += part.length
    }
  }

  /**
   * Takes bytes out, from `position` on and up to `end` at most; may give fewer. All of them have to be there. Blocks that
   * end before the last byte given are forgotten.
   */
  take(position: number, end: number): Uint8Array | Promise<Uint8Array> {
    const index = Math.floor(position / BLOCK)
    const block = this.#blocks.get(index)
    if (block === undefined) throw new Error(`no byte is held at ${position}`)
    const from = position - index * BLOCK
    const until = Math.min(end - index * BLOCK, BLOCK)
    const last = until === BLOCK
    const { bytes, slot } = block
    if (bytes !== undefined) {
      if (last) this.#forget(index, block)
      // What is left of the block may still be written to.
      return last ? bytes.subarray(from, until) : bytes.slice(from, until)
    }
    if (last) this.#blocks.delete(index)
    return this.#read(slot, from, until - from, last)
  }

  /** Takes the oldest block out, as the runs that are there; undefined when there is none. */
  async shift(): Promise<PlacedBytes[] | undefined> {
    const oldest = this.#blocks.entries().next().value
    if (oldest === undefined) return undefined
    const [index, block] = oldest
    const { bytes, slot, valid } = block
    if (bytes !== undefined) this.#forget(index, block)
    else this.#blocks.delete(index)
    const runs: PlacedBytes[] = []
    for (const { start, end } of valid.within(0, BLOCK)) {
      const part = bytes?.subarray(start, end) ?? (await this.#read(slot, start, end - start, false))
      runs.push({ position: index * BLOCK + start, bytes: part })
    }
    if (slot !== undefined) this.#spool?.release(slot)
    return runs
  }

  /** Moves blocks to the spool until they take `target` bytes of memory or less; false when that cannot be. */
  evict(target: number): boolean {
    const spool = this.#spool
    const indexes = [...this.#blocks].filter(([, block]) => block.bytes !== undefined).map(([index]) => index)
    // The first are read first, and the one being filled is best written in one piece.
    indexes.sort((one, other) => Number(one === this.#lastWritten) - Number(other === this.#lastWritten) || other - one)
    for (const index of indexes) {
      if (this.#memory <= target) break
      const block = this.#blocks.get(index)
      const slot = spool?.allocate()
      if (block?.bytes === undefined || slot === undefined || spool === undefined) return false
      const { bytes, valid } = block
      this.#account(-bytes.length)
      block.bytes = undefined
      block.slot = slot
      this.#spooled = true
      for (const { start, end } of valid.within(0, BLOCK)) this.#store(slot, start, bytes.subarray(start, end))
    }
    return this.#memory <= target
  }

  /** Forgets everything. */
  clear(): void {
    for (const [index, block] of this.#blocks) this.#forget(index, block)
  }

  #writeBlock(index: number, offset: number, part: Uint8Array, total: number | undefined): void {
    let block = this.#blocks.get(index)
    if (block === undefined) {
      block = { bytes: undefined, slot: undefined, valid: new ByteRanges() }
      this.#blocks.set(index, block)
    }
    this.#lastWritten = index
    block.valid.add(offset, offset + part.length)
    if (block.slot !== undefined) {
      this.#store(block.slot, offset, part.slice())
      return
    }
    const had = block.bytes?.length ?? 0
    const needed = offset + part.length
    const bytes = block.bytes !== undefined && had >= needed ? block.bytes : grown(block.bytes, index, needed, total)
    bytes.set(part, offset)
    block.bytes = bytes
    // Last, because it may have this very block moved to the spool.
    if (bytes.length > had) this.#account(bytes.length - had)
  }

  #forget(index: number, block: Block): void {
    this.#blocks.delete(index)
    if (block.bytes !== undefined) this.#account(-block.bytes.length)
    if (block.slot !== undefined) this.#spool?.release(block.slot)
  }

  #account(change: number): void {
    this.#memory += change
    this.#onMemory(change)
  }

  #store(slot: number, offset: number, bytes: Uint8Array): void {
    this.#pending += bytes.length
    this.#spool?.write(slot, offset, bytes).then(
      () => {
        this.#pending -= bytes.length
        this.#onSpooled()
      },
      (error: unknown) => this.#onSpooled(error),
    )
  }

  async #read(slot: number | undefined, offset: number, length: number, last: boolean): Promise<Uint8Array> {
    if (slot === undefined || this.#spool === undefined) throw new Error('the block is nowhere')
    try {
      return await this.#spool.read(slot, offset, length)
    } finally {
      if (last) this.#spool.release(slot)
    }
  }
}

function grown(bytes: Uint8Array | undefined, index: number, needed: number, total: number | undefined): Uint8Array {
  const known = total === undefined ? 0 : Math.min(BLOCK, total - index * BLOCK)
  const size = Math.min(BLOCK, Math.max(needed, known, 2 * (bytes?.length ?? 0), LEAST))
  const larger = new Uint8Array(size)
  if (bytes !== undefined) larger.set(bytes)
  return larger
}
