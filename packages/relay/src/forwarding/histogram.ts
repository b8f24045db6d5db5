/** Upper bounds of its buckets, in seconds: from a hop inside a machine to the 30 seconds of RFC 4975 §7.1.1. */
export const BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** How often something took how long. It is fed where messages pass, so that it has to cost next to nothing. */
export class Histogram {
  /** How many fell into each bucket and into none of those before it; the last has no bound. */
  readonly counts: number[] = new Array<number>(BOUNDS.length + 1).fill(0)
  /** All of them together, in seconds. */
  sum = 0

  /** `seconds`: what is no length of time is left out. */
  observe(seconds: number): void {
    if (!(seconds >= 0)) return
    let bucket = 0
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] ?? 0)) bucket++
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sum += seconds
  }
}
