import type { Cancel, Clock } from '../connection/index.ts'
import { systemClock } from '../connection/system-clock.ts'
import type { CpimHead } from '../cpim/index.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'
import { keptText } from '../wire/kept-text.ts'
import { type DocumentSource, documentText } from '../xml/document.ts'
import { COMPOSING_TYPE, type ComposingStatus, parseComposing } from './status.ts'

/** Somebody who is writing, or has stopped. */
export interface ComposingPeer {
  /** URI in From of the envelope; empty for the other side of a session without one. */
  readonly uri: string
  readonly state: 'active' | 'idle'
  /** As it was last said. */
  readonly contentType: string | undefined
  readonly lastActive: Date | undefined
}

/** A message as the session has it, or with its envelope opened by `openCpim`, or from `Receipts`. */
export type ComposingSource = DocumentSource &
  ({ readonly contentType: string; readonly head?: CpimHead | undefined } | { readonly head: CpimHead })

/** How `Composers` watches. */
export interface ComposersOptions {
  /** Called whenever somebody begins or stops writing. */
  readonly onChange?: (peer: ComposingPeer) => void
  /** People who write at a time; of more the one who has been longest is taken to have stopped. Default 100. */
  readonly count?: number
  readonly clock?: Clock
}

const COUNT = 100
/** Seconds (RFC 3994 §3.3). */
const DEFAULT_REFRESH = 120
/** Characters; people with longer ones are not known. */
const LONGEST_URI = 512
/** Characters of a media type that is kept. */
const LONGEST_TYPE = 128
/** Seconds; whoever claims to write for longer has to say so again. */
const LONGEST_REFRESH = 3600

/** Who is writing at the other side, be it one or a room full (RFC 3994 §3.3). */
export class Composers {
  readonly #active: Map<string, { readonly peer: ComposingPeer; readonly cancel: Cancel }> = new Map()
  readonly #onChange: (peer: ComposingPeer) => void
  readonly #count: number
  readonly #clock: Clock

  constructor({ onChange = () => {}, count = COUNT, clock = systemClock }: ComposersOptions = {}) {
    this.#onChange = onChange
    this.#count = count
    this.#clock = clock
  }

  /** Those who are writing, longest first. */
  get active(): readonly ComposingPeer[] {
    return [...this.#active.values()].map(({ peer }) => peer)
  }

  /**
   * Takes in a message. A status message ends here, readable or not; of any other one only its sender is looked at, who has
   * stopped writing with it, and it is left to be read.
   * @returns whether it was a status message
   */
  async take(message: ComposingSource): Promise<boolean> {
    const contentType = 'contentType' in message ? message.contentType : message.head.contentType
    const uri = message.head?.from?.uri ?? ''
    if (parseMediaType(contentType)?.type !== COMPOSING_TYPE) {
      this.contentFrom(uri)
      return false
    }
    try {
      this.status(parseComposing(await documentText(message, contentType)), uri)
    } catch (error) {
      if (!(error instanceof MsrpError)) throw error
    }
    return true
  }

  /** Somebody says whether they are writing. */
  status(status: ComposingStatus, uri = ''): void {
    if (uri.length > LONGEST_URI) return
    const { state, refresh = DEFAULT_REFRESH, lastActive } = status
    const contentType = status.contentType === undefined ? undefined : keptText(status.contentType, LONGEST_TYPE)
    const known = this.#active.get(uri)
    if (state === 'idle') {
      if (known !== undefined) this.#stop(uri, { contentType, lastActive })
      return
    }
    known?.cancel()
    const peer: ComposingPeer = { uri: keptText(uri, LONGEST_URI), state, contentType, lastActive }
    const wait = Math.min(refresh, LONGEST_REFRESH) * 1000
    this.#active.set(peer.uri, { peer, cancel: this.#clock.after(wait, () => this.#stop(peer.uri)) })
    const [longest] = this.#active.keys()
    if (this.#active.size > this.#count && longest !== undefined) this.#stop(longest)
    if (known === undefined) this.#onChange(peer)
  }

  /** A message of somebody's has come, which they are not writing any more. */
  contentFrom(uri = ''): void {
    this.#stop(uri)
  }

  /** Nobody is writing any more: the session is over. */
  close(): void {
    for (const uri of [...this.#active.keys()]) this.#stop(uri)
  }

  #stop(uri: string, said: Partial<ComposingPeer> = {}): void {
    const known = this.#active.get(uri)
    if (known === undefined) return
    known.cancel()
    this.#active.delete(uri)
    this.#onChange({ ...known.peer, ...said, state: 'idle' })
  }
}
