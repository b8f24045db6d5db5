/**
 * Numbers that look random and are the same for the same seed and index (sfc32), so that every input can be made again
 * from two numbers. Not for secrets.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #d = 1

  constructor(seed: number, index: number = 0) {
    this.#a = seed | 0
    this.#b = index | 0
    this.#c = (index / 0x100000000) | 0
    // Neighbouring indexes are alike in all but a few bits until these have spread.
    for (let round = 0; round < 12; round++) this.next()
  }

  /** 32 random bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  /** A whole number from 0 up to but not including `limit`. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x100000000) * limit)
  }

  /** A whole number, both bounds included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** Mostly small, at times up to `limit`. */
  size(limit: number): number {
    return this.below(1 + this.below(1 + this.below(limit)))
  }

  /** The list in another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const shuffled = [...list]
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.below(at + 1)
      const held = shuffled[at] as T
      shuffled[at] = shuffled[other] as T
      shuffled[other] = held
    }
    return shuffled
  }

  /** A text of so many of these characters. */
  text(characters: string, length: number): string {
    let text = ''
    for (let at = 0; at < length; at++) text += characters[this.below(characters.length)]
    return text
  }

  /** A text of any bytes, one character each. */
  binary(length: number): string {
    let text = ''
    for (let at = 0; at < length; at++) text += String.fromCharCode(this.next() & 0xff)
    return text
  }

  /** As the code under test asks for randomness; not strong, on purpose. */
  readonly bytes = (size: number): Uint8Array => {
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; at++) bytes[at] = this.next() & 0xff
    return bytes
  }
}
