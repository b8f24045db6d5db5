import type { Clock } from 'msrp/connection'
import type { Resolver, SrvTarget } from 'msrp/node'

/** How long it is remembered that a name could not be found, in milliseconds. */
const REMEMBERED = 5_000

/** Names that are remembered at one time; the oldest is forgotten for the next. */
const MOST = 1000

/** Characters of the longest name in DNS (RFC 1035 §2.3.4); what is longer is refused without asking anybody. */
const LONGEST = 255

/**
 * A resolver that does not look a name up again for some seconds when it could not be found: sessions that come back one
 * after the other do not wait for a silent DNS each.
 */
export class FailedNames implements Resolver {
  readonly #resolver: Resolver
  readonly #clock: Clock
  readonly #failures: Map<string, { until: number; error: unknown }> = new Map()

  constructor(resolver: Resolver, clock: Clock) {
    this.#resolver = resolver
    this.#clock = clock
  }

  async lookup(host: string, signal?: AbortSignal): Promise<readonly string[]> {
    const known = this.#failures.get(host)
    if (known !== undefined && this.#clock.now() < known.until) throw known.error
    try {
      return await this.#resolver.lookup(host, signal)
    } catch (error) {
      if (host.length <= LONGEST) this.#remember(host, error)
      throw error
    }
  }

  resolveSrv(name: string): Promise<readonly SrvTarget[]> {
    return this.#resolver.resolveSrv(name)
  }

  #remember(host: string, error: unknown): void {
    this.#failures.delete(host)
    this.#failures.set(host, { until: this.#clock.now() + REMEMBERED, error })
    const oldest = this.#failures.keys().next().value
    if (this.#failures.size > MOST && oldest !== undefined) this.#failures.delete(oldest)
  }
}
