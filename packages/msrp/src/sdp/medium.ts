import type { Session } from '../session/api.ts'
import { type MsrpError, newSessionId } from '../wire/index.ts'
import { inform } from '../wire/inform.ts'
import { anyOf, unlessAborted } from './abortable.ts'
import {
  checkSecure,
  checkTypes,
  gone,
  NOT_OVER_TLS,
  notAcceptable,
  OTHER_TRANSPORT,
  UNCHECKED,
  unreached,
  WITHOUT_TLS,
} from './acceptable.ts'
import { fitsPath } from './address-matching.ts'
import type { AttributeInput, Direction, MediaChanges, MediaWishes, Medium, MessageDescription } from './api.ts'
import { cemaRole, wayOfOfferer } from './cema.ts'
import { checkChanges, checkWishes } from './check-wishes.ts'
import { together } from './direction.ts'
import { Listeners } from './listeners.ts'
import { MediumPath } from './medium-path.ts'
import type { MediumRoom } from './medium-room.ts'
import { MediumSessions, type SessionStart } from './medium-sessions.ts'
import { mirrored } from './other-media.ts'
import { comesUnchecked } from './peer-facts.ts'
import { answeredSetup, offeredSetup, offererIsActive } from './setup.ts'
import { insistsOnTls, reachOver } from './transport.ts'
import { closedLines, placeOf, sectionLines } from './write-section.ts'

/** A section of our own, and what begins when it has been written into a description. */
export interface Written {
  readonly lines: readonly string[]
  /** c-line and o-line, where nothing else gives them one. */
  readonly host: string | undefined
  commit(): void
}

/** One m-line of ours: see `Medium`. */
export class NegotiatedMedium implements Medium {
  index: number | undefined
  state: Medium['state'] = 'new'
  wishes: MediaWishes
  local: MessageDescription | undefined
  remote: MessageDescription | undefined
  readonly #onRemote: Listeners<MessageDescription> = new Listeners()
  readonly #onFork: Listeners<Medium> = new Listeners()
  readonly #onOver: Listeners<MsrpError> = new Listeners()
  readonly #room: MediumRoom
  readonly #path: MediumPath
  readonly #sessions: MediumSessions
  #removal: readonly AttributeInput[] | undefined
  /** Whether our latest offer said so. */
  #offeredEnd = false
  #protocol = 'TCP/MSRP'
  /** What our latest offer said. */
  #offered: { readonly setup: 'active' | 'actpass'; readonly cema: boolean } | undefined
  /** The way back to RFC 4975 (RFC 6714 §4.2) has been taken. */
  #withoutCema = false
  /** How often something was changed of it: now, in our latest offer, and in what both agreed on last. */
  #changes = { now: 0, offered: 0, agreed: 0 }
  /** Whatever paths it comes to have, its peer is the same. */
  readonly #resumeKey: string

