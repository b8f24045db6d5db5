/**
 * What comes of something that knows nothing of signals. Rejects with what `error` gives as soon as the signal says so, or has
 * said it before.
 */
export async function unlessAborted<T>(
  work: T | Promise<T>,
  signal: AbortSignal | undefined,
  error: () => unknown,
): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(error())
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  try {
    return await Promise.race([givenUp, work])
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
