import type { OutgoingMessage, Session } from 'msrp'
import { Undelivered } from '../failure.ts'
import type { Output } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'
import type { Source } from './source.ts'

/**
 * Sends something and waits until success REPORTs cover every byte of it.
 * @returns how many bytes it had
 * @throws Undelivered, which says how far it got
 */
export async function deliver(
  session: Session,
  source: Source,
  options: { output: Output; signal: AbortSignal; chunkSize?: number | undefined },
): Promise<number> {
  const { output, signal, chunkSize } = options
  const { body, fileName, contentType, label } = source
  let progress: Progress | undefined
  let sent: OutgoingMessage | undefined
  try {
    sent = session.send(body, {
      contentType,
      ...(fileName === undefined ? {} : { fileName }),
      ...(fileName === undefined && source.attached ? { disposition: 'attachment' } : {}),
      ...(chunkSize === undefined ? {} : { chunkSize }),
      successReport: true,
      signal,
      onProgress: ({ sent, total }) => {
        progress?.update(sent, total, sent === total ? 'waiting for confirmation' : undefined)
      },
    })
    const { messageId } = sent
    if (source.attached) {
      progress = new Progress(output, { messageId, direction: 'sending', name: fileName ?? null }, source.size)
    }
    await sent.delivered
    const size = sent.total ?? sent.confirmed.contiguous
    progress?.complete(size)
    return size
  } catch (error) {
    progress?.end()
    const confirmedBytes = sent?.confirmed.bytes ?? 0
    const cause = signal.aborted ? signal.reason : error
    throw new Undelivered(label, { confirmedBytes, total: sent?.total ?? source.size }, cause)
  } finally {
    await source.close().catch(() => {})
  }
}
