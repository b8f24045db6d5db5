import type { Cancel } from '../../connection/index.ts'
import { MsrpError, type MsrpUri } from '../../wire/index.ts'
import { AuthExchange, type AuthRoom } from './auth-exchange.ts'
import type { RelayClientParts } from './parts.ts'
import type { GrantedHop } from './relay-hop.ts'
import { refreshDelay } from './token-lifetime.ts'

/**
 * What refreshes a path is loaded so long after the login, long before it is needed: a page may be older than the server's files.
 * Milliseconds.
 */
const LOAD_AFTER = 30_000

/** What failed for a passing reason is tried again after half of the time left, if that is as many milliseconds or more. */
const LEAST_WAIT = 10_000

/** The relay handed out another path instead of extending the one it had given. */
export interface PathChanged {
  /** The path to use from now on. The peer has to be told, by a new offer (RFC 4976 §9.4). */
  readonly usePath: readonly MsrpUri[]
  readonly previous: readonly MsrpUri[]
  /** Until when the previous path works, in the clock's milliseconds. */
  readonly previousExpiresAt: number
}

/** What a registration needs besides what an AUTH does. */
export interface RegistrationRoom<C extends AuthRoom['connection']> extends AuthRoom {
  /** The connection to the first relay, which the path is bound to (RFC 4976 §6.3). Its end is its owner's to notice. */
  readonly connection: C
}

/** A path through relays that is ours for the time being; made by `authenticate`, which also starts to refresh it. */
export class RelayRegistration<C extends AuthRoom['connection'] = AuthRoom['connection']> {
  /** Called when a refresh brought another path; the previous one goes on to work until it expires. */
  onPathChanged: ((change: PathChanged) => void) | undefined
  /**
   * Called once, when the path has expired because it could not be refreshed (`token-expired`; `cause` says why). The
   * registration is stopped then, the connection left alone.
   */
  onLost: ((error: MsrpError) => void) | undefined
  readonly room: RegistrationRoom<C>
  /** What the relays have granted, nearest first. */
  hops: readonly GrantedHop[]
  #timer: Cancel | undefined
  #over = false

  constructor(room: RegistrationRoom<C>, hops: readonly GrantedHop[]) {
    this.room = room
    this.hops = hops
    this.refreshInTime()
  }

  get connection(): C {
    return this.room.connection
  }

  /** What stands in front of the peer's path in To-Path: nearest relay first (RFC 4976 §5.1). */
  get usePath(): readonly MsrpUri[] {
    return this.hops.flatMap(({ own }) => own)
  }

  /** Until when the path works unless it is refreshed, in the clock's milliseconds. */
  get expiresAt(): number {
    return Math.min(...this.hops.map(({ expiresAt }) => expiresAt))
  }

  /** Whether it was stopped. */
  get over(): boolean {
    return this.#over
  }

  /** Refreshes no more; to be called when the session or the connection is over. The relay lets the path expire. */
  stop(): void {
    this.#over = true
    this.#timer?.()
  }

  /** Asks a relay once more: see `AuthExchange`. */
  ask(hop: GrantedHop, through: readonly MsrpUri[], own?: readonly MsrpUri[]): Promise<GrantedHop | undefined> {
    return new AuthExchange(this.room, hop, through, own).run()
  }

  /** Refreshes it once most of the lifetime has passed that was granted last. */
  refreshInTime(): void {
    const { clock, random } = this.room.platform
    const due = Math.min(
      ...this.hops.map(({ expiresAt, lifetime }) => expiresAt - lifetime + refreshDelay(lifetime, random)),
    )
    this.#at(Math.min(due, clock.now() + LOAD_AFTER), () => this.#refresh(due))
  }

  /**
   * It could not be refreshed, and works until it expires: tries again while there is time, if the reason may pass. `due`: when
   * to refresh it at the earliest.
   */
  failed(cause: unknown, passing: boolean, due: number = 0): void {
    if (this.#over) return
    const { expiresAt } = this
    const now = this.room.platform.clock.now()
    const wait = (expiresAt - now) / 2
    if (passing && wait >= LEAST_WAIT) this.#at(now + wait, () => this.#refresh(due))
    else this.#at(expiresAt, () => this.#expired(cause))
  }

  #expired(cause: unknown): void {
    this.stop()
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    const text = `the path through the relay ${this.hops[0]?.relay.host} has expired and could not be refreshed${why}`
    this.onLost?.(new MsrpError('token-expired', text, { cause }))
  }

  async #refresh(due: number): Promise<void> {
    let part: Awaited<ReturnType<RelayClientParts['pathRefresh']>>
    // Loading may come to no end.
    this.failed(undefined, false)
    try {
      part = await this.room.platform.parts.pathRefresh()
    } catch (error) {
      this.failed(error, true, due)
      return
    }
    if (this.#over) return
    this.#timer?.()
    if (due > this.room.platform.clock.now()) this.#at(due, () => this.#refresh(due))
    else await part.refreshPath(this)
  }

  #at(time: number, action: () => unknown): void {
    const { clock } = this.room.platform
    this.#timer?.()
    this.#timer = clock.after(Math.max(0, time - clock.now()), action)
  }
}
