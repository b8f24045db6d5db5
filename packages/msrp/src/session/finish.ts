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
  const settled = Promise.all(messages.map((message) => message.delivered.catch(() => void undelivered.push(message))))
  const { promise: givenUp, resolve } = Promise.withResolvers<void>()
  const giveUp = (): void => resolve()
  signal?.addEventListener('abort', giveUp)
  if (signal?.aborted) giveUp()
  await Promise.race([Promise.all([settled, rest]), givenUp, session.closed])
  signal?.removeEventListener('abort', giveUp)
  await session.close()
  await settled
  return { undelivered }
}
