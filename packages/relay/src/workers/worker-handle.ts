import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MsrpError } from 'msrp/wire'
import type { FromWorker, PlainSettings, ToWorker, WorkerFacts } from './messages.ts'

/** The sources run as they are; published they are JavaScript. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : '../worker.js', import.meta.url))

/** How long a worker may take to say how it is, in milliseconds. */
const ANSWER_TIME = 2_000

/** How a worker's process ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What a worker's admin port may be asked for, and the whole relay does. */
export interface WorkerWishes {
  /** Reads the configuration again: gives the keys that wait for the next start; rejects when everything stays as it was. */
  reload(): Promise<readonly string[]>
  /** Begins to stop the relay in order. */
  drain(): void
}

/** One worker's process, from its start to its end. */
export class WorkerHandle {
  readonly index: number
  /** Resolves when it serves; rejects when it cannot, or ends before. */
  readonly ready: Promise<void>
  /** Resolves when the process is gone. */
  readonly ended: Promise<WorkerEnd>
  readonly #child: ChildProcess
  /** What it is told first. */
  #start: Extract<ToWorker, { kind: 'start' }>
  readonly #drained = Promise.withResolvers<void>()
  /** It listens to what it is told. */
  #listens = false
  #answers: ((facts: WorkerFacts) => void)[] = []
  #reloads: ((failure: string | undefined) => void)[] = []

  constructor(index: number, start: Extract<ToWorker, { kind: 'start' }>, wishes: WorkerWishes) {
    this.index = index
    this.#start = start
    // With the flag that the command sets for itself. Its output is the log, which all have in common.
    const execArgv = [...process.execArgv, '--semi-space-growth-factor=1']
    this.#child = fork(entry, [], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const ready = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<WorkerEnd>()
    this.ready = ready.promise
    this.ended = ended.promise
    this.ready.catch(() => {})
    const gone = (end: WorkerEnd): void => {
      ready.reject(new MsrpError('internal', `worker ${index} ended with ${end.signal ?? end.code} before it served`))
      this.#drained.resolve()
      for (const reloaded of this.#reloads.splice(0)) reloaded('it has ended meanwhile')
      ended.resolve(end)
    }
    this.#child.once('exit', (code, signal) => gone({ code, signal }))
    this.#child.on('error', (cause) => {
      ready.reject(new MsrpError('internal', `worker ${index}: ${cause.message}`, { cause }))
      if (this.#child.pid === undefined) gone({ code: null, signal: null })
    })
    this.#child.on('message', (message: FromWorker) => {
      switch (message.kind) {
        case 'hello':
          this.#listens = true
          this.#tell(this.#start)
          break
        case 'ready':
          ready.resolve()
          break
        case 'failed':
          ready.reject(new MsrpError(message.code, message.message))
          break
        case 'drained':
          this.#drained.resolve()
          break
        case 'reloaded':
          this.#reloads.shift()?.(message.failure)
          break
        case 'facts':
          for (const answer of this.#answers.splice(0)) answer(message.facts)
          break
        case 'please-reload':
          wishes.reload().then(
            (later) => this.#tell({ kind: 'reread', later }),
            (error: Error) => this.#tell({ kind: 'not-reread', failure: error.message }),
          )
          break
        case 'please-stop':
          wishes.drain()
          break
        default:
          message satisfies never
      }
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Nothing new begins there; resolves when nothing is under way any more. */
  drain(): Promise<void> {
    this.#tellOrKill({ kind: 'drain' })
    return this.#drained.promise
  }

  /** Has other settings hold there; gives the reason why they do not, if there is one. */
  reload(settings: PlainSettings): Promise<string | undefined> {
    if (!this.#listens) {
      this.#start = { ...this.#start, settings }
      return Promise.resolve(undefined)
    }
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    this.#reloads.push(resolve)
    this.#tell({ kind: 'reload', settings })
    return promise
  }

  /** Ends it in order. */
  stop(): void {
    this.#tellOrKill({ kind: 'stop' })
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** What it tells of itself; undefined when it does not. */
  async facts(): Promise<WorkerFacts | undefined> {
    const { promise, resolve } = Promise.withResolvers<WorkerFacts | undefined>()
    this.#answers.push(resolve)
    this.#tell({ kind: 'ask' })
    const timer = setTimeout(() => resolve(undefined), ANSWER_TIME)
    void this.ended.then(() => resolve(undefined))
    return await promise.finally(() => {
      clearTimeout(timer)
      this.#answers = this.#answers.filter((answer) => answer !== resolve)
    })
  }

  /** One that has not begun has nothing to bring to its end. */
  #tellOrKill(message: ToWorker): void {
    if (this.#listens) this.#tell(message)
    else this.kill()
  }

  #tell(message: ToWorker): void {
    // What cannot be told any more is told by its end.
    if (this.#child.connected) this.#child.send(message, () => {})
  }
}
