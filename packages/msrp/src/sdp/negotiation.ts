import { wakefulClock } from '../connection/system-clock.ts'
import type { Session } from '../session/api.ts'
import { wrongArgument } from '../session/read-argument.ts'
import { MsrpError } from '../wire/index.ts'
import { inform } from '../wire/inform.ts'
import { systemRandom } from '../wire/system-random.ts'
import { anyOf, checkNotAborted, unlessAborted } from './abortable.ts'
import { nothingFor } from './acceptable.ts'
import { Answering } from './answering.ts'
import type {
  AcceptOptions,
  AnswerOptions,
  MediaNegotiation,
  MediaWishes,
  Medium,
  NegotiationOptions,
  OfferOptions,
  Preparing,
} from './api.ts'
import { Framing, surroundings, without } from './framing.ts'
import { Hold } from './hold.ts'
import { asWritten, isFree, type MLine, mediaOf, sectionsOf, withNew, withOthers } from './m-lines.ts'
import { readAnswer, readOffer } from './match-lines.ts'
import { NegotiatedMedium, type Written } from './medium.ts'
import type { MediumRoom } from './medium-room.ts'
import { answerOthers, mirrored, refusal } from './other-media.ts'
import { MOST_MEDIA, SessionDescription } from './session-description.ts'

/**
 * Offers and answers of one dialog (RFC 3264), and the sessions they agree on: the application carries texts to and fro. One
 * for each call; for each of several who answer the same offer, `fork`.
 */
export class Negotiation implements MediaNegotiation, AsyncDisposable {
  readonly #endpoint: Preparing
  readonly #options: NegotiationOptions
  readonly #room: MediumRoom
  #framing: Framing
  #lines: readonly MLine[] = []
  /** Media that no description has had yet. */
  #waiting: NegotiatedMedium[] = []
  /** An offer of ours that is out: the m-lines before it. */
  #pending: { readonly before: readonly MLine[]; readonly text?: string } | undefined
  /** Whether an offer is being written or answered. */
  #busy = false
  /** The answer that is being written. */
  #answering: Answering | undefined
  /** The answer that our latest offer got. */
  #accepted: string | undefined
  /** Whether nothing came after our offer, so that others may have answered it too. */
  #forkable = false
  #remote: SessionDescription | undefined
  readonly #hold: Hold = new Hold()
  #role: 'offerer' | 'answerer' | undefined
  #closed = false

  /**
   * @param endpoint an `Endpoint` of `msrp` or `msrp/browser`
   * @param wishes one medium, or several, or none to take only what `onMedium` decides
   * @throws MsrpError `invalid-argument` naming a wish that there is not, or that cannot have its value; as `add`
   */
  constructor(
    endpoint: Preparing,
    wishes: MediaWishes | readonly MediaWishes[] = [],
    options: NegotiationOptions = {},
  ) {
    if (typeof endpoint?.prepare !== 'function') {
      throw wrongArgument('endpoint', 'an Endpoint', endpoint)
    }
    const { random = systemRandom, clock = wakefulClock } = options
    this.#endpoint = endpoint
    this.#options = options
    this.#room = { endpoint, options, random, clock }
    this.#framing = new Framing(options, random)
    const list: readonly MediaWishes[] = isList(wishes) ? wishes : [wishes]
    for (const one of list) this.add(one)
  }

