import { MsrpError } from '../wire/index.ts'
import { unlessAborted as unless } from '../wire/unless-aborted.ts'

/** What a caller gets who gave something up: `what`. */
export function aborted(signal: AbortSignal | undefined, what: string = 'Connecting'): MsrpError {
  return new MsrpError('aborted', `${what} was given up`, { cause: signal?.reason })
}

/**
 * What comes of something that knows nothing of signals.
 * @throws MsrpError `aborted` as soon as the signal says so: `what` was given up
 */
export function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal | undefined, what?: string): Promise<T> {
  return unless(work, signal, () => aborted(signal, what))
}
