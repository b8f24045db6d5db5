import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { LineReader } from './line-reader.ts'
import { repositoryRoot } from './repository.ts'

const mainFile = join(repositoryRoot, 'packages/cli/src/main.ts')

export interface ProgramOptions {
  /** Words that make a command run elsewhere, put before it, such as `nsenter --net=FILE`. */
  within?: readonly string[]
  /** The folder to run in; the root of the clone when absent. */
  cwd?: string
  /** Variables on top of the inherited ones; `undefined` removes one. */
  env?: Record<string, string | undefined>
  /** Written to standard input, which is then closed. Without it standard input stays open for `write` and `end`. */
  input?: string | Uint8Array
  /** When the program is stopped: at the end of the test (the default), or of the file for one started in `beforeAll`. */
  lifetime?: 'test' | 'file'
}

export interface Exit {
  /** Exit code, or null when a signal ended the process. */
  code: number | null
  signal: NodeJS.Signals | null
}

/** Starts `msrp ARGS` as it lies in this clone, on the Node that runs the tests. */
export function startMsrp(args: readonly string[], options: ProgramOptions = {}): Program {
  return startProgram(process.execPath, [mainFile, ...args], options)
}

/** Starts any program. It is stopped and awaited at the end of its `lifetime`, whatever happens to the test. */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Program {
  const program = new Program(command, args, options)
  running.add(program)
  if (options.lifetime !== 'file') onTestFinished(() => program.stop())
  return program
}

/** A real process under test: its lines, its end, its memory. */
export class Program {
  readonly stdout: LineReader
  readonly stderr: LineReader
  readonly #child: ChildProcess
  readonly #commandLine: string
  /** The process is gone. */
  readonly #ended: Promise<unknown>
  /** The process is gone and all its output has been read. */
  readonly #exit: Promise<Exit>
  #exited: Exit | undefined
  #peakMemory = 0

  constructor(command: string, args: readonly string[], options: ProgramOptions) {
    const words = [...(options.within ?? []), command, ...args]
    this.#commandLine = words.join(' ')
    const child = spawn(words[0] ?? '', words.slice(1), {
      cwd: options.cwd ?? repositoryRoot,
      env: { ...plainEnvironment(), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    const describe = (): string => this.describe()
    this.stdout = new LineReader(child.stdout, 'standard output', describe)
    this.stderr = new LineReader(child.stderr, 'standard error', describe)
    this.#ended = new Promise((resolve) => child.once('exit', resolve))
    this.#exit = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    const sampling = setInterval(() => this.#sampleMemory(), 50)
    sampling.unref()
    this.#exit
      .then((exit) => {
        this.#exited = exit
      })
      .catch(() => {})
      .finally(() => {
        clearInterval(sampling)
        running.delete(this)
      })
    // A program that ends without reading its input must not fail the test from outside with EPIPE.
    child.stdin.on('error', () => {})
    if (options.input !== undefined) child.stdin.end(options.input)
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`could not be started: ${this.#commandLine}`)
    return this.#child.pid
  }

  /** Undefined while the process runs. */
  get exited(): Exit | undefined {
    return this.#exited
  }

  /** The first line of standard output or standard error that matches, past or future; its capture groups come along. */
  line(pattern: RegExp, milliseconds = 10_000): Promise<RegExpExecArray> {
    const looking = new AbortController()
    const { signal } = looking
    const found = Promise.any([
      this.stdout.line(pattern, { milliseconds, signal }),
      this.stderr.line(pattern, { milliseconds, signal }),
    ])
    return found
      .catch((error: AggregateError) => {
        throw error.errors[0]
      })
      .finally(() => looking.abort())
  }

  /** The end of the process, with all its output read; throws when it does not end in time. */
  async exit(milliseconds = 30_000): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`still runs after ${milliseconds} ms: ${this.describe()}`)),
        milliseconds,
      )
    })
    return Promise.race([this.#exit, late]).finally(() => clearTimeout(timer))
  }

  /** Writes to standard input; resolves when the pipe has taken it. */
  async write(text: string | Uint8Array): Promise<void> {
    const { stdin } = this.#child
    if (stdin && !stdin.write(text)) await once(stdin, 'drain')
  }

  /** Ends standard input. */
  end(): void {
    this.#child.stdin?.end()
  }

  /** Sends a signal to this process and no other. SIGSTOP and SIGCONT freeze and thaw it. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
  }

  /** Ends the process, with SIGTERM and after five seconds with SIGKILL, and waits for the end. */
  async stop(): Promise<void> {
    if (this.#child.pid === undefined) return
    this.kill('SIGCONT')
    this.kill('SIGTERM')
    const force = setTimeout(() => this.kill('SIGKILL'), 5_000)
    await this.#ended.finally(() => clearTimeout(force))
    // A child of its own that it left behind may hold the pipes open: the run's last check tells of that, not a hang here.
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
    await this.#exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /**
   * Peak resident memory in bytes, as the kernel has counted it (VmHWM). It is looked at from outside every 50 ms, so
   * for a process that has ended it is the last value seen; 0 where there is no /proc.
   */
  get peakMemory(): number {
    this.#sampleMemory()
    return this.#peakMemory
  }

  /** Processor time used so far in seconds, in the kernel's ticks of 10 ms; 0 where there is no /proc. */
  get cpuSeconds(): number {
    try {
      // Behind the name in brackets, which may hold anything, times are the 12th and 13th field.
      const fields = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')
      return (Number(fields[11]) + Number(fields[12])) / 100
    } catch {
      return 0
    }
  }

  /** The command line, how it ended and what it printed: for messages of failed tests. */
  describe(): string {
    const end = this.#exited ? `ended with ${this.#exited.code ?? this.#exited.signal}` : 'runs'
    const tail = (reader: LineReader): string => reader.lines.slice(-20).join('\n')
    return `${this.#commandLine} (${end})\n${tail(this.stdout)}\n${tail(this.stderr)}`
  }

  #sampleMemory(): void {
    try {
      const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'latin1'))
      if (match) this.#peakMemory = Math.max(this.#peakMemory, Number(match[1]) * 1024)
    } catch {
      // Not there any more, or no /proc on this system.
    }
  }
}

const running = new Set<Program>()

// Importing this file registers the clean-up with the test file: what a hook started ends with the file.
afterAll(async () => {
  await Promise.all([...running].map((program) => program.stop()))
})

// Should the worker end in mid-test, its children end with it.
process.once('exit', () => {
  for (const program of running) program.kill('SIGKILL')
})

/**
 * The environment without what vitest and npm put there, so that the program behaves as it does in a user's shell, and
 * with the Node of the tests first on PATH, however the tests were started.
 */
function plainEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env }
  for (const name of Object.keys(environment)) {
    if (/^(VITEST|VITE_|npm_package_|npm_lifecycle_|npm_command$|npm_config_(local_)?prefix$)/.test(name))
      delete environment[name]
  }
  for (const name of [
    'NODE_ENV',
    'NODE_OPTIONS',
    'NODE_V8_COVERAGE',
    'TEST',
    'DEV',
    'PROD',
    'MODE',
    'SSR',
    'BASE_URL',
  ]) {
    delete environment[name]
  }
  // Under CI Node takes a terminal for one without colours.
  for (const name of ['CI', 'FORCE_COLOR', 'MSRP_PASSWORD']) delete environment[name]
  environment.PATH = [dirname(process.execPath), environment.PATH].join(delimiter)
  // Hundreds of programs are started: what Node has made of our sources once need not be made again.
  environment.NODE_COMPILE_CACHE = join(repositoryRoot, 'node_modules', '.cache', 'node')
  return environment
}
