// `npm run fuzz`: many more executions than `npm test` has time for, with other seeds.
//
//   npm run fuzz -- [--seed N] [--inputs N] [--runs N] [--connections N] [--minutes N] [--target NAME]…
//   npm run fuzz -- --seed N --repeat TARGET:NUMBER

import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runLive } from './live/run.ts'
import { Progress } from './progress.ts'
import { commandFor, keep, type Row, table } from './summary.ts'
import { targetOf, targets } from './targets.ts'
import { runTarget } from './workers.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    inputs: { type: 'string', default: '20000000' },
    runs: { type: 'string', default: '200000' },
    connections: { type: 'string', default: '200000' },
    minutes: { type: 'string' },
    target: { type: 'string', multiple: true, default: [...Object.keys(targets), 'live'] },
    repeat: { type: 'string' },
  },
})

const seed = whole('seed')
const stop = new AbortController()
const { signal } = stop
let interrupted = false
process.once('SIGINT', () => {
  interrupted = true
  stop.abort()
})
process.once('SIGTERM', () => stop.abort())

if (values.repeat === undefined) await all()
else await repeat(values.repeat)

async function all(): Promise<void> {
  console.log(`seed ${seed}`)
  const rows: Row[] = []
  for (const target of values.target) {
    if (!signal.aborted) rows.push(await one(target))
  }
  console.log(`\n${table(rows)}`)
  const findings = rows.flatMap((row) => row.findings)
  for (const finding of findings) console.log(`\n${keep(finding)}\n${finding.message}\n  ${commandFor(finding)}`)
  process.exitCode = findings.length > 0 ? 1 : interrupted ? 130 : 0
}

async function one(target: string): Promise<Row> {
  const count = target === 'live' ? whole('connections') : whole(target === 'parser' ? 'inputs' : 'runs')
  const ends = values.minutes === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(share())])
  const progress = new Progress(target, count)
  const onProgress = (done: number): void => progress.show(done)
  try {
    if (target === 'live') {
      const result = await runLive({ seed, connections: count, concurrency: 16, onProgress, signal: ends })
      const most = Math.max(...Object.values(result.memory).map((memory) => memory.most))
      return { ...result, target, executions: result.connections, memory: most, outcomes: result.ways }
    }
    const processes = availableParallelism()
    const result = await runTarget({ target, seed, executions: count, processes, onProgress, signal: ends })
    return { ...result, target, memory: result.growth }
  } finally {
    progress.end()
  }
}

/** One execution again, with all that it says. */
async function repeat(which: string): Promise<void> {
  const [target = '', number = ''] = which.split(':')
  if (target === 'live') {
    const { findings, ways } = await runLive({ seed, from: Number(number), connections: 1, concurrency: 1 })
    console.log(findings.length === 0 ? `nothing is wrong: ${Object.keys(ways)}` : findings[0]?.message)
    process.exitCode = findings.length === 0 ? 0 : 1
    return
  }
  console.log(`nothing is wrong: ${await targetOf(target).run(seed, Number(number))}`)
}

/** Milliseconds for one target, when the time is limited. */
function share(): number {
  return (whole('minutes') * 60_000) / values.target.length
}

function whole(name: 'seed' | 'inputs' | 'runs' | 'connections' | 'minutes'): number {
  const value = Number(values[name])
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} is ${values[name]}, expected a whole number`)
  return value
}
