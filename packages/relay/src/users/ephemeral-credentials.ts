import { createHmac, timingSafeEqual } from 'node:crypto'
import { MsrpError } from 'msrp/wire'

/** Hash of the HMAC. TURN servers know SHA-1 alone. */
export type EphemeralHash = 'sha1' | 'sha256'

/** What stands between expiry and user. With Digest it must not be a colon (RFC 7616 §4), with coturn it is one. */
export const EPHEMERAL_SEPARATOR = '.'

/** Characters of the shortest secret: whoever has credentials can try out secrets at leisure. */
const SHORTEST_SECRET = 16

/** Characters of the longest user. */
const LONGEST_USER = 128

/** Credentials that a relay takes without knowing the user: they say until when themselves. */
export interface EphemeralCredentials {
  /** `EXPIRY.USER`, or `EXPIRY` alone; the expiry in seconds since 1970. */
  readonly username: string
  /** Base64 of the HMAC of the user name under the shared secret. */
  readonly password: string
  /** When they end. */
  readonly expires: Date
}

/** What credentials are to be made. */
export interface NewEphemeralCredentials {
  /** Shared with the relay. At least 16 characters. */
  readonly secret: string
  /**
   * Whom they are for, as accounting and limits see it: up to 128 characters without blanks, quotes, backslash, colon and
   * `@`. Absent: nobody in particular.
   */
  readonly user?: string
  /** Seconds for which they can be used to log in. */
  readonly ttl: number
  /** Default: `sha1`, as TURN servers have it. */
  readonly hash?: EphemeralHash
  /** Default: a full stop. One character; `:` as coturn has it by default. */
  readonly separator?: string
  /** Milliseconds since 1970. Default: now. */
  readonly now?: number
}

/**
 * Makes credentials for a relay that shares the secret, as TURN servers know them (draft-uberti-behave-turn-rest): for a web
 * application whose users have no accounts at the relay.
 * @throws MsrpError `invalid-argument`, which names what is wrong and nothing of the secret
 */
export function createEphemeralCredentials(wanted: NewEphemeralCredentials): EphemeralCredentials {
  const { secret, user, ttl, hash = 'sha1', separator = EPHEMERAL_SEPARATOR, now = Date.now() } = wanted
  checkSecret(secret)
  checkSeparator(separator)
  if (!Number.isSafeInteger(ttl) || ttl < 1) {
    throw new MsrpError('invalid-argument', `ttl is ${ttl}, expected whole seconds from 1`)
  }
  if (user !== undefined && !isEphemeralUser(user)) {
    throw new MsrpError(
      'invalid-argument',
      `${JSON.stringify(user)} cannot be the user of credentials; use up to ${LONGEST_USER} characters, without blanks, quotes, backslash, colon and @`,
    )
  }
  const expiry = Math.floor(now / 1000) + ttl
  const username = user === undefined ? String(expiry) : `${expiry}${separator}${user}`
  return { username, password: ephemeralPassword(hash, secret, username), expires: new Date(expiry * 1000) }
}

/** What a relay takes. */
export interface EphemeralOptions {
  /** Any of them will do, so that one can be changed while credentials made with the old one are about. */
  readonly secrets: readonly string[]
  /** Default: `sha1` and `sha256`. */
  readonly hashes: readonly EphemeralHash[]
  readonly separator: string
  /** Seconds by which the clock of whoever makes them may differ from ours. Default: 30. */
  readonly clockSkew: number
  /** Seconds for which credentials may be valid at most, seen from now. Default: 86400. */
  readonly maximumTtl: number
}

/** Why credentials are not taken: `other`: the name is not of this kind; `too-long`: they would be valid for too long. */
export type EphemeralFlaw = 'other' | 'expired' | 'too-long' | 'wrong'

/** What a user name says of itself. */
export type EphemeralName =
  | { readonly user: string | undefined; readonly expiry: number; readonly reason?: undefined }
  | { readonly reason: Exclude<EphemeralFlaw, 'wrong'> }

