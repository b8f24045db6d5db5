/** Room for bytes on their way into a socket, filled from its beginning. */
export interface Block {
  readonly bytes: Uint8Array
  used: number
}

/** Bytes of blocks: for what is short, such as a text or a response, for some of it, and as much as a socket gets at once. */
const SIZES = [4096, 16_384, 131_072]

/** Bytes of the largest block. */
export const LARGEST_BLOCK: number = Math.max(...SIZES)

/** How often unused blocks are let go, in milliseconds. */
const ROUND = 100

/** Blocks of one size that wait to be used again. */
interface Pool {
  readonly size: number
  readonly blocks: Block[]
  /** So many of them were not needed since the last round. */
  spare: number
}

const pools: readonly Pool[] = SIZES.map((size) => ({ size, blocks: [], spare: 0 }))
let scheduled = false

/** A block that holds so many bytes, if any does. */
export function takeBlock(size: number): Block {
  const pool = poolOf(size)
  const block = pool.blocks.pop()
  if (block === undefined) return { bytes: Buffer.allocUnsafeSlow(pool.size), used: 0 }
  pool.spare = Math.min(pool.spare, pool.blocks.length)
  return block
}

/** A block that nobody looks at any more. */
export function giveBlock(block: Block): void {
  block.used = 0
  poolOf(block.bytes.length).blocks.push(block)
  schedule()
}

/** New memory costs more than what is written into it, so that what is needed now and then is kept, and nothing else. */
function letGo(): void {
  scheduled = false
  for (const pool of pools) {
    pool.blocks.splice(0, pool.spare)
    pool.spare = pool.blocks.length
    if (pool.spare > 0) schedule()
  }
}

function schedule(): void {
  if (scheduled) return
  scheduled = true
  setTimeout(letGo, ROUND).unref()
}

function poolOf(size: number): Pool {
  return (pools.find((pool) => size <= pool.size) ?? pools.at(-1)) as Pool
}
