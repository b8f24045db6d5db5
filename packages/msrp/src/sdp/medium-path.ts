import type { PathChange } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'
import { checkNotAborted } from './abortable.ts'
import type { MediaWishes } from './api.ts'
import { LocalAddress } from './local-address.ts'
import type { MediumRoom } from './medium-room.ts'

/** What a path is wanted for. */
interface PathUse {
  /** For connecting only. */
  readonly toConnect: boolean
  /** Whether it has to begin with `msrps`; undefined for what the wishes say. */
  readonly secure?: boolean | undefined
  /** The peer comes to us. */
  readonly toBeReached?: boolean
  /** A session on it has ended, and needs another one (RFC 4975 §5.4). */
  readonly spent: boolean
  readonly signal: AbortSignal | undefined
}

/** The path of ours that a medium has now. */
export class MediumPath {
  readonly #room: MediumRoom
  readonly #onChanged: (change: PathChange) => void
  #address: LocalAddress | undefined
  /** Of our latest offer, while others may answer it in dialogs of their own. */
  #forForks: LocalAddress | undefined
  #unwatch: () => void = () => {}
  #over = false

  constructor(room: MediumRoom, onChanged: (change: PathChange) => void) {
    this.#room = room
    this.#onChanged = onChanged
  }

  get address(): LocalAddress | undefined {
    return this.#address
  }

  /** @throws MsrpError `closed` */
  get known(): LocalAddress {
    if (this.#address !== undefined) return this.#address
    throw new MsrpError('closed', 'The negotiation is closed')
  }

  /** Whether others may answer the latest offer: what stands in it stays for them, also when it is given up here. */
  set forkable(forkable: boolean) {
    const kept = forkable ? this.#address?.share() : undefined
    this.#forForks?.release()
    this.#forForks = kept
  }

  /** Of the same offer, in another dialog. */
  fork(other: MediumPath): void {
    if (this.#forForks !== undefined) other.#take(this.#forForks.share())
  }

  /** Sees to one: that which is there, unless it does not do. @throws MsrpError as `prepare`, `aborted`, `closed` */
  async prepare(wishes: MediaWishes, use: PathUse): Promise<void> {
    const { endpoint, random } = this.#room
    const { secure, toBeReached = false, spent, signal } = use
    const old = this.#address
    const fits = (old?.reachable || !toBeReached) && (secure ?? old?.secure) === old?.secure
    checkNotAborted(signal)
    if (old !== undefined && !spent && !old.dead && fits) return
    const address = await LocalAddress.make(endpoint, wishes, { ...use, secure, random })
    if (this.#over || signal?.aborted) {
      address.release()
      checkNotAborted(signal)
      throw new MsrpError('closed', 'The medium is over')
    }
    this.#give()
    this.#take(address)
  }

  /** Gives it up for good. */
  over(): void {
    this.#over = true
    this.#give()
  }

  #take(address: LocalAddress): void {
    this.#address = address
    this.#unwatch = address.watch((change) => this.#onChanged(change))
  }

  #give(): void {
    this.#unwatch()
    this.#address?.release()
    this.#address = undefined
  }
}