  /** @throws MsrpError `invalid-argument` naming the wish */
  constructor(wishes: MediaWishes, room: MediumRoom) {
    checkWishes(wishes)
    this.wishes = wishes
    this.#room = room
    this.#resumeKey = newSessionId(room.random)
    this.#sessions = new MediumSessions(room)
    this.#path = new MediumPath(room, ({ oldExpiresIn }) => {
      inform(() => room.options.onOfferDue?.({ reason: 'path-changed', medium: this, oldExpiresIn }))
    })
  }

  get session(): Promise<Session> {
    return this.#sessions.present
  }

  get direction(): Direction {
    const own = this.local?.direction ?? this.wishes.direction ?? 'sendrecv'
    return together(own, this.remote?.direction ?? 'sendrecv')
  }

  /** Whether the peer does not know yet how it is now. */
  get due(): boolean {
    const { now, agreed } = this.#changes
    const path = this.#path.address?.path
    const moved = this.#sessions.localPath !== undefined && path !== undefined && path !== this.#sessions.localPath
    return this.state !== 'agreed' || now !== agreed || moved
  }

  get removed(): boolean {
    return this.#removal !== undefined
  }

  onSession(listener: (session: Session) => void): () => void {
    return this.#sessions.opened.add(listener)
  }

  onRemote(listener: (remote: MessageDescription) => void): () => void {
    return this.#onRemote.add(listener)
  }

  onFork(listener: (fork: Medium) => void): () => void {
    return this.#onFork.add(listener)
  }

  onOver(listener: (reason: MsrpError) => void): () => void {
    return this.#onOver.add(listener)
  }

  change(changes: MediaChanges): void {
    checkChanges(changes)
    this.wishes = { ...this.wishes, ...changes }
    this.#changes.now++
  }

  remove(attributes: readonly AttributeInput[] = []): void {
    this.#removal = attributes
    this.#changes.now++
  }

  /**
   * Whether others may answer our latest offer, too. The path in it stays for them, also when this dialog gives it up because
   * its peer has refused the medium.
   */
  set forkable(forkable: boolean) {
    this.#path.forkable = forkable
  }

  /** The same medium in another dialog, which begins with the same offer (RFC 4975 §8.8). */
  fork(room: MediumRoom): NegotiatedMedium {
    const copy = new NegotiatedMedium(this.wishes, room)
    copy.index = this.index
    copy.state = this.index === undefined ? 'new' : 'offered'
    copy.local = this.local
    copy.#removal = this.#removal
    copy.#offeredEnd = this.#offeredEnd
    copy.#offered = this.#offered
    copy.#protocol = this.#protocol
    copy.#withoutCema = this.#withoutCema
    this.#path.fork(copy.#path)
    this.#onFork.tell(copy)
    return copy
  }

  /** The offer that it was first in is withdrawn. */
  withdrawn(): void {
    this.index = undefined
    this.state = 'new'
  }

  /** Our section of an offer. @throws MsrpError as `prepare`, `invalid-argument` */
  async offer(signal: AbortSignal | undefined): Promise<Written> {
    if (this.state === 'over' || this.#removal !== undefined) return this.#closed()
    checkSecure(this.wishes)
    const setup = offeredSetup(reachOver(false, this.wishes))
    await this.#prepare({ toConnect: setup === 'active', signal })
    const { now } = this.#changes
    const offered = {
      setup: this.#path.known.reachable ? setup : 'active',
      cema: this.wishes.cema === true && !this.#withoutCema,
    } as const
    return this.#written(offered.setup, offered.cema, this.wishes.direction, () => {
      this.#offered = offered
      this.#changes.offered = now
      if (this.state === 'new') this.state = 'offered'
    })
  }

  /**
   * Our section of the answer to an offer.
   * @throws MsrpError `not-acceptable` when it cannot be taken, and why; and as `prepare`
   */
  async answer(
    remote: MessageDescription,
    { connectAfter, signal }: { connectAfter?: Promise<unknown> | undefined; signal: AbortSignal | undefined },
  ): Promise<Written> {
    checkSecure(this.wishes)
    const { relay, cema: wantsCema } = this.wishes
    const stays = this.#stays(remote)
    if (!stays) checkTypes(this.wishes, remote)
    const relayed = relay !== undefined
    const secure = remote.path[0]?.secure === true
    // Where a relay is on the way, the two hops may differ (RFC 4976 §11).
    const direct = !relayed && remote.path.length === 1
    if (!stays && !relayed && remote.secure && !secure) throw notAcceptable(NOT_OVER_TLS)
    const setup = stays ? this.#sameRole(remote) : answeredSetup(remote.setup, reachOver(direct && secure, this.wishes))
    if (setup === undefined) throw notAcceptable(unreached(this.wishes))
    if (!stays && wantsCema && !remote.cema && !(await this.#fits(remote, signal))) {
      // RFC 6714 §4.3: a middlebox without msrp-cema sits in between, where nobody would find the other one.
      throw notAcceptable('c- and m-line do not fit the path, and there is no msrp-cema (RFC 6714 §4.3)')
    }
    const [role, cema] = cemaRole(setup, wantsCema === true, { relayed, remote, free: !stays })
    const active = role === 'active'
    if (!relayed && !secure && (active || direct) && insistsOnTls(this.wishes)) throw notAcceptable(WITHOUT_TLS)
    // Our path will have the transport of theirs then.
    if (!stays && !active && comesUnchecked(remote, this.wishes, secure)) throw notAcceptable(UNCHECKED)
    await this.#prepare({
      toConnect: active,
      // RFC 3264 §6.1: other programs refuse an answer whose m-line has another transport than their offer.
      secure: direct || active ? secure : undefined,
      toBeReached: !stays && !active,
      // A relay lets one peer in: the one that this path has had stands in the way of another one, dead or alive.
      spent: relayed && !stays && this.#path.address?.path === this.#sessions.localPath,
      signal,
    })
    const direction = together(this.wishes.direction ?? 'sendrecv', remote.direction)
    this.#changes.offered = this.#changes.now
    return this.#written(role, cema, direction, () => {
      this.#withoutCema = !cema
      this.#agreed(remote, { active, connectTo: active && cema && !relayed, early: active, connectAfter })
    })
  }

  /** Whether c- and m-line of the answer to our offer fit its path, where that makes a difference. */
  async fitsAnswer(remote: MessageDescription, signal: AbortSignal | undefined): Promise<boolean> {
    return remote.port === 0 || this.#offered?.cema !== true || (await this.#fits(remote, signal))
  }

  /**
   * What the answer to our offer says.
   * @param fits what `fitsAnswer` says
   * @returns false when another offer is needed (RFC 6714 §4.2)
   */
  answered(remote: MessageDescription, fits: boolean): boolean {
    if (this.state === 'over') return true
    if (remote.port === 0 || this.#offeredEnd) {
      this.#said(remote, this.#offeredEnd ? gone() : notAcceptable('the peer has refused it (port 0)'))
      return true
    }
    const offered = this.#offered ?? { setup: 'actpass', cema: false }
    const active = offererIsActive(offered.setup, remote.setup)
    const relayed = this.wishes.relay !== undefined
    const stays = this.#stays(remote)
    if (!stays && active && !relayed && this.#path.known.secure && remote.path[0]?.secure === false) {
      this.over(notAcceptable('TLS was offered, and the path in the answer is without it'))
      return true
    }
    // Behind the relay of the answerer the last hop may differ (RFC 4976 §11).
    const hopsDiffer = remote.path.length > 1 && remote.path[0]?.secure
    if (!stays && remote.secure && !this.#path.known.secure && !hopsDiffer) {
      this.over(notAcceptable(OTHER_TRANSPORT))
      return true
    }
    if (!stays && !active && comesUnchecked(remote, this.wishes, this.#path.known.secure)) {
      this.over(notAcceptable(UNCHECKED))
      return true
    }
    const way = offered.cema ? wayOfOfferer({ relayed, active, remote, fits }) : 'path'
    if (way === 'new offer') {
      this.#withoutCema = true
      this.#changes.now++
      return false
    }
    this.#agreed(remote, { active, connectTo: way === 'c-line', early: false })
    return true
  }

  /** Gives up the session that is on its way; its next description has another path for the next one. */
  giveUp(): void {
    this.#sessions.giveUp()
  }

  /** The peer has set it to port 0. */
  ended(remote: MessageDescription): void {
    this.#said(remote, gone())
  }

  /** Ends it: its sessions are closed, its path is given up. */
  over(error: MsrpError): void {
    if (this.state === 'over') return
    this.state = 'over'
    this.#sessions.over(error)
    this.#path.over()
    this.#onOver.tell(error)
  }

  /** A section that says that it is over, with what a file keeps of its attributes then (RFC 5547 §8.1). */
  #closed(): Written {
    const attributes = this.#removal ?? mirrored(this.local)
    const commit = (): void => {
      this.#offeredEnd = true
    }
    return { lines: closedLines(this.#protocol, attributes), host: undefined, commit }
  }

  #written(
    setup: 'active' | 'passive' | 'actpass',
    cema: boolean,
    direction: Direction | undefined,
    commit: () => void,
  ): Written {
    const { path, prepared, secure } = this.#path.known
    this.#protocol = secure ? 'TCP/TLS/MSRP' : 'TCP/MSRP'
    const wishes = direction === undefined ? this.wishes : { ...this.wishes, direction }
    const lines = sectionLines(wishes, { path, setup, fingerprints: prepared.fingerprints, cema })
    return { lines, host: placeOf(path, cema).host, commit }
  }

  #prepare(use: {
    toConnect: boolean
    secure?: boolean | undefined
    toBeReached?: boolean
    spent?: boolean
    signal: AbortSignal | undefined
  }): Promise<void> {
    const wishes = { resumeKey: this.#resumeKey, ...this.wishes }
    const signal = anyOf(this.#room.options.signal, use.signal)
    return this.#path.prepare(wishes, { ...use, spent: use.spent === true || this.#sessions.ended, signal })
  }

  /** Whether what the peer says leaves the session as it is. */
  #stays(remote: MessageDescription): boolean {
    return this.#sessions.stays(remote, this.#path.address)
  }

  /** Who has connected does not change while the connection stands; what is said fits what the peer says. */
  #sameRole({ setup }: MessageDescription): 'active' | 'passive' {
    if (setup === 'active') return 'passive'
    if (setup === 'passive') return 'active'
    return this.#sessions.active ? 'active' : 'passive'
  }

  #fits(remote: MessageDescription, signal: AbortSignal | undefined): Promise<boolean> {
    const { lookup, signal: always } = this.#room.options
    return unlessAborted(fitsPath(remote, lookup), anyOf(always, signal))
  }

  /** The medium goes on as both sides have said now, and begins a session if that takes one. */
  #agreed(remote: MessageDescription, start: SessionStart): void {
    this.state = 'agreed'
    this.remote = remote
    this.#changes.agreed = this.#changes.offered
    this.#sessions.begin(this.#path.known, remote, this.wishes, start)
    this.#onRemote.tell(remote)
  }

  /** The peer says that it is over. */
  #said(remote: MessageDescription, error: MsrpError): void {
    this.remote = remote
    this.over(error)
    this.#onRemote.tell(remote)
  }
}
