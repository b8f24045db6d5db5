import { unlessAborted } from './abortable.ts'
import type { Finished, OutgoingMessage, Session } from './api.ts'

/**
 * Closes a session once its messages have been delivered or have failed and `rest` has settled, or when `signal` says so, or
 * when it has ended meanwhile.
 */
export async function finish(
  session: Pick<Session, 'close' | 'closed'>,
  messages: readonly OutgoingMessage[],
  rest: Promise<void> | undefined,
  signal: AbortSignal | undefined,
): Promise<Finished> {
  const undelivered: OutgoingMessage[] = []
  const settled = Promise.all(messages.map((message) => message.delivered.catch(() => undelivered.push(message))))
  const over = Promise.race([Promise.all([settled, rest]), session.closed])
  // Nothing but the signal has it reject.
  await unlessAborted(over, signal).catch(() => {})
  await session.close()
  await settled
  return { undelivered }
}
