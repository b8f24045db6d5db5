import { MsrpError } from '../wire/index.ts'

/** The first of several signals, some of which may not be there. */
export function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined)
  return given.length > 1 ? AbortSignal.any(given) : given[0]
}

/** @throws MsrpError `aborted` */
export function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

/** What comes of something that knows nothing of signals. @throws MsrpError `aborted` as soon as the signal says so */
export async function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(aborted(signal))
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([givenUp, work])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function aborted({ reason }: AbortSignal): MsrpError {
  return new MsrpError('aborted', 'The offer, or its answer, was given up here', { cause: reason })
}