  get media(): readonly Medium[] {
    return [...mediaOf(this.#lines), ...this.#waiting]
  }

  /** The session of the first medium that is not over: see `Medium.session`. */
  get session(): Promise<Session> {
    return sessionOf(this.media)
  }

  /** What the peer said last, without our media: for whoever looks after the others. */
  get remoteAround(): string | undefined {
    return this.#remote && without(this.#remote, (index) => this.#lines[index]?.ours === true)
  }

  /** Who made the first offer of the dialog; undefined until that is answered. */
  get role(): 'offerer' | 'answerer' | undefined {
    return this.#role
  }

  /** Whether an offer of ours is out, or an offer is being written or answered: another one has to wait (RFC 3264 §4). */
  get busy(): boolean {
    return this.#busy || this.#pending !== undefined
  }

  /**
   * Whether something waits for an offer: a medium that is new or to be removed, what was changed of one, or a path that is no
   * more what the peer knows. What an offer says counts once it is answered.
   */
  get offerDue(): boolean {
    return !this.#closed && (this.#waiting.length > 0 || this.#live.some(({ due }) => due))
  }

  /** @throws MsrpError `limit-exceeded` beyond 64 media that are not over; `invalid-argument` naming the wish */
  add(wishes: MediaWishes): Medium {
    this.#checkOpen()
    const taken = this.#lines.filter((line, index) => !this.#isFree(line, index)).length + this.#waiting.length
    if (taken >= MOST_MEDIA) {
      throw new MsrpError('limit-exceeded', `A description has at most ${MOST_MEDIA} m-lines`)
    }
    const medium = new NegotiatedMedium(wishes, this.#room)
    this.#waiting.push(medium)
    return medium
  }

  /**
   * An offer: the first, or another one when something is to change. Without changes it is the same text again (RFC 4975
   * §8.4). An offer that got no answer, because SIP refused it, is taken back by the next one, or by `rollback`.
   * @throws MsrpError as `prepare`; `invalid-argument` for wishes that cannot be written; `glare` while an offer is being
   *   written or answered; `aborted` by the signal: no offer is out then, and the next one has what this one would have had
   */
  async offer({ around, signal: own }: OfferOptions = {}): Promise<string> {
    this.#checkOpen()
    const signal = anyOf(this.#options.signal, own)
    checkNotAborted(signal)
    return this.#alone(async () => {
      this.rollback()
      const given = around === undefined ? undefined : surroundings(around)
      const waiting = [...this.#waiting]
      const others = withOthers(this.#lines, given?.others)
      const lines = withNew(others, waiting, (line, index) => this.#isFree(line, index))
      const written = new Map<NegotiatedMedium, Written>()
      for (const medium of mediaOf(lines)) written.set(medium, await medium.offer(signal))
      this.#checkOpen()
      if (lines.length === 0) throw new MsrpError('invalid-argument', 'There is no medium to offer')
      const text = this.#compose(lines, written, given?.head)
      this.#pending = { before: this.#lines, text }
      this.#accepted = undefined
      this.#waiting = this.#waiting.filter((medium) => !waiting.includes(medium))
      this.#take(lines, written, text)
      this.#mayFork(true)
      return text
    })
  }

  /**
   * Takes an offer back that will get no answer: SIP refused it, or the peer's own came first (491, RFC 3261 §14.1). What
   * was changed goes into the next one. Without effect when none is out.
   * @param offer the text of the offer: another one that is out by now stays so
   * @returns whether one was taken back
   */
  rollback(offer?: string): boolean {
    if (this.#pending === undefined || (offer !== undefined && offer !== this.#pending.text)) return false
    const withdrawn = mediaOf(this.#lines)
    this.#lines = this.#pending.before
    const before = mediaOf(this.#lines)
    for (const medium of withdrawn) {
      if (before.includes(medium)) continue
      medium.withdrawn()
      this.#waiting.push(medium)
    }
    this.#pending = undefined
    this.#mayFork(false)
    return true
  }

  /**
   * The answer to our offer: begins what it agrees on, and resolves with the session of the first medium that is not over. The
   * same answer again, as SIP brings it in 183 and 200, gives the same session.
   * @throws MsrpError `malformed` naming line and attribute; `not-acceptable` when the medium is refused or cannot be;
   *   `offer-due` when the answer asks for another offer; what `complete` throws; `aborted` by the signal: what is not open yet
   *   is given up, and has another path in the next offer
   */
  async accept(answer: string, { signal: own }: AcceptOptions = {}): Promise<Session> {
    this.#checkOpen()
    const signal = anyOf(this.#options.signal, own)
    checkNotAborted(signal)
    const pending = this.#pending
    if (pending === undefined) {
      if (this.#accepted !== undefined && this.#accepted === answer) return this.#opened(own)
      const text =
        this.#accepted === undefined
          ? 'No offer is out'
          : 'The offer is answered; if others answer it as well, take fork()'
      throw new MsrpError('invalid-argument', text)
    }
    const { description, said } = readAnswer(answer, this.#lines)
    const fits = await Promise.all(said.map(({ medium, remote }) => medium.fitsAnswer(remote, signal)))
    this.#checkOpen()
    // The same answer may have come twice meanwhile.
    if (this.#pending !== pending) return this.accept(answer, { ...(own && { signal: own }) })
    this.#pending = undefined
    this.#accepted = answer
    this.#remote = description
    this.#role ??= 'offerer'
    const due = said.filter(({ medium, remote }, index) => !medium.answered(remote, fits[index] === true))
    if (due.length === 0) return this.#opened(own)
    this.#accepted = undefined
    for (const { medium } of due) inform(() => this.#options.onOfferDue?.({ reason: 'cema-fallback', medium }))
    const text =
      'A middlebox is in between: an offer without msrp-cema has to follow (RFC 6714 §4.2), which offer() makes now'
    throw new MsrpError('offer-due', text)
  }

  /**
   * Another dialog that our offer has begun: SIP has forked it, and several answer (RFC 4975 §8.8). Each fork has its own
   * sessions, and makes its own offers from then on. Possible until this one goes on with another offer or answer, takes its
   * offer back, or is closed, which gives up the path that is in it; also when the answer to this one was a refusal.
   * @throws MsrpError `invalid-argument` when no offer is out that several can answer
   */
  fork(): Negotiation {
    this.#checkOpen()
    if (!this.#forkable) throw new MsrpError('invalid-argument', 'Only the answers to an offer of ours can be several')
    const fork = new Negotiation(this.#endpoint, [], this.#options)
    fork.#framing = this.#framing.fork()
    fork.#lines = this.#lines.map((line) => ({ ...line, medium: line.medium?.fork(fork.#room) }))
    fork.#pending = { before: [] }
    fork.#mayFork(true)
    return fork
  }

  /**
   * The answer to an offer of the peer's, the first or a later one. The sessions begin: see `session`.
   * @throws MsrpError `malformed` naming line and attribute; `not-acceptable` when nothing of a first offer can be taken, and
   *   why (SIP: 488, or `refuse`); `glare` when an offer of ours is out, or one is being written or answered (SIP: 491);
   *   `aborted` by the signal. Nothing is agreed on then, and what `onMedium` had taken is over
   */
  async answer(offer: string, { around, connectAfter, signal: own }: AnswerOptions = {}): Promise<string> {
    this.#checkOpen()
    if (this.#pending !== undefined) {
      const text = 'An offer of ours is out: this one has to wait (SIP: 491), or rollback() takes ours back'
      throw new MsrpError('glare', text)
    }
    const signal = anyOf(this.#options.signal, own)
    checkNotAborted(signal)
    const description = readOffer(offer, this.#lines)
    return this.#alone(async () => {
      const answering = new Answering(this.#room, this.#waiting, { connectAfter, signal })
      this.#answering = answering
      try {
        return await this.#answer(description, around, answering)
      } catch (error) {
        answering.failed(error)
        this.#checkOpen()
        throw error
      } finally {
        this.#answering = undefined
      }
    })
  }

  async #answer(
    description: SessionDescription,
    around: AnswerOptions['around'],
    answering: Answering,
  ): Promise<string> {
    const others = await unlessAborted(answerOthers(description, around), answering.signal)
    const first = this.#lines.every(({ medium }) => medium === undefined)
    for (const section of description.media) {
      const old = this.#lines[section.index]?.medium
      const remote = description.message(section.index)
      if (remote === undefined) answering.other(others.sections.shift() ?? '', old)
      else await answering.message(section, remote, old)
    }
    this.#checkOpen()
    const { lines, written, refused } = answering
    if (first && written.size === 0 && around === undefined) {
      throw refused ?? nothingFor(description)
    }
    const text = this.#compose(lines, written, others.head)
    this.#waiting = this.#waiting.filter((medium) => !written.has(medium))
    this.#accepted = undefined
    this.#remote = description
    this.#role ??= 'answerer'
    this.#mayFork(false)
    this.#take(lines, written, text)
    answering.done()
    return text
  }

  /** An answer that refuses every medium of a first offer (port 0). It changes nothing here. @throws MsrpError `malformed` */
  refuse(offer: string): string {
    const { media } = SessionDescription.parse(offer)
    const sections = media.map((section) => refusal(section, mirrored(section)))
    return new Framing(this.#options, this.#room.random).compose(sections)
  }

  /**
   * Asks the peer, in the next offer, to send nothing till `resume`: what we may send we still may (RFC 3264 §8.4). Messages
   * are not stopped here: the peer does that.
   */
  hold(): void {
    this.#hold.hold(this.#live)
  }

  /** The next offer has the directions that were there before `hold`. */
  resume(): void {
    this.#hold.resume()
  }

  /** Ends every session, and gives up the paths, as far as no fork has them. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const sessions = this.#live.map((medium) => medium.session.then((session) => session.closed).catch(() => {}))
    const error = new MsrpError('closed', 'The negotiation is closed')
    this.#mayFork(false)
    this.#answering?.failed(error)
    for (const medium of [...this.#live, ...this.#waiting]) medium.over(error)
    await Promise.all(sessions)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #live(): NegotiatedMedium[] {
    return mediaOf(this.#lines).filter(({ state }) => state !== 'over')
  }

  #mayFork(forkable: boolean): void {
    this.#forkable = forkable
    for (const medium of [...mediaOf(this.#lines), ...this.#waiting]) medium.forkable = forkable
  }

  /** One offer at a time is written or answered (RFC 3264 §4). */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy)
      throw new MsrpError('glare', 'Another offer is being written or answered: this one has to wait (SIP: 491)')
    this.#busy = true
    try {
      return await work()
    } finally {
      this.#busy = false
    }
  }

  /** The session that `accept` is for; what is not open yet is given up when the signal comes. */
  #opened(signal: AbortSignal | undefined): Promise<Session> {
    const opening = this.#live.map((medium) => ({ medium, session: medium.session }))
    const giveUp = (): void => {
      for (const { medium, session } of opening) if (medium.session === session) medium.giveUp()
    }
    signal?.addEventListener('abort', giveUp)
    // Whoever has heard of the answer may have given it up already.
    if (signal?.aborted) giveUp()
    void Promise.allSettled(opening.map(({ session }) => session)).then(() => {
      signal?.removeEventListener('abort', giveUp)
    })
    return sessionOf(mediaOf(this.#lines))
  }

  #checkOpen(): void {
    if (this.#closed) throw new MsrpError('closed', 'The negotiation is closed')
  }

  #compose(lines: readonly MLine[], written: ReadonlyMap<NegotiatedMedium, Written>, head: string | undefined): string {
    const { host } = [...written.values()].find((one) => one.host !== undefined) ?? {}
    return this.#framing.compose(sectionsOf(lines, written), { head, host })
  }

  /** A description of ours counts now; what its media agree on begins. */
  #take(lines: readonly MLine[], written: ReadonlyMap<NegotiatedMedium, Written>, text: string): void {
    this.#lines = asWritten(lines, written, text)
    for (const { commit } of written.values()) commit()
  }

  #isFree(line: MLine, index: number): boolean {
    return isFree(line, this.#remote?.media[index]?.port === 0)
  }
}

function sessionOf(media: readonly Medium[]): Promise<Session> {
  const medium = media.find(({ state }) => state !== 'over') ?? media[0]
  if (medium !== undefined) return medium.session
  const none = Promise.reject(new MsrpError('closed', 'There is no medium in this negotiation'))
  none.catch(() => {})
  return none
}

function isList(wishes: MediaWishes | readonly MediaWishes[]): wishes is readonly MediaWishes[] {
  return Array.isArray(wishes)
}
