import type { Clock } from '../../connection/index.ts'
import { encodeWholeRequest, MsrpError, type MsrpUri, type ResponseHead } from '../../wire/index.ts'
import { type AuthConnection, type AuthOutcome, AuthTransaction } from './auth-connection.ts'
import type { DigestAnswer, DigestSession } from './digest-session.ts'
import type { RelayWays } from './relay-memory.ts'
import { abortedError, after, never, untilAborted } from './waiting.ts'

/** How long credentials with `uri=` may stay unanswered before they go out once more without, in milliseconds. */
const SILENCE = 5_000

/** How often an unreadable 423 is looked for, in milliseconds. Found twice in the same state, it is taken for one. */
const LOOK_EVERY = 300

/** AUTH requests to one relay before we give up: more than any sound course of challenges and bounds takes. */
const MOST_REQUESTS = 8

/** Times a relay may call a nonce stale that it has just given. */
const MOST_STALE = 3

/** Times the lifetime asked for may be moved into the relay's bounds. */
const MOST_BOUNDS = 3

/** What one AUTH with a relay needs. */
export interface AuthExchangeOptions {
  readonly connection: AuthConnection
  readonly clock: Clock
  readonly digest: DigestSession
  /** The relay as it was configured, for messages. */
  readonly relay: MsrpUri
  /** What is known of the relay; learns. */
  readonly ways: RelayWays
  /** The relays on the way and, rightmost, the URI that is asked. */
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: MsrpUri
  /** Lifetime to ask for, in seconds. */
  readonly expires: number | undefined
  readonly signal: AbortSignal
}

export type AuthResult =
  | {
      readonly kind: 'granted'
      readonly head: ResponseHead
      /** When the request went out that was granted, in the clock's milliseconds. */
      readonly sentAt: number
      /** The lifetime that was asked for in the end. */
      readonly expires: number | undefined
    }
  /** The relay refused Expires with a 423 that cannot be read, so that the connection is of no more use (Kamailio). */
  | { readonly kind: 'unreadable-423' }

interface Sent {
  readonly transaction: AuthTransaction
  readonly answer: DigestAnswer | undefined
  readonly sentAt: number
}

interface Answered {
  readonly sent: Sent
  readonly outcome: AuthOutcome | { readonly kind: 'unreadable-423' }
}

/**
 * Asks one relay for a path (RFC 4976 §5.1) until it grants or refuses: answers its challenges, moves Expires into its
 * bounds, and goes round the faults of relays in the field.
 *
 * @throws MsrpError `unauthorized`: one text for a wrong password and an unknown user; `refused` with the status;
 *   `timeout`, `connection-lost`, `malformed`, `aborted`
 */
export async function authExchange(options: AuthExchangeOptions): Promise<AuthResult> {
  return new AuthExchange(options).run()
}

class AuthExchange {
  readonly #options: AuthExchangeOptions
  #expires: number | undefined
  #uriParameter: boolean
  /** The credentials went out in one form, with or without `uri=`, to no avail; what follows is the other one. */
  #otherForm = false
  #credentialsRefused = false
  #stale = 0
  #bounds = 0

  constructor(options: AuthExchangeOptions) {
    this.#options = options
    this.#expires = options.ways.omitExpires ? undefined : options.expires
    this.#uriParameter = options.ways.uriParameter !== 'omitted'
  }

