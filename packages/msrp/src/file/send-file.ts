import { buildCpim, CPIM_TYPE, type CpimParts } from '../cpim/index.ts'
import type { OutgoingMessage, Session } from '../session/api.ts'
import type { MessageBody } from '../session/body.ts'
import type { SendOptions } from '../session/options.ts'
import { fileContentDisposition } from './content-disposition.ts'
import { type FileRange, WHOLE_FILE } from './file-range.ts'
import { type LocalFile, rangeOf, sizeOf, typeOf } from './local-file.ts'
import { lostIfGone } from './lost-session.ts'

/** How far a transfer is, in bytes of the file: what an earlier transfer brought counts. */
export interface FileProgress {
  /** Up to where the file was sent; when receiving, up to where it is stored without a gap. */
  readonly bytes: number
  /** Up to where the receiver has confirmed it; when receiving, the same as `bytes`. A later transfer may begin behind it. */
  readonly confirmed: number
  /** Size of the file, if known. */
  readonly size: number | undefined
}

/** How a file is sent. */
export interface SendFileOptions
  extends Pick<SendOptions, 'signal' | 'successReport' | 'failureReport' | 'chunkSize' | 'messageId'> {
  /** Which bytes of it. Default: all. */
  readonly range?: FileRange
  /** Wraps it in a message/cpim, for a peer that takes files in no other way (RFC 5547 §8.7). */
  readonly cpim?: CpimParts
  readonly onProgress?: (progress: FileProgress) => void
}

/** A file on its way out. */
export interface FileSending {
  readonly message: OutgoingMessage
  /** Bytes of the file that the receiver is known to have from the first on: a later transfer may begin behind them. */
  readonly confirmed: number
  /**
   * See `OutgoingMessage`. A receiver that finds another file than was described refuses it with 413; one that does not know the
   * session any more (481, 506) has lost it: `connection-lost`.
   */
  readonly delivered: Promise<void>
  /** Abandons it: the receiver sees `#` (RFC 5547 §8.4). */
  abort(reason?: unknown): void
}

/**
 * Sends a file, or a part of it, as one message (RFC 5547 §8.7): with the facts of its description in Content-Disposition.
 * Never throws for what happens on the way: see `delivered`.
 * @throws MsrpError `invalid-argument` when there is no such part, or the file is a stream of which a part is wanted
 */
export function sendFile(session: Session, file: LocalFile, options: SendFileOptions = {}): FileSending {
  const { range = WHOLE_FILE, cpim, onProgress, ...rest } = options
  const { name, dates, disposition } = file
  const size = sizeOf(file)
  const contentType = typeOf(file)
  const contentDisposition = fileContentDisposition({ disposition, name, size, dates })
  const content = rangeOf(file, range)
  const fields = [['Content-Disposition', contentDisposition]] as const
  const body: MessageBody =
    cpim === undefined
      ? content
      : buildCpim({ ...cpim, contentType, contentFields: [...(cpim.contentFields ?? []), ...fields] }, content)
  const wrapping = cpim === undefined ? 0 : wrappingOf(body, content)
  /** Bytes of the message as bytes of the file. */
  const inFile = (bytes: number): number => range.start - 1 + Math.max(0, bytes - wrapping)
  const message: OutgoingMessage = session.send(body, {
    ...rest,
    ...(cpim === undefined
      ? { contentType, disposition: contentDisposition }
      : { contentType: CPIM_TYPE, wrappedTypes: [contentType] }),
    ...(onProgress === undefined
      ? {}
      : { onProgress: ({ sent }) => onProgress({ bytes: inFile(sent), confirmed: confirmed(), size }) }),
  })
  const confirmed = (): number => inFile(message.confirmed.contiguous)
  const delivered = message.delivered.catch((error: unknown) => Promise.reject(lostIfGone(error)))
  delivered.catch(() => {})
  return {
    message,
    get confirmed() {
      return confirmed()
    },
    delivered,
    abort: (reason) => message.abort(reason),
  }
}

/** Bytes of the envelope in front of its content. A stream of unknown size confirms nothing that could be counted on. */
function wrappingOf(body: MessageBody, content: MessageBody): number {
  const [outer, inner] = [sizeOf({ body }), sizeOf({ body: content })]
  return outer === undefined || inner === undefined ? Number.POSITIVE_INFINITY : outer - inner
}
