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
  newSessionId,
  parseCredentials,
  type RequestHead,
  type ResponseHead,
  rspauth,
} from 'msrp/wire'
import { mayChain } from './chains.ts'
import type { AuthResult, Counters } from './counters.ts'
import type { Domain, Domains } from './domains.ts'
import { isRightUser } from './handshake-user.ts'
import { NonceCounts, Nonces } from './nonce.ts'
import type { OwnAuthorities } from './own-authorities.ts'
import type { Policy } from './policy/policy.ts'
import type { Refusal } from './policy/refusal.ts'
import type { RelayConnection } from './relay-connection.ts'
import type { RelayPlatform, RelaySettings } from './settings.ts'
import type { Token } from './token.ts'
import type { TokenTable } from './token-table.ts'

/** What a client may take for the end of a fault, in seconds, when its credentials cannot be checked. */
const RETRY_AFTER = 10

/** Nonces whose counts are remembered for requests that come through other relays. */
const RELAYED_NONCES = 65_536

/** Characters of a user name that failed, in the log. */
const SHOWN_NAME = 100

const NOT_PROVED = 'the previous relay has not shown a certificate for its name'

/** A response without its paths. */
interface Answer {
  status: number
  comment?: string
  fields?: [name: string, value: string][]
  /** The credentials were wrong. */
  failed?: boolean
  /** They were right, but for a nonce that is too old. */
  stale?: boolean
  /** They could not be checked: who has nothing else here is better off elsewhere. */
  temporary?: boolean
}

/** Who wants a token, and by which way. */
interface Asked {
  target: MsrpUri
  previous: MsrpUri
  from: RelayConnection
  relayName: string | undefined
  username: string
  domain: Domain
}

/** Answers the AUTH requests that are for this relay (RFC 4976 §6.3, §9.1). */
export class Authentication {
  readonly #platform: RelayPlatform
  readonly #settings: RelaySettings
  readonly #own: OwnAuthorities
  readonly #domains: Domains
  readonly #tokens: TokenTable
  readonly #counters: Counters
  readonly #policy: Policy
  readonly #nonces: Nonces
  /** Tells this process from others that make nonces with the same key, and number their connections as it does. */
  readonly #process: string
  readonly #relayedCounts: NonceCounts = new NonceCounts(RELAYED_NONCES)

  constructor(options: {
    platform: RelayPlatform
    settings: RelaySettings
    own: OwnAuthorities
    domains: Domains
    tokens: TokenTable
    counters: Counters
    policy: Policy
  }) {
    this.#platform = options.platform
    this.#settings = options.settings
    this.#own = options.own
    this.#domains = options.domains
    this.#tokens = options.tokens
    this.#counters = options.counters
    this.#policy = options.policy
    const { time, random, hmac, equal } = options.platform
    this.#process = newSessionId(random)
    this.#nonces = new Nonces({ time, random, hmac, equal, lifetime: () => this.#settings.nonceLifetime })
  }

