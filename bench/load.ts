import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Peer } from './peers/peer.ts'
import { cpuSeconds, memoryBytes } from './process-tree.ts'

/** The core of the load; the relay has another one. */
const LOAD_CORE = 0

const source = new URL('load/load.c', import.meta.url).pathname

/** What one run of the load has shown. */
export interface Measured {
  seconds: number
  /** Body bytes that arrived, and whole messages where they were counted. */
  bytes: number
  messages: number
  setups: number
  /** Bytes of the slowest session, the mean being 1. */
  slowest: number
  /** Microseconds from sending a message to its arrival. */
  latency?: { median: number; p99: number }
  /** Share of a core that the load was busy, and the relay with all its processes. */
  loadBusy: number
  relayBusy: number
  /** Memory of the relay, in bytes, at the end. */
  memory: number
}

/** Compiles the load into the folder. */
export function compileLoad(folder: string): void {
  execFileSync('gcc', ['-O2', '-o', join(folder, 'load'), source, '-lssl', '-lcrypto'], { stdio: 'inherit' })
}

/** Runs the load of the folder once. @throws Error with its words when it fails */
export async function runLoad(folder: string, args: readonly string[], peer: Peer | undefined): Promise<Measured> {
  const command = ['-c', String(LOAD_CORE), join(folder, 'load'), ...args, ...(peer?.load ?? [])]
  const child = spawn('taskset', command, {
    env: { ...process.env, ...peer?.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const exited = once(child, 'exit')
  const pids = peer?.pids ?? []
  let before = 0
  let result: Measured | undefined
  for await (const line of createInterface(child.stdout)) {
    const { event, ...facts } = JSON.parse(line) as { event: string; busy: number } & Partial<Measured>
    if (event === 'begin') before = cpuSeconds(pids)
    if (event !== 'end') continue
    const { busy, seconds = 1, bytes = 0, messages = 0, setups = 0, slowest = 1, latency } = facts
    const relayBusy = (cpuSeconds(pids) - before) / seconds
    const memory = memoryBytes(pids)
    result = { seconds, bytes, messages, setups, slowest, loadBusy: busy, relayBusy, memory }
    if (latency) result.latency = latency
  }
  const [code] = await exited
  if (code !== 0 || result === undefined) throw new Error(`load ${args.join(' ')}: ${complaints}`)
  return result
}
