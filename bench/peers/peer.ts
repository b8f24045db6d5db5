import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { processTree } from '../process-tree.ts'

/** The core that relays and proxies have for themselves; the load has core 0. */
export const RELAY_CORE = 1

/** A relay or proxy that is measured. */
export interface Peer {
  /** The processes it is made of, for their CPU time and memory. */
  readonly pids: readonly number[]
  /** What the load needs to go through it. */
  readonly load: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** The cores of the load, where it does not have one for itself. */
  readonly loadCores?: string
  /** The end of what it has printed. */
  lastWords(): string
  stop(): Promise<void>
}

/** Starts a program on the relay's core, unless others are named, and resolves when it accepts connections on the port, and `settle` ms later. */
export async function startPinned(
  command: readonly string[],
  options: {
    port: number
    folder: string
    load: readonly string[]
    environment?: Record<string, string>
    settle?: number
    cores?: string
    /** What it prints once it serves, where a port that is open says less. */
    says?: string
  },
): Promise<Peer> {
  const [name = '', ...args] = command
  const child = spawn('taskset', ['-c', options.cores ?? String(RELAY_CORE), name, ...args], {
    cwd: options.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000)
    })
  }
  await untilListening(child, options.port, { says: options.says ?? '', said: () => said })
  await delay(options.settle ?? 0)
  const { pid = 0 } = child
  return {
    pids: processTree(pid),
    load: options.load,
    environment: options.environment ?? {},
    lastWords: () => said.slice(-1_000),
    async stop(): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended by itself: ${said}`)
      const left = processTree(pid)
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await Promise.race([exited, delay(5_000, undefined, { ref: false })])
      for (const each of left) end(each)
    },
  }
}

async function untilListening(
  child: ChildProcess,
  port: number,
  { says, said }: { says: string; said: () => string },
): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!said().includes(says) || !(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`nobody listens: ${said()}`)
    await delay(50)
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was gone already.
  }
}
