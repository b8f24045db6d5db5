import type { MediaNegotiation, MediaWishes, Medium, MediumDecision, OfferedMedium } from '../sdp/index.ts'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError } from '../wire/index.ts'
import { type FileDescription, formatFileDescription, parseFileDescription } from './file-description.ts'
import { digestBy } from './file-hash.ts'
import type { FileRange } from './file-range.ts'
import type { FileSelector } from './file-selector.ts'
import type { FileTarget } from './file-target.ts'
import type { FilePlatform, FileTransfer, TransferRoom } from './file-transfer.ts'
import { newFileTransferId } from './file-transfer-id.ts'
import { isRereadable, type LocalFile, ownSelectorOf, rangeOf, withHashes } from './local-file.ts'
import { OfferedFile, RequestedFile } from './offered-file.ts'
import { ReceiveTransfer, type ReceiveTransferOptions } from './receive-transfer.ts'
import { RefusedFork } from './refused-fork.ts'
import { SendTransfer, type SendTransferOptions } from './send-transfer.ts'
import { TransferIds } from './transfer-ids.ts'

/** How the files of one negotiation are handled. */
export interface FileTransfersOptions {
  readonly platform: FilePlatform
  /** How the media of files are reached: relay, listening place, TLS. */
  readonly media?: Omit<MediaWishes, 'direction' | 'attributes' | 'information' | 'chatroom'>
  /** The peer offers a file: take it, before the answer goes out. Without it every file is refused. */
  readonly onOffered?: (offer: OfferedFile) => void | Promise<void>
  /** The peer asks for a file: give it. Without it every request is refused. */
  readonly onRequested?: (request: RequestedFile) => void | Promise<void>
  /**
   * What `onOffered` or `onRequested` has thrown, or `give` was rejected with: the file is refused then. Without it nobody here
   * hears of an `MsrpError`, unless nothing else of the offer is taken, and any other error rejects the negotiation's `answer`.
   * Not told when there will be no answer anyway (`signal`).
   */
  readonly onError?: (error: unknown, file: OfferedFile | RequestedFile) => void
  /**
   * A transfer is over, and its m-line has port 0 in the next description: make an offer, or end the call. Told at once to the side
   * that has ended it, and to the sender where it arrived or its session was lost; to the other side, unless that offer has come,
   * 10 s later. Where the file has arrived, the receiver hears nothing.
   */
  readonly onOfferDue?: (transfer: FileTransfer) => void
  /**
   * Several have answered our offer, and `first` is one of its files: another transfer of it, in the dialog that `fork` has made
   * (RFC 4975 §8.8). A file that we send goes to each, if it can be read at any place, until `first` is aborted. Any other one, and
   * one that we receive, has only `first`: `transfer` ends then as soon as there is a session for it, with `aborted`.
   */
  readonly onForked?: (transfer: FileTransfer, first: FileTransfer) => void
  /** Files that may be on their way, agreed on, or to be decided on at a time; more are refused. Default 32. */
  readonly most?: number
}

/** How a file is offered. */
export interface OfferFileOptions extends SendTransferOptions {
  /**
   * Whether a file without hashes is read beforehand to have them (SHA-1, SHA-256) in the offer, if it can be read twice: with
   * them the peer can verify it and go on after a loss, and Blink takes no file without. Default true. `withHashes` does it at
   * another time, and tells its progress.
   */
  readonly hash?: boolean
  /** Content-ID of a preview that goes out beside the description, see `msrp/multipart`. */
  readonly icon?: string
  /** Text for the peer's user (the line `i=`). */
  readonly information?: string
}

/** How a file is asked for. */
export interface RequestFileOptions extends ReceiveTransferOptions {
  /** Which bytes of it. Default: what the target does not have. */
  readonly range?: FileRange
  readonly information?: string
}

/**
 * The files of one negotiation (RFC 5547 §8): each has an m-line of its own, beside chats and other media. Give `onMedium`
 * to the negotiation:
 *
 * `new Negotiation(endpoint, wishes, { onMedium: files.onMedium })`
 */
