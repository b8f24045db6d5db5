import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { barChart } from '../plot.ts'
import { median, spread } from '../statistics.ts'
import type { TextsTask, Variant } from './job.ts'
import type { Measured } from './processes.ts'

/** Parts of what `stream.pipeline` reaches that are wanted of the library. */
const WANTED = { tcp: 0.7, tls: 0.85 } as const

const GIB = 2 ** 30
const MIB = 2 ** 20

export interface StreamResult extends Readonly<Record<Variant, Measured[]>> {
  readonly socket: 'tcp' | 'tls'
  readonly size: number
}

export interface TextsResult {
  readonly socket: 'tcp' | 'tls'
  readonly task: TextsTask
  readonly measured: Measured[]
}

/** Prints the comparison, and writes it as Markdown, CSV and SVG. */
export function writeReport(
  streams: readonly StreamResult[],
  texts: readonly TextsResult[],
  { folder, runs }: { folder: string; runs: number },
): void {
  mkdirSync(folder, { recursive: true })
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor'
  const markdown = [
    '# The library',
    `${runs} runs of each, in turn; sender and receiver on a core each (${cpu}, Node.js ${process.version}).`,
    ...streams.map(streamSection),
    textsSection(texts),
  ].join('\n\n')
  writeFileSync(join(folder, 'library.md'), `${markdown}\n`)
  writeFileSync(join(folder, 'library.csv'), csv(streams, texts))
  for (const result of streams) {
    const bars = (['msrp', 'pipeline'] as const).map((label) => ({ label, value: median(rates(result, label)) }))
    const title = `A stream over ${result.socket.toUpperCase()}`
    writeFileSync(join(folder, `library-${result.socket}.svg`), barChart(title, 'MiB/s', bars))
  }
  console.log(`\n${markdown}`)
}

function rates({ size, ...result }: StreamResult, variant: Variant): number[] {
  return result[variant].map(({ sender }) => size / MIB / sender.seconds)
}

function streamSection(result: StreamResult): string {
  const { socket, size } = result
  const header = [
    '',
    'MiB/s',
    '±',
    'sender, CPU s/GiB',
    'receiver, CPU s/GiB',
    'sender, peak MiB at a quarter',
    'at the end',
    'receiver, peak MiB at a quarter',
    'at the end',
  ]
  const rows = (['msrp', 'pipeline'] as const).map((variant) => {
    const of = (value: (one: Measured) => number): number => median(result[variant].map(value))
    return [
      variant,
      median(rates(result, variant)).toFixed(0),
      `${(100 * spread(rates(result, variant))).toFixed(0)} %`,
      (of(({ sender }) => sender.cpuSeconds) / (size / GIB)).toFixed(2),
      (of(({ receiver }) => receiver.cpuSeconds) / (size / GIB)).toFixed(2),
      (of(({ sender }) => sender.peakAtQuarter) / MIB).toFixed(0),
      (of(({ sender }) => sender.peak) / MIB).toFixed(0),
      (of(({ receiver }) => receiver.peakAtQuarter) / MIB).toFixed(0),
      (of(({ receiver }) => receiver.peak) / MIB).toFixed(0),
    ]
  })
  const ratio = median(rates(result, 'msrp')) / median(rates(result, 'pipeline'))
  const judged = ratio >= WANTED[socket] ? 'reached' : 'missed'
  return [
    `## One stream of ${(size / GIB).toFixed(1)} GiB over ${socket.toUpperCase()}, chunks of 64 KiB, success REPORTs`,
    table([header, ...rows]),
    `\`${ratio.toFixed(2)} × stream.pipeline, wanted ${WANTED[socket]} ×: ${judged}\``,
  ].join('\n\n')
}

function textsSection(results: readonly TextsResult[]): string {
  const header = ['', 'sessions', 'under way in each', 'texts/s', '±', 'sender, CPU µs/text', 'receiver, CPU µs/text']
  const rows = results.map(({ socket, task, measured }) => {
    const perSecond = measured.map(({ sender }) => task.count / sender.seconds)
    const each = (value: (one: Measured) => number): string =>
      ((1e6 * median(measured.map(value))) / task.count).toFixed(0)
    return [
      socket.toUpperCase(),
      String(task.sessions),
      String(task.underWay),
      median(perSecond).toFixed(0),
      `${(100 * spread(perSecond)).toFixed(0)} %`,
      each(({ sender }) => sender.cpuSeconds),
      each(({ receiver }) => receiver.cpuSeconds),
    ]
  })
  return ['## Texts of 200 bytes, each waited for until it is delivered', table([header, ...rows])].join('\n\n')
}

function table([header = [], ...rows]: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function csv(streams: readonly StreamResult[], texts: readonly TextsResult[]): string {
  const usage = ({ sender, receiver }: Measured): (string | number)[] =>
    [sender, receiver].flatMap(({ seconds, cpuSeconds, peak }) => [seconds, cpuSeconds, peak])
  const streamRows = streams.flatMap((result) =>
    (['msrp', 'pipeline'] as const).flatMap((variant) =>
      result[variant].map((one, run) => [`stream ${variant}`, result.socket, run + 1, result.size, ...usage(one)]),
    ),
  )
  const textRows = texts.flatMap(({ socket, task, measured }) =>
    measured.map((one, run) => [
      `texts ${task.sessions} sessions ${task.underWay} under way`,
      socket,
      run + 1,
      task.count,
      ...usage(one),
    ]),
  )
  const header =
    'what,socket,run,bytes or texts,sender seconds,sender CPU,sender peak,receiver seconds,receiver CPU,receiver peak'
  return `${[header, ...[...streamRows, ...textRows].map((row) => row.join(','))].join('\n')}\n`
}
