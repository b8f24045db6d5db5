import type { Clock } from './clock.ts'

/** The clock that every JavaScript platform has. Its timers keep a Node process alive until they have run. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds)
    return () => clearTimeout(timer)
  },
}
