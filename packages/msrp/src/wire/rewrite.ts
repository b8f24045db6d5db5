import { type ByteRange, formatByteRange } from './byte-range.ts'
import { formatPaths, formatResponseLine, ident } from './encode.ts'
import { type FieldLine, isNamed } from './field-lines.ts'
import type { RequestHead, ResponseHead } from './head.ts'
import type { HeaderFields } from './header-fields.ts'
import type { MsrpUri } from './msrp-uri.ts'
import { decodeText, encodeText } from './utf8.ts'

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
  if (byteRange === undefined) return assemble(fields, start, undefined, '', blank)
  const { bytes, lines } = fields
  const range = `Byte-Range: ${formatByteRange(byteRange)}\r\n`
  const old = lines.find((line) => isNamed(bytes, line.start, 'byte-range'))
  const place = old ?? lines.find((line) => isMimeLine(bytes, line))
  return assemble(fields, start, place?.start, range, blank)
}

/** A response on its way back, whole: new start-line and paths; status, comment and other fields as they were. */
export function rewriteResponse(head: ResponseHead, rewriting: Rewriting): Uint8Array {
  const { transactionId, toPath, fromPath } = rewriting
  const startLine = formatResponseLine(transactionId, head.status, head.comment)
  return assemble(
    head.fields,
    `${startLine}${formatPaths(toPath, fromPath)}`,
    undefined,
    '',
    `-------${transactionId}$\r\n`,
  )
}

// All lines but the paths and Byte-Range when it is replaced; `inserted` goes before the line
// that begins at `place`, or last.
function assemble(
  fields: HeaderFields,
  start: string,
  place: number | undefined,
  inserted: string,
  end: string,
): Uint8Array {
  const { bytes, lines } = fields
  const pieces: Uint8Array[] = [encodeText(start)]
  for (const line of lines) {
    if (line.start === place) pieces.push(encodeText(inserted))
    if (isNamed(bytes, line.start, 'to-path') || isNamed(bytes, line.start, 'from-path')) continue
    if (inserted !== '' && isNamed(bytes, line.start, 'byte-range')) continue
    pieces.push(bytes.subarray(line.start, line.end))
  }
  if (place === undefined) pieces.push(encodeText(inserted))
  pieces.push(encodeText(end))
  return joined(pieces)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

const MIME_PREFIX = 'content-'

function isMimeLine(bytes: Uint8Array, line: FieldLine): boolean {
  const prefix = decodeText(bytes, line.start, Math.min(line.nameEnd, line.start + MIME_PREFIX.length))
  return prefix.toLowerCase() === MIME_PREFIX
}
