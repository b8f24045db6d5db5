import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** Which bytes of a file a transfer brings; counted from 1, both ends included, as on the wire (RFC 5547 §6). */
export interface FileRange {
  readonly start: number
  /** Undefined for `*`: up to the end, wherever that is. */
  readonly stop?: number
}

/** What a transfer without `file-range` brings: all of it. */
export const WHOLE_FILE: FileRange = { start: 1 }

/** Reads the attribute `file-range`, such as `4097-*`. @throws MsrpError `malformed` */
export function parseFileRange(text: string): FileRange {
  const [, first, last] = /^\s*(\d{1,16})\s*-\s*(\d{1,16}|\*)\s*$/.exec(text) ?? []
  const range: FileRange =
    last === undefined || last === '*' ? { start: Number(first) } : { start: Number(first), stop: Number(last) }
  if (isRange(range)) return range
  throw new MsrpError('malformed', `file-range: ${shown(text)} is no range such as 1-4096 or 4097-* (RFC 5547 §6)`)
}

/** Writes it. @throws MsrpError `invalid-argument` */
export function formatFileRange(range: FileRange): string {
  if (isRange(range)) return `${range.start}-${range.stop ?? '*'}`
  throw new MsrpError('invalid-argument', `file-range: there are no bytes ${range.start} to ${range.stop ?? '*'}`)
}

/** Whether two ranges are the same, for a file of a size that may be known. */
export function sameRange(one: FileRange, other: FileRange, size?: number): boolean {
  return one.start === other.start && (one.stop ?? size) === (other.stop ?? size)
}

/**
 * Positions from 0, the end not included, of a range in a file of that size.
 * @throws MsrpError `invalid-argument` when the file has no such bytes
 */
export function positionsOf({ start, stop = Number.POSITIVE_INFINITY }: FileRange, size: number): [number, number] {
  // One past the end with `*` is the rest of a file that is there already: nothing.
  if (start - 1 <= size && (stop === Number.POSITIVE_INFINITY || stop <= size)) return [start - 1, Math.min(stop, size)]
  const bytes = formatFileRange(stop === Number.POSITIVE_INFINITY ? { start } : { start, stop })
  throw new MsrpError('invalid-argument', `file-range: bytes ${bytes} are not in a file of ${size} bytes`)
}

function isRange({ start, stop }: FileRange): boolean {
  const isOffset = (value: number): boolean => Number.isSafeInteger(value) && value >= 1
  return isOffset(start) && (stop === undefined || (isOffset(stop) && stop >= start))
}
