import type { MsrpUri } from './msrp-uri.ts'
import { parsePath } from './uri-path.ts'
import { decodeText } from './utf8.ts'

type NativeCompare = (one: Uint8Array, other: Uint8Array) => number

// The platform's own comparison where there is one: several times as fast as a loop.
const native = (globalThis as { Buffer?: { compare: NativeCompare } }).Buffer?.compare

/** The distance of the last character of the session-id from the end, when `;tcp` follows. */
const FROM_END = 5

interface Entry {
  readonly bytes: Uint8Array
  readonly path: readonly MsrpUri[]
}

/** Enough for the paths of a few sessions in both directions. */
const ENTRIES = 8

/**
 * Parses the paths that arrive on one connection, and each of them usually once: the same few come again with every
 * chunk. Equal bytes give the identical array as long as it is remembered.
 */
export class PathCache {
  readonly #limit: number
  readonly #entries: Entry[] = []
  #oldest = 0

  /** @param limit how many URIs a path may hold. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * The path in bytes[start..end).
   * @throws MsrpError as `parsePath` does.
   */
  read(bytes: Uint8Array, start: number, end: number): readonly MsrpUri[] {
    for (const entry of this.#entries) {
      if (isAt(entry.bytes, bytes, start, end)) return entry.path
    }
    const path = parsePath(decodeText(bytes, start, end), this.#limit)
    this.#entries[this.#oldest] = { bytes: new Uint8Array(bytes.subarray(start, end)), path }
    this.#oldest = (this.#oldest + 1) % ENTRIES
    return path
  }
}

function isAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const size = wanted.length
  if (size !== end - start) return false
  // Paths of one connection differ in their last session-id, if anywhere, which is shortly before the end.
  if (wanted[size - FROM_END] !== bytes[end - FROM_END]) return false
  if (native !== undefined) return native(wanted, bytes.subarray(start, end)) === 0
  for (let index = 0; index < size; index++) {
    if (wanted[index] !== bytes[start + index]) return false
  }
  return true
}
