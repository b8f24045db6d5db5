import { counts, type Result } from './result.ts'

const header = [
  ...['case', 'contender', 'run', 'counts', 'figure', 'unit', 'seconds', 'sessions', 'bytes', 'messages', 'set_ups'],
  ...['slowest', 'latency_median', 'latency_p99', 'relay_busy', 'load_busy', 'memory_before', 'memory'],
]

/** Every run of every case, one a line. */
export function csv(results: readonly Result[]): string {
  const rows = results.flatMap((result) =>
    [...result.runs].flatMap(([contender, runs]) =>
      runs.map((run, index) => {
        const [figure] = result.case.figures
        return [
          ...[result.case.name, `"${contender.label}"`, index + 1, counts(result.case, contender, run)],
          ...[figure.of(run), figure.unit, run.seconds, run.sessions, run.bytes, run.messages, run.setUps],
          ...[run.slowest, run.latency?.median ?? '', run.latency?.p99 ?? '', run.relayBusy, run.loadBusy],
          ...[run.memoryBefore, run.memory],
        ]
      }),
    ),
  )
  return `${[header, ...rows].map((cells) => cells.map(shown).join(',')).join('\n')}\n`
}

function shown(cell: string | number | boolean): string {
  return Number.isNaN(cell) ? '' : String(cell)
}
