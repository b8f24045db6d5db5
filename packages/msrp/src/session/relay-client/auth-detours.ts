import type { Clock } from '../../connection/index.ts'
import { MsrpError, type ResponseHead } from '../../wire/index.ts'
import { shown } from '../../wire/shown.ts'
import type { AnsweredAuth, AuthExchange, SentAuth } from './auth-exchange.ts'
import type { DigestAnswer } from './digest-session.ts'

/** How often an unreadable 423 is looked for, in milliseconds. Found twice in the same state, it is taken for one. */
const LOOK_EVERY = 300

/** Times a relay may call a nonce stale that it has just given. */
const MOST_STALE = 3

/** Times the lifetime asked for may be moved into the relay's bounds. */
const MOST_BOUNDS = 3

/**
 * What an `AuthExchange` does with a relay that does anything else than to ask for credentials and to grant: moves Expires
 * into its bounds, and goes round the faults of relays in the field.
 */
export class AuthDetours {
  readonly #exchange: AuthExchange
  /** The credentials went out in one form, with or without `uri=`, to no avail; what follows is the other one. */
  #otherForm = false
  #credentialsRefused = false
  #stale = 0
  #bounds = 0

  constructor(exchange: AuthExchange) {
    this.#exchange = exchange
  }

  /**
   * Waits for the response, and sends credentials once more without `uri=` when none comes for `silence` milliseconds, or has
   * not come; undefined when it is the 423 that never ends.
   */
  async answered(sent: SentAuth, silence?: number): Promise<AnsweredAuth | undefined> {
    const exchange = this.#exchange
    const { connection, platform } = exchange.room
    const giveUp = new AbortController()
    const { signal } = giveUp
    let latest = sent
    try {
      if (silence !== undefined) {
        const watched = this.#watch(sent, signal)
        const patient = !sent.answer?.withUri || exchange.hop.ways.takesUri !== undefined || this.#otherForm
        if (patient) return await watched
        const first = await Promise.race([
          watched,
          after(platform.clock, silence, signal).then(() => 'silence' as const),
        ])
        if (first !== 'silence') return first
      }
      // The AG Projects relay drops an AUTH with `uri=` without a word.
      this.#otherForm = true
      exchange.withUri = false
      latest = exchange.send(exchange.answer())
      // A slow relay may grant the first one yet; anything else that comes for it is what the second was sent for.
      const late = sent.response.then(
        (head) => (head.status === 200 ? { sent, head } : never<AnsweredAuth>()),
        () => never<AnsweredAuth>(),
      )
      const settled = await Promise.race([late, this.#watch(latest, signal)])
      for (const other of [sent, latest]) {
        if (other !== settled?.sent) connection.msrp.forget(other.transactionId)
      }
      return settled
    } catch (error) {
      if (this.#isIn423(latest)) return undefined
      // Some relays close instead of refusing a second time.
      const closed = this.#credentialsRefused && !(error instanceof MsrpError && error.code === 'timeout')
      throw closed ? this.#unauthorized(latest.answer) : error
    } finally {
      giveUp.abort()
    }
  }

  /** A 401 to credentials with a nonce of this exchange: decides how to answer it. @throws MsrpError when it is final */
  challengedAgain(head: ResponseHead, answer: DigestAnswer, stale: boolean): void {
    if (stale) {
      if (++this.#stale <= MOST_STALE) return
      throw this.#refused(head)
    }
    const exchange = this.#exchange
    const known = exchange.hop.ways.takesUri === answer.withUri
    if (this.#otherForm || known) throw this.#unauthorized(answer)
    this.#credentialsRefused = true
    this.#otherForm = true
    exchange.withUri = !answer.withUri
  }

  /** Neither 200 nor 401. @returns credentials for the next request. @throws MsrpError when it is final */
  refused(head: ResponseHead, answer: DigestAnswer | undefined): DigestAnswer | undefined {
    const exchange = this.#exchange
    if (head.status === 403 && answer !== undefined && !isWillingLater(head)) {
      // Mostly it means that user name or password are wrong, unless the relay shows that it knows the password.
      const proof = head.fields.authenticationInfo
      const proved = proof?.rspauth === answer.rspauth && proof.cnonce === answer.cnonce
      if (!proved) throw this.#unauthorized(answer, head.status)
    }
    if (head.status !== 423) throw this.#refused(head)
    // RFC 4976 §6.3: the bounds are looked at after the credentials.
    exchange.hop.digest.credentialsAccepted()
    exchange.expires = this.#withinBounds(head)
    return answer && exchange.answer()
  }

  /** Waits for the response, or for the 423 that never ends. */
  #watch(sent: SentAuth, giveUp: AbortSignal): Promise<AnsweredAuth | undefined> {
    const answered = sent.response.then((head) => ({ sent, head }))
    if (this.#exchange.expires === undefined) return answered
    return Promise.race([answered, this.#unreadable423(sent, giveUp)])
  }

  /**
   * Kamailio's 423 has bytes of unset memory where Min-Expires should be. Mostly the parser finds its end nevertheless;
   * where it does not, nothing more comes, and the 30 s for an answer would pass in vain.
   */
  async #unreadable423(sent: SentAuth, giveUp: AbortSignal): Promise<undefined> {
    const { connection, platform } = this.#exchange.room
    for (let before: string | undefined; ; ) {
      await after(platform.clock, LOOK_EVERY, giveUp)
      const head = connection.msrp.partialHead
      if (head === before && this.#isIn423(sent)) return undefined
      before = head
    }
  }

  /** Whether the head that is not complete is that of a 423 to this request. */
  #isIn423({ transactionId }: SentAuth): boolean {
    const { expires, room } = this.#exchange
    return expires !== undefined && room.connection.msrp.partialHead?.startsWith(`MSRP ${transactionId} 423`) === true
  }

  /** The lifetime to ask for after a 423: within the bounds that it names. */
  #withinBounds(head: ResponseHead): number | undefined {
    const asked = this.#exchange.expires
    if (asked === undefined || ++this.#bounds > MOST_BOUNDS) throw this.#refused(head)
    const least = bound(head, 'Min-Expires') ?? 1
    const most = bound(head, 'Max-Expires') ?? Number.POSITIVE_INFINITY
    const expires = Math.min(Math.max(asked, least), most)
    if (expires < 1) throw this.#refused(head)
    if (expires !== asked) return expires
    // No bound, or none that was overstepped: Kamailio 5.6 answers so to any Expires, and grants its own to none.
    this.#exchange.hop.ways.omitExpires = true
    return undefined
  }

  /** `status`: where the relay said it by another status than 401. */
  #unauthorized(answer: DigestAnswer | undefined, status?: number): MsrpError {
    const { relay, ways } = this.#exchange.hop
    ways.takesUri = undefined
    const { username = '' } = answer ?? {}
    // Many give their address, while a relay knows the domain by its realm.
    const [, name] = /^(?:sips?:)?([^@]+)@/.exec(username) ?? []
    const hint = name === undefined ? '' : `: most relays have ${shown(name)} for ${shown(username)}`
    const text = `the relay ${relay.host} does not accept this user name or password${hint}`
    return new MsrpError('unauthorized', text, status === undefined ? {} : { status })
  }

  #refused({ status, comment }: ResponseHead): MsrpError {
    const text = `the relay ${this.#exchange.hop.relay.host} refused AUTH: ${`${status} ${comment}`.trimEnd()}`
    return new MsrpError('refused', text, { status })
  }
}

/** Our relay says so when it cannot check credentials at present: nothing is wrong with them then. */
function isWillingLater(head: ResponseHead): boolean {
  return head.fields.get('Retry-After') !== undefined
}

/** Seconds; a bound that is no number is none. */
function bound(head: ResponseHead, name: 'Min-Expires' | 'Max-Expires'): number | undefined {
  const value = head.fields.get(name)
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** Resolves after some milliseconds; never when `giveUp` comes first, and nothing stays armed then. */
function after(clock: Clock, milliseconds: number, giveUp: AbortSignal): Promise<void> {
  if (giveUp.aborted) return never()
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, () => {
      giveUp.removeEventListener('abort', cancel)
      resolve()
    })
    giveUp.addEventListener('abort', cancel, { once: true })
  })
}

/** A promise that stays open. */
function never<T>(): Promise<T> {
  return new Promise(() => {})
}
