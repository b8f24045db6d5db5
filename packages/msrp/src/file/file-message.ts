import type { Clock } from '../connection/index.ts'
import type { IncomingMessage, Session } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'

/** How long the file of a session may take to begin, unless somebody says otherwise. Milliseconds. */
const BEGINS_WITHIN = 60_000

/** Refuses whatever comes on a session, for as long as it lives: it is for one file and no more (RFC 5547 §8.7). */
export async function refuseMessages(session: Session): Promise<void> {
  for await (const message of session) message.refuse(403, 'This session is for one file (RFC 5547 §8.7)')
}

/**
 * The message that brings the file of a session, which is its first one; every other is refused. So is this one when it comes
 * too late.
 * @throws MsrpError `timeout` when nothing comes `within` so many milliseconds (60 000), `aborted` by the signal, and what ends
 *   the session
 */
export async function fileMessage(
  session: Session,
  { signal, clock, within = BEGINS_WITHIN }: { signal: AbortSignal; clock: Clock; within?: number | undefined },
): Promise<IncomingMessage> {
  const { promise: given, reject } = Promise.withResolvers<never>()
  const onAbort = (): void =>
    reject(new MsrpError('aborted', 'Receiving the file was given up', { cause: signal.reason }))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  const cancel = clock.after(within, () => {
    reject(new MsrpError('timeout', `The file did not begin to come within ${within} ms`))
  })
  const next = session[Symbol.asyncIterator]().next()
  void next.then(() => refuseMessages(session))
  try {
    const { value, done } = await Promise.race([next, given])
    if (!done) return value
  } catch (error) {
    void next.then(({ value, done }) => done || value.refuse(413, 'The receiver wants the file no more'))
    throw error
  } finally {
    cancel()
    signal.removeEventListener('abort', onAbort)
  }
  const { error } = await session.closed
  throw error ?? new MsrpError('closed', 'The session ended before the file came')
}
