import { atMost } from '../connection/at-most.ts'
import type { Cancel, Clock } from '../connection/index.ts'
import { systemClock } from '../connection/system-clock.ts'
import { comparableUri } from '../cpim/comparable-uri.ts'
import type { CpimHead } from '../cpim/index.ts'
import { IMDN_TYPE } from '../imdn/imdn.ts'
import { parseMediaType } from '../wire/index.ts'
import { inform } from '../wire/inform.ts'
import { keptText } from '../wire/kept-text.ts'
import { type DocumentSource, documentText } from '../xml/index.ts'
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
/** Seconds that `active` may be late: many say it again just when the time they announced is over. */
const GRACE = 5
/** Milliseconds that a status message may hold up what comes behind it. */
const PATIENCE = 1000
/** Characters; people with longer ones are not known. */
const LONGEST_URI = 512
/** Characters of a media type that is kept. */
const LONGEST_TYPE = 128
/** Seconds; whoever claims to write for longer has to say so again. */
const LONGEST_REFRESH = 3600

/** Who is writing at the other side, be it one or a room full (RFC 3994 §3.3). */
export class Composers {
  /** By comparable URI. */
  readonly #active: Map<string, { readonly peer: ComposingPeer; readonly cancel: Cancel }> = new Map()
  /** By comparable URI, the status message that is being read; what comes after it from there overtakes it. */
  readonly #reading: Map<string, symbol> = new Map()
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
   * Takes in a message. A status message ends here, readable or not. One that is not all here after a second is read beside
   * what comes behind it, and given up after 30 s. Of any other one only its sender is looked at, who has stopped writing with it unless it is a notification (RFC
   * 5438), and it is left to be read.
   * @returns whether it was a status message
   */
  async take(message: ComposingSource): Promise<boolean> {
    const contentType = 'contentType' in message ? message.contentType : message.head.contentType
    const uri = message.head?.from?.uri ?? ''
    const type = parseMediaType(contentType)?.type
    if (type === COMPOSING_TYPE) await atMost(PATIENCE, this.#read(message, contentType, uri), this.#clock)
    else if (type !== IMDN_TYPE) this.contentFrom(uri)
    return type === COMPOSING_TYPE
  }

  /** Somebody says whether they are writing. */
  status(status: ComposingStatus, uri = ''): void {
    if (uri.length > LONGEST_URI) return
    const { state, refresh = DEFAULT_REFRESH, lastActive } = status
    const contentType = status.contentType === undefined ? undefined : keptText(status.contentType, LONGEST_TYPE)
    const key = comparableUri(uri)
    const known = this.#active.get(key)
    if (state === 'idle') {
      if (known !== undefined) this.#stop(key, { contentType, lastActive })
      return
    }
    known?.cancel()
    const peer: ComposingPeer = { uri: keptText(uri, LONGEST_URI), state, contentType, lastActive }
    const wait = (Math.min(refresh, LONGEST_REFRESH) + GRACE) * 1000
    this.#active.set(keptText(key, LONGEST_URI), { peer, cancel: this.#clock.after(wait, () => this.#stop(key)) })
    const [longest] = this.#active.keys()
    if (this.#active.size > this.#count && longest !== undefined) this.#stop(longest)
    if (known === undefined) inform(() => this.#onChange(peer))
  }

  /**
   * A message of somebody's has come, which they are not writing any more. Who says so without an envelope may write in one:
   * that is the other side of the session, since a room has envelopes around everything.
   */
  contentFrom(uri = ''): void {
    for (const key of new Set([comparableUri(uri), ''])) {
      this.#reading.delete(key)
      this.#stop(key)
    }
  }

  /** Nobody is writing any more: the session is over. */
  close(): void {
    this.#reading.clear()
    for (const key of [...this.#active.keys()]) this.#stop(key)
  }

  async #read(message: ComposingSource, contentType: string, uri: string): Promise<void> {
    if (uri.length > LONGEST_URI) return
    const key = keptText(comparableUri(uri), LONGEST_URI)
    const reading = Symbol()
    this.#reading.set(key, reading)
    try {
      const status = parseComposing(await documentText(message, contentType, this.#clock))
      if (this.#reading.get(key) === reading) this.status(status, uri)
    } catch {
      // What cannot be read says nothing.
    } finally {
      if (this.#reading.get(key) === reading) this.#reading.delete(key)
    }
  }

  #stop(key: string, said: Partial<ComposingPeer> = {}): void {
    const known = this.#active.get(key)
    if (known === undefined) return
    known.cancel()
    this.#active.delete(key)
    inform(() => this.#onChange({ ...known.peer, ...said, state: 'idle' }))
  }
}
