import type { Clock } from './clock.ts'

/** Longest delay that timers take; a longer one would go off at once. Milliseconds. */
const LONGEST = 2 ** 31 - 1

/**
 * The clock that Node and browsers have in common, for what is given none. Its timers do not keep a process alive. In a tab
 * that is not seen browsers let timers go off once a second at most.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, Math.min(milliseconds, LONGEST))
    // Browsers give a number here.
    if (typeof timer === 'object') timer.unref()
    return () => clearTimeout(timer)
  },
}
