import { IDENT, IDENT_CLASSES, IDENT_START } from './ident.ts'
import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'
import { decodeText } from './utf8.ts'

/** A parsed start-line (RFC 4975 §9). */
export type StartLine =
  | { readonly kind: 'request'; readonly transactionId: string; readonly method: string }
  | { readonly kind: 'response'; readonly transactionId: string; readonly status: number; readonly comment: string }

const SPACE = 0x20
const PROTOCOL = [0x4d, 0x53, 0x52, 0x50, SPACE]
const MIN_ID = 3
const MAX_ID = 32

// What a character can be part of: an ident, and a method, which is capital letters.
const METHOD = 4
const CLASSES = IDENT_CLASSES.map((classes, byte) => (byte >= 0x41 && byte <= 0x5a ? classes | METHOD : classes))

/**
 * Whether bytes[start..end) can be the beginning of a start-line, as far as they reach: tells another protocol by its
 * first bytes, before a line end, which may never come.
 */
export function mayBeStartLine(bytes: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(PROTOCOL.length, end - start)
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== PROTOCOL[index]) return false
  }
  return true
}

/**
 * Reads the start-line in bytes[start..end), without its CRLF.
 * @throws MsrpError `malformed`.
 */
export function parseStartLine(bytes: Uint8Array, start: number, end: number): StartLine {
  const idStart = start + PROTOCOL.length
  if (!mayBeStartLine(bytes, start, end) || !has(bytes, idStart, IDENT_START)) throw malformed(bytes, start, end)
  const idEnd = endOf(bytes, idStart, end, IDENT)
  const idLength = idEnd - idStart
  if (idLength < MIN_ID || idLength > MAX_ID || bytes[idEnd] !== SPACE) throw malformed(bytes, start, end)
  const transactionId = decodeText(bytes, idStart, idEnd)
  const rest = idEnd + 1
  if (has(bytes, rest, METHOD) && endOf(bytes, rest, end, METHOD) === end) {
    return { kind: 'request', transactionId, method: methodOf(bytes, rest, end) }
  }
  return responseLine(transactionId, bytes, start, rest, end)
}

function responseLine(transactionId: string, bytes: Uint8Array, start: number, rest: number, end: number): StartLine {
  const codeEnd = rest + 3
  const status = statusAt(bytes, rest)
  const comment = codeEnd < end ? commentIn(bytes, codeEnd + 1, end) : ''
  const whole = codeEnd === end || (codeEnd < end && bytes[codeEnd] === SPACE)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!whole || status < 100 || (comment !== 'OK' && /[\u0000-\u0008\u000a-\u001f\u007f]/.test(comment))) {
    throw malformed(bytes, start, end)
  }
  return { kind: 'response', transactionId, status, comment }
}

function commentIn(bytes: Uint8Array, start: number, end: number): string {
  return end - start === 2 && bytes[start] === 0x4f && bytes[start + 1] === 0x4b ? 'OK' : decodeText(bytes, start, end)
}

/** The number of three digits at `start`; 0 when there are not three, as in `2e6`. */
function statusAt(bytes: Uint8Array, start: number): number {
  let status = 0
  for (let at = start; at < start + 3; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return 0
    status = 10 * status + digit
  }
  return status
}

function methodOf(bytes: Uint8Array, start: number, end: number): string {
  const isSend = end - start === 4 && bytes[start] === 0x53 && bytes[start + 1] === 0x45
  return isSend && bytes[start + 2] === 0x4e && bytes[start + 3] === 0x44 ? 'SEND' : decodeText(bytes, start, end)
}

function has(bytes: Uint8Array, at: number, wanted: number): boolean {
  return ((CLASSES[bytes[at] ?? 0] ?? 0) & wanted) !== 0
}

function endOf(bytes: Uint8Array, start: number, end: number, wanted: number): number {
  let at = start
  while (at < end && has(bytes, at, wanted)) at++
  return at
}

function malformed(bytes: Uint8Array, start: number, end: number): MsrpError {
  const line = shown(decodeText(bytes, start, end))
  return new MsrpError('malformed', `A start-line is ${line}, expected for example "MSRP d93kswow SEND"`)
}
