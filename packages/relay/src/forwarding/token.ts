import type { Cancel, Clock } from 'msrp/connection'
import { MsrpUri, newSessionId, type RandomBytes } from 'msrp/wire'
import type { NextHop } from './next-hop.ts'
import type { RelayConnection } from './relay-connection.ts'

/** Peers that a holder has addressed, remembered per token: the answers to one forked offer (RFC 4975 §8.8). */
const ADDRESSED_PEERS = 16

/**
 * A URI that was handed out in Use-Path, and everything that depends on it (RFC 4976 §6.3, §6.4).
 *
 * A client's token lives with the client's connection. A relay's token is valid on any connection to that relay.
 */
export class Token {
  readonly uri: MsrpUri
  readonly account: string
  /** The relay that obtained it for a client behind it, by its certificate; undefined for a client's token. */
  readonly relayName: string | undefined
  /** The holder's connection: for a relay the one it used last, undefined when there is none at present. */
  holder: RelayConnection | undefined
  /** When it ends, in the clock's milliseconds. */
  expiresAt = 0
  /** Inbound connections that stand for a peer of this session, by the peer's URI. */
  readonly peers: Map<string, RelayConnection> = new Map()
  /** Connections made from here for this session, by the far side's scheme, host and port. */
  readonly nextHops: Map<string, NextHop> = new Map()
  readonly #addressed: Set<string> = new Set()

  constructor(options: { uri: MsrpUri; account: string; holder: RelayConnection; relayName: string | undefined }) {
    this.uri = options.uri
    this.account = options.account
    this.holder = options.holder
    this.relayName = options.relayName
  }

  /** Whether what comes over this connection comes from the holder (RFC 4976 §6.3). */
  heldBy(connection: RelayConnection): boolean {
    if (this.relayName === undefined) return this.holder === connection
    return connection.relayNames.includes(this.relayName)
  }

  /** The holder has sent a message there. */
  address(peer: MsrpUri): void {
    if (this.#addressed.size < ADDRESSED_PEERS) this.#addressed.add(peer.key)
  }

  /**
   * Lets a peer in over a connection, or not: a session has one peer, the first that comes, and those whom the holder
   * has addressed itself. A peer that comes back over a new connection takes over from its old one.
   */
  admit(peer: MsrpUri, connection: RelayConnection): boolean {
    const known = this.peers.get(peer.key)
    if (known === connection) return true
    if (known === undefined && !this.#addressed.has(peer.key) && this.peers.size > 0) return false
    // The old connection is most likely dead without knowing it; one that serves others as well is left alone.
    if (known !== undefined && known.relayNames.length === 0 && known.tokens.size === 0)
      known.connection.fail(undefined)
    this.peers.set(peer.key, connection)
    return true
  }

  /** A connection is gone. */
  release(connection: RelayConnection): void {
    for (const [key, other] of this.peers) if (other === connection) this.peers.delete(key)
    if (this.holder === connection) this.holder = undefined
  }
}

/** All tokens that are valid now. */
export class TokenTable {
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #onEnd: (token: Token) => void
  readonly #tokens: Map<string, Token> = new Map()
  readonly #timers: Map<Token, Cancel> = new Map()

  constructor(options: { clock: Clock; random: RandomBytes; onEnd: (token: Token) => void }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#onEnd = options.onEnd
  }

  get size(): number {
    return this.#tokens.size
  }

  [Symbol.iterator](): IterableIterator<Token> {
    return this.#tokens.values()
  }

  /** Makes a token. `seconds` is its life. */
  issue(options: {
    host: string
    port: number
    account: string
    holder: RelayConnection
    relayName: string | undefined
    seconds: number
  }): Token {
    const { host, port, account, holder, relayName } = options
    // RFC 4976 §6.3: not guessable; the session-id has 128 random bits or more.
    const uri = MsrpUri.build({ scheme: 'msrps', host, port, sessionId: newSessionId(this.#random) })
    const token = new Token({ uri, account, holder, relayName })
    this.#tokens.set(uri.sessionId ?? '', token)
    this.extend(token, options.seconds)
    return token
  }

  /** The valid token with the session-id of a URI, whose authority the caller has found to be ours. */
  find(uri: MsrpUri): Token | undefined {
    return uri.sessionId === undefined ? undefined : this.#tokens.get(uri.sessionId)
  }

  /** Sets a token's end to `seconds` from now. */
  extend(token: Token, seconds: number): void {
    this.#timers.get(token)?.()
    token.expiresAt = this.#clock.now() + seconds * 1000
    this.#timers.set(
      token,
      this.#clock.after(seconds * 1000, () => this.end(token)),
    )
  }

  /** Ends a token before or at its time. */
  end(token: Token): void {
    this.#timers.get(token)?.()
    this.#timers.delete(token)
    if (this.#tokens.delete(token.uri.sessionId ?? '')) this.#onEnd(token)
  }
}
