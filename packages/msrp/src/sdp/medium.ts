import type { Clock } from '../connection/index.ts'
import type { Session } from '../session/api.ts'
import { formatPath, MsrpError, newSessionId, type RandomBytes } from '../wire/index.ts'
import { fitsPath } from './address-matching.ts'
import type {
  AttributeInput,
  Direction,
  MediaChanges,
  MediaWishes,
  Medium,
  MessageDescription,
  NegotiationOptions,
  Preparing,
} from './api.ts'
import { Attempt } from './attempt.ts'
import { cemaRole, wayOfOfferer } from './cema.ts'
import { checkChanges, checkWishes } from './check-wishes.ts'
import { together } from './direction.ts'
import { acceptTypesFor, understands, wrappedTypesFor } from './format-list.ts'
import { Listeners } from './listeners.ts'
import { LocalAddress } from './local-address.ts'
import { mirrored } from './other-media.ts'
import { comesUnchecked, peerCertificate, peerFacts } from './peer-facts.ts'
import { answeredSetup, offeredSetup, offererIsActive } from './setup.ts'
import { insistsOnTls, reachOver } from './transport.ts'
import { closedLines, placeOf, sectionLines } from './write-section.ts'

/** The negotiation around a medium. */
export interface MediumRoom {
  readonly endpoint: Preparing
  readonly options: NegotiationOptions
  readonly random: RandomBytes
  readonly clock: Clock
}

/** A section of our own, and what begins when it has been written into a description. */
export interface Written {
  readonly lines: readonly string[]
  /** c-line and o-line, where nothing else gives them one. */
  readonly host: string | undefined
  commit(): void
}

/** How a session begins. */
interface How {
  /** At c- and m-line, not at the path. */
  readonly connectTo: boolean
  /** The peer may not have read our answer yet. */
  readonly early: boolean
  readonly connectAfter?: Promise<unknown> | undefined
}

const WITHOUT_TLS =
  'TLS is wanted here (`secure`, or a certificate), and the path in the offer is without it: `secure: false` would take it'
const UNCHECKED =
  'the peer wants to connect over TLS, and none of its fingerprints can be checked: it has to give one by sha-256 or stronger'

/** One m-line of ours: see `Medium`. */
export class NegotiatedMedium implements Medium {
  index: number | undefined
  state: Medium['state'] = 'new'
  wishes: MediaWishes
  local: MessageDescription | undefined
  remote: MessageDescription | undefined
  readonly #onSession: Listeners<Session> = new Listeners()
  readonly #onRemote: Listeners<MessageDescription> = new Listeners()
  readonly #onFork: Listeners<Medium> = new Listeners()
  readonly #room: MediumRoom
  #address: LocalAddress | undefined
  /** Of our latest offer, while others may answer it in dialogs of their own. */
  #forForks: LocalAddress | undefined
  #unwatch: () => void = () => {}
  #attempt: Attempt | undefined
  /** The one before the present one, for what is under way on it; it ends with that, with its path, or when the next one comes. */
  #earlier: Session | undefined
  #opening: PromiseWithResolvers<Session> = opening()
  #settled = false
  #removal: readonly AttributeInput[] | undefined
  /** Whether our latest offer said so. */
  #offeredEnd = false
  #protocol = 'TCP/MSRP'
  /** What our latest offer said. */
  #offered: { readonly setup: 'active' | 'actpass'; readonly cema: boolean } | undefined
  /** The way back to RFC 4975 (RFC 6714 §4.2) has been taken. */
  #withoutCema = false

  /** Whatever paths it comes to have, its peer is the same. */
  readonly #resumeKey: string

  /** @throws MsrpError `invalid-argument` naming the wish */
  constructor(wishes: MediaWishes, room: MediumRoom) {
    checkWishes(wishes)
    this.wishes = wishes
    this.#room = room
    this.#resumeKey = newSessionId(room.random)
  }

  get session(): Promise<Session> {
    return this.#opening.promise
  }

  get direction(): Direction {
    const own = this.local?.direction ?? this.wishes.direction ?? 'sendrecv'
    return together(own, this.remote?.direction ?? 'sendrecv')
  }

  get removed(): boolean {
    return this.#removal !== undefined
  }

  onSession(listener: (session: Session) => void): () => void {
    return this.#onSession.add(listener)
  }

