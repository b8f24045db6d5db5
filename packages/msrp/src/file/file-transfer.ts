import type { Clock } from '../connection/index.ts'
import type { Medium, MessageDescription } from '../sdp/index.ts'
import type { Session } from '../session/api.ts'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError, type RandomBytes } from '../wire/index.ts'
import { type FileDescription, formatFileDescription, parseFileDescription } from './file-description.ts'
import type { CreateHash } from './file-hasher.ts'
import { refuseMessages } from './file-message.ts'
import { whoOffers } from './who-offers.ts'

/** How long one side waits for the other one to end the session, or to make the offer that says so (RFC 5547 §8.4). Milliseconds. */
const LINGER = 10_000

/** What transfers need of the machine: `nodeFilePlatform` of `msrp/node`, `browserFilePlatform` of `msrp/browser`. */
export interface FilePlatform {
  readonly createHash: CreateHash
  readonly random: RandomBytes
  readonly clock: Clock
}

/** What surrounds a transfer. */
export interface TransferRoom {
  readonly platform: FilePlatform
  /** The transfer is over, and its m-line has port 0 in the next description: an offer is due. */
  offerDue(transfer: FileTransfer): void
  over(transfer: FileTransfer): void
}

/** What a transfer is made of. */
export interface TransferFacts<Options> {
  readonly description: FileDescription
  /** Whether the peer's description was there before ours. */
  readonly answering: boolean
  readonly options: Options
}

/** The transfer of one file over an m-line of its own (RFC 5547 §8), from its offer to its end. */
export abstract class FileTransfer<Result = unknown, Options = unknown> {
  readonly role: 'sender' | 'receiver'
  /** What we say of the file, in our descriptions. */
  readonly description: FileDescription
  /**
   * Resolves when the file has arrived and is verified, at the sender as far as the receiver says so. Rejects with an MsrpError:
   * `not-acceptable` when the peer refuses the file; else see `sendFile` and `receiveFile`. A rejection that nobody looks at
   * does not end the process.
   */
  readonly done: Promise<Result>
  protected readonly room: TransferRoom
  protected readonly answering: boolean
  protected readonly options: Options
  readonly #outcome = Promise.withResolvers<unknown>()
  #medium: Medium | undefined
  #session: Session | undefined
  #state: 'agreeing' | 'transferring' | 'over' = 'agreeing'
  #peerEnded = false
  #givenUp = false

  constructor(room: TransferRoom, role: 'sender' | 'receiver', facts: TransferFacts<Options>) {
    this.room = room
    this.role = role
    this.description = facts.description
    this.answering = facts.answering
    this.options = facts.options
    this.done = this.#outcome.promise as Promise<Result>
    this.done.catch(() => {})
  }

  /** `agreeing` until there is a session for it. */
  get state(): 'agreeing' | 'transferring' | 'over' {
    return this.#state
  }

  /** Whether it was ended on our side, before it came to its end. */
  protected get givenUp(): boolean {
    return this.#givenUp
  }

  /** Its m-line; undefined until that is there. */
  get medium(): Medium | undefined {
    return this.#medium
  }

  /**
   * Ends it, whatever its state: a sender's message ends with `#`, a receiver answers 413, and the session is closed. Then an
   * offer is due in which the m-line has port 0 (RFC 5547 §8.4). What a receiver has of the file goes. Once it is over, it is only
   * said to those who answer the same offer later.
   */
  abort(reason?: unknown): void {
    this.giveUp(new MsrpError('aborted', 'The transfer was aborted here', { cause: reason }), false)
  }

  /**
   * The same transfer in the dialog of another one who answers the offer (RFC 4975 §8.8); undefined where only one dialog can
   * have the file.
   */
  fork(): FileTransfer | undefined {
    return undefined
  }

  /** The m-line is there. */
  begin(medium: Medium): void {
    this.#medium = medium
    medium.onRemote(({ port }) => {
      if (port === 0) this.peerEnded()
    })
    // A later one, on other paths, has nothing to bring.
    medium.onSession((session) => {
      if (this.#session !== undefined && this.#session !== session) void refuseMessages(session)
    })
    void this.#run(medium)
  }

  /** The peer's description has port 0, or another transfer on its m-line: its medium is over, and says so. */
  peerEnded(): void {
    this.#peerEnded = true
    if (this.#state === 'transferring') this.stop(new MsrpError('aborted', 'The peer ended the transfer'), true)
  }

  /** It comes to no end of its own; what is there of the file is kept, if the target can, unless `keep` is false. */
  giveUp(error: MsrpError, keep = true): void {
    this.#givenUp = true
    if (this.#state === 'transferring') this.stop(error, keep)
    else this.#end(error, undefined, keep)
  }

  /** What the answer of the peer says of the file, where we made the offer. @throws MsrpError `malformed` */
  protected answerOf(remote: MessageDescription | undefined): FileDescription | undefined {
    return this.answering || remote === undefined ? undefined : parseFileDescription(remote)
  }

  /** Transfers the file over a session. */
  protected abstract transfer(session: Session, medium: Medium): Promise<Result>
  /** Ends what `transfer` does, which rejects then. */
  protected abstract stop(error: MsrpError, keep: boolean): void
  /** It came to no session; what is there of the file from before may be kept. Never rejects. */
  protected abstract never(keep: boolean): Promise<void>

  async #run(medium: Medium): Promise<void> {
    try {
      const session = await medium.session
      if (this.#state === 'over') {
        await session.close()
        return
      }
      this.#session = session
      this.#state = 'transferring'
      const result = await this.transfer(session, medium)
      this.#end(undefined, result)
    } catch (error) {
      this.#end(asMsrpError(error, 'internal', 'The transfer failed'))
    }
  }

  #end(error: MsrpError | undefined, result?: Result, keep = true): void {
    if (this.#state === 'over') return
    const leftAlone = this.#state === 'agreeing' ? this.never(keep) : Promise.resolve()
    this.#state = 'over'
    // Whoever hears of the end may look at once for what is there of the file.
    const settle = (): void => (error === undefined ? this.#outcome.resolve(result) : this.#outcome.reject(error))
    void leftAlone.then(settle, settle)
    this.room.over(this)
    void this.#leave(error)
  }

  /** RFC 5547 §8.7: the sender ends the session; the receiver does so only when the sender does not, or after a failure. */
  async #leave(error: MsrpError | undefined): Promise<void> {
    const [medium, session] = [this.#medium, this.#session]
    if (medium !== undefined && !this.#peerEnded) {
      // RFC 5547 §8.1, §8.4: what is over keeps its attributes, and its port is 0.
      const direction = this.role === 'sender' ? 'sendonly' : 'recvonly'
      medium.remove([[direction], ...formatFileDescription(this.description)])
    }
    const arrived = error === undefined && this.role === 'receiver'
    if (arrived && session !== undefined) await this.#closedByPeer(session)
    await session?.close()
    if (medium === undefined || arrived) return
    if (whoOffers(this.role, error, this.#givenUp) !== this.role) await this.#endedByPeer(medium)
    if (medium.state !== 'over' && !this.#peerEnded) this.room.offerDue(this)
  }

  /** The offer of the peer has come, or it is our turn. */
  #endedByPeer(medium: Medium): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.room.platform.clock.after(LINGER, resolve)
      medium.onRemote(() => {
        cancel()
        resolve()
      })
    })
  }

  #closedByPeer(session: Session): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.room.platform.clock.after(LINGER, resolve)
      void session.closed.then(() => {
        cancel()
        resolve()
      })
    })
  }
}
