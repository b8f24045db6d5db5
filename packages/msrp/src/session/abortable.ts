import { MsrpError } from '../wire/index.ts'

/** What a caller gets who gave something up: `what`. */
export function aborted(signal: AbortSignal | undefined, what: string = 'Connecting'): MsrpError {
  return new MsrpError('aborted', `${what} was given up`, { cause: signal?.reason })
}

/**
 * What comes of something that knows nothing of signals.
 * @throws MsrpError `aborted` as soon as the signal says so: `what` was given up
 */
export async function unlessAborted<T>(
  work: T | Promise<T>,
  signal: AbortSignal | undefined,
  what?: string,
): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(aborted(signal, what))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  try {
    return await Promise.race([givenUp, work])
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
