import { MsrpError } from 'msrp/wire'

/** A user as people write it, `NAME@DOMAIN`, and as Digest needs it: user name and realm. */
export interface UserAddress {
  /** Letters, digits and `. _ ~ + - = & $ ! *`, 64 at most; upper and lower case differ. */
  readonly username: string
  /** Lower case. It is the realm of the relay's challenges. */
  readonly domain: string
}

// No colon: Digest puts one between user name and realm (RFC 7616 §3.4.2). No quote or backslash: the name travels in
// a quoted-string. No slash: files are named after users.
const namePattern = /^[A-Za-z0-9_+][A-Za-z0-9._~+\-=&$!*]{0,63}$/

/**
 * Reads `NAME@DOMAIN`.
 * @throws MsrpError `invalid-argument` that says what is wrong with it
 */
export function parseUserAddress(text: string): UserAddress {
  const at = text.lastIndexOf('@')
  const username = text.slice(0, Math.max(at, 0))
  const domain = text.slice(at + 1).toLowerCase()
  if (at === -1 || username === '' || domain === '') {
    throw new MsrpError(
      'invalid-argument',
      `${JSON.stringify(text)} is not of the form NAME@DOMAIN; write for example bob@localhost`,
    )
  }
  if (!namePattern.test(username)) {
    throw new MsrpError(
      'invalid-argument',
      `${JSON.stringify(username)} cannot be a user name; use up to 64 letters, digits and . _ ~ + - = & $ ! * with a letter, digit, _ or + first`,
    )
  }
  if (!isDomain(domain)) {
    throw new MsrpError(
      'invalid-argument',
      `${JSON.stringify(domain)} is not a domain; write for example bob@example.com`,
    )
  }
  return { username, domain }
}

/** The address as `NAME@DOMAIN`. */
export function formatUserAddress(address: UserAddress): string {
  return `${address.username}@${address.domain}`
}

/** True for a lower-case domain in ASCII, such as `example.com` or `localhost`, or an IPv4 address. */
export function isDomain(text: string): boolean {
  return text.length <= 253 && /^[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?(\.[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?)*$/.test(text)
}
