import { ANONYMOUS } from '../cpim/address.ts'
import { CPIM_TYPE, type CpimParts } from '../cpim/index.ts'
import { closeContent } from '../mime/content.ts'
import type { Medium, MessageDescription } from '../sdp/index.ts'
import type { Session } from '../session/api.ts'
import { acceptsType, MsrpError } from '../wire/index.ts'
import { refuseMessages } from './file-message.ts'
import { sameRange, WHOLE_FILE } from './file-range.ts'
import { FileTransfer, type TransferFacts, type TransferRoom } from './file-transfer.ts'
import { isRereadable, type LocalFile, typeOf } from './local-file.ts'
import { type FileSending, type SendFileOptions, sendFile } from './send-file.ts'

/** How the file of an m-line is sent. */
export interface SendTransferOptions extends Omit<SendFileOptions, 'cpim' | 'messageId' | 'signal'> {
  /** The envelope for a peer that takes files in no other way. Default: from and to anonymous. */
  readonly cpim?: CpimParts
}

/** A file that we send: offered by us, or asked for by the peer. */
export class SendTransfer extends FileTransfer<void, SendTransferOptions> {
  readonly file: LocalFile
  #sending: FileSending | undefined
  #stopped: MsrpError | undefined

  constructor(room: TransferRoom, file: LocalFile, facts: TransferFacts<SendTransferOptions>) {
    super(room, 'sender', facts)
    this.file = file
  }

  /**
   * Bytes of the file that the receiver is known to have from the first on. After a broken session a new transfer may begin
   * behind them: `range: { start: confirmed + 1 }`.
   */
  get confirmed(): number {
    return this.#sending?.confirmed ?? (this.description.range?.start ?? 1) - 1
  }

  /** What can be read at any place, and was not given up here, goes to each who answers. */
  override fork(): SendTransfer | undefined {
    if (this.givenUp || !isRereadable(this.file)) return undefined
    const { description, answering } = this
    return new SendTransfer(this.room, this.file, { description, answering, options: this.options })
  }

  protected async transfer(session: Session, { remote }: Medium): Promise<void> {
    void refuseMessages(session)
    const sending = this.#begin(session, remote)
    this.#sending = sending
    try {
      await sending.delivered
    } catch (error) {
      throw this.#stopped ?? error
    }
  }

  #begin(session: Session, remote: MessageDescription | undefined): FileSending {
    try {
      this.#checkRange(remote)
      const { range } = this.description
      const { cpim = { from: ANONYMOUS, to: ANONYMOUS }, ...options } = this.options
      const wrap = remote !== undefined && wantsEnvelope(remote, typeOf(this.file))
      return sendFile(session, this.file, { ...options, ...(range ? { range } : {}), ...(wrap ? { cpim } : {}) })
    } catch (error) {
      void this.never()
      throw error
    }
  }

  /** A receiver that repeats another range has other bytes in mind. */
  #checkRange(remote: MessageDescription | undefined): void {
    const { range = WHOLE_FILE, selector } = this.description
    const answer = this.answerOf(remote)
    if (this.answering || sameRange(range, answer?.range ?? WHOLE_FILE, selector.size)) return
    throw new MsrpError('file-mismatch', 'The answer is about another file-range than the offer (RFC 5547 §8.3)')
  }

  protected stop(error: MsrpError): void {
    this.#stopped = error
    this.#sending?.abort(error)
  }

  protected never(): Promise<void> {
    return closeContent(this.file.body)
  }
}

/** Whether a peer takes files of that type, but only in a message/cpim (RFC 4975 §8.6). */
function wantsEnvelope({ acceptTypes, acceptWrappedTypes }: MessageDescription, type: string): boolean {
  if (acceptsType(acceptTypes, type) || !acceptsType(acceptTypes, CPIM_TYPE)) return false
  return acceptsType(acceptWrappedTypes, type)
}
