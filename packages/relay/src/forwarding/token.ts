import type { MsrpUri } from 'msrp/wire'
import type { Changes } from './changes.ts'
import type { ConnectionsByRelay } from './connections-by-relay.ts'
import type { EndReason } from './counters.ts'
import type { Domain } from './domains.ts'
import type { Flow } from './flow.ts'
import type { NextHop } from './next-hop.ts'
import type { RelayConnection } from './relay-connection.ts'
import { addTraffic, SessionUsage } from './session-usage.ts'

/** Peers that a holder has addressed, remembered per token: the answers to one forked offer (RFC 4975 §8.8). */
const ADDRESSED_PEERS = 16

/** Characters of all their URIs together: enough for so many, unless somebody makes them long. */
const ADDRESSED_CHARACTERS = 4096

/**
 * A URI that was handed out in Use-Path, and everything that depends on it (RFC 4976 §6.3, §6.4).
 *
 * A client's token lives with the client's connection. A relay's token is valid on any connection to that relay.
 */
export class Token {
  readonly uri: MsrpUri
  /** Names it where its URI must not be told: who knows that can take part in the session. */
  readonly id: string
  /** When it was handed out, in seconds since 1970, and over which connection. */
  readonly started: number
  readonly client: string
  /** `user@realm`. */
  readonly account: string
  /** The domain that the holder has logged in to. */
  readonly domain: Domain
  /** The relay that obtained it for a client behind it, by its certificate; undefined for a client's token. */
  readonly relayName: string | undefined
  /** The URI in front of this one on the way to the holder: the holder's own, or that of the relay before us. */
  readonly previous: MsrpUri
  /** When it ends, in the clock's milliseconds; later if its holder is not read meanwhile, see `TokenTable`. */
  expiresAt = 0
  /** How long its holder had been held up when it was extended, or taken over by this connection; milliseconds. */
  #heldBefore = 0
  /** It is not valid any more: since when, in seconds since 1970, and why. */
  end: { readonly at: number; readonly reason: EndReason } | undefined
  /** Called when it has ended and the last of what was on its way through under it is gone. */
  onSettled: (() => void) | undefined
  #usage: SessionUsage | undefined
  #flows: Set<Flow> | undefined
  #nextHops: Map<string, NextHop> | undefined
  #holder: RelayConnection | undefined
  /** Connections that have it among their tokens. */
  #holders: RelayConnection[] = []
  readonly #peers: Map<string, RelayConnection> = new Map()
  readonly #addressed: string[] = []
  #addressedCharacters = 0
  readonly #relays: ConnectionsByRelay
  readonly #changes: Changes

  constructor(options: {
    uri: MsrpUri
    id: string
    started: number
    account: string
    domain: Domain
    holder: RelayConnection
    relayName: string | undefined
    previous: MsrpUri
    relays: ConnectionsByRelay
    changes: Changes
  }) {
    this.uri = options.uri
    this.id = options.id
    this.started = options.started
    this.client = options.holder.connection.transport.description
    this.account = options.account
    this.domain = options.domain
    this.relayName = options.relayName
    this.previous = options.previous
    this.#relays = options.relays
    this.#changes = options.changes
    this.hold(options.holder)
  }

  /**
   * The way to the holder: for a relay the connection it used last, or when that is gone any other, which is looked for
   * only now; undefined when there is none at present.
   */
  get holder(): RelayConnection | undefined {
    if (this.#holder === undefined && this.relayName !== undefined && !this.ended) {
      // RFC 4976 §6.3: it is valid on any connection to that relay.
      const other = this.#relays.find(this.relayName)
      if (other !== undefined) this.hold(other)
    }
    return this.#holder
  }

  /** What is on its way through under this token. */
  get flows(): Set<Flow> {
    this.#flows ??= new Set()
    return this.#flows
  }

  /** What flows that are gone have carried under it, and between whom; undefined when there were none. */
  get usage(): SessionUsage | undefined {
    return this.#usage
  }

