import { concatenate } from './byte-pool.ts'
import { type ByteRange, formatByteRange } from './byte-range.ts'
import { formatPaths, formatResponseLine, ident } from './encode.ts'
import type { FieldLines } from './field-lines.ts'
import { FIELD_NAMES, isMimeField } from './field-names.ts'
import type { RequestHead, ResponseHead } from './head.ts'
import type { HeaderFields } from './header-fields.ts'
import type { MsrpUri } from './msrp-uri.ts'
import { encodeText } from './utf8.ts'

const TO_PATH = FIELD_NAMES.indexOf('To-Path')
const FROM_PATH = FIELD_NAMES.indexOf('From-Path')
const BYTE_RANGE = FIELD_NAMES.indexOf('Byte-Range')

/** What a relay changes in what it forwards (RFC 4976 §6.4). */
export interface Rewriting {
  readonly transactionId: string
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
}

/** What a relay changes in a request. */
export interface RequestRewriting extends Rewriting {
  /** The range of what is sent on, when it is another than what was received. */
  readonly byteRange?: ByteRange
}

/**
 * The head of a request to be forwarded: new start-line and paths, and if given a new Byte-Range in the place of the old
 * one or, without one, before the fields of the body. All other lines stay byte for byte and in order. The blank line is
 * there when the request has a body.
 */
export function rewriteRequestHead(head: RequestHead, rewriting: RequestRewriting): Uint8Array {
  const { transactionId, toPath, fromPath, byteRange } = rewriting
  const { fields } = head
  const start = `MSRP ${ident(transactionId)} ${head.method}\r\n${formatPaths(toPath, fromPath)}`
  const blank = head.hasBody ? '\r\n' : ''
  if (byteRange === undefined) return assemble(fields, start, '', blank)
  return assemble(fields, start, `Byte-Range: ${formatByteRange(byteRange)}\r\n`, blank)
}

/** A response on its way back, whole: new start-line and paths; status, comment and other fields as they were. */
export function rewriteResponse(head: ResponseHead, rewriting: Rewriting): Uint8Array {
  const { transactionId, toPath, fromPath } = rewriting
  const startLine = formatResponseLine(transactionId, head.status, head.comment)
  return assemble(head.fields, `${startLine}${formatPaths(toPath, fromPath)}`, '', `-------${transactionId}$\r\n`)
}

// All lines but the paths, and with `range`, the line of a Byte-Range, in the place of any other.
function assemble(fields: HeaderFields, start: string, range: string, end: string): Uint8Array {
  const { bytes, lines } = fields
  const place = range === '' ? -1 : placeOfRange(lines)
  const pieces: Uint8Array[] = [encodeText(start)]
  for (let line = 0; line < lines.count; line++) {
    const kind = lines.kind(line)
    if (line === place) pieces.push(encodeText(range))
    if (kind === TO_PATH || kind === FROM_PATH || (kind === BYTE_RANGE && range !== '')) continue
    pieces.push(bytes.subarray(lines.start(line), lines.end(line)))
  }
  if (place === -1) pieces.push(encodeText(range))
  pieces.push(encodeText(end))
  return concatenate(pieces)
}

// Where it was, or before the fields of the body.
function placeOfRange(lines: FieldLines): number {
  const old = lines.find(BYTE_RANGE)
  if (old !== -1) return old
  for (let line = 0; line < lines.count; line++) {
    if (isMimeField(lines.name(line))) return line
  }
  return -1
}
