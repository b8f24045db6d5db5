import {
  type AuthenticationInfo,
  type Challenge,
  type DigestAlgorithm,
  digestAlgorithmName,
  digestResponse,
  formatCredentials,
  formatNonceCount,
  type Hash,
  ha1,
  isAnswerable,
  MsrpError,
  type MsrpUri,
  type RandomBytes,
  type ResponseHead,
  rspauth,
} from '../../wire/index.ts'
import type { CredentialsFor, RelayCredentials } from './credentials.ts'

/** Random bytes in a cnonce: 128 bits. */
const CNONCE_BYTES = 16

/** Best first. */
const PREFERENCE: readonly DigestAlgorithm[] = ['sha-256', 'md5']

type AnswerableChallenge = Challenge & { readonly algorithm: DigestAlgorithm }

/** Credentials as they go out in one AUTH request. */
export interface DigestAnswer {
  /** The value of Authorization. */
  readonly authorization: string
  /** The relay gave the nonce in a challenge and has not taken it yet, so that another 401 is about the credentials. */
  readonly fresh: boolean
  /** Whether `uri=` is among the parameters. */
  readonly uriParameter: boolean
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
  readonly #credentialsFor: CredentialsFor
  readonly #hash: Hash
  readonly #random: RandomBytes
  #challenge: AnswerableChallenge | undefined
  #count = 0
  #fresh = false
  #hasNextNonce = false

  constructor(options: {
    /** For `CredentialsFor` and for messages. */
    relay: MsrpUri
    credentials: RelayCredentials | CredentialsFor
    hash: Hash
    random: RandomBytes
  }) {
    const { credentials } = options
    this.#relay = options.relay
    this.#credentialsFor = typeof credentials === 'function' ? credentials : () => credentials
    this.#hash = options.hash
    this.#random = options.random
  }

  /** Whether the relay gave a nextnonce, so that the next AUTH may carry credentials unasked (RFC 7616 §3.5). */
  get hasNextNonce(): boolean {
    return this.#hasNextNonce
  }

  /**
   * Takes the challenge of a 401: the first with SHA-256, else the first with MD5.
   * @returns whether it says that the credentials were right and only the nonce too old
   * @throws MsrpError `malformed` when WWW-Authenticate is missing or unreadable; `refused` (401) when none of the
   *   challenges can be answered; `invalid-argument` when there is no H(A1) for any of them
   */
  async challenged(head: ResponseHead): Promise<{ stale: boolean }> {
    if (head.fields.get('WWW-Authenticate') === undefined) {
      throw new MsrpError('malformed', `WWW-Authenticate is missing in the 401 of the relay ${this.#relay.host}`)
    }
    const answerable = head.fields.wwwAuthenticate
      .filter(isAnswerable)
      .sort((one, other) => PREFERENCE.indexOf(one.algorithm) - PREFERENCE.indexOf(other.algorithm))
    const [best] = answerable
    if (best === undefined) {
      const wanted = 'Digest with SHA-256 or MD5 and qop="auth"'
      throw new MsrpError('refused', `the relay ${this.#relay.host} does not offer to authenticate by ${wanted}`, {
        status: head.status,
      })
    }
    const chosen = answerable.find((challenge) => this.#hasHa1(challenge))
    if (chosen === undefined) throw this.#noHa1(best)
    await this.#hash.load?.(chosen.algorithm)
    this.#challenge = chosen
    this.#count = 0
    this.#fresh = true
    this.#hasNextNonce = false
    return { stale: chosen.stale === true }
  }

  /**
   * Credentials for an AUTH whose rightmost To-Path URI is `uri`, byte for byte.
   * @throws MsrpError `invalid-argument` for a user name that no field can carry
   */
  answer(uri: string, options: { uriParameter: boolean }): DigestAnswer {
    const challenge = this.#challenge
    if (challenge === undefined) throw new MsrpError('internal', 'there is no challenge to answer')
    const secret = this.#ha1(challenge)
    if (secret === undefined) throw this.#noHa1(challenge)
    const { realm, nonce, opaque, algorithm } = challenge
    const nc = formatNonceCount(++this.#count)
    const cnonce = hex(this.#random(CNONCE_BYTES))
    const input = { algorithm, ha1: secret, nonce, nc, cnonce, uri }
    const authorization = formatCredentials({
      username: this.#credentialsFor(this.#relay, realm).username,
      realm,
      nonce,
      ...(options.uriParameter ? { uri } : {}),
      response: digestResponse(this.#hash, input),
      algorithm,
      cnonce,
      nc,
      ...(opaque === undefined ? {} : { opaque }),
    })
    const proof = rspauth(this.#hash, input)
    return { authorization, fresh: this.#fresh, uriParameter: options.uriParameter, cnonce, nc, rspauth: proof }
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
  accepted(head: ResponseHead, answer: DigestAnswer): void {
    this.#fresh = false
    this.#hasNextNonce = false
    const info = head.fields.authenticationInfo
    if (info === undefined) return
    this.#verify(info, answer)
    if (info.nextnonce === undefined || this.#challenge === undefined) return
    if (info.nextnonce !== this.#challenge.nonce) {
      this.#challenge = { ...this.#challenge, nonce: info.nextnonce }
      this.#count = 0
    }
    this.#hasNextNonce = true
  }

  /** Whether the relay shows, in a refusal, that it knows the password: then that was not what was wrong. */
  isProved(head: ResponseHead, { rspauth, cnonce }: DigestAnswer): boolean {
    const info = head.fields.authenticationInfo
    return info !== undefined && info.rspauth === rspauth && info.cnonce === cnonce
  }

  #verify(info: AuthenticationInfo, answer: DigestAnswer): void {
    const foreign =
      (info.cnonce !== undefined && info.cnonce !== answer.cnonce) ||
      (info.nc !== undefined && Number.parseInt(info.nc, 16) !== Number.parseInt(answer.nc, 16))
    if (foreign) throw this.#unproven('answers another request than ours')
    if (info.rspauth !== undefined && info.rspauth !== answer.rspauth) {
      throw this.#unproven('has an rspauth that does not prove knowledge of the password')
    }
  }

  #ha1({ realm, algorithm }: AnswerableChallenge): string | undefined {
    const credentials = this.#credentialsFor(this.#relay, realm)
    if ('password' in credentials) {
      return ha1(this.#hash, algorithm, credentials.username, realm, credentials.password)
    }
    return credentials.realm === realm ? credentials.ha1[algorithm]?.toLowerCase() : undefined
  }

  #hasHa1(challenge: AnswerableChallenge): boolean {
    return 'password' in this.#credentialsFor(this.#relay, challenge.realm) || this.#ha1(challenge) !== undefined
  }

  #noHa1({ realm, algorithm }: AnswerableChallenge): MsrpError {
    const asked = `${digestAlgorithmName(algorithm)} in the realm "${realm}"`
    return new MsrpError(
      'invalid-argument',
      `the relay ${this.#relay.host} asks for ${asked}, for which no HA1 is given`,
    )
  }

  #unproven(detail: string): MsrpError {
    return new MsrpError('malformed', `Authentication-Info of the relay ${this.#relay.host} ${detail}`)
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
