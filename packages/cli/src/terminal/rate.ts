/** Span over which a rate is averaged, in milliseconds. */
const SPAN = 5_000
/** Samples closer than this are one, in milliseconds. */
const RESOLUTION = 100

/** Bytes a second over the last five seconds, from how many bytes there were at which time. */
export class Rate {
  readonly #samples: { at: number; bytes: number }[] = []

  /** @param at milliseconds from an arbitrary origin, never going backwards */
  add(at: number, bytes: number): void {
    const last = this.#samples.at(-1)
    // The very first sample stays as it is: it is what the first rate is measured from.
    if (last && this.#samples.length > 1 && at - (this.#samples.at(-2)?.at ?? 0) < RESOLUTION) {
      last.at = at
      last.bytes = bytes
    } else {
      this.#samples.push({ at, bytes })
    }
    // One sample older than the span is kept, so that there is always a whole span to look at.
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= SPAN) this.#samples.shift()
  }

  get bytesPerSecond(): number {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last || last.at === first.at) return 0
    return Math.max(0, Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at)))
  }
}
