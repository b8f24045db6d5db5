import {
  type Credentials,
  type DigestAlgorithm,
  digestResponse,
  formatAuthenticationInfo,
  formatChallenge,
  formatNonceCount,
  formatPath,
  MsrpError,
  type MsrpUri,
  type RequestHead,
  type ResponseHead,
  rspauth,
} from 'msrp/wire'
import type { Counters } from './counters.ts'
import { NonceCounts, Nonces } from './nonce.ts'
import type { OwnAuthorities } from './own-authorities.ts'
import type { Policy } from './policy/policy.ts'
import type { Refusal } from './policy/refusal.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import type { Token } from './token.ts'
import type { TokenTable } from './token-table.ts'

/** Nonces whose counts are remembered for requests that come through other relays. */
const RELAYED_NONCES = 65_536

/** A response without its paths. */
interface Answer {
  status: number
  comment?: string
  fields?: [name: string, value: string][]
  /** The credentials were wrong. */
  failed?: boolean
}

/** Answers the AUTH requests that are for this relay (RFC 4976 §6.3, §9.1). */
export class Authentication {
  readonly #platform: RelayPlatform
  readonly #settings: RelaySettings
  readonly #own: OwnAuthorities
  readonly #tokens: TokenTable
  readonly #counters: Counters
  readonly #policy: Policy
  readonly #nonces: Nonces
  readonly #relayedCounts: NonceCounts = new NonceCounts(RELAYED_NONCES)

  constructor(options: {
    platform: RelayPlatform
    settings: RelaySettings
    own: OwnAuthorities
    tokens: TokenTable
    counters: Counters
    policy: Policy
  }) {
    this.#platform = options.platform
    this.#settings = options.settings
    this.#own = options.own
    this.#tokens = options.tokens
    this.#counters = options.counters
    this.#policy = options.policy
    const { time, random, hmac, equal } = options.platform
    this.#nonces = new Nonces({ time, random, hmac, equal, lifetime: () => this.#settings.nonceLifetime })
  }

