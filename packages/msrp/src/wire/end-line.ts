import { ByteSearch } from './byte-search.ts'
import type { ContinuationFlag } from './head.ts'

const CR = 0x0d
const LF = 0x0a
const HYPHEN = 0x2d

/** Hyphens at the beginning of an end-line (RFC 4975 §7.1). */
const HYPHENS = 7
const OPENING = 2 + HYPHENS
const MAX_ID = 32

const hyphenSearch = new ByteSearch(new Uint8Array(HYPHENS).fill(HYPHEN))

// After so many false beginnings in one buffer it is searched for the id as well, which costs more a byte but does not
// stop at every one of a million hyphens.
const FALSE_HITS = 16

/**
 * The end of a body: CRLF, seven hyphens, the transaction id, a continuation flag, CRLF. Holds one pattern for the
 * chunk at hand and is used again for the next.
 */
export class EndLine {
  // The bytes of the flag are not compared but checked to be one of three.
  readonly #pattern: Uint8Array = new Uint8Array(OPENING + MAX_ID + 3)
  #length = 0
  #full: ByteSearch | undefined
  #hyphens = false

  constructor() {
    this.#pattern.fill(HYPHEN, 2, OPENING)
    this.#pattern[0] = CR
    this.#pattern[1] = LF
  }

  /** Takes the id of the chunk at hand: 1 to 32 ASCII characters. */
  start(transactionId: string): void {
    for (let index = 0; index < transactionId.length; index++) {
      this.#pattern[OPENING + index] = transactionId.charCodeAt(index)
    }
    this.#length = OPENING + transactionId.length + 3
    this.#pattern[this.#length - 2] = CR
    this.#pattern[this.#length - 1] = LF
    this.#full = undefined
  }

  /** What `indexIn` passed over, up to what it found, had as many hyphens in a row as an end-line begins with. */
  get metHyphens(): boolean {
    return this.#hyphens
  }

  /** Bytes of the whole pattern, both CRLFs included. */
  get length(): number {
    return this.#length
  }

  /** Remembers the flag that was seen, so that `flag` and `prefix` have it. */
  keepFlag(byte: number): void {
    this.#pattern[this.#length - 3] = byte
  }

  /** The flag of the end-line that ends at `until`. */
  flagAt(bytes: Uint8Array, until: number): ContinuationFlag {
    return flagOf(bytes[until - 3]) ?? '$'
  }

  /** The flag given to `keepFlag`. */
  get flag(): ContinuationFlag {
    return flagOf(this.#pattern[this.#length - 3]) ?? '$'
  }

  /** A copy of bytes of the pattern: what was held back when it turns out to be body. */
  prefix(from: number, to: number): Uint8Array {
    return this.#pattern.slice(from, to)
  }

  /** Whether `byte` can stand at `index` of the pattern. */
  accepts(index: number, byte: number): boolean {
    return index === this.#length - 3 ? flagOf(byte) !== undefined : byte === this.#pattern[index]
  }

  /** Whether the pattern, from `skip` on, stands at `at`, as far as `bytes` reach: a whole or a cut one. */
  standsAt(bytes: Uint8Array, at: number, skip: number = 0): boolean {
    const end = Math.min(this.#length, bytes.length - at + skip)
    const flag = this.#length - 3
    for (let index = skip; index < end; index++) {
      const byte = bytes[at + index - skip]
      if (index === flag ? flagOf(byte) === undefined : byte !== this.#pattern[index]) return false
    }
    return true
  }

  /** Where the first whole pattern begins, at or after `from`; -1 when there is none. */
  indexIn(bytes: Uint8Array, from: number): number {
    let at = from
    this.#hyphens = false
    for (let falseHits = 0; falseHits < FALSE_HITS; falseHits++) {
      const hyphens = hyphenSearch.indexIn(bytes, at)
      if (hyphens === -1) return -1
      const start = hyphens - 2
      if (start >= from && start + this.#length <= bytes.length && this.standsAt(bytes, start)) return start
      this.#hyphens = true
      at = hyphens + 1
    }
    this.#full ??= new ByteSearch(this.#pattern.slice(0, this.#length - 3))
    for (;;) {
      const start = this.#full.indexIn(bytes, at)
      if (start === -1 || start + this.#length > bytes.length) return -1
      if (this.standsAt(bytes, start)) return start
      at = start + 1
    }
  }

  /** Where at the end of `bytes`, at or after `from`, a pattern begins that is cut off there; -1 when nowhere. */
  cutIn(bytes: Uint8Array, from: number): number {
    for (let at = Math.max(from, bytes.length - this.#length + 1); at < bytes.length; at++) {
      if (bytes[at] === CR && this.standsAt(bytes, at)) return at
    }
    return -1
  }
}

/** The continuation flag that a byte is; undefined when it is none. */
function flagOf(byte: number | undefined): ContinuationFlag | undefined {
  if (byte === 0x24) return '$'
  if (byte === 0x2b) return '+'
  return byte === 0x23 ? '#' : undefined
}