/** Takes credentials that were made with a shared secret. Pure: whoever calls brings the time. */
export class EphemeralVerifier {
  readonly #options: EphemeralOptions

  /** @throws MsrpError `invalid-argument` for a secret or separator that cannot be one; holds nothing of the secret */
  constructor(options: EphemeralOptions) {
    for (const secret of options.secrets) checkSecret(secret)
    checkSeparator(options.separator)
    this.#options = options
  }

  /**
   * Whether the password belongs to the user name, now.
   * @param now milliseconds since 1970
   * @returns the user they were made for (undefined: nobody in particular) with their expiry in seconds, or the reason
   */
  verify(username: string, password: string, now: number): EphemeralName | { readonly reason: EphemeralFlaw } {
    const name = this.read(username, now)
    if (name.reason !== undefined) return name
    const given = Buffer.from(password)
    let right = false
    for (const candidate of this.passwords(username)) {
      const expected = Buffer.from(candidate)
      if (expected.byteLength === given.byteLength && timingSafeEqual(expected, given)) right = true
    }
    return right ? name : { reason: 'wrong' }
  }

  /** What a user name says of itself, without looking at a password. */
  read(username: string, now: number): EphemeralName {
    const { clockSkew, maximumTtl } = this.#options
    const parsed = this.parse(username)
    if (parsed === undefined) return { reason: 'other' }
    const seconds = now / 1000
    if (seconds > parsed.expiry + clockSkew) return { reason: 'expired' }
    if (parsed.expiry > seconds + maximumTtl + clockSkew) return { reason: 'too-long' }
    return parsed
  }

  /** Expiry, in seconds since 1970, and user in a name of this kind, whatever the time is; undefined for other names. */
  parse(username: string): { readonly user: string | undefined; readonly expiry: number } | undefined {
    const { separator } = this.#options
    const [, digits, rest] = /^(\d{10,11})(?:(\D.*))?$/su.exec(username) ?? []
    if (digits === undefined) return undefined
    if (rest === undefined) return { user: undefined, expiry: Number(digits) }
    const user = rest.slice(separator.length)
    return rest.startsWith(separator) && isEphemeralUser(user) ? { user, expiry: Number(digits) } : undefined
  }

  /** All passwords that belong to a user name. */
  passwords(username: string): string[] {
    const { secrets, hashes } = this.#options
    return secrets.flatMap((secret) => hashes.map((hash) => ephemeralPassword(hash, secret, username)))
  }
}

function ephemeralPassword(hash: EphemeralHash, secret: string, username: string): string {
  return createHmac(hash, secret).update(username).digest('base64')
}

// No colon, which Digest puts behind the name, and nothing that has to be quoted in a header or a log. No @: behind it
// stands the domain of an account.
function isEphemeralUser(user: string): boolean {
  return user.length <= LONGEST_USER && /^[^\s\p{C}:@"'\\]+$/u.test(user)
}

/** What is wrong with a shared secret, to be read after its name; undefined when nothing is. */
export function sharedSecretFlaw(secret: string): string | undefined {
  if (secret.length >= SHORTEST_SECRET) return undefined
  return `has less than ${SHORTEST_SECRET} characters, which can be found by trying; take a longer one`
}

function checkSecret(secret: string): void {
  const flaw = sharedSecretFlaw(secret)
  if (flaw !== undefined) throw new MsrpError('invalid-argument', `a shared secret ${flaw}`)
}

function checkSeparator(separator: string): void {
  if (/^[!#$%&*+,./:;=?^_|~-]$/.test(separator)) return
  throw new MsrpError(
    'invalid-argument',
    `${JSON.stringify(separator)} cannot separate expiry and user; take one of . : _ - + = ~ or another sign that is neither letter, digit, quote nor @`,
  )
}
