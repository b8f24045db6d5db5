/**
 * Which bytes of a message have been seen. Positions count from 0 and `end` is not included, unlike in Byte-Range; runs
 * that touch are one.
 */
export class ByteRanges {
  // Sorted, not touching: run i is #starts[i] … #ends[i].
  #starts: number[] = []
  #ends: number[] = []
  #bytes = 0

  /** How many bytes there are in all. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many runs there are: one, when there is no gap. */
  get runs(): number {
    return this.#starts.length
  }

  /** Where the last run ends; 0 when there is none. */
  get end(): number {
    return this.#end(this.#ends.length - 1)
  }

  /** Adds a run, and tells how many of its bytes are new. Where that would make more than `most` runs it is left out. */
  add(start: number, end: number, most: number = Number.POSITIVE_INFINITY): number {
    if (end <= start) return 0
    const last = this.#ends.length - 1
    // Bytes in order: the one run grows.
    if (this.#ends[last] === start) {
      this.#ends[last] = end
      this.#bytes += end - start
      return end - start
    }
    const first = this.#firstEndingFrom(start)
    let next = first
    let from = start
    let until = end
    let known = 0
    while (this.#start(next) <= end) {
      const runStart = this.#start(next)
      const runEnd = this.#end(next)
      from = Math.min(from, runStart)
      until = Math.max(until, runEnd)
      known += runEnd - runStart
      next++
    }
    if (next === first && this.runs >= most) return 0
    this.#starts.splice(first, next - first, from)
    this.#ends.splice(first, next - first, until)
    const added = until - from - known
    this.#bytes += added
    return added
  }

  /** How far bytes go without a gap from `position` on; `position` itself when its byte is not there. */
  contiguousFrom(position: number): number {
    const run = this.#firstEndingFrom(position + 1)
    return this.#start(run) <= position ? this.#end(run) : position
  }

  /** Whether every byte of a run is there; true for an empty one. */
  covers(start: number, end: number): boolean {
    return end <= start || this.contiguousFrom(start) >= end
  }

  /** The runs within `start` … `end`, cut to it. */
  *within(start: number, end: number): IterableIterator<{ start: number; end: number }> {
    for (let run = this.#firstEndingFrom(start + 1); this.#start(run) < end; run++) {
      yield { start: Math.max(this.#start(run), start), end: Math.min(this.#end(run), end) }
    }
  }

  /** Where a run begins; infinite when there is none of that index. */
  #start(run: number): number {
    return this.#starts[run] ?? Number.POSITIVE_INFINITY
  }

  /** Where a run ends; 0 when there is none of that index. */
  #end(run: number): number {
    return this.#ends[run] ?? 0
  }

  /** Index of the first run that ends at `position` or later. */
  #firstEndingFrom(position: number): number {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#end(middle) < position) low = middle + 1
      else high = middle
    }
    return low
  }
}