export class FileTransfers {
  readonly #options: FileTransfersOptions
  readonly #ids = new TransferIds()
  readonly #active: Set<FileTransfer> = new Set()
  readonly #byMedium: WeakMap<Medium, FileTransfer> = new WeakMap()
  readonly #room: TransferRoom
  /** Files of the peer's offers that the application still decides on. */
  readonly #undecided: Set<OfferedFile | RequestedFile> = new Set()

  constructor(options: FileTransfersOptions) {
    this.#options = options
    this.#room = {
      platform: options.platform,
      offerDue: (transfer) => options.onOfferDue?.(transfer),
      over: (transfer) => this.#active.delete(transfer),
    }
  }

  /** Transfers that are agreed on, or being agreed on, and not over. */
  get active(): ReadonlySet<FileTransfer> {
    return this.#active
  }

  /**
   * Offers a file in the next offer of a negotiation (push); resolves when it is part of that.
   * @throws MsrpError `invalid-argument` when the file has no such part, or is a stream of which a part is wanted, or has hashes but none
   *   by SHA-1, `file-unreadable`
   */
  async offer(negotiation: MediaNegotiation, file: LocalFile, options: OfferFileOptions = {}): Promise<SendTransfer> {
    const { icon, information, range, hash = true, ...rest } = options
    if (range !== undefined) rangeOf(file, range)
    const described = hash ? await this.#hashed(file) : file
    const { dates, disposition = 'attachment' } = described
    const description: FileDescription = {
      selector: ownSelectorOf(described),
      transferId: newFileTransferId(this.#options.platform.random),
      disposition,
      ...(dates === undefined ? {} : { dates }),
      ...(icon === undefined ? {} : { icon }),
      ...(range === undefined ? {} : { range }),
    }
    const transfer = new SendTransfer(this.#room, described, { description, answering: false, options: rest })
    this.#add(negotiation, transfer, 'sendonly', information)
    return transfer
  }

  /**
   * Asks for a file in the next offer of a negotiation (pull): for the rest of it when the target has a part. The target is ours
   * from now on: when the file cannot be asked for it is suspended, or discarded if it cannot be.
   * @throws MsrpError `invalid-argument` for a selector that selects nothing, or has hashes but none by SHA-1
   */
  request(
    negotiation: MediaNegotiation,
    selector: FileSelector,
    target: FileTarget,
    options: RequestFileOptions = {},
  ): ReceiveTransfer {
    const { information, range = restOf(target), ...rest } = options
    const transferId = newFileTransferId(this.#options.platform.random)
    const description = { selector, transferId, ...(range === undefined ? {} : { range }) }
    const transfer = new ReceiveTransfer(this.#room, target, { description, answering: false, options: rest })
    try {
      checkSelects(selector)
      this.#add(negotiation, transfer, 'recvonly', information)
    } catch (error) {
      transfer.giveUp(asMsrpError(error, 'internal', 'The file cannot be asked for'))
      throw error
    }
    return transfer
  }

  /** Decides on the m-lines for files of the peer's offers; undefined for all others. For `NegotiationOptions.onMedium`. */
  readonly onMedium = (offered: OfferedMedium): MediumDecision | Promise<MediumDecision> => {
    const { medium } = offered
    const standing = medium === undefined ? undefined : this.#byMedium.get(medium)
    try {
      const description = parseFileDescription(offered.description)
      if (description === undefined) return undefined
      return this.#decide(offered, description, standing)
    } catch (error) {
      if (error instanceof MsrpError) return refused(error.message)
      throw error
    }
  }

  #decide(
    offered: OfferedMedium,
    description: FileDescription,
    standing: FileTransfer | undefined,
  ): MediumDecision | Promise<MediumDecision> {
    const { selector, transferId = standing?.description.transferId } = description
    const stands = standing?.medium !== undefined && standing.medium.state !== 'over'
    switch (transferId === undefined ? 'new' : this.#ids.meaning(transferId, selector)) {
      case 'error':
        standing?.peerEnded()
        return refused('The same file-transfer-id with another file (RFC 5547 §8.1)')
      case 'repeated':
        return stands ? undefined : refused('The transfer is over')
      case 'new':
        // A new transfer on the line of an old one ends that.
        standing?.peerEnded()
        if (transferId !== undefined) this.#ids.add(transferId, selector, offered.signal)
        if (this.#active.size + this.#undecided.size >= (this.#options.most ?? 32)) {
          return refused('Too many files are on their way')
        }
        return this.#ask(offered, description)
    }
  }

  async #ask({ description: section, signal }: OfferedMedium, description: FileDescription): Promise<MediumDecision> {
    if (signal.aborted) return refused('There will be no answer')
    if (section.direction === 'inactive') return refused('Its direction is inactive')
    // RFC 5547 §8.2.1 wants sendonly; those that say nothing mean it.
    const isPull = section.direction === 'recvonly'
    const facts = { description, signal }
    const file = isPull ? new RequestedFile(this.#room, facts) : new OfferedFile(this.#room, facts)
    const { onRequested, onOffered, onError } = this.#options
    const over = (): void => {
      this.#undecided.delete(file)
      file.close()
    }
    this.#undecided.add(file)
    // It never fires once the answer is out.
    signal.addEventListener('abort', over)
    try {
      if (file instanceof OfferedFile) await onOffered?.(file)
      else await onRequested?.(file)
      await file.decided
    } catch (error) {
      file.refuse(error instanceof Error ? error.message : undefined)
      if (signal.aborted) return refused(file.reason)
      if (onError !== undefined) onError(error, file)
      else if (!(error instanceof MsrpError)) throw error
    } finally {
      over()
      // Whoever is refused may offer it again at once.
      await file.released
    }
    const { transfer, reason } = file
    return transfer === undefined ? refused(reason) : this.#taken(transfer)
  }

  #taken(transfer: SendTransfer | ReceiveTransfer): MediumDecision {
    const attributes = formatFileDescription(transfer.description)
    const direction = transfer.role === 'sender' ? 'sendonly' : 'recvonly'
    return {
      take: { ...this.#options.media, direction, attributes },
      onTaken: (medium) => this.#begin(transfer, medium),
    }
  }

  async #hashed(file: LocalFile): Promise<LocalFile> {
    if ((file.hashes ?? []).length > 0 || !isRereadable(file)) return file
    return withHashes(file, { createHash: this.#options.platform.createHash })
  }

  #add(
    negotiation: MediaNegotiation,
    transfer: FileTransfer,
    direction: 'sendonly' | 'recvonly',
    information: string | undefined,
  ): void {
    const { transferId = '', selector } = transfer.description
    checkHashes(selector)
    const attributes = formatFileDescription(transfer.description)
    this.#ids.add(transferId, selector)
    const more = information === undefined ? {} : { information }
    this.#begin(transfer, negotiation.add({ ...this.#options.media, ...more, direction, attributes }))
  }

  #begin(transfer: FileTransfer, medium: Medium): void {
    this.#byMedium.set(medium, transfer)
    this.#active.add(transfer)
    transfer.begin(medium)
    medium.onFork((fork) => this.#forked(transfer, fork))
  }

  #forked(first: FileTransfer, medium: Medium): void {
    const { role, description } = first
    const transfer =
      first.fork() ?? new RefusedFork(this.#room, role, { description, answering: false, options: undefined })
    this.#begin(transfer, medium)
    this.#options.onForked?.(transfer, first)
  }
}

// RFC 5547 §8.3: the negotiation repeats file-selector and file-transfer-id where it refuses.
function refused(reason: string): MediumDecision {
  return { refuse: reason }
}

function checkSelects(selector: FileSelector): void {
  if (Object.values(selector).some((value) => value !== undefined)) return
  throw new MsrpError('invalid-argument', 'A file is asked for by its name, type, size or hash: the selector has none')
}

/** RFC 5547 §6: those who read one hash alone read this one. */
function checkHashes({ hashes = [] }: FileSelector): void {
  if (hashes.length === 0 || digestBy(hashes, 'sha-1') !== undefined) return
  throw new MsrpError('invalid-argument', 'With any hash there has to be one by sha-1 (RFC 5547 §6): see withHashes')
}

function restOf({ stored = 0 }: FileTarget): FileRange | undefined {
  return stored === 0 ? undefined : { start: stored + 1 }
}
