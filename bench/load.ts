import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Peer } from './peers/peer.ts'
import { cpuSeconds, memoryBytes } from './process-tree.ts'

/** The core of the load; the relay has another one. */
const LOAD_CORE = 0

const sources = new URL('load', import.meta.url).pathname

/** What the load itself tells of a run. */
interface Told {
  seconds: number
  sessions: number
  /** Bytes that arrived; bodies alone where the receivers look at messages. */
  bytes: number
  /** Whole messages that arrived, where they are looked at. */
  messages: number
  setUps: number
  /** Bytes of the slowest session, the mean being 1. */
  slowest: number
  /** Microseconds from sending a message to its arrival. */
  latency?: { median: number; p99: number }
  /** Share of a core that it was busy. */
  busy: number
}

/** What one run has shown. */
export interface Measured extends Omit<Told, 'busy'> {
  /** Share of a core that the load was busy, and the relay with all its processes; NaN without a relay. */
  loadBusy: number
  relayBusy: number
  /** Memory of the relay, in bytes: before the load began, and at its end. */
  memoryBefore: number
  memory: number
}

/** Compiles the load into the folder. */
export function compileLoad(folder: string): void {
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'))
  const command = ['-O2', '-Wall', '-Wextra', '-o', join(folder, 'load'), ...files.map((name) => join(sources, name))]
  execFileSync('gcc', [...command, '-lssl', '-lcrypto'], { stdio: 'inherit' })
}

/** Runs the load of the folder once. @throws Error with its words when it fails */
export async function runLoad(folder: string, args: readonly string[], peer: Peer | undefined): Promise<Measured> {
  const command = ['-c', peer?.loadCores ?? String(LOAD_CORE), join(folder, 'load'), ...args, ...(peer?.load ?? [])]
  const pids = peer?.pids ?? []
  const memoryBefore = memoryBytes(pids)
  const child = spawn('taskset', command, {
    env: { ...process.env, ...peer?.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const exited = once(child, 'exit')
  let cpuBefore = 0
  let result: Measured | undefined
  for await (const line of createInterface(child.stdout)) {
    const { event, busy, ...told } = JSON.parse(line) as { event: 'begin' | 'end' } & Told
    if (event === 'begin') cpuBefore = cpuSeconds(pids)
    else {
      const relayBusy = peer ? (cpuSeconds(pids) - cpuBefore) / told.seconds : Number.NaN
      result = { ...told, loadBusy: busy, relayBusy, memoryBefore, memory: memoryBytes(pids) }
    }
  }
  const [code] = await exited
  if (code !== 0 || result === undefined) throw new Error(`load ${args.join(' ')}: ${complaints}`)
  return result
}
