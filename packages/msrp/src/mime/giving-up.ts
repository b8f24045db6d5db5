import { MsrpError } from '../wire/index.ts'
import type { ContentSource } from './content-reader.ts'

/**
 * A source that is waited for until the signal comes: it fails then with `aborted`, and the sender is told to stop with 413.
 * @param what is waited for, for error and sender
 */
export function untilGivenUp(source: ContentSource, signal: AbortSignal | undefined, what: string): ContentSource {
  if (signal === undefined) return source
  return { ...source, pull: () => unlessGivenUp(source, signal, `Waiting for ${what} was given up`) }
}

async function unlessGivenUp(
  source: ContentSource,
  signal: AbortSignal,
  text: string,
): Promise<Uint8Array | undefined> {
  const givenUp = Promise.withResolvers<never>()
  const giveUp = (): void => {
    givenUp.reject(new MsrpError('aborted', text, { status: 413, cause: signal.reason }))
    source.refuse?.(413, text)
    source.cancel(signal.reason).catch(() => {})
  }
  signal.addEventListener('abort', giveUp)
  try {
    if (signal.aborted) giveUp()
    return await Promise.race([givenUp.promise, source.pull()])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
