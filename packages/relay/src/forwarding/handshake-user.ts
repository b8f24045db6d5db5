import { type Hash, ha1 } from 'msrp/wire'
import type { RelayPlatform } from './settings.ts'

/** Somebody who has logged in before any MSRP, in the handshake of a WebSocket (RFC 7977 §5.3.1). Holds no password. */
export interface HandshakeUser {
  readonly username: string
  readonly realm: string
  /** H(A1) of the password that was shown, with MD5. As secret as that. */
  readonly ha1: string
}

/** Who somebody says to be. */
export function handshakeUser(hash: Hash, username: string, realm: string, password: string): HandshakeUser {
  return { username, realm, ha1: ha1(hash, 'md5', username, realm, password) }
}

/**
 * Whether the password is right, and still is: asked anew for each AUTH, since passwords change and some run out. Rejects
 * when that cannot be found out, which never means access.
 */
export async function isRightUser(
  user: HandshakeUser,
  { users, equal }: Pick<RelayPlatform, 'users' | 'equal'>,
): Promise<boolean> {
  const found: string | readonly string[] | undefined = await users.ha1(user.username, user.realm, 'md5')
  const candidates = found === undefined ? [] : typeof found === 'string' ? [found] : found
  let right = false
  for (const candidate of candidates) if (equal(candidate, user.ha1)) right = true
  return right
}
