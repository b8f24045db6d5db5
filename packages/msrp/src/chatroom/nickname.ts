import type { Session } from '../session/api.ts'
import { formatQuotedString, MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { encodeText } from '../wire/utf8.ts'

/** Octets, in UTF-8 (RFC 7701 §7.1). */
const LONGEST = 1023

/**
 * Asks a chat room for a nickname, the first one or another (RFC 7701 §7). Until it is given the one before stays; an empty
 * one gives it up.
 * @throws MsrpError `refused` with `status` 403 (no nicknames here, or none for you), 424 (no nickname), 425 (taken or
 *   reserved) or 501 (the other side knows nothing of nicknames); `invalid-argument` for more than 1023 bytes or control
 *   characters; otherwise as `Session.sendRequest`
 */
export async function useNickname(session: Session, nickname: string): Promise<void> {
  const name = nickname.toWellFormed()
  const size = encodeText(name).length
  if (size > LONGEST) throw unusable(nickname, `has ${size} bytes: ${LONGEST} at most (RFC 7701 §7.1)`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no quoted-string can hold them
  if (/[\u0000-\u001f\u007f]/.test(name)) throw unusable(nickname, 'has control characters')
  try {
    await session.sendRequest('NICKNAME', [['Use-Nickname', formatQuotedString(name)]])
  } catch (error) {
    if (!(error instanceof MsrpError) || error.status === undefined) throw error
    throw new MsrpError(error.code, `The nickname ${shown(name)} was not given: ${meaning(error)}`, {
      status: error.status,
      cause: error,
    })
  }
}

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [403, 'the chat room has no nicknames, or none for this user (403)'],
  [404, 'there is no such chat room (404)'],
  [423, 'it is no nickname (423)'],
  [424, 'it is no nickname (424)'],
  [425, 'it is taken or reserved, choose another one (425)'],
  [501, 'the other side knows nothing of nicknames (501)'],
])

function meaning({ status = 0, message }: MsrpError): string {
  return MEANINGS.get(status) ?? message
}

function unusable(nickname: string, what: string): MsrpError {
  return new MsrpError('invalid-argument', `The nickname ${shown(nickname)} ${what}`)
}
