import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'
import { encodeText } from './utf8.ts'

const HYPHEN = 0x2d
const SLASH = 0x2f
const STAR = 0x2a

/**
 * The value of Byte-Range: which bytes of the whole message a chunk or a report is about (RFC 4975 §7.1.1).
 * Positions count bytes from 1; both ends are included. An empty message is `1-0/0`.
 */
export interface ByteRange {
  /** Position of the first byte, at least 1. */
  readonly start: number
  /** Position of the last byte; undefined stands for `*`: open, because the chunk may be interrupted. */
  readonly end: number | undefined
  /** Size of the whole message; undefined stands for `*`: not known yet. */
  readonly total: number | undefined
}

/**
 * Reads a Byte-Range value. The total is not compared with the end: reports in the field carry odd totals, and what to
 * make of them is the reader's business.
 * @throws MsrpError `malformed` when it is not of the grammar, starts before 1, ends before the byte in front of its
 *   start, or holds a number beyond 2^53 - 1.
 */
export function parseByteRange(text: string): ByteRange {
  const bytes = encodeText(text)
  const range = byteRangeIn(bytes, 0, bytes.length)
  if (range === undefined) {
    throw new MsrpError('malformed', `Byte-Range is ${shown(text)}, expected for example 1-2048/10000 or 2049-*/*`)
  }
  return range
}

/** The same where it stands in bytes[from..until); undefined when it cannot be read. */
export function byteRangeIn(bytes: Uint8Array, from: number, until: number): ByteRange | undefined {
  const hyphen = placeOf(HYPHEN, bytes, from, until)
  const slash = placeOf(SLASH, bytes, hyphen, until)
  const start = position(bytes, from, hyphen)
  const end = positionOrStar(bytes, hyphen + 1, slash)
  const total = positionOrStar(bytes, slash + 1, until)
  if (Number.isNaN(start) || Number.isNaN(end) || Number.isNaN(total)) return undefined
  return start < 1 || (end !== undefined && end < start - 1) ? undefined : { start, end, total }
}

/**
 * Writes a Byte-Range value.
 * @throws MsrpError `invalid-argument` for numbers that are not whole, negative or unsafe, or an end before start - 1.
 */
export function formatByteRange(range: ByteRange): string {
  const { start, end, total } = range
  const whole = [start, end ?? 0, total ?? 0].every((number) => Number.isSafeInteger(number) && number >= 0)
  if (!whole || start < 1 || (end !== undefined && end < start - 1)) {
    throw new MsrpError('invalid-argument', `No Byte-Range can say ${start}-${end ?? '*'}/${total ?? '*'}`)
  }
  return `${start}-${end ?? '*'}/${total ?? '*'}`
}

/** `until` when it is nowhere. */
function placeOf(wanted: number, bytes: Uint8Array, from: number, until: number): number {
  let at = from
  while (at < until && bytes[at] !== wanted) at++
  return at
}

function positionOrStar(bytes: Uint8Array, from: number, until: number): number | undefined {
  return until - from === 1 && bytes[from] === STAR ? undefined : position(bytes, from, until)
}

// The decimal number in bytes[from..until), or NaN. By hand, since it is read for every chunk.
function position(bytes: Uint8Array, from: number, until: number): number {
  let number = 0
  for (let at = from; at < until; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return until > from && number <= Number.MAX_SAFE_INTEGER ? number : Number.NaN
}