  onRemote(listener: (remote: MessageDescription) => void): () => void {
    return this.#onRemote.add(listener)
  }

  onFork(listener: (fork: Medium) => void): () => void {
    return this.#onFork.add(listener)
  }

  change(changes: MediaChanges): void {
    checkChanges(changes)
    this.wishes = { ...this.wishes, ...changes }
  }

  remove(attributes: readonly AttributeInput[] = []): void {
    this.#removal = attributes
  }

  /**
   * Whether others may answer our latest offer, too. The path in it stays for them, also when this dialog gives it up because
   * its peer has refused the medium.
   */
  set forkable(forkable: boolean) {
    const kept = forkable ? this.#address?.share() : undefined
    this.#forForks?.release()
    this.#forForks = kept
  }

  /** The same medium in another dialog, which begins with the same offer (RFC 4975 §8.8). */
  fork(room: MediumRoom): NegotiatedMedium {
    const copy = new NegotiatedMedium(this.wishes, room)
    copy.index = this.index
    copy.state = this.index === undefined ? 'new' : 'offered'
    copy.local = this.local
    copy.#offered = this.#offered
    copy.#protocol = this.#protocol
    copy.#withoutCema = this.#withoutCema
    if (this.#forForks !== undefined) copy.#take(this.#forForks.share())
    this.#onFork.tell(copy)
    return copy
  }

  /** The offer that it was first in is withdrawn. */
  withdrawn(): void {
    this.index = undefined
    this.state = 'new'
  }

  /** Our section of an offer. @throws MsrpError as `prepare`, `invalid-argument` */
  async offer(): Promise<Written> {
    if (this.state === 'over' || this.#removal !== undefined) return this.#closed()
    this.#checkSecure()
    const setup = offeredSetup(reachOver(false, this.wishes))
    await this.#prepare({ toConnect: setup === 'active' })
    const address = this.#known()
    const cema = this.wishes.cema === true && !this.#withoutCema
    return this.#written(address, address.reachable ? setup : 'active', cema, this.wishes.direction, () => {
      this.#offered = { setup: address.reachable ? setup : 'active', cema }
      if (this.state === 'new') this.state = 'offered'
    })
  }

