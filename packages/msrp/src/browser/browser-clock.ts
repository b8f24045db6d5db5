/** The browser's clock. In a tab that is not seen browsers let timers go off once a second at most. */
export { systemClock as browserClock } from '../connection/system-clock.ts'
