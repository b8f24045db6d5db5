import { MsrpError } from './msrp-error.ts'
import { parseQuotedString } from './quoted-string.ts'
import { shown } from './shown.ts'
import { encodeText } from './utf8.ts'

/** Octets of a nickname (RFC 7701 §7.1), in UTF-8. */
const MOST_BYTES = 1023

/**
 * Reads a Use-Nickname value: the nickname without its quotes, up to 1023 bytes (RFC 7701 §7.1); an empty one gives the
 * nickname up (§7.3).
 * @throws MsrpError `malformed`.
 */
export function parseNickname(text: string): string {
  const nickname = parseQuotedString(text)
  if (nickname === undefined || encodeText(nickname).length > MOST_BYTES) {
    const expected = `a quoted string of at most ${MOST_BYTES} bytes`
    throw new MsrpError('malformed', `Use-Nickname is ${shown(text)}, expected ${expected}`)
  }
  return nickname
}
