import type { Session } from '../session/api.ts'
import { formatPath, type MsrpError } from '../wire/index.ts'
import type { MediaWishes, MessageDescription } from './api.ts'
import { Attempt } from './attempt.ts'
import { Listeners } from './listeners.ts'
import type { LocalAddress } from './local-address.ts'
import type { MediumRoom } from './medium-room.ts'
import { peerCertificate, peerFacts } from './peer-facts.ts'

/** How a session begins. */
export interface SessionStart {
  /** We connect, or send the first request. */
  readonly active: boolean
  /** At c- and m-line, not at the path. */
  readonly connectTo: boolean
  /** The peer may not have read our answer yet. */
  readonly early: boolean
  readonly connectAfter?: Promise<unknown> | undefined
}

/** The sessions of a medium, one after the other as paths change. */
export class MediumSessions {
  /** Each that has opened. */
  readonly opened: Listeners<Session> = new Listeners()
  readonly #room: MediumRoom
  #attempt: Attempt | undefined
  /** The one before the present one, for what is under way on it; it ends with that, with its path, or when the next one comes. */
  #earlier: Session | undefined
  #opening: PromiseWithResolvers<Session> = opening()
  #settled = false
  #over = false

  constructor(room: MediumRoom) {
    this.#room = room
  }

  /** The present one, once it is open. */
  get present(): Promise<Session> {
    return this.#opening.promise
  }

  /** Whether the present one has ended, or did not come about. */
  get ended(): boolean {
    return this.#attempt?.over === true
  }

  /** Whether we have connected to the present one. */
  get active(): boolean {
    return this.#attempt?.active === true
  }

  /** Our path of the present one; undefined before the first. */
  get localPath(): string | undefined {
    return this.#attempt?.localPath
  }

  /** Whether what the peer says leaves the present one as it is. */
  stays(remote: MessageDescription, address: LocalAddress | undefined): boolean {
    const attempt = this.#attempt
    if (attempt === undefined || attempt.over || address?.dead === true) return false
    return attempt.remotePath === formatPath(remote.path) && attempt.localPath === address?.path
  }

  /** Begins a session, unless there is one on the same two paths: that one hears what the peer says now. */
  begin(address: LocalAddress, remote: MessageDescription, wishes: MediaWishes, start: SessionStart): void {
    if (this.stays(remote, address)) {
      this.#attempt?.peerSays(peerFacts(remote))
      return
    }
    const { active, connectTo, early, connectAfter } = start
    const before = this.#attempt
    if (before?.session === undefined) before?.abort()
    else if (!before.over) this.#keep(before.session)
    const { options, clock } = this.#room
    const { address: host, port } = remote
    const secure = active ? remote.path[0]?.secure === true : address.secure
    const place = connectTo && host !== undefined ? { connectTo: { host, port } } : {}
    const attempt = new Attempt({
      address,
      remotePath: formatPath(remote.path),
      complete: { ...peerFacts(remote), ...peerCertificate(remote, wishes, secure), ...place, active },
      early,
      patience: options.patience,
      connectAfter,
      clock,
      signal: options.signal,
    })
    this.#attempt = attempt
    if (this.#settled) {
      this.#opening = opening()
      this.#settled = false
    }
    void this.#open(attempt, wishes)
  }

  /** Gives up the present one, unless it is open. */
  giveUp(): void {
    if (this.#attempt?.session === undefined) this.#attempt?.abort()
  }

  /** Closes all, and begins no more. */
  over(error: MsrpError): void {
    this.#over = true
    this.#attempt?.abort()
    this.#opening.reject(error)
    for (const session of [this.#earlier, this.#attempt?.session]) void session?.close()
  }

  async #open(attempt: Attempt, { relay }: MediaWishes): Promise<void> {
    try {
      const session = await attempt.open()
      if (this.#attempt !== attempt || this.#over) {
        await session.close()
        return
      }
      this.#settled = true
      this.#opening.resolve(session)
      this.opened.tell(session)
      // A relay's old path comes to its end by itself; without one nothing else would end what nobody needs any more.
      if (relay === undefined) void this.#earlier?.finish({ incoming: true })
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

function opening(): PromiseWithResolvers<Session> {
  const deferred = Promise.withResolvers<Session>()
  deferred.promise.catch(() => {})
  return deferred
}
