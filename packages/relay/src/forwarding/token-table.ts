import type { Cancel, Clock } from 'msrp/connection'
import { MsrpUri, newSessionId, type RandomBytes } from 'msrp/wire'
import type { Changes } from './changes.ts'
import type { ConnectionsByRelay } from './connections-by-relay.ts'
import type { EndReason } from './counters.ts'
import type { Domain } from './domains.ts'
import type { Usages } from './limits/usages.ts'
import { ownText } from './own-text.ts'
import type { RelayConnection } from './relay-connection.ts'
import { Token } from './token.ts'

/** What one token is taken to cost, in bytes: it is less, but for the peers that it has addressed. */
const TOKEN_BYTES = 4096

/** Tokens that everybody may hold, however many there are: as many as fit into what a connection may cost. */
const LEAST_TOKENS = 16

/** Characters of the URI that a token leads back to; it is kept as long as the token. */
const PREVIOUS_CHARACTERS = 1024

/**
 * An AUTH that extends a token waits behind what its holder has sent before, some megabytes in the buffers of two operating
 * systems. So the time in which the holder is not read does not count, up to so many milliseconds after the token's own:
 * nobody keeps it for good by sending to somebody slow.
 */
const GRACE = 600_000

/** While it does not count, what is left stands still, and may be little. Milliseconds. */
const LEAST_WAIT = 1_000

/** What a token is made of; `seconds` is its life. */
export interface TokenParts {
  port: number
  account: string
  /** Its host is that of the URI. */
  domain: Domain
  holder: RelayConnection
  relayName: string | undefined
  previous: MsrpUri
  seconds: number
}

/** All tokens that are valid now. */
export class TokenTable {
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #time: () => number
  readonly #onEnd: (token: Token, reason: EndReason) => void
  /** Makes the names of sessions unique over restarts. */
  readonly #start: string
  #issued = 0
  readonly #tokens: Map<string, Token> = new Map()
  readonly #timers: Map<Token, Cancel> = new Map()
  /** How many each account holds that came through other relays. */
  readonly #relayed: Map<string, number> = new Map()
  readonly #relays: ConnectionsByRelay
  readonly #changes: Changes
  readonly #usages: Usages
  readonly #most: () => number
  readonly #bytes: () => number
  readonly #prefix: string

  /**
   * `time` in seconds since 1970. `onEnd` is called with the token as it was, and has it end. `most`: what one connection may hold, or one account
   * through other relays; `bytes`: what all of them may take, but for those that everybody may hold.
   */
  constructor(options: {
    clock: Clock
    time: () => number
    random: RandomBytes
    onEnd: (token: Token, reason: EndReason) => void
    relays: ConnectionsByRelay
    changes: Changes
    usages: Usages
    most: () => number
    bytes: () => number
    /** What session-ids begin with. */
    prefix?: string
  }) {
    this.#clock = options.clock
    this.#time = options.time
    this.#random = options.random
    this.#start = newSessionId(options.random)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .slice(0, 8)
    this.#onEnd = options.onEnd
    this.#relays = options.relays
    this.#changes = options.changes
    this.#usages = options.usages
    this.#most = options.most
    this.#bytes = options.bytes
    this.#prefix = options.prefix ?? ''
  }

  get size(): number {
    return this.#tokens.size
  }

  [Symbol.iterator](): IterableIterator<Token> {
    return this.#tokens.values()
  }

  /**
   * Why somebody does not get one more. No old token makes room: one whose session is quiet looks the same as one that
   * was left behind, and is worth more than a new one that is asked for in vain.
   */
  refusal({
    account,
    holder,
    relayName,
    previous,
  }: Omit<TokenParts, 'domain' | 'port' | 'seconds'>): string | undefined {
    if (previous.toString().length > PREVIOUS_CHARACTERS) return 'the first URI in From-Path is too long'
    // A relay's connections carry whom it likes, and their tokens outlive them: there the account is who holds them.
    const held = relayName === undefined ? holder.tokens.size : (this.#relayed.get(account) ?? 0)
    const whose = relayName === undefined ? 'this connection' : 'this account, through other relays,'
    if (held >= this.#most()) return `${whose} holds as many sessions as it may`
    if (held < LEAST_TOKENS || this.size < Math.floor(this.#bytes() / TOKEN_BYTES)) return undefined
    return `${whose} holds as many sessions as it may while there are so many in all`
  }

  issue({ port, seconds, ...parts }: TokenParts): Token {
    // RFC 4976 §6.3: not guessable; the session-id has 128 random bits or more.
    const { host } = parts.domain
    const sessionId = this.#prefix + newSessionId(this.#random)
    const uri = MsrpUri.build({ scheme: 'msrps', host, port, sessionId })
    const account = ownText(parts.account)
    const previous = MsrpUri.parse(ownText(parts.previous.toString()))
    const token = new Token({
      ...parts,
      id: `${this.#start}-${(++this.#issued).toString(36)}`,
      started: this.#time(),
      account,
      previous,
      uri,
      relays: this.#relays,
      changes: this.#changes,
    })
    this.#tokens.set(uri.sessionId ?? '', token)
    if (token.relayName !== undefined) this.#relayed.set(account, (this.#relayed.get(account) ?? 0) + 1)
    this.#usages.opened(account)
    this.extend(token, seconds)
    return token
  }

  /** The valid token with the session-id of a URI, whose authority the caller has found to be ours. */
  find(uri: MsrpUri): Token | undefined {
    return uri.sessionId === undefined ? undefined : this.#tokens.get(uri.sessionId)
  }

  /** The valid token with a session-id. */
  bySessionId(sessionId: string): Token | undefined {
    return this.#tokens.get(sessionId)
  }

  /** Sets a token's end to `seconds` from now. */
  extend(token: Token, seconds: number): void {
    token.extend(this.#clock.now() + seconds * 1000)
    this.#arm(token)
  }

  /** Ends a token before or at its time. */
  end(token: Token, reason: EndReason): void {
    this.#timers.get(token)?.()
    this.#timers.delete(token)
    if (!this.#tokens.delete(token.uri.sessionId ?? '')) return
    if (token.relayName !== undefined) this.#forgetRelayed(token.account)
    this.#usages.closed(token.account)
    this.#onEnd(token, reason)
  }

  #forgetRelayed(account: string): void {
    const left = (this.#relayed.get(account) ?? 0) - 1
    if (left > 0) this.#relayed.set(account, left)
    else this.#relayed.delete(account)
  }

  /** The platform's timers may not reach as far as a token lives; then they go off early. */
  #arm(token: Token, least = 0): void {
    this.#timers.get(token)?.()
    const left = (): number => token.expiresAt + Math.min(token.heldTime, GRACE) - this.#clock.now()
    const expire = (): void => (left() > 0 ? this.#arm(token, LEAST_WAIT) : this.end(token, 'expired'))
    this.#timers.set(token, this.#clock.after(Math.max(left(), least), expire))
  }
}
