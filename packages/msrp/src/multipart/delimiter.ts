import { encodeText } from '../wire/utf8.ts'

/** Where a line ends that stands between parts, and whether it is the last. */
export interface Delimiter {
  readonly next: number
  readonly closes: boolean
}

const HYPHEN = 0x2d
const SPACE = 0x20
const TAB = 0x09
const CR = 0x0d
const LF = 0x0a

/** Blanks behind a boundary (RFC 2046 §5.1.1, transport-padding); more are content. */
const PADDING = 256

/** The lines of one boundary. */
export class Delimiters {
  /** What a delimiter within the bytes begins with: LF, two hyphens, the boundary. */
  readonly needle: Uint8Array
  /** Bytes of the longest delimiter, line ends included. */
  readonly longest: number
  readonly #dashed: Uint8Array

  /** @param boundary up to 200 characters of ASCII */
  constructor(boundary: string) {
    this.needle = encodeText(`\n--${boundary}`)
    this.#dashed = this.needle.subarray(1)
    this.longest = this.needle.length + PADDING + 5
  }

  /**
   * Looks for a delimiter where a line begins.
   * @param ended no more bytes come
   * @returns undefined when there is none, `more` when that takes more bytes
   */
  at(bytes: Uint8Array, start: number, ended: boolean): Delimiter | 'more' | undefined {
    const dashed = this.#dashed
    for (let index = 0; index < dashed.length; index++) {
      if (start + index >= bytes.length) return ended ? undefined : 'more'
      if (bytes[start + index] !== dashed[index]) return undefined
    }
    const behind = start + dashed.length
    const closes = bytes[behind] === HYPHEN
    if (closes && bytes[behind + 1] !== HYPHEN) return behind + 1 < bytes.length || ended ? undefined : 'more'
    const padding = closes ? behind + 2 : behind
    let at = padding
    while (bytes[at] === SPACE || bytes[at] === TAB) if (++at - padding > PADDING) return undefined
    if (bytes[at] === CR) at++
    if (bytes[at] === LF) return { next: at + 1, closes }
    if (at < bytes.length) return undefined
    if (!ended) return 'more'
    return closes ? { next: at, closes } : undefined
  }
}
