import type { RequestHead } from './head.ts'
import type { HeaderFields } from './header-fields.ts'
import { isIdent } from './ident.ts'
import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'

/** Characters of a Message-ID: there are peers that have a UUID there. */
const LONGEST = 64

/**
 * What is wrong with a request whose framing and paths are sound: one sentence for the comment of a 400, without control
 * characters; undefined when it is fine. Deviations that peers in the field are known for, and that harm nobody, are
 * fine. Credentials are not looked at: what is wrong with them is answered 401.
 */
export function requestFlaw(head: RequestHead): string | undefined {
  const { fields, method } = head
  const line = fields.malformedLine
  if (line !== undefined) return `${shown(line)} is no header field`
  const { repeated } = fields
  if (repeated !== undefined) return `There are two ${repeated} fields`
  try {
    return methodFlaw(method, fields) ?? (head.hasBody ? bodyFlaw(fields) : undefined)
  } catch (error) {
    if (error instanceof MsrpError) return error.message
    throw error
  }
}

function methodFlaw(method: string, fields: HeaderFields): string | undefined {
  switch (method) {
    case 'SEND':
      // Reading them is checking them.
      fields.successReport
      fields.failureReport
      return messageFlaw(fields)
    case 'REPORT':
      return messageFlaw(fields) ?? (fields.status === undefined ? 'There is no Status' : undefined)
    case 'AUTH':
      fields.expires
      return undefined
    case 'NICKNAME':
      // A value that is none has a status of its own, 424 (RFC 7701 §7.1), for whoever answers.
      return fields.get('Use-Nickname') === undefined ? 'There is no Use-Nickname' : undefined
    default:
      return undefined
  }
}

function messageFlaw(fields: HeaderFields): string | undefined {
  const { messageId } = fields
  if (messageId === undefined) return 'There is no Message-ID'
  if (!isIdent(messageId, LONGEST)) return `Message-ID is ${shown(messageId)}, expected 4 to 32 id characters`
  fields.byteRange
  return undefined
}

function bodyFlaw(fields: HeaderFields): string | undefined {
  return fields.mediaType === undefined ? 'There is a body but no Content-Type' : undefined
}
