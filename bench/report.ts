import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Case, PeerName } from './cases.ts'
import type { Measured } from './load.ts'
import { barChart } from './plot.ts'
import { median, spread } from './statistics.ts'

/** A core that is less busy than this has not shown what it can do. */
const BUSY = 0.9

export interface Result {
  readonly case: Case
  readonly measured: ReadonlyMap<PeerName, readonly Measured[]>
}

interface Line {
  readonly peer: PeerName
  readonly figure: number
  readonly spread: number
  readonly relayBusy: number
  readonly loadBusy: number
  /** CPU seconds of the relay for each GiB of bodies, and microseconds for each message; 0 where none were counted. */
  readonly secondsPerGiB: number
  readonly microsecondsPerMessage: number
  readonly memory: number
}

const header = ['', 'median', '±', 'relay busy', 'load busy', 'CPU s/GiB', 'CPU µs/message', 'memory, MiB'] as const

/** Prints the comparison, and writes it as Markdown, CSV and SVG. */
export function writeReport(results: readonly Result[], run: { folder: string; runs: number; seconds: number }): void {
  mkdirSync(run.folder, { recursive: true })
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor'
  const about = `${run.runs} runs of ${run.seconds} s each, in turn, one core for the relay, one for the load (${cpu}, Node.js ${process.version}).`
  const markdown = ['# Results', about, ...results.map(section)].join('\n\n')
  writeFileSync(join(run.folder, 'results.md'), `${markdown}\n`)
  writeFileSync(join(run.folder, 'results.csv'), csv(results))
  for (const result of results) {
    const bars = linesOf(result).map(({ peer, figure }) => ({ label: peer, value: figure }))
    writeFileSync(
      join(run.folder, `${result.case.name}.svg`),
      barChart(result.case.title, result.case.figure.unit, bars),
    )
  }
  console.log(`\n${results.map(verdict).join('\n')}\n\n${join(run.folder, 'results.md')}`)
}

function linesOf({ case: { figure }, measured }: Result): Line[] {
  return [...measured].map(([peer, runs]) => {
    const figures = runs.map((one) => figure.of(one))
    const of = (value: (one: Measured) => number): number => median(runs.map(value))
    return {
      peer,
      figure: median(figures),
      spread: spread(figures),
      relayBusy: of(({ relayBusy }) => relayBusy),
      loadBusy: of(({ loadBusy }) => loadBusy),
      secondsPerGiB: of(({ relayBusy, seconds, bytes }) =>
        bytes === 0 ? 0 : (relayBusy * seconds) / (bytes / 2 ** 30),
      ),
      microsecondsPerMessage: of(({ relayBusy, seconds, messages }) =>
        messages === 0 ? 0 : (relayBusy * seconds * 1e6) / messages,
      ),
      memory: of(({ memory }) => memory),
    }
  })
}

/** Ours beside the best of those it is held against; above 1 ours is better. */
function ratioOf(result: Result): { ratio: number; against: PeerName | undefined; counts: boolean } {
  const lines = linesOf(result)
  const { better } = result.case.figure
  const ours = lines.find(({ peer }) => peer === 'relay')
  const others = lines.filter(({ peer }) => result.case.target.against.includes(peer))
  const sign = better === 'higher' ? 1 : -1
  const [best] = others.toSorted((a, b) => sign * (b.figure - a.figure))
  const quotient = (ours?.figure ?? Number.NaN) / (best?.figure ?? Number.NaN)
  const busy = [ours, best].every((line) => (line?.relayBusy ?? 0) >= BUSY)
  return {
    ratio: better === 'higher' ? quotient : 1 / quotient,
    against: best?.peer,
    counts: !result.case.saturating || busy,
  }
}

function verdict(result: Result): string {
  const { ratio, against, counts } = ratioOf(result)
  const { target, name } = result.case
  const judged = counts
    ? ratio >= target.ratio
      ? 'reached'
      : 'missed'
    : 'does not count: a relay was less than 90 % busy'
  return `${name.padEnd(12)} ${ratio.toFixed(2)} × ${against ?? 'nobody'}, wanted ${target.ratio} ×: ${judged}`
}

function section(result: Result): string {
  const rows = linesOf(result).map((line) => [
    line.peer,
    line.figure.toFixed(line.figure < 100 ? 1 : 0),
    `${(100 * line.spread).toFixed(0)} %`,
    line.peer === 'none' ? '' : `${(100 * line.relayBusy).toFixed(0)} %`,
    `${(100 * line.loadBusy).toFixed(0)} %`,
    line.secondsPerGiB === 0 ? '' : line.secondsPerGiB.toFixed(2),
    line.microsecondsPerMessage === 0 ? '' : line.microsecondsPerMessage.toFixed(1),
    line.memory === 0 ? '' : (line.memory / 2 ** 20).toFixed(0),
  ])
  const { title, name, figure } = result.case
  const table = [header.map((cell) => (cell === 'median' ? figure.unit : cell)), header.map(() => '---'), ...rows]
  return [
    `## ${name}`,
    title,
    table.map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    `\`${verdict(result)}\``,
  ].join('\n\n')
}

function csv(results: readonly Result[]): string {
  const rows = results.flatMap((result) =>
    [...result.measured].flatMap(([peer, runs]) =>
      runs.map((one, index) =>
        [
          result.case.name,
          peer,
          index + 1,
          result.case.figure.of(one),
          result.case.figure.unit,
          one.relayBusy,
          one.loadBusy,
          one.bytes,
          one.messages,
          one.seconds,
          one.slowest,
          one.memory,
        ].join(','),
      ),
    ),
  )
  return `${['case,peer,run,figure,unit,relay_busy,load_busy,bytes,messages,seconds,slowest,memory', ...rows].join('\n')}\n`
}
