import type { Case, Contender, Target } from './case.ts'
import { type Figure, microsecondsPerMessage, secondsPerGiB } from './figures.ts'
import type { Measured } from './load.ts'
import { median, spread } from './statistics.ts'

/** A core that is less busy than this has not shown what it can do. */
const BUSY = 0.9

/** What a case has shown. */
export interface Result {
  readonly case: Case
  readonly runs: ReadonlyMap<Contender, readonly Measured[]>
}

/** Whether a run shows what the case asks for. The load alone has no relay to be busy. */
export function counts({ saturating }: Case, { peer }: Contender, run: Measured): boolean {
  return !saturating || peer === 'none' || run.relayBusy >= BUSY
}

/** Median and spread of a figure over the runs that count; over all of them when none does. */
export function figureOf(
  result: Result,
  contender: Contender,
  figure: Figure,
): { median: number; spread: number; counts: boolean } {
  const all = result.runs.get(contender) ?? []
  if (all.length === 0) return { median: Number.NaN, spread: 0, counts: false }
  const counted = all.filter((run) => counts(result.case, contender, run))
  const values = (counted.length > 0 ? counted : all).map((run) => figure.of(run))
  return { median: median(values), spread: spread(values), counts: counted.length > 0 }
}

/** One figure beside another; above 1 the first is better, whichever way the figure goes. */
export function ratio(figure: Figure, one: number, other: number): number {
  return figure.better === 'higher' ? one / other : other / one
}

/** How a target was met. */
export interface Verdict {
  readonly figure: Figure
  /** Such as `1.03 × haproxy-16k`, or the value itself where the target is a bound. */
  readonly shown: string
  readonly wanted: string
  readonly judged: string
  /** Ours beside the same other one by CPU time, which stays right when others use the machine; empty where it is no matter. */
  readonly byCpuTime: string
}

export function verdicts(result: Result): Verdict[] {
  return result.case.targets.map((target) => verdict(result, target))
}

function verdict(result: Result, target: Target): Verdict {
  const { figure } = target
  const ours = named(result, target.ours, figure)
  if ('bound' in target) {
    const good = figure.better === 'higher' ? ours.median >= target.bound : ours.median <= target.bound
    const wanted = `${figure.better === 'higher' ? 'at least' : 'at most'} ${short(target.bound)} ${figure.unit}`
    const judged = judge(good, ours.counts)
    return { figure, shown: `${short(ours.median)} ${figure.unit}`, wanted, judged, byCpuTime: '' }
  }
  const [best] = target.others
    .map((label) => ({ label, ...named(result, label, figure) }))
    .filter((other) => !Number.isNaN(other.median))
    .sort((a, b) => ratio(figure, b.median, a.median) - 1)
  const shown = ratio(figure, ours.median, best?.median ?? Number.NaN)
  return {
    figure,
    shown: `${shown.toFixed(2)} × ${best?.label ?? 'nobody'}`,
    wanted: `at least ${target.ratio.toFixed(2)} ×`,
    judged: judge(shown >= target.ratio, ours.counts && best?.counts === true),
    byCpuTime: byCpuTime(result, target.ours, best?.label ?? ''),
  }
}

function byCpuTime(result: Result, ours: string, other: string): string {
  const cost = result.case.figures.find((figure) => [secondsPerGiB, microsecondsPerMessage].includes(figure))
  if (cost === undefined) return ''
  return `${ratio(cost, named(result, ours, cost).median, named(result, other, cost).median).toFixed(2)} ×`
}

function named(result: Result, label: string, figure: Figure): ReturnType<typeof figureOf> {
  const contender = result.case.contenders.find((one) => one.label === label)
  return contender ? figureOf(result, contender, figure) : { median: Number.NaN, spread: 0, counts: false }
}

function judge(good: boolean, counts: boolean): string {
  return counts ? (good ? 'reached' : 'missed') : 'not shown: no run kept the core 90 % busy'
}

/** A number with as many digits as tell something. */
export function short(value: number): string {
  if (Number.isNaN(value)) return ''
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
