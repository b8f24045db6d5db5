import { DEFAULT_LIMITS, type ParserLimits, type RequestHead } from 'msrp/wire'
import type { Counters } from './counters.ts'
import type { Domains } from './domains.ts'
import { outgrows } from './growth.ts'
import type { OwnAuthorities } from './own-authorities.ts'
import type { RelayConnection } from './relay-connection.ts'
import { type Route, route, type Way } from './route.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import { isForSibling, passing } from './sibling-passages.ts'
import type { Siblings } from './siblings.ts'
import type { TokenTable } from './token-table.ts'

/** Finds the way of each request, and turns away what has none. */
export class Ways {
  readonly #platform: RelayPlatform
  readonly #counters: Counters
  readonly #ours: { own: OwnAuthorities; domains: Domains; tokens: TokenTable; siblings: Siblings }
  #limits: ParserLimits

  constructor(options: {
    platform: RelayPlatform
    counters: Counters
    settings: RelaySettings
    own: OwnAuthorities
    domains: Domains
    tokens: TokenTable
    siblings: Siblings
  }) {
    const { platform, counters, settings, own, domains, tokens, siblings } = options
    this.#platform = platform
    this.#counters = counters
    this.#ours = { own, domains, tokens, siblings }
    this.#limits = { ...DEFAULT_LIMITS, ...settings.limits }
  }

  reconfigure(settings: RelaySettings): void {
    this.#limits = { ...DEFAULT_LIMITS, ...settings.limits }
  }

  /** Where a request goes; undefined when it does not go on, as its sender has been told. */
  of(head: RequestHead, from: RelayConnection): Way | undefined {
    const { sibling } = from
    const { own, siblings } = this.#ours
    const way = passing(head, from, own, siblings) ?? route(head, from, this.#ours)
    if (way.kind !== 'forward') {
      this.#turnAway(way, head, from)
      return undefined
    }
    if (!this.mayGrow(head, from, way)) return undefined
    if (way.to.kind === 'sibling') from.entrust()
    else from.prove()
    if (sibling?.kind === 'passage') sibling.near.prove()
    return way
  }

  /** Whether a request has room for what the way adds to it; if not, its sender is told. */
  mayGrow(head: RequestHead, from: RelayConnection, way: Way): boolean {
    if (!outgrows(head, way, this.#limits)) return true
    from.refuse(head, 400, 'with one more URI in From-Path the header is too long')
    return false
  }

  /** A path leads to this relay and no further; that of an AUTH by a domain that it serves as well. */
  endHere({ method, fields: { toPath } }: RequestHead, from: RelayConnection): boolean {
    const { own, domains, siblings } = this.#ours
    const [first, next] = toPath
    if (first === undefined || next !== undefined || isForSibling(toPath, from, siblings)) return false
    return method === 'AUTH' ? domains.addressed(first) !== undefined : own.includesRelay(first)
  }

  #turnAway(way: Exclude<Route, Way>, head: RequestHead, from: RelayConnection): void {
    if (way.kind === 'misdirected') {
      this.#counters.misdirected++
      // RFC 4976 §6.2 has the connection dropped; that with another relay carries the sessions of others.
      if (from.relayNames.length > 0) {
        from.refuse(head, 481, 'this is another relay')
        return
      }
      this.#platform.log.info({ connection: from.id }, 'closed: a request was addressed to another relay')
      from.connection.fail(undefined)
      return
    }
    if (way.reason === 'unknown-token') this.#counters.unknownTokens++
    if (way.reason === 'intruder') this.#counters.intruders++
    from.refuse(head, way.status, way.comment)
  }
}
