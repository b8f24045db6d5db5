import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'

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
  const hyphen = text.indexOf('-')
  const slash = text.indexOf('/', hyphen)
  const start = position(text, 0, hyphen)
  const end = positionOrStar(text, hyphen + 1, slash)
  const total = positionOrStar(text, slash + 1, text.length)
  const whole = hyphen !== -1 && slash !== -1 && !Number.isNaN(start) && !Number.isNaN(end) && !Number.isNaN(total)
  if (!whole || start < 1 || (end !== undefined && end < start - 1)) {
    throw new MsrpError('malformed', `Byte-Range is ${shown(text)}, expected for example 1-2048/10000 or 2049-*/*`)
  }
  return { start, end, total }
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

function positionOrStar(text: string, from: number, until: number): number | undefined {
  return until - from === 1 && text[from] === '*' ? undefined : position(text, from, until)
}

// The decimal number in text[from..until), or NaN. By hand, since it is read for every chunk.
function position(text: string, from: number, until: number): number {
  let number = 0
  for (let at = from; at < until; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return until > from && number <= Number.MAX_SAFE_INTEGER ? number : Number.NaN
}
