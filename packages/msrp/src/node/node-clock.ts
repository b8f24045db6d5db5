import { performance } from 'node:perf_hooks'
import type { Cancel, Clock } from '../connection/clock.ts'

/** Longest delay that Node's timers take; a longer one would fire at once. Milliseconds. */
const LONGEST = 2 ** 31 - 1

// As it is now: a program that replaces it for its own tests must not stop the clock.
const afterThisTurn = globalThis.setImmediate

/** Of this turn of the event loop, once somebody has asked. */
let time: number | undefined

function endTurn(): void {
  time = undefined
}

/**
 * The machine's monotonic clock. It is read once in each turn of the event loop: whatever happens in one happens at the
 * same time, and a connection asks several times for every message.
 *
 * Its timers do not keep a process alive. What is worth waiting for always comes with something that does: an open
 * connection, a listener, a look-up, a file operation. So a program ends when its sessions have ended, not when the
 * last timeout has run out.
 */
export const nodeClock: Clock = {
  now(): number {
    if (time === undefined) {
      time = performance.now()
      afterThisTurn(endTurn)
    }
    return time
  },
  after(milliseconds: number, action: () => void): Cancel {
    const timer = setTimeout(action, Math.min(milliseconds, LONGEST))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
