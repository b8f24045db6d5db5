// A worker process of a run: executes the numbers of a task one after another and writes lines of JSON.
//
//   node fuzz/worker.ts '{"target":"parser","seed":1,"from":0,"until":1000,"step":1}'

import { writeSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Task, WorkerLine } from './target.ts'
import { targetOf } from './targets.ts'

/** Numbers between two signs of life, and milliseconds. */
const SIGNS = 250
const SIGN_TIME = 200

/** What is allocated once, such as compiled code and pools, is there after so many executions. */
const WARM_UP = 3000

/** What is wrong is told so often at most: the rest would be the same again. */
const MOST_FINDINGS = 20

const { target: name, seed, from, until, step, single = false }: Task = JSON.parse(process.argv[2] ?? '{}')
const target = targetOf(name)
const outcomes: Record<string, number> = {}
let done = 0
let findings = 0
let current = from
let baseline: number | undefined
let signed = performance.now()

// What no caller waits for. It is told of the number that runs, or of one shortly before it.
process.on('uncaughtException', (error) => found(error))
process.on('unhandledRejection', (error) => found(error))

// Ctrl-C is for whoever started this, and who ends it then.
process.on('SIGINT', () => {})

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const { stackTraceLimit } = Error
if (target.plainErrors) Error.stackTraceLimit = 0

for (current = from; current < until && findings < MOST_FINDINGS; current += step) {
  if (single) say({ kind: 'at', index: current, done })
  await execute(current)
  done++
  if (done === WARM_UP) baseline = heap()
  if (done % SIGNS === 0 || performance.now() - signed > SIGN_TIME) sign()
}
say({ kind: 'end', done, outcomes, growth: baseline === undefined ? 0 : heap() - baseline })

async function execute(index: number): Promise<void> {
  try {
    const began = performance.now()
    const outcome = await target.run(seed, index)
    const took = performance.now() - began
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (took > target.slow) await again(index)
  } catch {
    await explain(index)
  }
}

// The machine may have been busy with others: what counts is the processor's time, of the fastest of three.
async function again(index: number): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage()
    await target.run(seed, index)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  if (least > target.slow) found(new Error(`takes ${least.toFixed()} ms, more than ${target.slow}`))
}

async function explain(index: number): Promise<void> {
  Error.stackTraceLimit = stackTraceLimit
  try {
    await target.run(seed, index)
    found(new Error('fails, but not when it is run again'))
  } catch (error) {
    found(error)
  }
  if (target.plainErrors) Error.stackTraceLimit = 0
}

function found(error: unknown): void {
  findings++
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  say({ kind: 'finding', index: current, message })
}

function sign(): void {
  signed = performance.now()
  say({ kind: 'at', index: current, done })
}

function heap(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

// Written at once: a process that hangs has said where.
function say(line: WorkerLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
