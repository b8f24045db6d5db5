import { type ByteRange, formatByteRange } from './byte-range.ts'
import { ByteWriter } from './byte-writer.ts'
import { formatResponseLine, ident } from './encode.ts'
import type { FieldLines } from './field-lines.ts'
import { FIELD_NAMES, isMimeField } from './field-names.ts'
import type { RequestHead, ResponseHead } from './head.ts'

const TO_PATH = FIELD_NAMES.indexOf('To-Path')
const FROM_PATH = FIELD_NAMES.indexOf('From-Path')
const BYTE_RANGE = FIELD_NAMES.indexOf('Byte-Range')

/** What a relay changes in what it forwards (RFC 4976 §6.4). */
export interface Rewriting {
  readonly transactionId: string
  /** The new paths, as `encodePaths` writes them. */
  readonly paths: Uint8Array
}

/** What a relay changes in a request. */
export interface RequestRewriting extends Rewriting {
  /** The range of what is sent on, when it is another than what was received. */
  readonly byteRange?: ByteRange | undefined
}

const writer = new ByteWriter(4096)

/**
 * The head of a request to be forwarded: new start-line and paths, and if given a new Byte-Range in the place of the old
 * one or, without one, before the fields of the body. All other lines stay byte for byte and in order. The blank line is
 * there when the request has a body. Lent: valid until the next call.
 */
export function rewriteRequestHead(
  head: RequestHead,
  { transactionId, paths, byteRange }: RequestRewriting,
): Uint8Array {
  ident(transactionId)
  writer.text('MSRP ')
  writer.text(transactionId)
  writer.text(head.method === 'SEND' ? ' SEND\r\n' : ` ${head.method}\r\n`)
  writer.bytes(paths)
  writeFields(head.fields.lines, byteRange)
  if (head.hasBody) writer.text('\r\n')
  return writer.take()
}

/** A response on its way back, whole: new start-line and paths; all else as it was. Lent: valid until the next call. */
export function rewriteResponse(head: ResponseHead, { transactionId, paths }: Rewriting): Uint8Array {
  writer.text(formatResponseLine(transactionId, head.status, head.comment))
  writer.bytes(paths)
  writeFields(head.fields.lines, undefined)
  writer.text(`-------${transactionId}$\r\n`)
  return writer.take()
}

/** All lines but the paths, with a Byte-Range, if one is given, in the place of any other. */
function writeFields(lines: FieldLines, byteRange: ByteRange | undefined): void {
  const range = byteRange === undefined ? '' : `Byte-Range: ${formatByteRange(byteRange)}\r\n`
  const place = range === '' ? -1 : placeOfRange(lines)
  // Lines that follow one another are written at once.
  let from = -1
  for (let line = 0; line < lines.count; line++) {
    const kind = lines.kinds[line]
    const stays = kind !== TO_PATH && kind !== FROM_PATH && (kind !== BYTE_RANGE || range === '')
    if (from !== -1 && (!stays || line === place)) {
      writer.bytes(lines.bytes, from, lines.start(line))
      from = -1
    }
    if (line === place) writer.text(range)
    if (stays && from === -1) from = lines.start(line)
  }
  if (from !== -1) writer.bytes(lines.bytes, from, lines.end(lines.count - 1))
  if (place === -1) writer.text(range)
}

/** Where it was, or before the fields of the body. */
function placeOfRange(lines: FieldLines): number {
  const old = lines.find(BYTE_RANGE)
  if (old !== -1) return old
  for (let line = 0; line < lines.count; line++) {
    if (isMimeField(lines.name(line))) return line
  }
  return -1
}
