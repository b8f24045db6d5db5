import type { Clock } from '../connection/index.ts'

/** The browser's clock. In a tab that is not seen browsers let timers go off once a second at most. */
export const browserClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds)
    return () => clearTimeout(timer)
  },
}
