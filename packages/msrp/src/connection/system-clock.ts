import type { Cancel, Clock } from './clock.ts'

/** Longest delay that timers take; a longer one would go off at once. Milliseconds. */
const LONGEST = 2 ** 31 - 1

/**
 * The clock that Node and browsers have in common, for what is given none. Its timers do not keep a process alive. In a tab
 * that is not seen browsers let timers go off once a second at most.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = startTimer(milliseconds, action)
    // Browsers give a number here.
    if (typeof timer === 'object') timer.unref()
    return () => clearTimeout(timer)
  },
}

/** As `systemClock`, but a Node process lives until its timers have run: for a wait that nothing else accompanies. */
export const wakefulClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, action): Cancel {
    const timer = startTimer(milliseconds, action)
    return () => clearTimeout(timer)
  },
}

function startTimer(milliseconds: number, action: () => void): ReturnType<typeof setTimeout> {
  return setTimeout(action, Math.min(milliseconds, LONGEST))
}
