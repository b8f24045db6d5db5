import type { MsrpConnection } from '../../connection/index.ts'
import type { Field, MsrpUri, ResponseHead } from '../../wire/index.ts'
import { type AskedRequest, ask } from '../ask.ts'
import type { PendingRequest } from '../pending-request.ts'
import type { AuthDetours } from './auth-detours.ts'
import type { DigestAnswer } from './digest-session.ts'
import type { RelayClientPlatform } from './parts.ts'
import type { GrantedHop, RelayHop } from './relay-hop.ts'
import { grantedExpires } from './token-lifetime.ts'
import { usePathOf } from './use-path.ts'

/** How long credentials with `uri=` may stay unanswered before they go out once more without, in milliseconds. */
const SILENCE = 5_000

/** What the relay client needs of a connection. */
export type AuthConnection = Pick<
  MsrpConnection<PendingRequest>,
  'transport' | 'open' | 'partialHead' | 'newTransactionId' | 'sendRequest' | 'forget' | 'fail'
>

/** What there is around all AUTHs on a connection. */
export interface AuthRoom {
  readonly connection: { readonly msrp: AuthConnection }
  readonly platform: RelayClientPlatform
  /** Our own URI for this session: From-Path of the AUTH requests. */
  readonly localUri: MsrpUri
}

/** An AUTH request that is out. */
export interface SentAuth extends AskedRequest {
  readonly answer: DigestAnswer | undefined
  /** In the clock's milliseconds. */
  readonly at: number
}

/** A response, and the request that it is for. */
export interface AnsweredAuth {
  readonly sent: SentAuth
  readonly head: ResponseHead
}

/** Asks one relay for a path (RFC 4976 §5.1) until it grants or refuses. */
export class AuthExchange {
  readonly room: AuthRoom
  readonly hop: RelayHop
  /** The lifetime that is asked for, in seconds. */
  expires: number | undefined
  /** Whether credentials go out with `uri=`. */
  withUri: boolean
  readonly #through: readonly MsrpUri[]
  readonly #own: readonly MsrpUri[] | undefined
  #detours: AuthDetours | undefined

  /** `through`: the path to the relay. `own`: the URIs that it gave, to extend them; without them it is asked for a path. */
  constructor(room: AuthRoom, hop: RelayHop, through: readonly MsrpUri[], own?: readonly MsrpUri[]) {
    this.room = room
    this.hop = hop
    this.expires = hop.ways.omitExpires ? undefined : hop.expires
    this.withUri = hop.ways.takesUri !== false
    this.#through = through
    this.#own = own
  }

  /**
   * Undefined when the relay refused Expires with a 423 that cannot be read (Kamailio), so that the connection is of no more
   * use.
   * @throws MsrpError `unauthorized`: one text for a wrong password and an unknown user; `refused` with the status;
   *   `timeout`, `connection-lost`, `malformed`
   */
  async run(): Promise<GrantedHop | undefined> {
    const { digest } = this.hop
    if (this.expires !== undefined) await this.#loadDetours()
    let answer = digest.hasNextNonce ? this.answer() : undefined
    // It comes to an end: how often a relay may ask for something else is bounded.
    for (;;) {
      const answered = await this.#ask(answer)
      if (answered === undefined) return undefined
      const { sent, head } = answered
      if (head.status === 200) return this.#granted(head, sent)
      if (head.status === 401) {
        const stale = await digest.challenged(head)
        // Without credentials, or with a nonce from an earlier exchange, the 401 only asks for new ones.
        if (sent.answer?.fresh) (await this.#loadDetours()).challengedAgain(head, sent.answer, stale)
        answer = this.answer()
      } else answer = (await this.#loadDetours()).refused(head, sent.answer)
    }
  }

  /** Sends one AUTH. */
  send(answer: DigestAnswer | undefined): SentAuth {
    const { connection, localUri, platform } = this.room
    const relay = `the relay ${this.hop.relay.host}`
    const fields: Field[] = []
    if (this.expires !== undefined) fields.push(['Expires', String(this.expires)])
    if (answer !== undefined) fields.push(['Authorization', answer.authorization])
    const toPath = [...this.#through, ...this.#target]
    const asked = ask(connection.msrp, relay, 'AUTH', { method: 'AUTH', toPath, fromPath: [localUri], fields })
    return { ...asked, answer, at: platform.clock.now() }
  }

  /** Credentials for the latest challenge. RFC 4976 §9.1: over the rightmost URI of To-Path, byte for byte as it is sent. */
  answer(): DigestAnswer {
    return this.hop.digest.answer(String(this.#target.at(-1)), this.withUri)
  }

  get #target(): readonly MsrpUri[] {
    return this.#own ?? [this.hop.relay]
  }

  async #ask(answer: DigestAnswer | undefined): Promise<AnsweredAuth | undefined> {
    const { room, hop } = this
    const sent = this.send(answer)
    try {
      if (this.#detours !== undefined) return await this.#detours.answered(sent, SILENCE)
      // Relays of which the way with `uri=` is known are given their 30 s; so is one that does not get it.
      if (!answer?.withUri || hop.ways.takesUri !== undefined) return { sent, head: await sent.response }
      const silence = Promise.withResolvers<undefined>()
      const cancel = room.platform.clock.after(SILENCE, () => silence.resolve(undefined))
      const head = await Promise.race([sent.response, silence.promise]).finally(cancel)
      return head === undefined ? await (await this.#loadDetours()).answered(sent) : { sent, head }
    } catch (error) {
      hop.ways.takesUri = undefined
      throw error
    }
  }

  #granted(head: ResponseHead, { answer, at }: SentAuth): GrantedHop {
    const { hop, expires } = this
    // A relay that asks for no credentials has nothing to prove either.
    if (answer !== undefined) {
      hop.digest.accepted(head, answer)
      hop.ways.takesUri = answer.withUri
    }
    const lifetime = grantedExpires(head, expires) * 1000
    const own = usePathOf(head, this.#through, this.#own)
    return { ...hop, expires, own, lifetime, expiresAt: at + lifetime }
  }

  async #loadDetours(): Promise<AuthDetours> {
    this.#detours ??= new (await this.room.platform.parts.authDetours()).AuthDetours(this)
    return this.#detours
  }
}
