import type { RandomBytes } from './ident.ts'

/** Bytes from the secure generator that Node and browsers have in common, for what is given none. */
export const systemRandom: RandomBytes = (size) => crypto.getRandomValues(new Uint8Array(size))
