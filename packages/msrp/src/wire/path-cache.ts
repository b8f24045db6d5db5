import type { MsrpUri } from './msrp-uri.ts'
import { parsePath } from './uri-path.ts'
import { decodeText } from './utf8.ts'

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

// From the end, since paths of one connection differ in the session-id first.
function isAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false
  for (let index = wanted.length - 1; index >= 0; index--) {
    if (wanted[index] !== bytes[start + index]) return false
  }
  return true
}
