import type { Clock } from '../../connection/index.ts'
import { MsrpError } from '../../wire/index.ts'

/** Resolves after some milliseconds; never when `giveUp` comes first, and nothing stays armed then. */
export function after(clock: Clock, milliseconds: number, giveUp: AbortSignal): Promise<void> {
  if (giveUp.aborted) return never()
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, () => {
      giveUp.removeEventListener('abort', cancel)
      resolve()
    })
    giveUp.addEventListener('abort', cancel, { once: true })
  })
}

/** Rejects with `aborted` once `signal` says so; never when `giveUp` comes first. */
export function untilAborted(signal: AbortSignal, giveUp: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(abortedError(signal))
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true, signal: giveUp })
  })
}

/** What a caller who gave up gets. */
export function abortedError(signal: AbortSignal): MsrpError {
  return new MsrpError('aborted', 'authentication with the relay was given up', { cause: signal.reason })
}

/** A promise that stays open. */
export function never<T>(): Promise<T> {
  return new Promise(() => {})
}