  /** Messages under it go to somebody, or come from there. */
  met(host: string, address: string): void {
    this.#usage ??= new SessionUsage()
    this.#usage.met(host, address)
  }

  /** It is not valid any more. */
  get ended(): boolean {
    return this.end !== undefined
  }

  /** Connections made from here for this session; see `NextHops`. */
  get nextHops(): Map<string, NextHop> {
    this.#nextHops ??= new Map()
    return this.#nextHops
  }

  /** Inbound connections that stand for a peer of this session. */
  get peers(): Iterable<RelayConnection> {
    return this.#peers.values()
  }

  /** The inbound connection that stands for a peer. */
  peer(uri: MsrpUri): RelayConnection | undefined {
    return this.#peers.get(uri.key)
  }

  /** Whether what comes over this connection comes from the holder (RFC 4976 §6.3). */
  heldBy(connection: RelayConnection): boolean {
    if (this.relayName === undefined) return this.#holder === connection
    return connection.relayNames.includes(this.relayName)
  }

  /** The holder has used it over this connection. */
  hold(connection: RelayConnection): void {
    if (this.#holder === connection) return
    this.#changes.count++
    this.#holder = connection
    this.#heldBefore = connection.heldTime
    if (!this.#holders.includes(connection)) this.#holders.push(connection)
    connection.tokens.add(this)
  }

  /** It ends then, in the clock's milliseconds. */
  extend(expiresAt: number): void {
    this.expiresAt = expiresAt
    this.#heldBefore = this.#holder?.heldTime ?? 0
  }

  /** Milliseconds since it was extended in which an AUTH of its holder would have had to wait, since that was not read. */
  get heldTime(): number {
    return this.#holder === undefined ? 0 : this.#holder.heldTime - this.#heldBefore
  }

  /** The holder has sent a message there. */
  address(peer: MsrpUri): void {
    const { key } = peer
    const characters = this.#addressedCharacters + key.length
    const isFull = this.#addressed.length >= ADDRESSED_PEERS || characters > ADDRESSED_CHARACTERS
    if (isFull || this.#addressed.includes(key)) return
    this.#addressed.push(key)
    this.#addressedCharacters = characters
  }

  /**
   * Lets a peer in over a connection, or not: a session has one peer, the first that comes, and those whom the holder
   * has addressed itself. A peer that comes back over a new connection takes over from its old one.
   */
  admit(peer: MsrpUri, connection: RelayConnection): boolean {
    const known = this.#peers.get(peer.key)
    if (known === connection) return true
    if (known === undefined && !this.#addressed.includes(peer.key) && this.#peers.size > 0) return false
    this.#changes.count++
    this.#peers.set(peer.key, connection)
    connection.peerOf.add(this)
    if (known !== undefined && ![...this.#peers.values()].includes(known)) {
      known.peerOf.delete(this)
      // Most likely it is dead without knowing it. One that serves others as well is left alone.
      if (known.unused && known.relayNames.length === 0) known.connection.fail(undefined)
    }
    return true
  }

  /** A flow is gone. */
  left(flow: Flow): void {
    this.#usage ??= new SessionUsage()
    addTraffic(flow.sentBy(this) ? this.#usage.sent : this.#usage.received, flow.traffic)
    this.#flows?.delete(flow)
    if (this.ended && this.#flows?.size === 0) this.onSettled?.()
  }

  /** A connection is gone. */
  release(connection: RelayConnection): void {
    for (const [key, other] of this.#peers) if (other === connection) this.#peers.delete(key)
    this.#holders = this.#holders.filter((other) => other !== connection)
    if (this.#holder === connection) this.#holder = undefined
  }

  /** It is not valid any more: no connection has anything to do with it. `at` in seconds since 1970. */
  invalidate(at: number, reason: EndReason): void {
    this.end = { at, reason }
    for (const connection of this.#holders) connection.tokens.delete(this)
    for (const connection of this.#peers.values()) connection.peerOf.delete(this)
    this.#holders = []
    this.#peers.clear()
    this.#holder = undefined
  }
}
