import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import type { SdpAttribute } from './api.ts'
import { wrongLine } from './line.ts'

const CHAT_TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/

/**
 * What `a=chatroom` lists (RFC 7701 §8). A token that comes twice counts once.
 * @throws MsrpError `malformed`
 */
export function parseChatroom({ value, line }: SdpAttribute): string[] {
  const tokens = (value ?? '').split(' ').filter((token) => token !== '')
  const wrong = tokens.find((token) => !CHAT_TOKEN.test(token))
  if (wrong !== undefined) throw wrongLine(line, 'a=chatroom', `${shown(wrong)} is no token`)
  return [...new Set(tokens)]
}

/**
 * The value of `a=chatroom`; undefined without tokens. Those of one's own begin with a domain name turned round: `com.example.`
 * @throws MsrpError `invalid-argument` for what is no token, or comes twice
 */
export function formatChatroom(tokens: readonly string[]): string | undefined {
  const wrong = tokens.find((token) => !CHAT_TOKEN.test(token))
  if (wrong !== undefined)
    throw new MsrpError('invalid-argument', `chatroom: ${shown(wrong)} is no token (RFC 7701 §8)`)
  const twice = tokens.find((token, index) => tokens.indexOf(token) !== index)
  if (twice !== undefined) throw new MsrpError('invalid-argument', `chatroom: ${shown(twice)} is there twice`)
  return tokens.length === 0 ? undefined : tokens.join(' ')
}