  /**
   * Our section of the answer to an offer.
   * @throws MsrpError `not-acceptable` when it cannot be taken, and why; and as `prepare`
   */
  async answer(remote: MessageDescription, connectAfter?: Promise<unknown>): Promise<Written> {
    this.#checkSecure()
    const { relay, cema: wantsCema } = this.wishes
    const stays = this.#stays(remote)
    if (!stays) this.#checkTypes(remote)
    const relayed = relay !== undefined
    const secure = remote.path[0]?.secure === true
    // Where a relay is on the way, the two hops may differ (RFC 4976 §11).
    const direct = !relayed && remote.path.length === 1
    const setup = stays ? this.#sameRole(remote) : answeredSetup(remote.setup, reachOver(direct && secure, this.wishes))
    if (setup === undefined) throw notAcceptable(unreached(this.wishes))
    if (!stays && wantsCema && !remote.cema && !(await this.#fits(remote))) {
      // RFC 6714 §4.3: a middlebox without msrp-cema sits in between, where nobody would find the other one.
      throw notAcceptable('c- and m-line do not fit the path, and there is no msrp-cema (RFC 6714 §4.3)')
    }
    const [role, cema] = cemaRole(setup, wantsCema === true, { relayed, remote, free: !stays })
    const active = role === 'active'
    if (!relayed && !secure && (active || direct) && insistsOnTls(this.wishes)) throw notAcceptable(WITHOUT_TLS)
    if (!stays && !active && comesUnchecked(remote, this.wishes)) throw notAcceptable(UNCHECKED)
    // RFC 3264 §6.1: other programs refuse an answer whose m-line has another transport than their offer.
    await this.#prepare({
      toConnect: active,
      secure: direct || active ? secure : undefined,
      toBeReached: !stays && !active,
    })
    const direction = together(this.wishes.direction ?? 'sendrecv', remote.direction)
    return this.#written(this.#known(), role, cema, direction, () => {
      this.#withoutCema = !cema
      this.#agreed(active, remote, { connectTo: active && cema && !relayed, early: active, connectAfter })
    })
  }

  /**
   * What the answer to our offer says.
   * @returns false when another offer is needed (RFC 6714 §4.2)
   */
  async answered(remote: MessageDescription): Promise<boolean> {
    if (this.state === 'over') return true
    if (remote.port === 0 || this.#offeredEnd) {
      this.#said(remote, this.#offeredEnd ? gone() : notAcceptable('the peer has refused it (port 0)'))
      return true
    }
    const offered = this.#offered ?? { setup: 'actpass', cema: false }
    const active = offererIsActive(offered.setup, remote.setup)
    const relayed = this.wishes.relay !== undefined
    const address = this.#known()
    const [next] = remote.path
    if (active && !relayed && address.secure && next?.secure === false && !this.#stays(remote)) {
      const error = notAcceptable('TLS was offered, and the path in the answer is without it')
      this.over(error)
      return true
    }
    if (!active && !this.#stays(remote) && comesUnchecked(remote, this.wishes)) {
      this.over(notAcceptable(UNCHECKED))
      return true
    }
    let way: ReturnType<typeof wayOfOfferer> = 'path'
    if (offered.cema) way = wayOfOfferer({ relayed, active, remote, fits: await this.#fits(remote) })
    if (way === 'new offer') {
      this.#withoutCema = true
      return false
    }
    this.#agreed(active, remote, { connectTo: way === 'c-line', early: false })
    return true
  }

  /** The peer has set it to port 0. */
  ended(remote: MessageDescription): void {
    this.#said(remote, gone())
  }

  /** Ends it: its sessions are closed, its path is given up. */
  over(error: MsrpError): void {
    if (this.state === 'over') return
    this.state = 'over'
    this.#attempt?.abort()
    this.#opening.reject(error)
    for (const session of [this.#earlier, this.#attempt?.session]) void session?.close()
    this.#give()
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
    address: LocalAddress,
    setup: 'active' | 'passive' | 'actpass',
    cema: boolean,
    direction: Direction | undefined,
    commit: () => void,
  ): Written {
    const { path, prepared } = address
    this.#protocol = address.secure ? 'TCP/TLS/MSRP' : 'TCP/MSRP'
    const wishes = direction === undefined ? this.wishes : { ...this.wishes, direction }
    const lines = sectionLines(wishes, { path, setup, fingerprints: prepared.fingerprints, cema })
    return { lines, host: placeOf(path, cema).host, commit }
  }

  /**
   * Sees to a path. A session that has ended needs another one (RFC 4975 §5.4); so does a peer that wants to come where we
   * only had one for connecting, or by another transport.
   * @param secure whether it has to begin with `msrps`; undefined for what the wishes say
   */
  async #prepare(use: { toConnect: boolean; secure?: boolean | undefined; toBeReached?: boolean }): Promise<void> {
    const { endpoint, options, random } = this.#room
    const { toConnect, secure, toBeReached = false } = use
    const old = this.#address
    const spent = this.#attempt?.over === true || old?.dead === true
    const fits = (old?.reachable || !toBeReached) && (secure ?? old?.secure) === old?.secure
    if (old !== undefined && !spent && fits) return
    const wishes = { resumeKey: this.#resumeKey, ...this.wishes }
    const address = await LocalAddress.make(endpoint, wishes, { toConnect, secure, random, signal: options.signal })
    this.#give()
    if (this.state === 'over') {
      address.release()
      throw new MsrpError('closed', 'The medium is over')
    }
    this.#take(address)
  }

  #take(address: LocalAddress): void {
    this.#address = address
    this.#unwatch = address.watch(({ oldExpiresIn }) => {
      this.#room.options.onOfferDue?.({ reason: 'path-changed', medium: this, oldExpiresIn })
    })
  }

  #give(): void {
    this.#unwatch()
    this.#address?.release()
    this.#address = undefined
  }

  #known(): LocalAddress {
    if (this.#address !== undefined) return this.#address
    throw new MsrpError('closed', 'The negotiation is closed')
  }

  /** Whether what the peer says leaves the session as it is. */
  #stays(remote: MessageDescription): boolean {
    const attempt = this.#attempt
    if (attempt === undefined || attempt.over || this.#address?.dead === true) return false
    return attempt.remotePath === formatPath(remote.path) && attempt.localPath === this.#address?.path
  }

  /** Who has connected does not change while the connection stands; what is said fits what the peer says. */
  #sameRole({ setup }: MessageDescription): 'active' | 'passive' {
    if (setup === 'active') return 'passive'
    if (setup === 'passive') return 'active'
    return this.#attempt?.active ? 'active' : 'passive'
  }

  /** @throws MsrpError `invalid-argument` */
  #checkSecure(): void {
    const { secure, listen, relay } = this.wishes
    if (!secure || relay !== undefined || listen === undefined || listen.tls !== undefined) return
    throw new MsrpError('invalid-argument', 'secure: with `listen` it needs `listen.tls`')
  }

  /** RFC 4975 §8.6: an offer none of whose types is understood. */
  #checkTypes(remote: MessageDescription): void {
    const { acceptTypes = ['*'], acceptWrappedTypes = [] } = this.wishes
    const ours = {
      acceptTypes: acceptTypesFor(acceptTypes),
      acceptWrappedTypes: wrappedTypesFor(acceptWrappedTypes, acceptTypes),
    }
    if (understands(ours, remote)) return
    throw notAcceptable(`none of the types ${remote.acceptTypes.join(' ')} is understood`)
  }

  #fits(remote: MessageDescription): Promise<boolean> {
    return fitsPath(remote, this.#room.options.lookup)
  }

  /** The medium goes on as both sides have said now, and begins a session if that takes one. */
  #agreed(active: boolean, remote: MessageDescription, how: How): void {
    this.state = 'agreed'
    this.remote = remote
    this.#begin(active, remote, how)
    this.#onRemote.tell(remote)
  }

  /** The peer says that it is over. */
  #said(remote: MessageDescription, error: MsrpError): void {
    this.remote = remote
    this.over(error)
    this.#onRemote.tell(remote)
  }

  /** Begins a session, unless there is one on the same two paths: that one hears what the peer says now. */
  #begin(active: boolean, remote: MessageDescription, { connectTo, early, connectAfter }: How): void {
    if (this.#stays(remote)) {
      this.#attempt?.peerSays(peerFacts(remote))
      return
    }
    const before = this.#attempt
    if (before?.session === undefined) before?.abort()
    else if (!before.over) this.#keep(before.session)
    const { address: host, port } = remote
    const place = connectTo && host !== undefined ? { connectTo: { host, port } } : {}
    const attempt = new Attempt({
      address: this.#known(),
      remotePath: formatPath(remote.path),
      complete: { ...peerFacts(remote), ...peerCertificate(remote, this.wishes, active), ...place, active },
      early,
      patience: this.#room.options.patience,
      connectAfter,
      clock: this.#room.clock,
      signal: this.#room.options.signal,
    })
    this.#attempt = attempt
    if (this.#settled) {
      this.#opening = opening()
      this.#settled = false
    }
    void this.#open(attempt)
  }

  async #open(attempt: Attempt): Promise<void> {
    try {
      const session = await attempt.open()
      if (this.#attempt !== attempt || this.state === 'over') {
        await session.close()
        return
      }
      this.#settled = true
      // A relay's old path comes to its end by itself; without one nothing else would end what nobody needs any more.
      if (this.wishes.relay === undefined) void this.#earlier?.finish({ incoming: true })
      this.#opening.resolve(session)
      this.#onSession.tell(session)
    } catch (error) {
      if (this.#attempt !== attempt) return
      this.#settled = true
      this.#opening.reject(error)
    }
  }

  #keep(session: Session): void {
    // A peer that goes from path to path would pile them up.
    void this.#earlier?.close()
    this.#earlier = session
  }
}

/** Why an offer or a medium in it is refused. */
export function notAcceptable(why: string): MsrpError {
  return new MsrpError('not-acceptable', `The medium cannot come about: ${why}`)
}

/** Why a peer that wants to connect cannot. */
function unreached({ listen }: MediaWishes): string {
  if (listen === undefined) return 'the peer wants to connect, and there is neither `listen` nor `relay`'
  return 'the peer wants to connect over TLS, and there is no `listen.tls`'
}

function gone(): MsrpError {
  return new MsrpError('closed', 'The medium is over: its port was set to 0')
}

function opening(): PromiseWithResolvers<Session> {
  const deferred = Promise.withResolvers<Session>()
  deferred.promise.catch(() => {})
  return deferred
}
