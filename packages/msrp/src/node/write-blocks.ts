/** Room for bytes on their way into a socket, filled from its beginning. */
export interface Block {
  readonly bytes: Uint8Array
  used: number
}

/** Bytes of a block for what is short, such as a text or a response. */
export const SMALL_BLOCK = 4096

/** Bytes of a block for a lot: as much as goes to a socket at once. */
export const LARGE_BLOCK = 131_072

/** Unused ones that are kept, of each kind. */
const KEPT = { small: 1024, large: 16 }

const small: Block[] = []
const large: Block[] = []

/** A block that holds so many bytes, if any does. */
export function takeBlock(size: number): Block {
  if (size <= SMALL_BLOCK) return small.pop() ?? { bytes: Buffer.allocUnsafeSlow(SMALL_BLOCK), used: 0 }
  return large.pop() ?? { bytes: Buffer.allocUnsafeSlow(LARGE_BLOCK), used: 0 }
}

/** A block that nobody looks at any more. */
export function giveBlock(block: Block): void {
  block.used = 0
  if (block.bytes.length === LARGE_BLOCK) {
    if (large.length < KEPT.large) large.push(block)
  } else if (small.length < KEPT.small) {
    small.push(block)
  }
}
