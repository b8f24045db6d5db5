import { wakefulClock } from '../connection/system-clock.ts'
import type { Session } from '../session/api.ts'
import { MsrpError } from '../wire/index.ts'
import { systemRandom } from '../wire/system-random.ts'
import type {
  AnswerOptions,
  AttributeInput,
  MediaNegotiation,
  MediaWishes,
  Medium,
  MessageDescription,
  NegotiationOptions,
  OfferOptions,
  Preparing,
} from './api.ts'
import { together } from './direction.ts'
import { Framing, surroundings, without } from './framing.ts'
import { type MediumRoom, NegotiatedMedium, notAcceptable, type Written } from './medium.ts'
import { answerOthers, mirrored, OF_FILES, refusal } from './other-media.ts'
import { isMessage, type MediaSection, MOST_MEDIA, SessionDescription } from './session-description.ts'
import { closedLines } from './write-section.ts'

/** What one m-line is: a medium of ours, one that we refused, or something of the application's. */
interface Slot {
  readonly ours: boolean
  readonly medium: NegotiatedMedium | undefined
  /** What the last description had there, for what is not ours. */
  readonly text: string
  /** Whether our last description had port 0 there. */
  readonly closed?: boolean
}

/**
 * Offers and answers of one dialog (RFC 3264), and the sessions they agree on: the application carries texts to and fro. One
 * for each call; for each of several who answer the same offer, `fork`.
 */