  /** Answers an AUTH. Those of one connection are answered one after another, and nothing more is read meanwhile. */
  answer(head: RequestHead, from: RelayConnection): void {
    from.connection.pauseReading(head)
    from.authenticating = from.authenticating
      .then(() => this.#answer(head, from))
      .catch((error: Error) => {
        this.#platform.log.warn({ connection: from.id, error: error.message }, 'closed: an AUTH could not be answered')
        from.connection.fail(undefined)
      })
  }

  /**
   * Takes note of a relay's answer to an AUTH that was forwarded to it: credentials that were refused there count as
   * well (RFC 4976 §6.3).
   */
  noteForwarded(request: RequestHead, response: ResponseHead, from: RelayConnection): void {
    if (request.fields.get('Authorization') === undefined) return
    if (response.status === 200) from.failedAuths.forgive(whoIn(request))
    const stale = response.fields.all('WWW-Authenticate').some((value) => /stale="?true/i.test(value))
    if (response.status === 401 && !stale) this.#noteFailure(request, from)
  }

  /**
   * Counts a failed AUTH of a client; several of them end its connection. A gateway, with sessions of many accounts on its
   * connection, may fail as often for each of them.
   */
  #noteFailure(head: RequestHead, from: RelayConnection): void {
    this.#counters.authenticationFailures++
    // RFC 4976 §6.3: a connection with another relay is not closed for it.
    if (from.relayNames.length > 0) return
    const failures = from.failedAuths.add(whoIn(head), this.#platform.clock.now())
    const accounts = new Set([...from.tokens].map(({ account }) => account)).size
    if (failures < this.#settings.authFailures * Math.max(1, accounts)) return
    this.#platform.log.warn({ connection: from.id, failures }, 'closed for failed AUTHs')
    from.close()
  }

  async #answer(head: RequestHead, from: RelayConnection): Promise<void> {
    // Guesses that were sent all at once count one by one, too.
    if (!from.connection.open) return
    let answer: Answer
    try {
      answer = await this.#decide(head, from)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#platform.log.warn({ connection: from.id, error: reason }, 'an AUTH could not be checked')
      // Whatever it is, it never means access.
      answer = { status: 403, comment: 'credentials cannot be checked at the moment, try again later' }
    }
    from.respond(head, answer.status, answer.comment, answer.fields)
    if (answer.status === 200) {
      from.failedAuths.forgive(whoIn(head))
      from.prove()
      this.#counters.authentications++
    } else if (answer.failed) {
      this.#noteFailure(head, from)
    }
    from.connection.resumeReading(head)
  }

  async #decide(head: RequestHead, from: RelayConnection): Promise<Answer> {
    // RFC 4976 §8: AUTH travels over TLS only.
    if (!from.connection.transport.secure) return { status: 403, comment: 'AUTH needs TLS' }
    const { fields } = head
    const previous = fields.fromPath[0]
    const target = fields.toPath.at(-1)
    if (previous === undefined || target === undefined) return { status: 400 }
    const relayName = from.relayNames.includes(previous.host) ? previous.host : undefined
    // Who comes through another relay has that relay vouch for him by its certificate, or is nobody (RFC 4976 §6.3).
    if (relayName === undefined && fields.fromPath.length > 1) {
      return { status: 403, comment: 'the previous relay has not shown a certificate for its name' }
    }
    const binding = relayName === undefined ? `client ${from.id}` : `relay ${relayName} ${previous}`

    if (fields.get('Authorization') === undefined) return this.#challenge(binding, false)
    const credentials = credentialsIn(head)
    if (credentials === undefined) return { ...this.#challenge(binding, false), failed: true }
    const expected = await this.#expectedResponse(credentials, target)
    const nonce = this.#nonces.check(credentials.nonce, binding)
    const right =
      this.#platform.equal(credentials.response, expected.response) &&
      expected.known &&
      nonce !== 'forged' &&
      credentials.realm === this.#settings.realm &&
      // RFC 7616 §3.4.6; some clients leave it out.
      (credentials.uri === undefined || credentials.uri === target.toString())
    if (!right) return { ...this.#challenge(binding, false), failed: true }
    const counts = relayName === undefined ? from.nonceCounts : this.#relayedCounts
    if (nonce === 'stale' || !counts.use(credentials.nonce, Number.parseInt(credentials.nc, 16))) {
      return this.#challenge(binding, true)
    }

    const life = this.#life(fields.expires)
    if (typeof life !== 'number') return life
    // Meanwhile the connection may have gone, and what it would get with it.
    if (!from.connection.open) return { status: 403 }
    const token = this.#grant(head, from, relayName, credentials.username, life)
    const proof: [name: string, value: string] = [
      'Authentication-Info',
      formatAuthenticationInfo({
        nextnonce: this.#nonces.issue(binding),
        rspauth: expected.rspauth,
        cnonce: credentials.cnonce,
        nc: formatNonceCount(Number.parseInt(credentials.nc, 16)),
      }),
    ]
    // Other relays say 403 for a wrong password. Whoever gets the proof that it was right knows that the comment counts.
    if (!('uri' in token)) return token.status === 403 ? { ...token, fields: [proof] } : token
    return {
      status: 200,
      fields: [['Use-Path', this.#usePath(head, token)], ['Expires', String(life)], proof],
    }
  }

  /** What the right response would be. For an unknown user as much is computed, so that time tells nothing. */
  async #expectedResponse(
    credentials: Credentials,
    target: MsrpUri,
  ): Promise<{ known: boolean; response: string; rspauth: string }> {
    const { algorithm: named, username, realm, nonce, nc, cnonce } = credentials
    const algorithm: DigestAlgorithm = named ?? 'md5'
    const offered = named !== undefined && this.#settings.algorithms.includes(named)
    const found = await this.#platform.users.ha1(username, realm, algorithm)
    const { hash } = this.#platform
    const ha1 = found ?? hash(algorithm, nonce)
    const input = { algorithm, ha1, nonce, nc, cnonce, uri: credentials.uri ?? target.toString() }
    return {
      known: found !== undefined && offered,
      response: digestResponse(hash, input),
      rspauth: rspauth(hash, input),
    }
  }

  #challenge(binding: string, stale: boolean): Answer {
    return {
      status: 401,
      fields: this.#settings.algorithms.map((algorithm) => [
        'WWW-Authenticate',
        formatChallenge({
          realm: this.#settings.realm,
          nonce: this.#nonces.issue(binding),
          opaque: 'msrp',
          stale,
          algorithm,
          qop: ['auth'],
        }),
      ]),
    }
  }

  /** The life that a token gets, in seconds, or a 423 (RFC 4976 §6.3). */
  #life(asked: number | undefined): number | Answer {
    const { default: usual, minimum, maximum } = this.#settings.expires
    if (asked === undefined) return usual
    if (asked < minimum) return { status: 423, fields: [['Min-Expires', String(minimum)]] }
    if (asked > maximum) return { status: 423, fields: [['Max-Expires', String(maximum)]] }
    return asked
  }

