import type { SignalHandling } from './signals.ts'
import type { Output } from './terminal/output.ts'

/** What every command works with. */
export interface Context {
  readonly output: Output
  /** Aborted by signals, and when standard output goes away; the reason is the `Failure` to end with. */
  readonly signal: AbortSignal
  readonly signals: SignalHandling
}

/** A promise that rejects with the signal's reason as soon as it is aborted. The caller ends what is behind it. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  promise.catch(() => {})
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
}