  async run(): Promise<AuthResult> {
    const { digest } = this.#options
    let answer = digest.hasNextNonce ? this.#answer() : undefined
    for (let requests = 0; requests < MOST_REQUESTS; requests++) {
      const { sent, outcome } = await this.#ask(answer)
      if (outcome.kind === 'unreadable-423') return outcome
      if (outcome.kind === 'timeout') throw this.#timeout()
      if (outcome.kind === 'lost') {
        if (this.#isIn423(sent)) return { kind: 'unreadable-423' }
        // Some relays close instead of refusing a second time.
        throw this.#credentialsRefused ? this.#unauthorized() : outcome.error
      }
      const { head } = outcome
      switch (head.status) {
        case 200:
          this.#granted(head, sent)
          return { kind: 'granted', head, sentAt: sent.sentAt, expires: this.#expires }
        case 401:
          await this.#challenged(head, sent)
          answer = this.#answer()
          break
        case 403:
          throw this.#rightButRefused(head, sent) ? this.#refused(head) : this.#unauthorized(head.status)
        case 423:
          // RFC 4976 §6.3: the bounds are looked at after the credentials.
          digest.credentialsAccepted()
          this.#expires = this.#withinBounds(head)
          answer = sent.answer === undefined ? undefined : this.#answer()
          break
        default:
          throw this.#refused(head)
      }
    }
    throw new MsrpError('refused', `the relay ${this.#options.relay.host} asks for credentials again and again`, {
      status: 401,
    })
  }

  #answer(): DigestAnswer {
    // RFC 4976 §9.1: the digest is over the rightmost URI of To-Path, byte for byte as it is sent.
    const uri = this.#options.toPath.at(-1)?.toString() ?? ''
    return this.#options.digest.answer(uri, { uriParameter: this.#uriParameter })
  }

  #granted(head: ResponseHead, sent: Sent): void {
    const { digest, ways } = this.#options
    // A relay that asks for no credentials has nothing to prove either.
    if (sent.answer === undefined) return
    digest.accepted(head, sent.answer)
    ways.uriParameter = form(sent.answer)
  }

