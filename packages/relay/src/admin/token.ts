import { createHash, timingSafeEqual } from 'node:crypto'
import { MsrpError } from 'msrp/wire'

/** Characters that a token has at least: 96 bits in base 64. */
const LEAST = 16

/** The secret by which whoever calls shows that he may act. Only its hash is kept. */
export class AdminToken {
  readonly #hash: Buffer

  /** @throws MsrpError `invalid-argument` when it is too short to be one */
  constructor(token: string) {
    if (token.length < LEAST || /\s/.test(token)) {
      const remedy = 'make one with: openssl rand -base64 24'
      throw new MsrpError('invalid-argument', `the token has fewer than ${LEAST} characters, or spaces; ${remedy}`)
    }
    this.#hash = hash(token)
  }

  /** Whether an Authorization header brings it. Takes as long for any other. */
  admits(authorization: string | undefined): boolean {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? ''
    return timingSafeEqual(hash(given), this.#hash) && given !== ''
  }
}

/** Hashes have one length, which comparing without telling by its duration needs. */
function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
