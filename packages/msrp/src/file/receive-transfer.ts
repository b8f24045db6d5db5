import type { Medium, MessageDescription } from '../sdp/index.ts'
import type { Session } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'
import { type FileRange, sameRange, WHOLE_FILE } from './file-range.ts'
import type { FileSelector } from './file-selector.ts'
import type { FileTarget } from './file-target.ts'
import { FileTransfer, type TransferFacts, type TransferRoom } from './file-transfer.ts'
import { type ReceivedFile, type ReceiveFileOptions, receiveFile } from './receive-file.ts'
import { merged } from './selection.ts'

/** How the file of an m-line is received. */
export type ReceiveTransferOptions = Pick<ReceiveFileOptions, 'maxSize' | 'beginsWithin' | 'onProgress'>

/** A file that we receive: offered by the peer, or asked for by us. */
export class ReceiveTransfer extends FileTransfer<ReceivedFile, ReceiveTransferOptions> {
  readonly target: FileTarget
  readonly #abort = new AbortController()
  readonly #suspend = new AbortController()

  constructor(room: TransferRoom, target: FileTarget, facts: TransferFacts<ReceiveTransferOptions>) {
    super(room, 'receiver', facts)
    this.target = target
  }

  /** As `abort`, but what is there of the file stays for a later transfer, if the target can keep it. */
  suspend(reason?: unknown): void {
    this.giveUp(new MsrpError('aborted', 'The transfer was suspended here', { cause: reason }))
  }

  protected async transfer(session: Session, { remote }: Medium): Promise<ReceivedFile> {
    try {
      return await receiveFile(session, this.target, {
        ...this.options,
        ...(await this.#agreed(remote)),
        createHash: this.room.platform.createHash,
        clock: this.room.platform.clock,
        signal: this.#abort.signal,
        suspend: this.#suspend.signal,
      })
    } catch (error) {
      const reason: unknown = this.#abort.signal.reason ?? this.#suspend.signal.reason
      throw reason instanceof MsrpError ? reason : error
    }
  }

  /** RFC 5547 §8.2.2: the answer to a request may say more of the file than we knew, such as its hash. */
  async #agreed(remote: MessageDescription | undefined): Promise<{ selector: FileSelector; range: FileRange }> {
    try {
      const { selector: wanted, range = WHOLE_FILE } = this.description
      const answer = this.answerOf(remote)
      const selector = merged(wanted, answer?.selector ?? {})
      return { selector, range: this.answering ? range : rangeToCome(range, answer?.range, selector.size) }
    } catch (error) {
      await this.never(true)
      throw error
    }
  }

  protected stop(error: MsrpError, keep: boolean): void {
    const controller = keep ? this.#suspend : this.#abort
    controller.abort(error)
  }

  protected async never(keep: boolean): Promise<void> {
    if (keep && this.target.suspend !== undefined) await this.target.suspend()
    else await this.target.discard()
  }
}

/**
 * Which bytes come of those that were asked for. A peer that knows no ranges sends the file from the beginning, which then takes
 * the place of what is there (RFC 5547 §8.3.2 would have it refuse).
 * @throws MsrpError `file-mismatch` when others come
 */
function rangeToCome(asked: FileRange, answered: FileRange = WHOLE_FILE, size: number | undefined): FileRange {
  if (answered.start <= asked.start && sameRange({ ...answered, start: asked.start }, asked, size)) return answered
  throw new MsrpError('file-mismatch', 'The answer is about another file-range than was asked for (RFC 5547 §8.3.2)')
}
