import { aborted, unlessAborted as unless } from '../session/abortable.ts'

/** What is given up. */
const WORK = 'The offer, or its answer,'

/** The first of several signals, some of which may not be there. */
export function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined)
  return given.length > 1 ? AbortSignal.any(given) : given[0]
}

/** @throws MsrpError `aborted` */
export function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal, WORK)
}

/** What comes of something that knows nothing of signals. @throws MsrpError `aborted` as soon as the signal says so */
export function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return unless(work, signal, WORK)
}
