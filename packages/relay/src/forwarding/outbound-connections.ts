import type { Transport } from 'msrp/connection'
import { type HeaderFields, MsrpError } from 'msrp/wire'
import type { Counters, DialResult } from './counters.ts'
import type { NextHop } from './next-hop.ts'
import { type Hop, NextHops } from './next-hops.ts'
import { type OutboundPlace, OutboundShares } from './outbound-shares.ts'
import type { RelayConnection, RelayConnectionOptions } from './relay-connection.ts'
import type { Destination } from './route.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import { type Passing, SiblingPassages } from './sibling-passages.ts'
import { type SiblingGreeting, siblingName } from './siblings.ts'
import type { Token } from './token.ts'

/** A connection as it comes into being; the rest is the same for all of a relay. */
export type NewConnection = Pick<
  RelayConnectionOptions,
  'transport' | 'certificateNames' | 'inbound' | 'madeFor' | 'user' | 'sibling'
>

/** Connections that this relay makes: to next hops, and to its other workers. */
export class OutboundConnections {
  readonly #platform: RelayPlatform
  readonly #settings: RelaySettings
  readonly #counters: Counters
  readonly #adopt: (connection: NewConnection, place?: OutboundPlace) => RelayConnection
  readonly #shares: OutboundShares
  /** What connections made from here take of them. */
  readonly #places: Map<RelayConnection, OutboundPlace> = new Map()
  readonly #nextHops: NextHops
  readonly #passages: SiblingPassages

  /** `adopt`: has the relay take a connection as one of its own; with a `place` it calls `opened` before anything comes in. */
  constructor(options: {
    platform: RelayPlatform
    settings: RelaySettings
    counters: Counters
    adopt: (connection: NewConnection, place?: OutboundPlace) => RelayConnection
  }) {
    const { platform, settings, counters, adopt } = options
    this.#platform = platform
    this.#settings = settings
    this.#counters = counters
    this.#adopt = adopt
    this.#shares = new OutboundShares(() => settings.outboundConnections)
    this.#nextHops = new NextHops({
      dial: (hop, shared) => this.#dial(hop, shared),
      sharedTo: () => settings.sharedConnectionsTo,
    })
    this.#passages = new SiblingPassages((passage) => this.#dialPassage(passage))
  }

  /** What leads there; it is made when there is nothing. */
  to(destination: Exclude<Destination, { kind: 'connection' }>): NextHop {
    if (destination.kind === 'sibling') return this.#passages.get(destination.passing)
    return this.find(destination.hop) ?? this.#nextHops.make(destination.hop)
  }

  /** What leads to a next hop already, or will soon. */
  find(hop: Hop): NextHop | undefined {
    return this.#nextHops.find(hop)
  }

  /** The relay at a next hop has granted a token to a client of ours: see `NextHops.rename`. */
  rename(hop: Hop, granted: HeaderFields): void {
    this.#nextHops.rename(hop, granted)
  }

  /** A connection that takes a place is one of the relay's now. */
  opened(connection: RelayConnection, place: OutboundPlace): void {
    this.#places.set(connection, place)
    place.made()
  }

  /** A connection is gone, whoever made it. */
  gone(connection: RelayConnection): void {
    this.#places.get(connection)?.release()
    this.#places.delete(connection)
    this.#nextHops.purge()
    this.#passages.end(connection)
    if (connection.sibling?.kind === 'passage') this.#passages.lost(connection, connection.sibling.near)
  }

  async #dial({ token, uri, isRelay, sibling }: Hop, shared: boolean): Promise<RelayConnection> {
    const { log } = this.#platform
    const place = this.#shares.take(token.account)
    if (typeof place === 'string') {
      const { total } = this.#shares
      this.#counters.dials.limit++
      log.warn({ account: token.account, total, reason: place }, 'not connected: too many connections to next hops')
      throw new MsrpError('limit-exceeded', place)
    }
    try {
      if (sibling !== undefined) return await this.#dialHop(sibling, token, place)
      const { transport, certificateNames } = await this.#platform.dial({
        uri,
        kind: isRelay ? 'relay' : 'peer',
        as: token.uri.host,
      })
      this.#counters.dials.connected++
      return this.#adopt(
        {
          transport,
          // Who is dialled as the last hop is no relay, whatever its certificate.
          certificateNames: isRelay ? certificateNames : [],
          inbound: false,
          madeFor: shared ? undefined : token,
        },
        place,
      )
    } catch (error) {
      place.release()
      this.#counters.dials[dialResult(error)]++
      const reason = error instanceof Error ? error.message : String(error)
      log.info({ account: token.account, host: uri.host, port: uri.port, error: reason }, 'cannot reach a next hop')
      throw error
    }
  }

  async #dialHop(index: number, token: Token, place: OutboundPlace): Promise<RelayConnection> {
    const { index: ours = 0 } = this.#settings.worker ?? {}
    const transport = await this.#dialSibling(index, { kind: 'hop', index: ours })
    const certificateNames = [siblingName(index)]
    return this.#adopt(
      { transport, certificateNames, inbound: false, madeFor: token, sibling: { kind: 'hop', index } },
      place,
    )
  }

  async #dialPassage({ near, index }: Passing): Promise<RelayConnection> {
    const { description, secure } = near.connection.transport
    const certificateNames = near.relayNames
    const transport = await this.#dialSibling(index, { kind: 'stand-in', description, secure, certificateNames })
    return this.#adopt({
      transport,
      certificateNames: [siblingName(index)],
      inbound: false,
      sibling: { kind: 'passage', near },
    })
  }

  #dialSibling(index: number, greeting: SiblingGreeting): Promise<Transport> {
    const { dialSibling } = this.#platform
    if (dialSibling === undefined) throw new MsrpError('unreachable', 'there are no other workers')
    return dialSibling(index, greeting)
  }
}

function dialResult(error: unknown): DialResult {
  if (!(error instanceof MsrpError)) return 'unreachable'
  if (error.code === 'refused') return 'denied'
  if (error.code === 'timeout') return 'timeout'
  return error.code.startsWith('tls-') ? 'tls' : 'unreachable'
}
