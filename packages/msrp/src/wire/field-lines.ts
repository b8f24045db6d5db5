import { LOWER_NAMES } from './field-names.ts'
import { decodeText } from './utf8.ts'

const COLON = 0x3a
const LF = 0x0a

// RFC 4975 §9: characters of a token.
const TOKEN = new Uint8Array(256)
for (let byte = 0x21; byte < 0x7f; byte++) TOKEN[byte] = '"(),/:;<=>?@[\\]'.includes(String.fromCharCode(byte)) ? 0 : 1

/** Kind of a line with a name that is not one of `FIELD_NAMES`. */
const OTHER = -1
/** Kind of a line without a name of RFC 4975 §9 and a colon behind it. */
const NAMELESS = -2

/**
 * Header field lines over their bytes: where each begins, and which field it is. A line is named by its number, counted
 * from 0; a field by its place in `FIELD_NAMES`.
 */
export class FieldLines {
  /** What all lines lie in. */
  readonly bytes: Uint8Array
  /** Which field each line is: its place in `FIELD_NAMES`; -1 for one that is not known, -2 for no field at all. */
  readonly kinds: readonly number[]
  /** Where the first line begins. */
  readonly #base: number
  /** Counted from there. */
  readonly #ends: readonly number[]

  /**
   * @param bytes whole lines, each with its CRLF.
   * @param ends the places after each CRLF.
   * @param likely which fields the lines probably are, such as those of the head before; only saves time.
   * @param base where the lines begin in `bytes`.
   */
  constructor(
    bytes: Uint8Array,
    ends: readonly number[] = lineEndsOf(bytes),
    likely: readonly number[] = [],
    base: number = 0,
  ) {
    this.bytes = bytes
    this.#base = base
    this.#ends = ends
    this.kinds =
      likely.length === ends.length && this.#areAll(likely)
        ? likely
        : ends.map((_, line) => this.#kindOf(line, likely[line]))
  }

  /** Whether each line begins with the name of that field. */
  #areAll(kinds: readonly number[]): boolean {
    for (let line = 0; line < kinds.length; line++) if (!this.#isNamed(line, kinds[line] ?? OTHER)) return false
    return true
  }

  #isNamed(line: number, field: number): boolean {
    const name = LOWER_NAMES[field]
    const start = this.start(line)
    return name !== undefined && this.bytes[start + name.length] === COLON && isAt(this.bytes, start, name)
  }

  get count(): number {
    return this.#ends.length
  }

  /** Bytes of all lines. */
  get size(): number {
    return this.#ends[this.#ends.length - 1] ?? 0
  }

  /** Where a line begins. */
  start(line: number): number {
    return line === 0 ? this.#base : this.end(line - 1)
  }

  /** Where the next line begins. */
  end(line: number): number {
    return this.#base + (this.#ends[line] ?? 0)
  }

  /** The first line at or after `from` that is this field of `FIELD_NAMES`; -1 when there is none. */
  find(field: number, from: number = 0): number {
    return this.kinds.indexOf(field, from)
  }

  /** The same for any name, in lower case. */
  findNamed(lowerName: string, from: number = 0): number {
    for (let line = from; line < this.#ends.length; line++) {
      if (this.#nameLength(line) === lowerName.length && isAt(this.bytes, this.start(line), lowerName)) return line
    }
    return -1
  }

  /** The name as it is spelled; all of a line without name and colon. */
  name(line: number): string {
    const colon = this.#colon(line)
    return decodeText(this.bytes, this.start(line), colon === -1 ? this.end(line) - 2 : colon)
  }

  /** The value without blanks around it; empty when there is no name. */
  value(line: number): string {
    const start = this.valueStart(line)
    return decodeText(this.bytes, start, this.valueEnd(line, start))
  }

  /** Whether the value is this text, in any case; the text is given in lower case. */
  holds(line: number, lowerText: string): boolean {
    const start = this.valueStart(line)
    return this.valueEnd(line, start) - start === lowerText.length && isAt(this.bytes, start, lowerText)
  }

  /** Where the value begins, after colon and blanks. */
  valueStart(line: number): number {
    const colon = this.#colon(line)
    const end = this.end(line) - 2
    let at = colon === -1 ? end : colon + 1
    while (at < end && isBlank(this.bytes[at])) at++
    return at
  }

  /** Where the value that begins at `start` ends, before blanks. */
  valueEnd(line: number, start: number): number {
    let end = this.end(line) - 2
    while (end > start && isBlank(this.bytes[end - 1])) end--
    return end
  }

  /**
   * Whether a line has a name of RFC 4975 §9, a colon, and no control character: CR alone, for one, is a line end to some
   * readers, who would see other fields than we do.
   */
  isSound(line: number): boolean {
    if (this.kinds[line] === NAMELESS) return false
    const end = this.end(line) - 2
    for (let at = this.start(line); at < end; at++) {
      const byte = this.bytes[at] ?? 0
      if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return false
    }
    return true
  }

  #kindOf(line: number, likely: number = OTHER): number {
    if (this.#isNamed(line, likely)) return likely
    const start = this.start(line)
    const length = this.#nameLength(line)
    if (length === 0) return NAMELESS
    // OTHER when it is none of them.
    return LOWER_NAMES.findIndex((name) => name.length === length && isAt(this.bytes, start, name))
  }

  // Zero when there is no name followed by a colon.
  #nameLength(line: number): number {
    const start = this.start(line)
    let at = start
    while (TOKEN[this.bytes[at] ?? 0] === 1) at++
    return this.bytes[at] === COLON ? at - start : 0
  }

  #colon(line: number): number {
    const length = LOWER_NAMES[this.kinds[line] ?? OTHER]?.length ?? this.#nameLength(line)
    return length === 0 ? -1 : this.start(line) + length
  }
}

/** The ends of all lines: the places after each line feed. */
function lineEndsOf(bytes: Uint8Array): number[] {
  const ends: number[] = []
  for (let lineFeed = bytes.indexOf(LF); lineFeed !== -1; lineFeed = bytes.indexOf(LF, lineFeed + 1)) {
    ends.push(lineFeed + 1)
  }
  return ends
}

function isAt(bytes: Uint8Array, start: number, lowerName: string): boolean {
  for (let index = 0; index < lowerName.length; index++) {
    const byte = bytes[start + index] ?? 0
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
    if (lower !== lowerName.charCodeAt(index)) return false
  }
  return true
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
