type NativeIndexOf = (this: Uint8Array, needle: Uint8Array, from: number) => number

/** In so few bytes a loop is done before the platform is asked. */
const FEW = 512

// The platform's own search where there is one: with few false beginnings it is several times as fast as a loop.
const native = (globalThis as { Buffer?: { prototype: { indexOf: NativeIndexOf } } }).Buffer?.prototype.indexOf ?? null

/** A search for one byte sequence, prepared once and used many times. */
export class ByteSearch {
  readonly needle: Uint8Array
  readonly #native: NativeIndexOf | null
  #shifts: Uint8Array | undefined

  /**
   * @param needle 1 to 255 bytes, not changed afterwards.
   * @param search the platform's search; null to do without, as browsers must.
   */
  constructor(needle: Uint8Array, search: NativeIndexOf | null = native) {
    this.needle = needle
    this.#native = search
  }

  /** The first place at or after `from` where the whole needle lies in `bytes`, or -1. */
  indexIn(bytes: Uint8Array, from: number): number {
    if (this.#native !== null && bytes.length - from > FEW) return this.#native.call(bytes, this.needle, from)
    return this.#horspool(bytes, from)
  }

  // Horspool: looks at the byte under the needle's end and skips as far as that byte allows, usually the whole needle.
  #horspool(bytes: Uint8Array, from: number): number {
    const needle = this.needle
    const last = needle.length - 1
    this.#shifts ??= shiftsOf(needle)
    const shifts = this.#shifts
    for (let at = from + last; at < bytes.length; at += shifts[bytes[at] ?? 0] ?? 1) {
      let matched = 0
      while (matched <= last && bytes[at - matched] === needle[last - matched]) matched++
      if (matched > last) return at - last
    }
    return -1
  }
}

function shiftsOf(needle: Uint8Array): Uint8Array {
  const shifts = new Uint8Array(256).fill(needle.length)
  for (let index = 0; index < needle.length - 1; index++) shifts[needle[index] ?? 0] = needle.length - 1 - index
  return shifts
}
