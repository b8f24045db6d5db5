import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError } from '../wire/index.ts'
import { BlobSink } from './blob-sink.ts'
import type { IncomingTransfer } from './incoming-transfer.ts'
import type { FileSink, Platform, SaveOptions } from './platform.ts'
import { STOPPED_RECEIVING } from './stopped-receiving.ts'

/** Gathers the body of a message, which is marked as being read, as a Blob of its type. */
export function gather(transfer: IncomingTransfer, type: string): Promise<Blob> {
  return save(transfer, async () => new BlobSink(type), undefined)
}

/** Writes the body of a message, which is marked as being read, to a file or sink: see `saveTo` of `IncomingMessage`. */
export function saveTo(
  transfer: IncomingTransfer,
  target: string | FileSink,
  options: SaveOptions,
  platform: Platform,
): Promise<unknown> {
  const open = async (path: string): Promise<FileSink> => {
    try {
      if (platform.createFile === undefined) throw new MsrpError('storage', 'There are no files here')
      return await platform.createFile(path, options)
    } catch (cause) {
      const error = asMsrpError(cause, 'storage', `Cannot write ${path}`)
      transfer.fail(error)
      throw error
    }
  }
  return save(transfer, async () => (typeof target === 'string' ? open(target) : target), options.signal)
}

async function save<Result>(
  transfer: IncomingTransfer,
  open: () => Promise<FileSink<Result>>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const giveUp = (): void => transfer.refuse(413, STOPPED_RECEIVING, savingAborted(signal?.reason))
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp)
  try {
    const sink = await open()
    if (transfer.interruption === undefined) return await transfer.body.saveTo(sink)
    await sink.discard()
    throw transfer.interruption
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

function savingAborted(cause: unknown): MsrpError {
  return new MsrpError('aborted', 'Saving the message was given up', { status: 413, cause })
}
