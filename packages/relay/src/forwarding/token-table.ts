import type { Cancel, Clock } from 'msrp/connection'
import { MsrpUri, newSessionId, type RandomBytes } from 'msrp/wire'
import type { RelayConnection } from './relay-connection.ts'
import { Token } from './token.ts'

/** What a token is made of; `seconds` is its life. */
export interface TokenParts {
  host: string
  port: number
  account: string
  holder: RelayConnection
  relayName: string | undefined
  previous: MsrpUri
  seconds: number
}

/** All tokens that are valid now. */
export class TokenTable {
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #onEnd: (token: Token) => void
  readonly #tokens: Map<string, Token> = new Map()
  readonly #timers: Map<Token, Cancel> = new Map()

  /** `onEnd` is called with the token as it was, and has it end. */
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

  issue({ host, port, seconds, ...parts }: TokenParts): Token {
    // RFC 4976 §6.3: not guessable; the session-id has 128 random bits or more.
    const uri = MsrpUri.build({ scheme: 'msrps', host, port, sessionId: newSessionId(this.#random) })
    const token = new Token({ ...parts, uri })
    this.#tokens.set(uri.sessionId ?? '', token)
    this.extend(token, seconds)
    return token
  }

  /** The valid token with the session-id of a URI, whose authority the caller has found to be ours. */
  find(uri: MsrpUri): Token | undefined {
    return uri.sessionId === undefined ? undefined : this.#tokens.get(uri.sessionId)
  }

  /** Sets a token's end to `seconds` from now. */
  extend(token: Token, seconds: number): void {
    token.expiresAt = this.#clock.now() + seconds * 1000
    this.#arm(token)
  }

  /** Ends a token before or at its time. */
  end(token: Token): void {
    this.#timers.get(token)?.()
    this.#timers.delete(token)
    if (this.#tokens.delete(token.uri.sessionId ?? '')) this.#onEnd(token)
  }

  /** The platform's timers may not reach as far as a token lives; then they go off early. */
  #arm(token: Token): void {
    this.#timers.get(token)?.()
    const left = Math.max(token.expiresAt - this.#clock.now(), 0)
    const expire = (): void => (token.expiresAt > this.#clock.now() ? this.#arm(token) : this.end(token))
    this.#timers.set(token, this.#clock.after(left, expire))
  }
}
