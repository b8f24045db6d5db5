import type { Figure } from './figures.ts'

/** What a run goes through. `none`: the load alone, sender to receiver, to show that it is not what limits the others. */
export type PeerName =
  | 'relay'
  | 'haproxy-16k'
  | 'haproxy-64k'
  | 'haproxy-splice'
  | 'kamailio-1'
  | 'kamailio-4'
  | 'bare-tls'
  | 'none'

/** One of those that a case sets side by side: a peer under a load. */
export interface Contender {
  /** Its name in the report. */
  readonly label: string
  readonly peer: PeerName
  /** What its load has beyond that of the case. */
  readonly load?: readonly string[]
  /** Where it stands on the horizontal axis, in a case that is drawn as lines: the number of sessions. */
  readonly sessions?: number
  /** Left out of `--quick`. */
  readonly thorough?: boolean
}

/** What a case has to show of one figure. */
export type Target =
  /** Ours so many times as good as the best of the others; above 1 ours is better, whichever way the figure goes. */
  | { readonly figure: Figure; readonly ours: string; readonly others: readonly string[]; readonly ratio: number }
  /** Ours no worse than a bound. */
  | { readonly figure: Figure; readonly ours: string; readonly bound: number }

/** One comparison: the same load through each contender in turn. */
export interface Case {
  readonly name: string
  readonly title: string
  readonly load: readonly string[]
  /** Added to the load with `--quick`. */
  readonly quick?: readonly string[]
  /** False: over plain TCP. */
  readonly tls: boolean
  readonly contenders: readonly Contender[]
  /** The first one is drawn, and compared in every line of the table. */
  readonly figures: readonly [Figure, ...Figure[]]
  readonly targets: readonly Target[]
  /** A run counts only when it kept the relay's core busy. */
  readonly saturating: boolean
}