export class Negotiation implements MediaNegotiation, AsyncDisposable {
  readonly #endpoint: Preparing
  readonly #options: NegotiationOptions
  readonly #room: MediumRoom
  #framing: Framing
  #slots: Slot[] = []
  /** Media that no description has had yet. */
  #waiting: NegotiatedMedium[] = []
  /** An offer of ours that is out: the slots before it, and how many it has. */
  #pending: { readonly before: readonly Slot[]; readonly slots: number } | undefined
  /** The answer that our latest offer got. */
  #accepted: string | undefined
  /** Whether nothing came after our offer, so that others may have answered it too. */
  #forkable = false
  #head: string | undefined
  #host: string | undefined
  #remote: SessionDescription | undefined
  #heldDirections: Map<NegotiatedMedium, MediaWishes['direction']> = new Map()
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
    const { random = systemRandom, clock = wakefulClock } = options
    this.#endpoint = endpoint
    this.#options = options
    this.#room = { endpoint, options, random, clock }
    this.#framing = new Framing(options, random)
    const list: readonly MediaWishes[] = isList(wishes) ? wishes : [wishes]
    for (const one of list) this.add(one)
  }

  get media(): readonly Medium[] {
    return [...this.#slots.flatMap(({ medium }) => medium ?? []), ...this.#waiting]
  }

  /** The session of the first medium that is not over: see `Medium.session`. */
  get session(): Promise<Session> {
    const medium = this.media.find(({ state }) => state !== 'over') ?? this.media[0]
    if (medium !== undefined) return medium.session
    const none = Promise.reject(new MsrpError('closed', 'There is no medium in this negotiation'))
    none.catch(() => {})
    return none
  }

  /** What the peer said last, without our media: for whoever looks after the others. */
  get remoteAround(): string | undefined {
    return this.#remote && without(this.#remote, (index) => this.#slots[index]?.ours === true)
  }

  /** @throws MsrpError `limit-exceeded` beyond 64 media that are not over; `invalid-argument` naming the wish */
  add(wishes: MediaWishes): Medium {
    this.#checkOpen()
    const taken = this.#slots.filter((slot, index) => !this.#isFree(slot, index)).length + this.#waiting.length
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
   * @throws MsrpError as `prepare`; `invalid-argument` for wishes that cannot be written
   */
  async offer({ around }: OfferOptions = {}): Promise<string> {
    this.#checkOpen()
    this.rollback()
    const given = around === undefined ? undefined : surroundings(around)
    const places = this.#slots.filter(({ ours }) => !ours)
    if (given !== undefined && given.others.length < places.length) {
      const text = `around: it has ${given.others.length} m-lines, and had ${places.length}: what is over stays, with port 0`
      throw new MsrpError('invalid-argument', `${text} (RFC 3264 §8)`)
    }
    const others = [...(given?.others ?? places.map(({ text }) => text))]
    const slots: Slot[] = this.#slots.map((slot) => (slot.ours ? slot : { ...slot, text: others.shift() ?? slot.text }))
    slots.push(...others.map((text) => ({ ours: false, medium: undefined, text })))
    const free = slots.flatMap((slot, index) => (this.#isFree(slot, index) ? [index] : []))
    for (const medium of this.#waiting) slots[free.shift() ?? slots.length] = { ours: true, medium, text: '' }
    const written = new Map<NegotiatedMedium, Written>()
    for (const { medium } of slots) if (medium !== undefined) written.set(medium, await medium.offer())
    this.#checkOpen()
    if (slots.length === 0) throw new MsrpError('invalid-argument', 'There is no medium to offer')
    const text = this.#compose(given?.head, slots, written)
    this.#pending = { before: this.#slots, slots: slots.length }
    this.#accepted = undefined
    this.#waiting = []
    this.#place(slots, text)
    this.#mayFork(true)
    return text
  }

  /**
   * Takes an offer back that will get no answer: SIP refused it, or the peer's own came first (491, RFC 3261 §14.1). What
   * was changed goes into the next one. Without effect when none is out.
   */
  rollback(): void {
    if (this.#pending === undefined) return
    const { before } = this.#pending
    const withdrawn = this.#slots
    this.#slots = [...before]
    for (const { medium } of withdrawn) {
      if (medium === undefined || before.some((slot) => slot.medium === medium)) continue
      medium.withdrawn()
      this.#waiting.push(medium)
    }
    this.#pending = undefined
    this.#mayFork(false)
  }

  /**
   * The answer to our offer: begins what it agrees on, and resolves with the session of the first medium that is not over. The
   * same answer again, as SIP brings it in 183 and 200, gives the same session.
   * @throws MsrpError `malformed` naming line and attribute; `not-acceptable` when the medium is refused or cannot be;
   *   `offer-due` when the answer asks for another offer; and what `complete` throws
   */
  async accept(answer: string): Promise<Session> {
    this.#checkOpen()
    if (this.#pending === undefined && this.#accepted === answer) return this.session
    if (this.#pending === undefined) {
      const text =
        this.#accepted === undefined
          ? 'No offer is out'
          : 'The offer is answered; if others answer it as well, take fork()'
      throw new MsrpError('invalid-argument', text)
    }
    const description = SessionDescription.parse(answer)
    const { slots } = this.#pending
    if (description.media.length !== slots) {
      const text = `The answer has ${description.media.length} m-lines, and the offer has ${slots} (RFC 3264 §6)`
      throw new MsrpError('malformed', text)
    }
    // All are read first: a description that is wrong anywhere changes nothing.
    const remotes = this.#slots.map(({ medium }, index) => medium && answered(description, index))
    this.#pending = undefined
    this.#accepted = answer
    this.#remote = description
    let due: NegotiatedMedium | undefined
    for (const [index, { medium }] of this.#slots.entries()) {
      const remote = remotes[index]
      if (medium === undefined || remote === undefined || (await medium.answered(remote))) continue
      due = medium
      this.#options.onOfferDue?.({ reason: 'cema-fallback', medium })
    }
    if (due === undefined) return this.session
    this.#accepted = undefined
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
    fork.#head = this.#head
    fork.#host = this.#host
    fork.#slots = this.#slots.map((slot) => ({ ...slot, medium: slot.medium?.fork(fork.#room) }))
    fork.#pending = { before: [], slots: this.#slots.length }
    fork.#mayFork(true)
    return fork
  }

  /**
   * The answer to an offer of the peer's, the first or a later one. The sessions begin: see `session`.
   * @throws MsrpError `malformed` naming line and attribute; `not-acceptable` when nothing of a first offer can be taken, and
   *   why (SIP: 488, or `refuse`); `glare` when an offer of ours is out (SIP: 491)
   */
  async answer(offer: string, { around, connectAfter }: AnswerOptions = {}): Promise<string> {
    this.#checkOpen()
    if (this.#pending !== undefined) {
      const text = 'An offer of ours is out: this one has to wait (SIP: 491), or rollback() takes ours back'
      throw new MsrpError('glare', text)
    }
    const description = this.#read(offer)
    const others = await answerOthers(description, around)
    const first = this.#slots.every(({ medium }) => medium === undefined)
    const slots: Slot[] = []
    const written = new Map<NegotiatedMedium, Written>()
    const ended: [NegotiatedMedium, MsrpError | MessageDescription][] = []
    let refused: MsrpError | undefined
    const waiting = [...this.#waiting]
    for (const section of description.media) {
      const old = this.#slots[section.index]?.medium
      if (!isMessage(section)) {
        slots.push({ ours: false, medium: undefined, text: others.sections.shift() ?? '' })
        if (old !== undefined) ended.push([old, new MsrpError('closed', 'Another medium has taken its m-line')])
        continue
      }
      const result = await this.#answerOne(section, description, { old, waiting, connectAfter })
      if (result.error !== undefined) refused ??= result.error
      if (result.written !== undefined && result.medium !== undefined) written.set(result.medium, result.written)
      if (old !== undefined && result.end !== undefined) ended.push([old, result.end])
      const closed = closedLines(section.protocol, result.attributes ?? mirrored(section))
      slots.push({ ours: true, medium: result.medium ?? old, text: closed.join('\n') })
    }
    this.#checkOpen()
    if (first && written.size === 0 && around === undefined) {
      throw refused ?? notAcceptable('the offer has no section for MSRP')
    }
    this.#waiting = waiting
    const text = this.#compose(others.head, slots, written)
    this.#accepted = undefined
    this.#remote = description
    this.#mayFork(false)
    this.#place(slots, text)
    for (const [medium, end] of ended) end instanceof MsrpError ? medium.over(end) : medium.ended(end)
    return text
  }

  /** An answer that refuses every medium of a first offer (port 0). It changes nothing here. @throws MsrpError `malformed` */
  refuse(offer: string): string {
    const { media } = SessionDescription.parse(offer)
    const sections = media.map((section) => refusal(section, mirrored(section)))
    return new Framing(this.#options, this.#room.random).compose(undefined, sections, 'localhost.invalid')
  }

  /**
   * Asks the peer, in the next offer, to send nothing till `resume`: what we may send we still may (RFC 3264 §8.4). Messages
   * are not stopped here: the peer does that.
   */
  hold(): void {
    for (const medium of this.#live) {
      if (this.#heldDirections.has(medium)) continue
      const { direction = 'sendrecv' } = medium.wishes
      this.#heldDirections.set(medium, direction)
      medium.change({ direction: together(direction, 'recvonly') })
    }
  }

  /** The next offer has the directions that were there before `hold`. */
  resume(): void {
    for (const [medium, direction] of this.#heldDirections) medium.change({ direction })
    this.#heldDirections.clear()
  }

  /** Ends every session, and gives up the paths, as far as no fork has them. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const sessions = this.#live.map((medium) => medium.session.then((session) => session.closed).catch(() => {}))
    const error = new MsrpError('closed', 'The negotiation is closed')
    this.#mayFork(false)
    for (const medium of [...this.#live, ...this.#waiting]) medium.over(error)
    await Promise.all(sessions)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #live(): NegotiatedMedium[] {
    return this.#slots.flatMap(({ medium }) => (medium === undefined || medium.state === 'over' ? [] : [medium]))
  }

  #mayFork(forkable: boolean): void {
    this.#forkable = forkable
    for (const medium of [...this.#slots.flatMap((slot) => slot.medium ?? []), ...this.#waiting]) {
      medium.forkable = forkable
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new MsrpError('closed', 'The negotiation is closed')
  }

  #read(offer: string): SessionDescription {
    const description = SessionDescription.parse(offer)
    if (description.media.length >= this.#slots.length) return description
    const text = `The offer has ${description.media.length} m-lines, and there were ${this.#slots.length} (RFC 3264 §8)`
    throw new MsrpError('malformed', text)
  }

  async #answerOne(
    section: MediaSection,
    description: SessionDescription,
    has: {
      old: NegotiatedMedium | undefined
      waiting: NegotiatedMedium[]
      connectAfter: AnswerOptions['connectAfter']
    },
  ): Promise<{
    medium?: NegotiatedMedium
    written?: Written
    attributes?: readonly AttributeInput[]
    error?: MsrpError
    end?: MsrpError | MessageDescription
  }> {
    const { old, waiting, connectAfter } = has
    const remote = description.message(section.index)
    if (remote === undefined) throw new MsrpError('internal', 'A section for MSRP that is none')
    const stands = old !== undefined && old.state !== 'over' ? old : undefined
    if (remote.port === 0) return stands === undefined ? {} : { end: remote }
    const decision = await this.#options.onMedium?.({ description: remote, medium: stands })
    if (decision !== undefined && 'refuse' in decision) {
      const error = notAcceptable(decision.refuse)
      return { error, end: error, ...(decision.attributes === undefined ? {} : { attributes: decision.attributes }) }
    }
    if (decision !== undefined && 'change' in decision) stands?.change(decision.change)
    let medium = stands
    let end: MsrpError | undefined
    if (decision !== undefined && 'take' in decision) {
      medium = new NegotiatedMedium(decision.take, this.#room)
      end = new MsrpError('closed', 'Another medium has taken its m-line')
    } else if (medium === undefined && !OF_FILES.some((name) => remote.attribute(name) !== undefined)) {
      medium = waiting[0]
    }
    if (medium === undefined) return { error: notAcceptable('nothing was wished for that it could be') }
    if (medium.removed) return { end: new MsrpError('closed', 'The medium was removed here') }
    try {
      // Who is told of the medium hears from it, too, when it cannot come about.
      if (decision !== undefined && 'take' in decision) decision.onTaken?.(medium)
      const written = await medium.answer(remote, connectAfter)
      if (medium === waiting[0]) waiting.shift()
      return { medium, written, ...(end === undefined ? {} : { end }) }
    } catch (error) {
      if (!(error instanceof MsrpError)) throw error
      if (decision !== undefined && 'take' in decision) medium.over(error)
      if (error.code !== 'not-acceptable') throw error
      if (medium !== waiting[0]) medium.over(error)
      return { error, end: error }
    }
  }

  #compose(head: string | undefined, slots: readonly Slot[], written: ReadonlyMap<NegotiatedMedium, Written>): string {
    this.#head = head ?? this.#head
    const sections = slots.map((slot) => {
      const own = slot.medium === undefined ? undefined : written.get(slot.medium)
      if (own !== undefined) return own.lines
      return slot.ours ? slot.text.split('\n') : slot.text
    })
    this.#host = [...written.values()].find(({ host }) => host !== undefined)?.host ?? this.#host
    const text = this.#framing.compose(this.#head, sections, this.#host ?? 'localhost.invalid')
    const description = SessionDescription.parse(text)
    for (const [index, { medium }] of slots.entries()) {
      const own = medium === undefined ? undefined : written.get(medium)
      if (medium === undefined || own === undefined) continue
      medium.index = index
      medium.local = description.message(index)
      own.commit()
    }
    return text
  }

  /** Remembers what stands where. */
  #place(slots: readonly Slot[], text: string): void {
    const { media } = SessionDescription.parse(text)
    this.#slots = slots.map(({ ours, medium, text: before }, index) => {
      const section = media[index]
      return { ours, medium, text: ours ? before : (section?.text ?? before), closed: section?.port === 0 }
    })
  }

  /** Whether a new medium may take an m-line of ours: the old one is over, and both sides know (RFC 3264 §8.1). */
  #isFree({ ours, medium, closed }: Slot, index: number): boolean {
    const over = medium === undefined || medium.state === 'over'
    return ours && over && (closed === true || this.#remote?.media[index]?.port === 0)
  }
}

function isList(wishes: MediaWishes | readonly MediaWishes[]): wishes is readonly MediaWishes[] {
  return Array.isArray(wishes)
}

/** What an answer says of a medium of ours. */
function answered(description: SessionDescription, index: number): MessageDescription {
  const remote = description.message(index)
  if (remote !== undefined) return remote
  const section = description.media[index]
  throw new MsrpError('malformed', `line ${section?.line}: the m-line of the answer is not for MSRP, as the offer's is`)
}
