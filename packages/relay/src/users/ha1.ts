import { nodeHash } from 'msrp/node'
import { ha1, MsrpError } from 'msrp/wire'
import type { UserAddress } from './user-address.ts'

/** H(A1) of RFC 7616 §3.4.2, lower-case hex: all that a relay needs to know of a password. */
export interface Ha1 {
  readonly md5: string
  /** Absent where another program stored MD5 alone; the user cannot answer challenges with SHA-256 then. */
  readonly sha256?: string
}

/** H(A1) of a user with this password, the domain as realm. */
export function ha1Of({ username, domain }: UserAddress, password: string): Required<Ha1> {
  return {
    md5: ha1(nodeHash, 'md5', username, domain, password),
    sha256: ha1(nodeHash, 'sha-256', username, domain, password),
  }
}

/**
 * Reads H(A1) as SIP proxies store it in their tables of subscribers: 32 hexadecimal digits (`ha1`), and after a space
 * 64 more where they have them (`ha1_sha256`).
 * @throws MsrpError `invalid-argument`; the message does not hold what was read
 */
export function parseHa1(text: string): Ha1 {
  const [, md5, sha256] = /^\s*([\da-f]{32})(?:\s+([\da-f]{64}))?\s*$/i.exec(text) ?? []
  if (md5 === undefined) {
    throw new MsrpError(
      'invalid-argument',
      'that is not H(A1): 32 hexadecimal digits are expected, the MD5 of user:realm:password, and after a space the 64 of SHA-256 where they are known',
    )
  }
  return { md5: md5.toLowerCase(), ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }) }
}
