import type { OutgoingMessage, Session } from 'msrp'
import { Undelivered } from '../failure.ts'
import type { Output } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'
import { HashedBody } from './hashed-body.ts'
import type { Source } from './source.ts'

/** What was delivered. */
export interface Delivered {
  readonly messageId: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
}

/**
 * Sends something and waits until success REPORTs cover every byte of it.
 * @throws Undelivered, which says how far it got
 */
export async function deliver(
  session: Session,
  source: Source,
  options: {
    output: Output
    signal: AbortSignal
    chunkSize?: number | undefined
    /** Another reason to be told, where there is a better one. */
    explain?: (error: unknown) => unknown
  },
): Promise<Delivered> {
  const { output, signal, chunkSize, explain = (error) => error } = options
  const { fileName, contentType, label } = source
  const hashed = new HashedBody(source.body)
  let progress: Progress | undefined
  let sent: OutgoingMessage | undefined
  try {
    sent = session.send(hashed.body, {
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
    return { messageId, size, sha256: await hashed.digest() }
  } catch (error) {
    progress?.end()
    const confirmedBytes = sent?.confirmed.bytes ?? 0
    const cause = signal.aborted ? signal.reason : explain(error)
    throw new Undelivered(label, { confirmedBytes, total: sent?.total ?? source.size }, cause)
  } finally {
    await source.close().catch(() => {})
  }
}
