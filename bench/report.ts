import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { csv } from './csv.ts'
import { lineChart } from './line-chart.ts'
import type { Measured } from './load.ts'
import { barChart } from './plot.ts'
import { counts, figureOf, type Result, ratio, short, verdicts } from './result.ts'
import { median } from './statistics.ts'

/** Prints how the targets were met, and writes the report as Markdown, CSV and SVG. */
export function writeReport(
  results: readonly Result[],
  options: { folder: string; runs: number; seconds: number },
): void {
  const { folder, runs, seconds } = options
  mkdirSync(folder, { recursive: true })
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor'
  const about =
    `Runs of each: ${runs}, of ${seconds} s, in turn; medians. One core for the relay, one for the load ` +
    `(${cpu}, Node.js ${process.version}). bench/README.md says what the figures show.`
  const parts = ['# Results', about, '## Targets', targetTable(results), ...results.map(section)]
  writeFileSync(join(folder, 'results.md'), `${parts.join('\n\n')}\n`)
  writeFileSync(join(folder, 'results.csv'), csv(results))
  for (const result of results) writeFileSync(join(folder, `${result.case.name}.svg`), plot(result))
  console.log(`\n${spoken(results)}\n\n${join(folder, 'results.md')}`)
}

function targetTable(results: readonly Result[]): string {
  const rows = results.flatMap((result) =>
    verdicts(result).map((verdict) => {
      const { figure, shown, byCpuTime, wanted, judged } = verdict
      return [result.case.name, figure.unit, shown, byCpuTime, wanted, judged]
    }),
  )
  return table([['case', 'figure', 'relay', 'by CPU time', 'target', ''], ...rows])
}

function section(result: Result): string {
  const { name, title } = result.case
  return [`## ${name}`, title, caseTable(result), `![${name}](${name}.svg)`].join('\n\n')
}

function caseTable(result: Result): string {
  const { figures, contenders } = result.case
  const [first] = [...result.runs.keys()]
  const lines = contenders.some(({ sessions }) => sessions !== undefined)
  const header = [
    '',
    ...figures.flatMap(({ unit }) => (lines ? [unit, '±'] : [unit, '±', 'relay by this'])),
    'core busy',
    'load busy',
    'memory, MiB',
    'runs that count',
  ]
  const rows = [...result.runs].map(([contender, runs]) => {
    const of = (value: (run: Measured) => number): number => median(runs.map(value))
    const cells = figures.flatMap((figure) => {
      const own = figureOf(result, contender, figure)
      if (Number.isNaN(own.median)) return lines ? ['', ''] : ['', '', '']
      const beside = first ? ratio(figure, figureOf(result, first, figure).median, own.median) : Number.NaN
      const shown = contender === first || contender.peer === 'none' ? '' : short(beside)
      return [short(own.median), `${percent(own.spread)}`, ...(lines ? [] : [shown])]
    })
    const memory = of((run) => run.memory) / 2 ** 20
    return [
      contender.label,
      ...cells,
      contender.peer === 'none' ? '' : percent(of(({ relayBusy }) => relayBusy)),
      percent(of(({ loadBusy }) => loadBusy)),
      contender.peer === 'none' || runs.length === 0 ? '' : memory.toFixed(0),
      `${runs.filter((run) => counts(result.case, contender, run)).length} of ${runs.length}`,
    ]
  })
  return table([header, ...rows])
}

function plot(result: Result): string {
  const { name, figures } = result.case
  const [figure] = figures
  const shown = [...result.runs.keys()].map((contender) => ({
    ...contender,
    value: figureOf(result, contender, figure).median,
  }))
  if (!shown.some(({ sessions }) => sessions !== undefined)) return barChart(name, figure.unit, shown)
  const peers = [...new Set(shown.map(({ peer }) => peer))]
  const series = peers.map((peer) => ({
    label: peer,
    points: shown.filter((one) => one.peer === peer).map(({ sessions = 0, value }) => ({ x: sessions, y: value })),
  }))
  return lineChart({ title: name, x: 'active sessions', y: figure.unit }, series)
}

function spoken(results: readonly Result[]): string {
  const lines = results.flatMap((result) =>
    verdicts(result).map(({ figure, shown, byCpuTime, wanted, judged }) => {
      const start = [result.case.name.padEnd(12), figure.unit.padEnd(15), shown.padEnd(20)]
      const cost = byCpuTime === '' ? '' : ` (${byCpuTime} by CPU time)`
      return `${start.join(' ')} wanted ${wanted}: ${judged}${cost}`
    }),
  )
  return lines.join('\n')
}

function table([header = [], ...rows]: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function percent(share: number): string {
  return Number.isNaN(share) ? '' : `${(100 * share).toFixed(0)} %`
}
