const COLON = 0x3a
const LF = 0x0a

// RFC 4975 §9: characters of a token.
const TOKEN = new Uint8Array(256)
for (let byte = 0x21; byte < 0x7f; byte++) TOKEN[byte] = '"(),/:;<=>?@[\\]'.includes(String.fromCharCode(byte)) ? 0 : 1

/** One header field line, as offsets into the bytes of all lines. */
export interface FieldLine {
  /** Where the line begins. */
  readonly start: number
  /** Where the name ends. Without a colon the whole line counts as the name. */
  readonly nameEnd: number
  /** Where the value begins, after the colon and blanks. */
  readonly valueStart: number
  /** Where the value ends, before trailing blanks. */
  readonly valueEnd: number
  /** Where the next line begins. */
  readonly end: number
  /** There is a name and a colon. */
  readonly wellFormed: boolean
}

/** The ends of all lines: the places after each line feed. */
export function lineEndsOf(bytes: Uint8Array): number[] {
  const ends: number[] = []
  for (let lineFeed = bytes.indexOf(LF); lineFeed !== -1; lineFeed = bytes.indexOf(LF, lineFeed + 1)) {
    ends.push(lineFeed + 1)
  }
  return ends
}

/** The line in bytes[start..end), CRLF included. */
export function fieldLine(bytes: Uint8Array, start: number, end: number): FieldLine {
  const textEnd = end - 2
  let colon = start
  while (colon < textEnd && bytes[colon] !== COLON) colon++
  const wellFormed = colon < textEnd && colon > start
  const valueStart = skipBlanks(bytes, wellFormed ? colon + 1 : textEnd, textEnd)
  const nameEnd = wellFormed ? colon : textEnd
  return { start, nameEnd, valueStart, valueEnd: trimBlanks(bytes, valueStart, textEnd), end, wellFormed }
}

/** Whether the line at `start` has this name, in any case; the name is given in lower case. */
export function isNamed(bytes: Uint8Array, start: number, lowerName: string): boolean {
  const length = lowerName.length
  if (bytes[start + length] !== COLON) return false
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index] ?? 0
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
    if (lower !== lowerName.charCodeAt(index)) return false
  }
  return true
}

/**
 * Whether the line in bytes[start..end) has a name of RFC 4975 §9, a colon, and no control character: CR alone, for one,
 * is a line end to some readers, who would see other fields than we do.
 */
export function isFieldLine(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (TOKEN[bytes[at] ?? 0] === 1) at++
  if (at === start || bytes[at] !== COLON) return false
  for (at++; at < end - 2; at++) {
    const byte = bytes[at] ?? 0
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return false
  }
  return true
}

/** The first place at or after `at` that holds no blank. */
export function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  let next = at
  while (next < end && isBlank(bytes[next])) next++
  return next
}

/** The place behind the last byte that is no blank. */
export function trimBlanks(bytes: Uint8Array, start: number, end: number): number {
  let last = end
  while (last > start && isBlank(bytes[last - 1])) last--
  return last
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
