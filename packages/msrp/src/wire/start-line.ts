import { identEnd } from './ident.ts'
import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'
import { decodeText } from './utf8.ts'

/** A parsed start-line (RFC 4975 §9). */
export type StartLine =
  | { readonly kind: 'request'; readonly transactionId: string; readonly method: string }
  | { readonly kind: 'response'; readonly transactionId: string; readonly status: number; readonly comment: string }

const SPACE = 0x20
const PROTOCOL = 'MSRP '
const MIN_ID = 3
const MAX_ID = 32

// What stands behind the id: a method, or a status and a comment without control characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const REST = /^(?:([A-Z]+)|([1-9]\d\d)(?: ([^\u0000-\u0008\u000a-\u001f\u007f]*))?)$/

/**
 * Whether bytes[start..end) can be the beginning of a start-line, as far as they reach: tells another protocol by its
 * first bytes, before a line end, which may never come.
 */
export function mayBeStartLine(bytes: Uint8Array, start: number, end: number): boolean {
  return agree(bytes, start, Math.min(end, start + PROTOCOL.length), PROTOCOL)
}

/**
 * Reads the start-line in bytes[start..end), without its CRLF.
 * @throws MsrpError `malformed`.
 */
export function parseStartLine(bytes: Uint8Array, start: number, end: number): StartLine {
  const idStart = start + PROTOCOL.length
  const idEnd = identEnd(bytes, idStart, end)
  const idLength = idEnd - idStart
  const hasId = idLength >= MIN_ID && idLength <= MAX_ID && bytes[idEnd] === SPACE
  if (!mayBeStartLine(bytes, start, end) || !hasId) throw malformed(bytes, start, end)
  const transactionId = decodeText(bytes, idStart, idEnd)
  const rest = idEnd + 1
  // What most of them are is not taken apart.
  if (is(bytes, rest, end, 'SEND')) return { kind: 'request', transactionId, method: 'SEND' }
  if (is(bytes, rest, end, '200 OK')) return { kind: 'response', transactionId, status: 200, comment: 'OK' }
  const match = REST.exec(decodeText(bytes, rest, end))
  if (match === null) throw malformed(bytes, start, end)
  const [, method, status, comment = ''] = match
  if (method !== undefined) return { kind: 'request', transactionId, method }
  return { kind: 'response', transactionId, status: Number(status), comment }
}

/** Whether a text is what stands in bytes[start..end). */
function is(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  return end - start === text.length && agree(bytes, start, end, text)
}

/** Whether bytes[start..end), which are no more than the text has characters, are its beginning. */
function agree(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== text.charCodeAt(at - start)) return false
  return true
}

function malformed(bytes: Uint8Array, start: number, end: number): MsrpError {
  const line = shown(decodeText(bytes, start, end))
  return new MsrpError('malformed', `A start-line is ${line}, expected for example "MSRP d93kswow SEND"`)
}
