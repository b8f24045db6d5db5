import { hex } from '../../wire/hex.ts'
import {
  type Challenge,
  type DigestAlgorithm,
  digestResponse,
  formatCredentials,
  formatNonceCount,
  ha1,
  isAnswerable,
  MsrpError,
  type MsrpUri,
  type ResponseHead,
  rspauth,
} from '../../wire/index.ts'
import type { RelayClientPlatform } from './parts.ts'

/** Random bytes in a cnonce: 128 bits. */
const CNONCE_BYTES = 16

type AnswerableChallenge = Challenge & { readonly algorithm: DigestAlgorithm }

/** Who we are to a relay. */
export interface RelayCredentials {
  readonly username: string
  readonly password: string
}

/**
 * Credentials by relay, for a chain whose relays belong to different administrations; `realm` is what the relay asks for.
 * Throws where there are none.
 */
export type CredentialsFor = (relay: MsrpUri, realm: string) => RelayCredentials

/** Credentials as they go out in one AUTH request. */
export interface DigestAnswer {
  readonly username: string
  /** The value of Authorization. */
  readonly authorization: string
  /** The relay gave the nonce in a challenge and has not taken it yet, so that another 401 is about the credentials. */
  readonly fresh: boolean
  /** Whether `uri=` is among the parameters. */
  readonly withUri: boolean
  readonly cnonce: string
  readonly nc: string
  /** The proof that the relay knows the password, if it gives one. */
  readonly rspauth: string
}

/**
 * HTTP Digest with one relay, as RFC 7616 has it and RFC 4976 §9.1 restricts it: the challenge being answered, how often
 * its nonce was used, and the nonce to use next.
 *
 * Where a relay departs from §9.1: a challenge without qop is answered as if it offered `auth` (we have to send qop,
 * cnonce and nc in any case); one that offers only other values, names a session variant or an algorithm that is not
 * known, or is not Digest, is passed over; `domain` is ignored, as §9.1 says.
 */
export class DigestSession {
  readonly #relay: MsrpUri
  readonly #credentials: CredentialsFor
  readonly #platform: RelayClientPlatform
  #challenge: AnswerableChallenge | undefined
  #count = 0
  #fresh = false
  #hasNextNonce = false

  constructor(relay: MsrpUri, credentials: CredentialsFor, platform: RelayClientPlatform) {
    this.#relay = relay
    this.#credentials = credentials
    this.#platform = platform
  }

  /** Whether the relay gave a nextnonce, so that the next AUTH may carry credentials unasked (RFC 7616 §3.5). */
  get hasNextNonce(): boolean {
    return this.#hasNextNonce
  }

  /**
   * Takes the challenge of a 401: the first with SHA-256, else the first with MD5.
   * @returns whether it says that the credentials were right and only the nonce too old
   * @throws MsrpError `malformed` when WWW-Authenticate is missing or unreadable; `refused` (401) when none of the
   *   challenges can be answered
   */
  async challenged({ fields, status }: ResponseHead): Promise<boolean> {
    const { host } = this.#relay
    if (fields.get('WWW-Authenticate') === undefined) {
      throw new MsrpError('malformed', `WWW-Authenticate is missing in the 401 of the relay ${host}`)
    }
    const answerable = fields.wwwAuthenticate.filter(isAnswerable)
    const chosen = answerable.find(({ algorithm }) => algorithm === 'sha-256') ?? answerable[0]
    if (chosen === undefined) {
      const wanted = 'Digest with SHA-256 or MD5 and qop="auth"'
      throw new MsrpError('refused', `the relay ${host} does not offer to authenticate by ${wanted}`, { status })
    }
    await this.#platform.hash.load?.(chosen.algorithm)
    this.#challenge = chosen
    this.#count = 0
    this.#fresh = true
    this.#hasNextNonce = false
    return chosen.stale === true
  }

  /**
   * Credentials for an AUTH whose rightmost To-Path URI is `uri`, byte for byte.
   * @throws MsrpError `invalid-argument` for a user name that no field can carry; what `CredentialsFor` throws
   */
  answer(uri: string, withUri: boolean): DigestAnswer {
    if (this.#challenge === undefined) throw new MsrpError('internal', 'there is no challenge to answer')
    const { realm, nonce, opaque, algorithm } = this.#challenge
    const { hash, random } = this.#platform
    const { username, password } = this.#credentials(this.#relay, realm)
    const nc = formatNonceCount(++this.#count)
    const cnonce = hex(random(CNONCE_BYTES))
    const secret = ha1(hash, algorithm, username, realm, password)
    const input = { algorithm, ha1: secret, nonce, nc, cnonce, uri }
    const authorization = formatCredentials({
      username,
      realm,
      nonce,
      ...(withUri ? { uri } : {}),
      response: digestResponse(hash, input),
      algorithm,
      cnonce,
      nc,
      ...(opaque === undefined ? {} : { opaque }),
    })
    return { authorization, fresh: this.#fresh, withUri, username, cnonce, nc, rspauth: rspauth(hash, input) }
  }

  /** The credentials were right, though the request was not granted for another reason: the nonce counts as used. */
  credentialsAccepted(): void {
    this.#fresh = false
  }

  /**
   * Takes the 200 to an AUTH with credentials: checks that the relay knows the password, too, where it says so, and
   * keeps its nextnonce. Relays that send no Authentication-Info exist (Kamailio) and are put up with.
   * @throws MsrpError `malformed` when rspauth is not what the password makes it, or answers another request
   */
  accepted({ fields }: ResponseHead, answer: DigestAnswer): void {
    const {
      cnonce = answer.cnonce,
      nc = answer.nc,
      rspauth = answer.rspauth,
      nextnonce,
    } = fields.authenticationInfo ?? {}
    if (cnonce !== answer.cnonce || Number.parseInt(nc, 16) !== Number.parseInt(answer.nc, 16)) {
      throw this.#unproven('answers another request than ours')
    }
    if (rspauth !== answer.rspauth) throw this.#unproven('has an rspauth that does not prove knowledge of the password')
    this.#fresh = false
    this.#hasNextNonce = nextnonce !== undefined
    if (nextnonce === undefined || nextnonce === this.#challenge?.nonce) return
    this.#challenge = this.#challenge && { ...this.#challenge, nonce: nextnonce }
    this.#count = 0
  }

  #unproven(detail: string): MsrpError {
    return new MsrpError('malformed', `Authentication-Info of the relay ${this.#relay.host} ${detail}`)
  }
}
