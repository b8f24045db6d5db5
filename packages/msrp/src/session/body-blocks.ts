import { BLOCK, type BlockSpool } from './block-spool.ts'
import { ByteRanges } from './byte-ranges.ts'

/** Smallest room that a block takes in memory. Bytes. */
const LEAST = 512

interface Block {
  /** In memory: a part of the block that holds all that is there, and begins at `base`. */
  bytes: Uint8Array | undefined
  base: number
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
    const { bytes, base, slot, valid } = block
    if (bytes === undefined) {
      if (last) this.#blocks.delete(index)
      return this.#read(slot, from, until - from, last)
    }
    const taken = bytes.subarray(from - base, until - base)
    // A copy where more of the block is there, or most of its memory is for what is still to come.
    if (!last && (valid.end > until || 2 * taken.length < bytes.length)) return taken.slice()
    // Else the memory goes with the bytes, and the rest of the block gets new memory when it comes.
    this.#forget(index, block)
    return taken
  }

  /**
   * Takes the oldest block out, as the runs that are there, those before `from` left out; undefined when there is no
   * block.
   */
  async shift(from: number): Promise<PlacedBytes[] | undefined> {
    const oldest = this.#blocks.entries().next().value
    if (oldest === undefined) return undefined
    const [index, block] = oldest
    const { bytes, base, slot, valid } = block
    if (bytes !== undefined) this.#forget(index, block)
    else this.#blocks.delete(index)
    const runs: PlacedBytes[] = []
    for (const { start, end } of valid.within(Math.max(0, from - index * BLOCK), BLOCK)) {
      const part = bytes?.subarray(start - base, end - base) ?? (await this.#read(slot, start, end - start, false))
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
      const { bytes, base, valid } = block
      this.#account(-bytes.length)
      block.bytes = undefined
      block.slot = slot
      this.#spooled = true
      for (const { start, end } of valid.within(0, BLOCK)) {
        this.#store(slot, start, bytes.subarray(start - base, end - base))
      }
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
      block = { bytes: undefined, base: offset, slot: undefined, valid: new ByteRanges() }
      this.#blocks.set(index, block)
    }
    this.#lastWritten = index
    block.valid.add(offset, offset + part.length)
    if (block.slot !== undefined) {
      this.#store(block.slot, offset, part.slice())
      return
    }
    const had = block.bytes?.length ?? 0
    makeRoom(block, index, { from: offset, until: offset + part.length }, total).set(part, offset - block.base)
    // Last, because it may have this very block moved to the spool.
    const has = block.bytes?.length ?? 0
    if (has > had) this.#account(has - had)
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

/** The memory of a block, made larger where a part would not fit. */
function makeRoom(
  block: Block,
  index: number,
  part: { from: number; until: number },
  total: number | undefined,
): Uint8Array {
  const { bytes, base } = block
  const had = bytes?.length ?? 0
  const from = Math.min(base, part.from)
  const until = Math.max(base + had, part.until)
  if (bytes !== undefined && until - from === had) return bytes
  const known = total === undefined ? 0 : Math.min(BLOCK, total - index * BLOCK) - from
  const larger = new Uint8Array(Math.min(BLOCK - from, Math.max(until - from, known, 2 * had, LEAST)))
  if (bytes !== undefined) larger.set(bytes, base - from)
  block.bytes = larger
  block.base = from
  return larger
}
