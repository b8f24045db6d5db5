import { MsrpError } from '../wire/index.ts'
import type { FileDescription } from './file-description.ts'
import type { CreateHash } from './file-hasher.ts'
import { type FileRange, positionsOf, WHOLE_FILE } from './file-range.ts'
import type { FileSelector } from './file-selector.ts'
import type { FileTarget } from './file-target.ts'
import type { FileTransfer, TransferRoom } from './file-transfer.ts'
import { closeBody, isRereadable, type LocalFile, selectorOf, sizeOf, withHashes } from './local-file.ts'
import { ReceiveTransfer, type ReceiveTransferOptions } from './receive-transfer.ts'
import { safeFileName } from './safe-file-name.ts'
import { fits, selectFiles } from './selection.ts'
import { SendTransfer, type SendTransferOptions } from './send-transfer.ts'

/** One m-line for a file in the peer's offer, until the application has decided on it. */
export abstract class UndecidedFile<Transfer extends FileTransfer = FileTransfer> {
  /** All that the peer says of it: hash, dates, icon, disposition. Nobody has checked it. */
  readonly description: FileDescription
  protected readonly room: TransferRoom
  #transfer: Transfer | undefined
  #reason = 'The file is not wanted here'

  constructor(room: TransferRoom, description: FileDescription) {
    this.room = room
    this.description = description
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

  /**
   * Refuses it, which is what happens without a decision, too; what had been made of it is given up. `reason` is for our own
   * errors.
   */
  refuse(reason?: string): void {
    this.#reason = reason ?? this.#reason
    this.#transfer?.giveUp(new MsrpError('aborted', `The file was refused here: ${this.#reason}`))
    this.#transfer = undefined
  }

  protected decide(transfer: Transfer): Transfer {
    if (this.#transfer !== undefined) throw new MsrpError('invalid-argument', 'The file has been taken already')
    this.#transfer = transfer
    return transfer
  }
}

/** A file that the peer offers to send (RFC 5547 §8.3.1). */
export class OfferedFile extends UndecidedFile<ReceiveTransfer> {
  /** Safe to store under. */
  get name(): string {
    return safeFileName(this.selector.name)
  }

  /**
   * Takes it. It begins to arrive when the answer is out.
   * @throws MsrpError `invalid-argument` when the offer begins behind what the target has, `too-large`; the file is refused
   *   then, unless you catch it and go on
   */
  take(target: FileTarget, options: ReceiveTransferOptions = {}): ReceiveTransfer {
    const { selector, transferId, range } = this.description
    if (this.range.start - 1 > (target.stored ?? 0)) {
      const text = `The offer begins at byte ${this.range.start}, but only ${target.stored ?? 0} bytes are there`
      throw new MsrpError('invalid-argument', text)
    }
    if (selector.size !== undefined && selector.size > (options.maxSize ?? Number.POSITIVE_INFINITY)) {
      throw new MsrpError('too-large', `The file has ${selector.size} bytes, ${options.maxSize} are the most`)
    }
    // RFC 5547 §8.3.1: neither icon nor dates nor disposition.
    const description = { selector, ...(transferId ? { transferId } : {}), ...(range ? { range } : {}) }
    return this.decide(new ReceiveTransfer(this.room, target, { description, answering: true, options }))
  }
}

/** A file that the peer asks for (RFC 5547 §8.3.2). */
export class RequestedFile extends UndecidedFile<SendTransfer> {
  readonly #createHash: CreateHash
  #giving: Promise<unknown> = Promise.resolve()

  constructor(room: TransferRoom, description: FileDescription) {
    super(room, description)
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
    super.refuse(reason)
  }

  /**
   * Gives a file. It goes out when the answer has. One that can be read at any place and has no SHA-1 yet is hashed before,
   * for the answer to have it.
   * @throws MsrpError `invalid-argument` when it is not what the peer asks for, or has no such part, `file-unreadable`; the
   *   request is refused then, and `onError` hears of it, unless you refuse it or give something else
   */
  give(file: LocalFile, options: SendTransferOptions = {}): Promise<SendTransfer> {
    const giving = this.#give(file, options)
    giving.catch(() => closeBody(file))
    this.#giving = giving
    return giving
  }

  async #give(unhashed: LocalFile, options: SendTransferOptions): Promise<SendTransfer> {
    const { transferId, range } = this.description
    const file = isRereadable(unhashed)
      ? await withHashes(unhashed, { createHash: this.#createHash, algorithms: ['sha-1'] })
      : unhashed
    const facts = selectorOf(file)
    if (!fits(this.selector, facts)) {
      throw new MsrpError(
        'invalid-argument',
        'The file is not the one that the peer asks for: see RequestedFile.select',
      )
    }
    const size = sizeOf(file)
    if (size !== undefined) positionsOf(this.range, size)
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
