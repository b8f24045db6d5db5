import { MsrpError } from '../wire/index.ts'
import { unlessAborted } from '../wire/unless-aborted.ts'
import type { ContentSource } from './content-reader.ts'

/**
 * A source that is waited for until the signal comes: it fails then with `aborted`, and the sender is told to stop with 413.
 * @param what is waited for, for error and sender
 */
export function untilGivenUp(source: ContentSource, signal: AbortSignal | undefined, what: string): ContentSource {
  if (signal === undefined) return source
  const giveUp = (): MsrpError => {
    const text = `Waiting for ${what} was given up`
    source.refuse?.(413, text)
    source.cancel(signal.reason).catch(() => {})
    return new MsrpError('aborted', text, { status: 413, cause: signal.reason })
  }
  return { ...source, pull: () => unlessAborted(source.pull(), signal, giveUp) }
}
