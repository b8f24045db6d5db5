import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { saysItsHeap } from '../../test/support/heap.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What no program that is in order writes: a stack trace, or that something was not caught. */
const TROUBLE = /^\s+at .+:\d+:\d+\)?$|unhandled|uncaught|FATAL ERROR|AssertionError/im

/**
 * A heap that is small, so that growth shows soon: as an end of the process, or as resident memory beyond the bound. With
 * its usual one Node collects garbage late, and grows by hundreds of MiB before it says whether it needs them.
 */
const SMALL_HEAP = ['--max-old-space-size=64', '--max-semi-space-size=4']

/** How long it may take to collect its garbage and to say what is left, in milliseconds. */
const ANSWER_TIME = 10_000

/** A real program under attack, looked at from outside. */
export class Server {
  readonly name: string
  readonly #child: ChildProcess
  #complaint = ''
  #asked = 0
  #trouble = ''

  /** Starts a Node program of this clone; resolves with it and the first line it prints, which has to be JSON. */
  static async start<T>(name: string, args: readonly string[]): Promise<{ server: Server; first: T }> {
    // A name that a mutation made up is not to be looked for for long.
    const env = { ...process.env, ...saysItsHeap, RES_OPTIONS: 'timeout:1 attempts:1', NODE_V8_COVERAGE: '' }
    const child = spawn(process.execPath, [...SMALL_HEAP, ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const server = new Server(name, child)
    running.add(child)
    child.once('exit', () => running.delete(child))
    const lines = createInterface({ input: child.stdout })
    const exit = once(child, 'exit').then(() => {
      throw new Error(`${name} did not start: ${server.#complaint}`)
    })
    const [line] = await Promise.race([once(lines, 'line'), exit])
    // Whatever else it prints is read and forgotten.
    lines.on('line', () => {})
    exit.catch(() => {})
    return { server, first: JSON.parse(line) }
  }

  constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
    child.stderr?.on('data', (bytes) => {
      this.#complaint = `${this.#complaint}${bytes}`.slice(-8000)
      if (this.#trouble === '' && TROUBLE.test(this.#complaint)) this.#trouble = this.#complaint
    })
  }

  /** What is wrong with it; undefined when nothing is. */
  get trouble(): string | undefined {
    const { exitCode, signalCode } = this.#child
    const ended = exitCode ?? signalCode
    if (ended !== null) return `${this.name} has ended with ${ended}\n${this.#complaint}`
    return this.#trouble === '' ? undefined : `${this.name} complains:\n${this.#trouble}`
  }

  /** Resident memory in bytes; 0 where there is no /proc. */
  get memory(): number {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
    } catch {
      return 0
    }
  }

  /** Bytes that it keeps, buffers included and garbage not. */
  async kept(): Promise<number> {
    const answer = new RegExp(`^heap ${++this.#asked}: (\\d+) bytes$`, 'm')
    const end = performance.now() + ANSWER_TIME
    this.#child.kill('SIGUSR2')
    for (;;) {
      const bytes = answer.exec(this.#complaint)?.[1]
      if (bytes !== undefined) return Number(bytes)
      if (this.trouble !== undefined || performance.now() > end)
        throw new Error(`${this.name} does not say what it keeps`)
      await delay(10)
    }
  }

  /** Sockets and files that it has open; 0 where there is no /proc. */
  get sockets(): number {
    try {
      return readdirSync(`/proc/${this.#child.pid}/fd`).length
    } catch {
      return 0
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    await exit
    clearTimeout(force)
  }
}

const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
