import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Task, WorkerLine } from './target.ts'

/** Something that is wrong, and how to have it again. */
export interface Finding {
  readonly target: string
  readonly seed: number
  readonly index: number
  readonly message: string
}

/** What a run, or a part of it that was stopped early, came to. */
export interface RunResult {
  readonly executions: number
  readonly seconds: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
  /** Bytes by which the worker that grew most has grown after its warm-up, garbage not counted. */
  readonly growth: number
}

export interface RunOptions {
  readonly target: string
  readonly seed: number
  /** The first number; 0 when absent. */
  readonly from?: number
  readonly executions: number
  readonly processes: number
  /** Hears how many executions are done. */
  readonly onProgress?: (done: number) => void
  /** Ends the run early. */
  readonly signal?: AbortSignal
}

/** A worker that says nothing for so long hangs. Milliseconds. */
const SILENCE = 30_000

/** Bytes that a worker may grow by, however many inputs it has run. */
const MOST_GROWTH = 16 * 1024 * 1024

const workerFile = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Runs a target in several processes, each of which does its share of the numbers. */
export async function runTarget(options: RunOptions): Promise<RunResult> {
  const { target, seed, from = 0, executions, processes, onProgress } = options
  const began = performance.now()
  const done = new Array<number>(processes).fill(0)
  const outcomes: Record<string, number> = {}
  const findings: Finding[] = []
  let growth = 0
  const oneWorker = async (number: number): Promise<void> => {
    const task: Task = { target, seed, from: from + number, until: from + executions, step: processes }
    const last = await work(task, options.signal, (line) => {
      if (line.kind === 'finding') findings.push({ target, seed, index: line.index, message: line.message })
      else done[number] = line.done
      if (line.kind === 'at') onProgress?.(sum(done))
      if (line.kind !== 'end') return
      growth = Math.max(growth, line.growth)
      for (const [outcome, count] of Object.entries(line.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count
    })
    if (last.why !== undefined) findings.push(await locate(task, last))
  }
  await Promise.all(done.map((_, number) => oneWorker(number)))
  if (growth > MOST_GROWTH) {
    findings.push({ target, seed, index: from, message: `memory grew by ${growth} bytes over the whole run` })
  }
  return { executions: sum(done), seconds: (performance.now() - began) / 1000, outcomes, findings, growth }
}

interface Ending {
  /** The number last heard of. */
  readonly index: number
  /** Why it did not end well; undefined when it did, or was stopped. */
  readonly why: string | undefined
}

/** One worker process from its start to its end. */
function work(task: Task, signal: AbortSignal | undefined, hear: (line: WorkerLine) => void): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [workerFile, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let index = task.from
    let why: string | undefined = 'ended without a word'
    let complaint = ''
    const hang = (): void => {
      why = `hangs: nothing for ${SILENCE / 1000} s`
      child.kill('SIGKILL')
    }
    let watch = setTimeout(hang, SILENCE)
    const stop = (): void => {
      why = undefined
      child.kill('SIGKILL')
    }
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop)
    running.add(child)
    createInterface({ input: child.stdout }).on('line', (text) => {
      clearTimeout(watch)
      watch = setTimeout(hang, SILENCE)
      const line: WorkerLine = JSON.parse(text)
      if (line.kind === 'at') index = line.index
      if (line.kind === 'end') why = undefined
      hear(line)
    })
    child.stderr.on('data', (bytes) => {
      complaint = `${complaint}${bytes}`.slice(-4000)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      running.delete(child)
      clearTimeout(watch)
      signal?.removeEventListener('abort', stop)
      resolve({ index, why: why === undefined ? undefined : `${why} (exit code ${code})\n${complaint}` })
    })
  })
}

/** Runs what a worker was busy with when it ended badly once more, number by number. */
async function locate(task: Task, { index, why }: Ending): Promise<Finding> {
  const until = Math.min(task.until, index + 1000 * task.step)
  const last = await work({ ...task, from: index, until, single: true }, undefined, () => {})
  const where = last.why === undefined ? `${why}, but not when run again from ${index} on` : why
  return { target: task.target, seed: task.seed, index: last.index, message: where ?? '' }
}

const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
