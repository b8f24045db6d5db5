import type { HeaderFields } from './header-fields.ts'
import type { MsrpUri } from './msrp-uri.ts'

type NativeCompare = (
  this: Uint8Array,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
  start: number,
  end: number,
) => number

// The platform's own comparison where there is one: several times as fast as a loop.
const native = (globalThis as { Buffer?: { prototype: { compare: NativeCompare } } }).Buffer?.prototype.compare

const LF = 0x0a

/** Both paths of a head. The same bytes give the identical object, as long as it is remembered. */
export interface Paths {
  readonly toPath: readonly MsrpUri[]
  readonly fromPath: readonly MsrpUri[]
}

export interface KnownPaths {
  /** Both lines, as they came. */
  readonly block: Uint8Array
  /** Where the first one ends. */
  readonly firstEnd: number
  readonly paths: Paths
  /** The fields of a head that has no others, as those of most responses; once there was one. */
  alone: HeaderFields | undefined
}

/** The paths of so many sessions, in both directions, and so many bytes of them. */
const ENTRIES = 512
const BYTES = 64 * 1024

/** Longer ones than anybody needs are read each time: remembering would cost more than it saves. Bytes. */
const LONGEST = 2048

/**
 * The paths that arrived on one connection: the same few come again with every chunk, as two lines one after the other, and
 * need not be read again.
 */
export class PathCache {
  /** By a few of their bytes. */
  readonly #entries: Map<number, KnownPaths> = new Map()
  #bytes = 0
  #last: KnownPaths | undefined

  /** The known lines that stand at `at`, both of them and whole. */
  standingAt(bytes: Uint8Array, at: number): KnownPaths | undefined {
    const last = this.#last
    if (last === undefined) return undefined
    if (isAt(last.block, bytes, at)) return last
    const first = bytes.indexOf(LF, at)
    const second = first === -1 ? -1 : bytes.indexOf(LF, first + 1)
    if (second === -1) return undefined
    const entry = this.#entries.get(keyOf(bytes, first + 1, second + 1))
    if (entry === undefined || !isAt(entry.block, bytes, at)) return undefined
    this.#last = entry
    return entry
  }

  /** Remembers paths that were read from the two lines in bytes[start..end), the first of which ends at `firstEnd`. */
  remember(paths: Paths, lines: { bytes: Uint8Array; start: number; firstEnd: number; end: number }): void {
    const { bytes, start, firstEnd, end } = lines
    const size = end - start
    if (size > LONGEST) return
    if (this.#entries.size >= ENTRIES || this.#bytes + size > BYTES) {
      this.#entries.clear()
      this.#bytes = 0
    }
    const block = new Uint8Array(bytes.subarray(start, end))
    this.#last = { block, firstEnd: firstEnd - start, paths, alone: undefined }
    this.#entries.set(keyOf(bytes, firstEnd, end), this.#last)
    this.#bytes += size
  }
}

/** Of the ends of both lines, where the session-ids are: there the paths of one connection differ, if anywhere. */
function keyOf(bytes: Uint8Array, firstEnd: number, end: number): number {
  let key = end - firstEnd
  for (let back = 12; back > 6; back--) {
    key = (Math.imul(key, 31) + (bytes[firstEnd - back] ?? 0)) | 0
    key = (Math.imul(key, 31) + (bytes[end - back] ?? 0)) | 0
  }
  return key
}

function isAt(block: Uint8Array, bytes: Uint8Array, at: number): boolean {
  const size = block.length
  if (at + size > bytes.length || block[size - 10] !== bytes[at + size - 10]) return false
  if (native !== undefined) return native.call(block, bytes, at, at + size, 0, size) === 0
  for (let index = 0; index < size; index++) {
    if (block[index] !== bytes[at + index]) return false
  }
  return true
}
