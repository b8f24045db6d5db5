import type {
  MediaNegotiation,
  MediaWishes,
  Medium,
  MediumDecision,
  MessageDescription,
  OfferedMedium,
} from '../sdp/index.ts'
import { MsrpError } from '../wire/index.ts'
import { type FileDescription, formatFileDescription, parseFileDescription } from './file-description.ts'
import { digestBy } from './file-hash.ts'
import { type FileRange, positionsOf } from './file-range.ts'
import type { FileSelector } from './file-selector.ts'
import type { FileTarget } from './file-target.ts'
import type { FilePlatform, FileTransfer, TransferRoom } from './file-transfer.ts'
import { newFileTransferId } from './file-transfer-id.ts'
import { type LocalFile, selectorOf, sizeOf } from './local-file.ts'
import { OfferedFile, RequestedFile } from './offered-file.ts'
import { ReceiveTransfer, type ReceiveTransferOptions } from './receive-transfer.ts'
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
  /** A transfer is over on our side, and its m-line has port 0 in the next description: make an offer, or end the call. */
  readonly onOfferDue?: (transfer: FileTransfer) => void
  /** Files that may be on their way, or agreed on, at a time; more are refused. Default 32. */
  readonly most?: number
}

/** How a file is offered. */
export interface OfferFileOptions extends SendTransferOptions {
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
 * `negotiate(endpoint, { onMedium: files.onMedium })`
 */
export class FileTransfers {
  readonly #options: FileTransfersOptions
  readonly #ids = new TransferIds()
  readonly #active: Set<FileTransfer> = new Set()
  readonly #byMedium: WeakMap<Medium, FileTransfer> = new WeakMap()
  readonly #room: TransferRoom

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
   * Offers a file in the next offer of a negotiation (push). With hashes (`withHashes`) the peer can verify it, and resume.
   * @throws MsrpError `invalid-argument` when the file has no such part, or hashes but none by SHA-1
   */
  offer(negotiation: MediaNegotiation, file: LocalFile, options: OfferFileOptions = {}): SendTransfer {
    const { icon, information, range, ...rest } = options
    const size = sizeOf(file)
    if (range !== undefined && size !== undefined) positionsOf(range, size)
    const description: FileDescription = {
      selector: selectorOf(file),
      transferId: newFileTransferId(this.#options.platform.random),
      disposition: file.disposition ?? 'attachment',
      ...(file.dates === undefined ? {} : { dates: file.dates }),
      ...(icon === undefined ? {} : { icon }),
      ...(range === undefined ? {} : { range }),
    }
    const transfer = new SendTransfer(this.#room, file, { description, answering: false, options: rest })
    this.#add(negotiation, transfer, 'sendonly', information)
    return transfer
  }

  /**
   * Asks for a file in the next offer of a negotiation (pull): for the rest of it when the target has a part.
   * @throws MsrpError `invalid-argument` for a selector that selects nothing, or has hashes but none by SHA-1
   */
  request(
    negotiation: MediaNegotiation,
    selector: FileSelector,
    target: FileTarget,
    options: RequestFileOptions = {},
  ): ReceiveTransfer {
    const { information, range = restOf(target), ...rest } = options
    if (Object.values(selector).every((value) => value === undefined)) {
      throw new MsrpError(
        'invalid-argument',
        'A file is asked for by its name, type, size or hash: the selector has none',
      )
    }
    const transferId = newFileTransferId(this.#options.platform.random)
    const description = { selector, transferId, ...(range === undefined ? {} : { range }) }
    const transfer = new ReceiveTransfer(this.#room, target, { description, answering: false, options: rest })
    this.#add(negotiation, transfer, 'recvonly', information)
    return transfer
  }

  /** Decides on the m-lines for files of the peer's offers; undefined for all others. For `NegotiationOptions.onMedium`. */
  readonly onMedium = (offered: OfferedMedium): MediumDecision | Promise<MediumDecision> => {
    const { description: section, medium } = offered
    const standing = medium === undefined ? undefined : this.#byMedium.get(medium)
    try {
      const description = parseFileDescription(section)
      if (description === undefined) return undefined
      return this.#decide(section, description, standing)
    } catch (error) {
      if (error instanceof MsrpError) return refused(error.message)
      throw error
    }
  }

  #decide(
    section: MessageDescription,
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
        if (transferId !== undefined) this.#ids.add(transferId, selector)
        if (this.#active.size >= (this.#options.most ?? 32)) return refused('Too many files are on their way')
        return this.#ask(section, description)
    }
  }

  async #ask(section: MessageDescription, description: FileDescription): Promise<MediumDecision> {
    try {
      switch (section.direction) {
        case 'recvonly':
          return await this.#requested(description)
        case 'inactive':
          return refused('Its direction is inactive')
        default:
          // RFC 5547 §8.2.1 wants sendonly; those that say nothing mean it.
          return await this.#offered(description)
      }
    } catch (error) {
      if (error instanceof MsrpError) return refused(error.message)
      throw error
    }
  }

  async #offered(description: FileDescription): Promise<MediumDecision> {
    const offer = new OfferedFile(this.#room, description)
    await this.#options.onOffered?.(offer)
    return offer.transfer === undefined ? refused(offer.reason) : this.#taken(offer.transfer, 'recvonly')
  }

  async #requested(description: FileDescription): Promise<MediumDecision> {
    const request = new RequestedFile(this.#room, description)
    await this.#options.onRequested?.(request)
    const transfer = await request.decided
    const { reason } = request
    return transfer === undefined ? refused(reason) : this.#taken(transfer, 'sendonly')
  }

  #taken(transfer: FileTransfer, direction: 'sendonly' | 'recvonly'): MediumDecision {
    const attributes = formatFileDescription(transfer.description)
    return {
      take: { ...this.#options.media, direction, attributes },
      onTaken: (medium) => this.#begin(transfer, medium),
    }
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
  }
}

// RFC 5547 §8.3: the negotiation repeats file-selector and file-transfer-id where it refuses.
function refused(reason: string): MediumDecision {
  return { refuse: reason }
}

/** RFC 5547 §6: those who read one hash alone read this one. */
function checkHashes({ hashes = [] }: FileSelector): void {
  if (hashes.length === 0 || digestBy(hashes, 'sha-1') !== undefined) return
  throw new MsrpError('invalid-argument', 'With any hash there has to be one by sha-1 (RFC 5547 §6): see withHashes')
}

function restOf({ stored = 0 }: FileTarget): FileRange | undefined {
  return stored === 0 ? undefined : { start: stored + 1 }
}