  /** Answers an AUTH. Those of one connection are answered one after another, and nothing more is read meanwhile. */
  answer(head: RequestHead, from: RelayConnection): void {
    from.connection.pauseReading(head)
    const { clock } = this.#platform
    const since = clock.now()
    from.authenticating = from.authenticating
      .then(() => this.#answer(head, from))
      .then(() => this.#counters.authTime.observe((clock.now() - since) / 1000))
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
    const address = addressIn(from.connection.transport.description)
    // Of an address the first and then one in ten seconds are written, so guessing fills no disk.
    const user = credentialsIn(head)?.username.slice(0, SHOWN_NAME)
    this.#platform.log.info({ connection: from.id, address, user }, 'an AUTH failed')
    const failures = from.failedAuths.add(whoIn(head), this.#platform.clock.now())
    const accounts = new Set([...from.tokens].map(({ account }) => account)).size
    if (failures < this.#settings.authFailures * Math.max(1, accounts)) return
    this.#platform.log.warn({ connection: from.id, address, failures }, 'closed for failed AUTHs')
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
      answer = {
        status: 403,
        comment: 'credentials cannot be checked at the moment, try again later or at another relay',
        // Tells a fault that passes from a refusal for good, which has the same status.
        fields: [['Retry-After', String(RETRY_AFTER)]],
        temporary: true,
      }
    }
    this.#counters.auth[resultOf(answer)]++
    from.respond(head, answer.status, answer.comment, answer.fields)
    if (answer.status === 200) {
      from.failedAuths.forgive(whoIn(head))
      from.prove()
      this.#counters.authentications++
    } else if (answer.failed) {
      this.#noteFailure(head, from)
    } else if (answer.temporary) {
      this.#sendElsewhere(from)
    }
    from.connection.resumeReading(head)
  }

  /**
   * Closes the connection of a client whose credentials could not be checked, so that it tries the next target of the SRV
   * record (RFC 2782). Not one that carries sessions, its own or others': they need nothing that is out of order, and the
   * client may extend them when the fault is over. A connection with another relay carries others in any case.
   */
  #sendElsewhere(from: RelayConnection): void {
    if (from.relayNames.length === 0 && from.unused) from.close()
  }

  async #decide(head: RequestHead, from: RelayConnection): Promise<Answer> {
    // RFC 4976 §8: AUTH travels over TLS only.
    if (!from.connection.transport.secure) return { status: 403, comment: 'AUTH needs TLS' }
    const { fields } = head
    const previous = fields.fromPath[0]
    const target = fields.toPath.at(-1)
    if (previous === undefined || target === undefined) return { status: 400 }
    const proved = from.relayNames.includes(previous.host)
    const relayName = proved && mayChain(this.#settings.chains.inbound, previous.host) ? previous.host : undefined
    // Who comes through another relay has that relay vouch for him by its certificate, or is nobody (RFC 4976 §6.3).
    if (relayName === undefined && fields.fromPath.length > 1) {
      const comment = proved ? 'this relay serves no clients behind that one' : NOT_PROVED
      return { status: 403, comment }
    }
    const binding = relayName === undefined ? `client ${this.#process} ${from.id}` : `relay ${relayName} ${previous}`

    const held = this.#held(target, from, relayName, previous)
    const anonymous = fields.get('Authorization') === undefined
    const credentials = credentialsIn(head)
    const domain = this.#domain(target, held, credentials)
    if (domain === undefined) return { status: 403, comment: 'this relay does not serve that domain' }
    const challenge = (stale: boolean): Answer => ({ ...this.#challenge(domain.realm, binding, stale), stale })
    if (anonymous) {
      const { user } = from
      // RFC 7977 §5.3.1: who has logged in with the connection is not asked again, as long as that still holds.
      const isKnown = relayName === undefined && user?.realm === domain.realm
      if (!isKnown || !(await isRightUser(user, this.#platform))) return challenge(false)
      const { username } = user
      return this.#admit(head, { target, previous, from, relayName, username, domain })
    }
    if (credentials === undefined) return { ...challenge(false), failed: true }
    const expected = await this.#expectedResponse(credentials, target)
    const nonce = this.#nonces.check(credentials.nonce, binding)
    const right =
      this.#platform.equal(credentials.response, expected.response) &&
      expected.known &&
      nonce !== 'forged' &&
      credentials.realm === domain.realm &&
      // RFC 7616 §3.4.6; some clients leave it out.
      (credentials.uri === undefined || credentials.uri === target.toString())
    if (!right) {
      if (expected.known) this.#platform.users.doubt?.(credentials.username, credentials.realm, expected.algorithm)
      return { ...challenge(false), failed: true }
    }
    const counts = relayName === undefined ? from.nonceCounts : this.#relayedCounts
    if (nonce === 'stale' || !counts.use(credentials.nonce, Number.parseInt(credentials.nc, 16))) {
      return challenge(true)
    }

    const proof: [name: string, value: string] = [
      'Authentication-Info',
      formatAuthenticationInfo({
        nextnonce: this.#nonces.issue(binding),
        rspauth: expected.rspauth,
        cnonce: credentials.cnonce,
        nc: formatNonceCount(Number.parseInt(credentials.nc, 16)),
      }),
    ]
    const { username } = credentials
    return this.#admit(head, { target, previous, from, relayName, username, domain }, [proof])
  }

  /** The answer to somebody who has proved who he is; `proof`: fields that say that he has. */
  #admit(head: RequestHead, asked: Asked, proof: readonly [name: string, value: string][] = []): Answer {
    const seconds = this.#life(head.fields.expires)
    if (typeof seconds !== 'number') return seconds
    // Meanwhile the connection may have gone, and what it would get with it.
    if (!asked.from.connection.open) return { status: 403 }
    const token = this.#grant({ ...asked, seconds })
    // Other relays say 403 for a wrong password. Whoever gets the proof that it was right knows that the comment counts.
    if (!('uri' in token)) return token.status === 403 ? { ...token, fields: [...proof] } : token
    const fields: Answer['fields'] = [['Use-Path', this.#usePath(head, token)], ['Expires', String(seconds)], ...proof]
    return { status: 200, fields }
  }

  /**
   * What the right response would be; of several that may be, the one that came. For an unknown user as much is computed, so
   * that time tells nothing.
   */
  async #expectedResponse(
    credentials: Credentials,
    target: MsrpUri,
  ): Promise<{ known: boolean; algorithm: DigestAlgorithm; response: string; rspauth: string }> {
    const { algorithm: named, username, realm, nonce, nc, cnonce } = credentials
    const algorithm: DigestAlgorithm = named ?? 'md5'
    const offered = named !== undefined && this.#settings.algorithms.includes(named)
    const found = await this.#platform.users.ha1(username, realm, algorithm)
    const { hash, equal } = this.#platform
    const candidates = found === undefined ? [] : typeof found === 'string' ? [found] : found
    const rest = { algorithm, nonce, nc, cnonce, uri: credentials.uri ?? target.toString() }
    const inputs = (candidates.length === 0 ? [hash(algorithm, nonce)] : candidates).map((ha1) => ({ ha1, ...rest }))
    const responses = inputs.map((input) => digestResponse(hash, input))
    const fitting = Math.max(
      0,
      responses.findIndex((response) => equal(credentials.response, response)),
    )
    return {
      known: candidates.length > 0 && offered,
      algorithm,
      response: responses[fitting] ?? '',
      rspauth: rspauth(hash, inputs[fitting] ?? { ha1: '', ...rest }),
    }
  }

  #challenge(realm: string, binding: string, stale: boolean): Answer {
    return {
      status: 401,
      fields: this.#settings.algorithms.map((algorithm) => [
        'WWW-Authenticate',
        formatChallenge({
          realm,
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

  /** The token that an AUTH is addressed to, if whoever sends it holds it. */
  #held(target: MsrpUri, from: RelayConnection, relayName: string | undefined, previous: MsrpUri): Token | undefined {
    const token = this.#tokens.find(target)
    if (token === undefined || !token.heldBy(from) || !token.uri.equals(target)) return undefined
    // Behind a relay, the same way in as well: the token leads nowhere else.
    return relayName === undefined || token.previous.equals(previous) ? token : undefined
  }

  /**
   * The domain that an AUTH is for: that of the token which it extends, else the one in To-Path. Who extends a token that
   * has just ended is to be told that, and not that his credentials are wrong.
   */
  #domain(target: MsrpUri, held: Token | undefined, credentials: Credentials | undefined): Domain | undefined {
    if (held !== undefined) return held.domain
    const addressed = this.#domains.addressed(target)
    if (target.sessionId === undefined || credentials === undefined) return addressed
    return this.#domains.withRealm(credentials.realm) ?? addressed
  }

  /** A new token, or the one that the AUTH was addressed to, extended. */
  #grant(asked: Asked & { seconds: number }): Token | Answer {
    const { target, previous, from: holder, relayName, username, domain, seconds } = asked
    const account = this.#platform.users.account?.(username, domain.realm) ?? `${username}@${domain.realm}`
    // Only now that the credentials were right: whoever guesses does not learn who is denied. What a denied user has
    // already is not extended either.
    const denied = this.#policy.accessRefusal(account)
    if (denied !== undefined) return this.#refuse(denied, account, holder)
    if (target.sessionId !== undefined) {
      const token = this.#held(target, holder, relayName, previous)
      if (token?.account !== account) return { status: 481, comment: 'no such session at this relay' }
      this.#tokens.extend(token, seconds)
      return token
    }
    const refusal = this.#tokens.refusal({ account, holder, relayName, previous })
    if (refusal !== undefined) return { status: 403, comment: refusal }
    const excess = this.#policy.usages.refusal(account)
    if (excess !== undefined) return this.#refuse(excess, account, holder)
    const { port } = this.#own.advertised
    this.#counters.sessions++
    return this.#tokens.issue({ port, account, domain, holder, relayName, previous, seconds })
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

function resultOf({ status, failed, stale, temporary }: Answer): AuthResult {
  if (status === 200) return 'ok'
  if (failed) return 'failed'
  if (stale) return 'stale'
  if (temporary) return 'temporary'
  return status === 401 ? 'challenged' : 'refused'
}

/**
 * Whose credentials an AUTH brings, of which realm, and to which relay: one relay's word says nothing about guesses at
 * another, and a user of one domain is nobody in the next.
 */
function whoIn(head: RequestHead): string {
  const { username = '', realm = '' } = credentialsIn(head) ?? {}
  return `${head.fields.toPath.at(-1)?.authorityKey} ${username} ${realm}`
}

/** Without protocol and port, which differ with each try. */
function addressIn(description: string): string {
  return description.replace(/^\S+ /, '').replace(/:\d+$/, '')
}

/** Undefined when they are not Digest as RFC 4976 §9.1 wants it. */
function credentialsIn(head: RequestHead): Credentials | undefined {
  try {
    const value = head.fields.get('Authorization')
    return value === undefined ? undefined : parseCredentials(value)
  } catch (error) {
    if (error instanceof MsrpError && error.code === 'malformed') return undefined
    throw error
  }
}
