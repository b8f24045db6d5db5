import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { RawClient, RawClientOptions } from './raw-client.ts'
import { type RelayOptions, type RelayUser, startRelay, type TestRelay } from './relay.ts'

export type WorkerMode = 'ports' | 'single-port'

/** Starts a relay of two workers. */
export async function startWorkers(mode: WorkerMode, options: RelayOptions = {}): Promise<TestRelay> {
  const workers = { count: 2, mode, first_port: await freePorts(2) }
  return await startRelay({ ...options, settings: { ...options.settings, workers } })
}

/** Logs in until it is the worker of that index that has answered. */
export async function loginAt(
  relay: TestRelay,
  index: number,
  user: RelayUser,
  options: Omit<RawClientOptions, 'port' | 'name'> = {},
): Promise<RawClient> {
  for (let attempt = 0; attempt < 64; attempt++) {
    const client = await relay.login(user, options)
    if (workerOf(client.token) === index) return client
    client.destroy()
  }
  throw new Error(`64 connections, and none of them came to worker ${index}`)
}

/** The index of the worker that has handed a token out. */
export function workerOf(token: string): number {
  return Number(/^msrps:\/\/[^/]+\/(\d+)\./.exec(token)?.[1])
}

/** The workers' processes, by their indices; undefined for one that does not run. */
export function workerPids({ program }: TestRelay): (number | undefined)[] {
  const children = readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'latin1')
  const pids: (number | undefined)[] = [undefined, undefined]
  for (const pid of children.trim().split(' ')) {
    const index = /^msrp relay worker (\d+)/.exec(titleOf(Number(pid)))?.[1]
    if (index !== undefined) pids[Number(index)] = Number(pid)
  }
  return pids
}

/** Whether a process is there; one that nobody has asked for its end does not count. */
export function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

/** The first of so many ports in a row that nobody listens on at present. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    // Below those that are given out on request.
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const ports = Array.from({ length: count }, (_, index) => first + index)
    const free = await Promise.all(ports.map(isFree))
    if (free.every(Boolean)) return first
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
