import { MsrpError, type RandomBytes } from '../wire/index.ts'

/** How long to wait before each attempt. In milliseconds. */
export interface BackOff {
  /** About so long before the second attempt; twice as long before each further one. Default 1 000. */
  readonly first: number
  /** But no longer than this. Default 30 000. */
  readonly most: number
  /**
   * No wait before the first attempt: for the side that waits for its peer, and has to be there when that one comes. The other
   * side waits for up to `first`, so that not everybody comes at once when a relay is back. Default false.
   */
  readonly atOnce: boolean
}

export const BACK_OFF: BackOff = { first: 1_000, most: 30_000, atOnce: false }

/** Milliseconds before an attempt; 1 is the first after a loss. Each has its share of chance, so that peers spread out. */
export function waitBefore(attempt: number, { first, most, atOnce }: BackOff, random: RandomBytes): number {
  if (attempt <= 1) return atOnce ? 0 : Math.round(first * chance(random))
  const longest = Math.min(most, first * 2 ** (attempt - 2))
  return Math.round(longest * (1 + chance(random)) * 0.5)
}

/** @throws MsrpError `invalid-argument` */
export function checkBackOff({ first, most }: BackOff): void {
  if (first >= 1 && most >= first && Number.isFinite(most)) return
  throw new MsrpError('invalid-argument', `backOff: first ${first} and most ${most} have to be 1 ms ≤ first ≤ most`)
}

/** From 0 up to 1, not included. */
function chance(random: RandomBytes): number {
  return random(4).reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 32
}
