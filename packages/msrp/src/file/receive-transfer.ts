import type { Medium, MessageDescription } from '../sdp/index.ts'
import type { Session } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'
import type { FileDescription } from './file-description.ts'
import type { FileSelector } from './file-selector.ts'
import type { FileTarget } from './file-target.ts'
import { FileTransfer, type TransferRoom } from './file-transfer.ts'
import { type ReceivedFile, type ReceiveFileOptions, receiveFile } from './receive-file.ts'
import { merged } from './selection.ts'

/** How the file of an m-line is received. */
export type ReceiveTransferOptions = Pick<ReceiveFileOptions, 'maxSize' | 'beginsWithin' | 'onProgress'>

/** A file that we receive: offered by the peer, or asked for by us. */
export class ReceiveTransfer extends FileTransfer<ReceivedFile> {
  readonly target: FileTarget
  readonly #options: ReceiveTransferOptions
  readonly #cancel = new AbortController()
  readonly #suspend = new AbortController()

  constructor(
    room: TransferRoom,
    target: FileTarget,
    what: { description: FileDescription; answering: boolean; options: ReceiveTransferOptions },
  ) {
    super(room, { ...what, role: 'receiver' })
    this.target = target
    this.#options = what.options
  }

  /** As `cancel`, but what is there of the file stays for a later transfer, if the target can keep it. */
  suspend(reason?: unknown): void {
    this.abort(new MsrpError('aborted', 'The transfer was suspended here', { cause: reason }), true)
  }

  protected async transfer(session: Session, { remote }: Medium): Promise<ReceivedFile> {
    const selector = this.#agreed(remote)
    const { range } = this.description
    try {
      return await receiveFile(session, this.target, {
        ...this.#options,
        selector,
        ...(range === undefined ? {} : { range }),
        createHash: this.room.platform.createHash,
        clock: this.room.platform.clock,
        signal: this.#cancel.signal,
        suspend: this.#suspend.signal,
      })
    } catch (error) {
      const reason: unknown = this.#cancel.signal.reason ?? this.#suspend.signal.reason
      throw reason instanceof MsrpError ? reason : error
    }
  }

  /** RFC 5547 §8.2.2: the answer to a request may say more of the file than we knew, such as its hash. */
  #agreed(remote: MessageDescription | undefined): FileSelector {
    try {
      return merged(this.description.selector, this.answer(remote)?.selector ?? {})
    } catch (error) {
      this.never(true)
      throw error
    }
  }

  protected stop(error: MsrpError, keep: boolean): void {
    const controller = keep ? this.#suspend : this.#cancel
    controller.abort(error)
  }

  protected never(keep: boolean): void {
    void (keep && this.target.suspend !== undefined ? this.target.suspend() : this.target.discard())
  }
}
