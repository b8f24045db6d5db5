import type { RequestHead } from './head.ts'
import { isIdent } from './ident.ts'
import { MsrpError } from './msrp-error.ts'

const ONCE = ['Message-ID', 'Byte-Range', 'Success-Report', 'Failure-Report', 'Status', 'Content-Type', 'Authorization']

/**
 * What is wrong with a request whose framing and paths are sound: one sentence for the comment of a 400, or undefined
 * when it is fine. Deviations that peers in the field are known for, and that harm nobody, are fine.
 */
export function requestFlaw(head: RequestHead): string | undefined {
  const { fields, method } = head
  if (fields.lines.some((line) => !line.wellFormed)) return 'A header line has no name and colon'
  if (hasControl(fields.bytes)) return 'A header field holds a control character'
  for (const name of ONCE) {
    if (fields.all(name).length > 1) return `There are two ${name} fields`
  }
  try {
    if (method === 'SEND' || method === 'REPORT') {
      const { messageId } = fields
      if (messageId === undefined) return 'There is no Message-ID'
      if (!isIdent(messageId)) return 'The Message-ID is not 3 to 32 characters that an id may have'
      fields.byteRange
    }
    if (method === 'SEND') {
      fields.successReport
      fields.failureReport
    }
    if (method === 'REPORT' && fields.status === undefined) return 'There is no Status'
    if (method === 'NICKNAME' && fields.useNickname === undefined) return 'There is no Use-Nickname'
    if (head.hasBody && fields.mediaType === undefined) return 'There is a body but no Content-Type'
  } catch (error) {
    if (error instanceof MsrpError) return error.message
    throw error
  }
  return undefined
}

function hasControl(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= 0x20 && byte !== 0x7f) continue
    const lineEnd = (byte === 0x0d && bytes[at + 1] === 0x0a) || (byte === 0x0a && bytes[at - 1] === 0x0d)
    if (byte !== 0x09 && !lineEnd) return true
  }
  return false
}
