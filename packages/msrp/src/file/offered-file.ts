import { closeContent } from '../mime/content.ts'
import { MsrpError } from '../wire/index.ts'
import type { FileDescription } from './file-description.ts'
import type { CreateHash } from './file-hasher.ts'
import { type FileRange, WHOLE_FILE } from './file-range.ts'
import type { FileSelector } from './file-selector.ts'
import type { FileTarget } from './file-target.ts'
import type { FileTransfer, TransferRoom } from './file-transfer.ts'
import { isRereadable, type LocalFile, ownSelectorOf, rangeOf, withHashes } from './local-file.ts'
import { ReceiveTransfer, type ReceiveTransferOptions } from './receive-transfer.ts'
import { safeFileName } from './safe-file-name.ts'
import { fits, selectFiles } from './selection.ts'
import { SendTransfer, type SendTransferOptions } from './send-transfer.ts'

/** What is known of a file in the peer's offer. */
export interface UndecidedFacts {
  readonly description: FileDescription
  readonly signal: AbortSignal
}

/** One m-line for a file in the peer's offer, until the application has decided on it. */
export abstract class UndecidedFile<Transfer extends FileTransfer = FileTransfer> {
  /** All that the peer says of it: hash, dates, icon, disposition. Nobody has checked it. */
  readonly description: FileDescription
  /** Fires when there will be no answer (see `OfferedMedium`): end what was begun for the decision, such as a question to the user. */
  readonly signal: AbortSignal
  protected readonly room: TransferRoom
  #transfer: Transfer | undefined
  #reason = 'The file is not wanted here'
  #closed = false
  readonly #released: Promise<unknown>[] = []

  constructor(room: TransferRoom, { description, signal }: UndecidedFacts) {
    this.room = room
    this.description = description
    this.signal = signal
  }

  get selector(): FileSelector {
    return this.description.selector
  }

  /** Which bytes of the file it is about. */
  get range(): FileRange {
    return this.description.range ?? WHOLE_FILE
  }

  /** What came of it; undefined when it was refused. */
  get transfer(): Transfer | undefined {
    return this.#transfer
  }

  get reason(): string {
    return this.#reason
  }

  /** Settles when what the application has begun to decide on it is done. */
  get decided(): Promise<unknown> {
    return Promise.resolve()
  }

