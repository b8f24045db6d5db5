/**
 * Sessions that outlive their connections (RFC 4975 §5.4): after a loss they get another connection, send again what was not
 * confirmed, and go on with what was coming in. In Node and in browsers.
 */
export type { BackOff } from './back-off.ts'
export type { NextContext, ResumingEvent, ResumingOptions } from './options.ts'
export { ResumingSession } from './resuming-session.ts'