  /** A new token, or the one that the AUTH was addressed to, extended. */
  #grant(
    head: RequestHead,
    from: RelayConnection,
    relayName: string | undefined,
    username: string,
    seconds: number,
  ): Token | Answer {
    const account = `${username}@${this.#settings.realm}`
    const target = head.fields.toPath.at(-1)
    const previous = head.fields.fromPath[0]
    if (previous === undefined) return { status: 400 }
    // Only now that the credentials were right: whoever guesses does not learn who is denied. What a denied user has
    // already is not extended either.
    const denied = this.#policy.accessRefusal(account)
    if (denied !== undefined) return this.#refuse(denied, account, from)
    if (target?.sessionId !== undefined) {
      const token = this.#tokens.find(target)
      const held = token?.heldBy(from) && token.account === account && token.uri.equals(target)
      // Behind a relay, the same way in as well: the token leads nowhere else.
      if (token === undefined || !held || (relayName !== undefined && !token.previous.equals(previous))) {
        return { status: 481, comment: 'no such session at this relay' }
      }
      this.#tokens.extend(token, seconds)
      return token
    }
    const refusal = this.#tokens.refusal({ account, holder: from, relayName, previous })
    if (refusal !== undefined) return { status: 403, comment: refusal }
    const excess = this.#policy.usages.refusal(account)
    if (excess !== undefined) return this.#refuse(excess, account, from)
    const { host, port } = this.#own.advertised
    return this.#tokens.issue({ host, port, account, holder: from, relayName, previous, seconds })
  }

  #refuse({ status, comment, counter }: Refusal, account: string, from: RelayConnection): Answer {
    this.#counters.policyRefusals[counter]++
    this.#platform.log.info({ connection: from.id, account, reason: comment }, 'an AUTH was refused')
    return { status, comment }
  }

  /** RFC 4976 §4.2, §5.1: in the order in which the client will send through the relays. */
  #usePath(head: RequestHead, token: Token): string {
    const relaysBefore = head.fields.fromPath.slice(0, -1).reverse()
    return formatPath([...relaysBefore, token.uri])
  }
}

/** Whose credentials an AUTH brings, and to which relay: one relay's word says nothing about guesses at another. */
function whoIn(head: RequestHead): string {
  return `${head.fields.toPath.at(-1)?.authorityKey} ${credentialsIn(head)?.username ?? ''}`
}

/** Undefined when they are not Digest as RFC 4976 §9.1 wants it. */
function credentialsIn(head: RequestHead): Credentials | undefined {
  try {
    return head.fields.authorization
  } catch (error) {
    if (error instanceof MsrpError && error.code === 'malformed') return undefined
    throw error
  }
}
