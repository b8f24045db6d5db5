import type { Cancel, Clock } from '../../connection/index.ts'
import { MsrpError, type MsrpUri, type RandomBytes } from '../../wire/index.ts'
import type { AuthConnection } from './auth-connection.ts'
import { authExchange } from './auth-exchange.ts'
import type { RelayHop } from './relay-hop.ts'
import { grantedExpires, refreshDelay } from './token-lifetime.ts'
import { pathForSdp, samePath, usePathOf } from './use-path.ts'

/** A refresh that failed for a passing reason is tried again after half of the time left, if that is as many ms or more. */
const LEAST_WAIT = 10_000

/** The relay handed out another path instead of extending the one it had given. */
export interface PathChanged {
  /** The path to use from now on. The peer has to be told, by a new offer (RFC 4976 §9.4). */
  readonly usePath: readonly MsrpUri[]
  readonly previous: readonly MsrpUri[]
  /** Until when the previous path works, in the clock's milliseconds. */
  readonly previousExpiresAt: number
}

/** A path through relays that is ours for the time being; made by `authenticate`, which also starts to refresh it. */
export class RelayRegistration<C extends AuthConnection = AuthConnection> {
  /** The connection to the first relay, which the path is bound to (RFC 4976 §6.3). Its end is its owner's to notice. */
  readonly connection: C
  readonly localUri: MsrpUri
  /** Called when a refresh brought another path; the previous one goes on to work until it expires. */
  onPathChanged: ((change: PathChanged) => void) | undefined
  /**
   * Called once, when the path has expired because it could not be refreshed (`token-expired`; `cause` says why). The
   * registration is stopped then, the connection left alone.
   */
  onLost: ((error: MsrpError) => void) | undefined
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #stopped = new AbortController()
  #hops: RelayHop[]
  #timer: Cancel | undefined

  constructor(options: { connection: C; localUri: MsrpUri; clock: Clock; random: RandomBytes; hops: RelayHop[] }) {
    this.connection = options.connection
    this.localUri = options.localUri
    this.#clock = options.clock
    this.#random = options.random
    this.#hops = options.hops
    this.#armRefresh()
  }

  /** What stands in front of the peer's path in To-Path: nearest relay first (RFC 4976 §5.1). */
  get usePath(): readonly MsrpUri[] {
    return pathOf(this.#hops)
  }

  /** Until when the path works unless it is refreshed, in the clock's milliseconds. */
  get expiresAt(): number {
    return Math.min(...this.#hops.map(({ expiresAt }) => expiresAt))
  }

  /** The path to give to the peer in SDP: outermost relay first, our own URI last (RFC 4976 §5.1). */
  pathForSdp(own: MsrpUri = this.localUri): MsrpUri[] {
    return pathForSdp(this.usePath, own)
  }

  /** Refreshes no more; to be called when the session or the connection is over. The relay lets the path expire. */
  stop(): void {
    this.#stopped.abort()
    this.#timer?.()
    this.#timer = undefined
  }

  get #over(): boolean {
    return this.#stopped.signal.aborted
  }

  #armRefresh(): void {
    const due = this.#hops.map(({ expiresAt, lifetime }) => expiresAt - lifetime + refreshDelay(lifetime, this.#random))
    this.#arm(Math.min(...due))
  }

  #arm(at: number): void {
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#timer = undefined
      void this.#refresh()
    })
  }

  async #refresh(): Promise<void> {
    let change: PathChanged | undefined
    try {
      change = await this.#refreshAll()
    } catch (error) {
      // Without the connection there is no path to keep (RFC 4976 §6.3), and its owner knows.
      if (!this.#over && this.connection.open) this.#failed(error)
      return
    }
    if (this.#over) return
    this.#armRefresh()
    if (change !== undefined) this.onPathChanged?.(change)
  }

  /** All relays in turn: where one hands out another URI, those behind it have to be asked through that one. */
  async #refreshAll(): Promise<PathChanged | undefined> {
    const before = this.#hops
    const renewed: RelayHop[] = []
    for (const [index, hop] of before.entries()) {
      const next = await this.#refreshHop(hop, pathOf(renewed))
      if (this.#over) return undefined
      renewed.push(next)
      // What was extended is so whatever becomes of the rest.
      if (samePath(next.own, hop.own)) this.#hops = this.#hops.with(index, next)
    }
    const [previous, previousExpiresAt] = [pathOf(before), this.expiresAt]
    this.#hops = renewed
    return samePath(this.usePath, previous) ? undefined : { usePath: this.usePath, previous, previousExpiresAt }
  }

  /** AUTH to the relay's own URI, which extends it with some relays; where that is refused, AUTH as for the first time. */
  async #refreshHop(hop: RelayHop, through: readonly MsrpUri[]): Promise<RelayHop> {
    try {
      return await this.#ask(hop, through, hop.own)
    } catch (error) {
      if (this.#over || !this.connection.open) throw error
      return await this.#ask(hop, through, [hop.relay])
    }
  }

  async #ask(hop: RelayHop, through: readonly MsrpUri[], target: readonly MsrpUri[]): Promise<RelayHop> {
    const result = await authExchange({
      connection: this.connection,
      clock: this.#clock,
      digest: hop.digest,
      relay: hop.relay,
      ways: hop.ways,
      toPath: [...through, ...target],
      fromPath: this.localUri,
      expires: hop.askedExpires,
      signal: this.#stopped.signal,
    })
    if (result.kind === 'unreadable-423') {
      throw new MsrpError('malformed', `the relay ${hop.relay.host} refuses Expires with a 423 that cannot be read`)
    }
    const lifetime = grantedExpires(result.head, result.expires) * 1000
    // A relay that extends its URI need not repeat it.
    const extended = target === hop.own && result.head.fields.get('Use-Path') === undefined
    const own = extended ? hop.own : usePathOf(result.head, through).slice(through.length)
    return { ...hop, own, lifetime, expiresAt: result.sentAt + lifetime, askedExpires: result.expires }
  }

  /** The path still works: tries again while there is time, unless the relay has made up its mind. */
  #failed(error: unknown): void {
    const left = this.expiresAt - this.#clock.now()
    const passing = error instanceof MsrpError && (error.code === 'timeout' || error.code === 'refused')
    if (passing && left / 2 >= LEAST_WAIT) {
      this.#arm(this.#clock.now() + left / 2)
      return
    }
    this.#timer = this.#clock.after(Math.max(0, left), () => this.#expired(error))
  }

  #expired(cause: unknown): void {
    this.stop()
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    const text = `the path through the relay ${this.#hops[0]?.relay.host} has expired and could not be refreshed${why}`
    this.onLost?.(new MsrpError('token-expired', text, { cause }))
  }
}

function pathOf(hops: readonly RelayHop[]): MsrpUri[] {
  return hops.flatMap(({ own }) => own)
}