  /** Settles when nothing is open any more of what was given for it in vain. */
  get released(): Promise<unknown> {
    return Promise.all(this.#released)
  }

  /**
   * Refuses it, which is what happens without a decision, too; what had been made of it is given up. `reason` is for our own
   * errors.
   */
  refuse(reason?: string): void {
    this.#reason = reason ?? this.#reason
    const transfer = this.#transfer
    this.#transfer = undefined
    if (transfer !== undefined)
      this.#release(transfer, new MsrpError('aborted', `The file was refused here: ${this.#reason}`))
  }

  /** The decision has been made, or comes too late. */
  close(): void {
    this.#closed = true
    // What has a medium already ends with that.
    if (this.signal.aborted && this.#transfer && !this.#transfer.medium) this.refuse('There will be no answer')
  }

  /** Decides for a transfer, unless there is a `flaw`. @throws the flaw, and MsrpError `closed` when it comes too late */
  protected decide(transfer: Transfer, flaw?: MsrpError): Transfer {
    const late = 'The decision comes too late: the answer is out, or there will be none'
    const error = flaw ?? (this.#closed ? new MsrpError('closed', late) : this.#transfer && takenAlready())
    if (error !== undefined) {
      this.#release(transfer, error)
      throw error
    }
    this.#transfer = transfer
    return transfer
  }

  /** Its target or body was given away, so it is let go of here. */
  #release(transfer: Transfer, error: MsrpError): void {
    transfer.giveUp(error)
    this.#released.push(transfer.done.catch(() => {}))
  }
}

function takenAlready(): MsrpError {
  return new MsrpError('invalid-argument', 'The file has been taken already')
}

/** A file that the peer offers to send (RFC 5547 §8.3.1). */
export class OfferedFile extends UndecidedFile<ReceiveTransfer> {
  /** Safe to store under. */
  get name(): string {
    return safeFileName(this.selector.name)
  }

  /**
   * Takes it. It begins to arrive when the answer is out. The target is ours from now on: where the file is not taken it is
   * suspended, or discarded if it cannot be, before the answer goes out.
   * @throws MsrpError `invalid-argument` when the offer begins behind what the target has, `too-large`; the file is refused
   *   then, unless you catch it and take another target; `closed` when `onOffered` is over, or there will be no answer
   */
  take(target: FileTarget, options: ReceiveTransferOptions = {}): ReceiveTransfer {
    if (target === this.transfer?.target) throw takenAlready()
    const { selector, transferId, range } = this.description
    // RFC 5547 §8.3.1: neither icon nor dates nor disposition.
    const description = { selector, ...(transferId ? { transferId } : {}), ...(range ? { range } : {}) }
    const transfer = new ReceiveTransfer(this.room, target, { description, answering: true, options })
    return this.decide(transfer, this.#flaw(target, options))
  }

  #flaw(
    { stored = 0 }: FileTarget,
    { maxSize = Number.POSITIVE_INFINITY }: ReceiveTransferOptions,
  ): MsrpError | undefined {
    const { start } = this.range
    const { size = 0 } = this.selector
    if (start - 1 > stored) {
      return new MsrpError('invalid-argument', `The offer begins at byte ${start}, but only ${stored} bytes are there`)
    }
    return size > maxSize
      ? new MsrpError('too-large', `The file has ${size} bytes, ${maxSize} are the most`)
      : undefined
  }
}

/** A file that the peer asks for (RFC 5547 §8.3.2). */
export class RequestedFile extends UndecidedFile<SendTransfer> {
  readonly #createHash: CreateHash
  #giving: Promise<unknown> = Promise.resolve()
  #refusals = 0

  constructor(room: TransferRoom, facts: UndecidedFacts) {
    super(room, facts)
    this.#createHash = room.platform.createHash
  }

  /** Those of the files that the peer may mean, two at most: see `selectFiles`. */
  select(files: Iterable<LocalFile> | AsyncIterable<LocalFile>): Promise<LocalFile[]> {
    return selectFiles(this.selector, files, { createHash: this.#createHash })
  }

  /** Settles as `give` does, if it was called. */
  override get decided(): Promise<unknown> {
    return this.#giving
  }

  override refuse(reason?: string): void {
    this.#giving = Promise.resolve()
    this.#refusals++
    super.refuse(reason)
  }

  /**
   * Gives a file. It goes out when the answer has. One that can be read at any place and has no SHA-1 yet is hashed before,
   * for the answer to have it.
   * @throws MsrpError `invalid-argument` when it is not what the peer asks for, or has no such part, `file-unreadable`; the
   *   request is refused then, and `onError` hears of it, unless you refuse it or give something else; `aborted` when it was
   *   refused meanwhile, `closed` when `onRequested` is over, or there will be no answer
   */
  give(file: LocalFile, options: SendTransferOptions = {}): Promise<SendTransfer> {
    const giving = this.#give(file, options)
    giving.catch(() => closeContent(file.body))
    this.#giving = giving
    return giving
  }

  async #give(unhashed: LocalFile, options: SendTransferOptions): Promise<SendTransfer> {
    const { transferId, range } = this.description
    const refusals = this.#refusals
    const file = isRereadable(unhashed)
      ? await withHashes(unhashed, { createHash: this.#createHash, algorithms: ['sha-1'] })
      : unhashed
    if (refusals !== this.#refusals) throw new MsrpError('aborted', `The file was refused here: ${this.reason}`)
    const facts = ownSelectorOf(file)
    if (!fits(this.selector, facts)) {
      throw new MsrpError(
        'invalid-argument',
        'The file is not the one that the peer asks for: see RequestedFile.select',
      )
    }
    rangeOf(file, this.range)
    // RFC 5547 §8.3.2: name, size and dates come with the file itself.
    const { type, hashes } = facts
    const description: FileDescription = {
      selector: { ...(type ? { type } : {}), ...(hashes ? { hashes } : {}) },
      ...(transferId ? { transferId } : {}),
      ...(file.disposition ? { disposition: file.disposition } : {}),
      ...(range ? { range } : {}),
    }
    return this.decide(new SendTransfer(this.room, file, { description, answering: true, options }))
  }
}