  async #challenged(head: ResponseHead, { answer }: Sent): Promise<void> {
    const { stale } = await this.#options.digest.challenged(head)
    // Without credentials, or with a nonce from an earlier exchange, the 401 only asks for new ones.
    if (answer === undefined || !answer.fresh) return
    if (stale) {
      if (++this.#stale <= MOST_STALE) return
      throw this.#refused(head)
    }
    const known = this.#options.ways.uriParameter === form(answer)
    if (this.#otherForm || known) throw this.#unauthorized()
    this.#credentialsRefused = true
    this.#otherForm = true
    this.#uriParameter = !answer.uriParameter
  }

  /** Sends one AUTH, or two: the second without `uri=` when nothing comes for the first. */
  async #ask(answer: DigestAnswer | undefined): Promise<Answered> {
    const { clock, connection, ways } = this.#options
    const sent = this.#send(answer)
    const giveUp = new AbortController()
    try {
      const answered = sent.transaction.outcome.then((outcome): Answered => ({ sent, outcome }))
      const watched = this.#watch(answered, sent, giveUp.signal)
      // Relays of which the way with `uri=` is known are given their 30 s; so is one that does not get it.
      if (answer?.uriParameter !== true || ways.uriParameter !== undefined || this.#otherForm) return await watched
      const silence = after(clock, SILENCE, giveUp.signal).then(() => 'silence' as const)
      const first = await Promise.race([watched, silence])
      if (first !== 'silence') return first
      // The AG Projects relay drops an AUTH with `uri=` without a word.
      this.#otherForm = true
      this.#uriParameter = false
      const second = this.#send(this.#answer())
      // A slow relay may grant the first one yet; anything else that comes for it is what the second was sent for.
      const late = answered.then((it) => (isGranted(it) ? it : never<Answered>()))
      const direct = second.transaction.outcome.then((outcome): Answered => ({ sent: second, outcome }))
      const settled = await Promise.race([late, this.#watch(direct, second, giveUp.signal)])
      for (const other of [sent, second]) {
        if (other !== settled.sent) connection.forget(other.transaction.transactionId)
      }
      return settled
    } finally {
      giveUp.abort()
    }
  }

  /** Waits for an answer, the caller's patience, or the 423 that never ends. */
  #watch(answered: Promise<Answered>, sent: Sent, giveUp: AbortSignal): Promise<Answered> {
    const { signal } = this.#options
    const waits: Promise<Answered>[] = [answered, untilAborted(signal, giveUp)]
    if (this.#expires !== undefined) waits.push(this.#unreadable423(sent, giveUp))
    return Promise.race(waits)
  }

  /**
   * Kamailio's 423 has bytes of unset memory where Min-Expires should be. Mostly the parser finds its end nevertheless;
   * where it does not, nothing more comes, and the 30 s for an answer would pass in vain.
   */
  async #unreadable423(sent: Sent, giveUp: AbortSignal): Promise<Answered> {
    const { clock, connection } = this.#options
    for (let before: string | undefined; ; ) {
      await after(clock, LOOK_EVERY, giveUp)
      const head = connection.partialHead
      if (head === before && this.#isIn423(sent)) return { sent, outcome: { kind: 'unreadable-423' } }
      before = head
    }
  }

  /** Whether the head that is not complete is that of a 423 to this request. */
  #isIn423({ transaction }: Sent): boolean {
    const beginning = `MSRP ${transaction.transactionId} 423`
    return this.#expires !== undefined && this.#options.connection.partialHead?.startsWith(beginning) === true
  }

  #send(answer: DigestAnswer | undefined): Sent {
    const { clock, connection, toPath, fromPath, signal } = this.#options
    if (signal.aborted) throw abortedError(signal)
    if (!connection.transport.secure) {
      const text = 'AUTH is sent over TLS only (RFC 4976 §8), but this connection has none'
      throw new MsrpError('invalid-argument', `${text}: ${connection.transport.description}`)
    }
    if (!connection.open) throw new MsrpError('connection-lost', 'the connection to the relay is closed')
    const transactionId = connection.newTransactionId()
    const fields: [string, string][] = []
    if (this.#expires !== undefined) fields.push(['Expires', String(this.#expires)])
    if (answer !== undefined) fields.push(['Authorization', answer.authorization])
    const bytes = encodeWholeRequest({ transactionId, method: 'AUTH', toPath, fromPath: [fromPath], fields })
    const transaction = new AuthTransaction(transactionId)
    connection.sendRequest(transactionId, bytes, transaction)
    return { transaction, answer, sentAt: clock.now() }
  }

  /** The lifetime to ask for after a 423: within the bounds that it names. */
  #withinBounds(head: ResponseHead): number | undefined {
    const asked = this.#expires
    if (asked === undefined || ++this.#bounds > MOST_BOUNDS) throw this.#refused(head)
    const least = bound(head, 'Min-Expires') ?? 1
    const most = bound(head, 'Max-Expires') ?? Number.POSITIVE_INFINITY
    const expires = Math.min(Math.max(asked, least), most)
    if (expires < 1) throw this.#refused(head)
    if (expires !== asked) return expires
    // No bound, or none that was overstepped: Kamailio 5.6 answers so to any Expires, and grants its own to none.
    this.#options.ways.omitExpires = true
    return undefined
  }

  /** Whether a 403 says anything else than that user name or password are wrong, which is what most relays mean by it. */
  #rightButRefused(head: ResponseHead, { answer }: Sent): boolean {
    return answer === undefined || passes(head) || this.#options.digest.isProved(head, answer)
  }

  /** `status`: where the relay said it by another status than 401. */
  #unauthorized(status?: number): MsrpError {
    this.#options.ways.uriParameter = undefined
    const relay = this.#options.relay.host
    return new MsrpError('unauthorized', `the relay ${relay} does not accept this user name or password`, {
      ...(status === undefined ? {} : { status }),
    })
  }

  #timeout(): MsrpError {
    this.#options.ways.uriParameter = undefined
    return new MsrpError('timeout', `the relay ${this.#options.relay.host} did not answer AUTH within 30 s`)
  }

  #refused(head: ResponseHead): MsrpError {
    const words = head.comment === '' ? '' : ` ${head.comment}`
    return new MsrpError('refused', `the relay ${this.#options.relay.host} refused AUTH: ${head.status}${words}`, {
      status: head.status,
    })
  }
}

function isGranted({ outcome }: Answered): boolean {
  return outcome.kind === 'response' && outcome.head.status === 200
}

/** Our relay says so when it cannot check credentials at present: nothing is wrong with them then. */
function passes(head: ResponseHead): boolean {
  return head.fields.get('Retry-After') !== undefined
}

/** Seconds; a bound that is no number is none. */
function bound(head: ResponseHead, name: 'Min-Expires' | 'Max-Expires'): number | undefined {
  const value = head.fields.get(name)
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

function form(answer: DigestAnswer): 'sent' | 'omitted' {
  return answer.uriParameter ? 'sent' : 'omitted'
}
