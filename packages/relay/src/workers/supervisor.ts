import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { nodeClock } from 'msrp/node'
import { MsrpError } from 'msrp/wire'
import type { ListenSettings, Settings } from '../config/index.ts'
import { createLog, openState, type RelayLog, type RelayState } from '../io/index.ts'
import type { OpenListener } from '../io/listeners.ts'
import { storageError } from '../io/storage-error.ts'
import { untilRestart } from '../io/until-restart.ts'
import { ofWorker, shareOf, type WorkerAssignment } from './assignment.ts'
import { type PlainSettings, packSettings, type WorkerFacts } from './messages.ts'
import { ownListeners } from './own-listeners.ts'
import { reservePorts } from './ports.ts'
import { Restarts } from './restarts.ts'
import { type WorkerEnd, WorkerHandle, type WorkerWishes } from './worker-handle.ts'

/** Beyond the time that a worker has for draining, in milliseconds; then it is ended at once. */
const ENDING_TIME = 4_000

/** A relay of several processes that runs. */
export interface RunningWorkers extends AsyncDisposable {
  /** Where they listen, with the ports they really got: those of all, then those of each. */
  readonly listeners: readonly OpenListener[]
  readonly state: Omit<RelayState, 'users'>
  /** Rejects when workers end again and again; then it is to be closed. */
  readonly failed: Promise<never>
  /**
   * Has other settings hold in every worker, those that are started later among them. Where they listen and how many they are
   * stays.
   * @returns keys, as the file spells them, whose new values wait for the next start
   * @throws MsrpError `invalid-argument` with the first worker's reason why not
   */
  reload(settings: Settings): Promise<readonly string[]>
  /** What each worker tells of itself; undefined for one that does not run at present. */
  facts(): Promise<readonly (WorkerFacts | undefined)[]>
  /** As that of a relay in one process: all drain at the same time, and none ends while another one has something left. */
  close(): Promise<void>
}

/**
 * Starts a relay of several processes (`settings.workers`). This one starts and watches the others, and carries nothing. A
 * worker that ends is started again, alone.
 * @param options as those of `startRelay`: `reload` and `drain` are for the admin ports of all workers
 * @throws MsrpError as `startRelay`
 */
export async function startWorkers(
  settings: Settings,
  options: { log?: RelayLog } & Partial<WorkerWishes> = {},
): Promise<RunningWorkers> {
  const log = options.log ?? createLog(settings.log)
  const wishes: WorkerWishes = {
    reload:
      options.reload ?? (async () => Promise.reject(new MsrpError('invalid-argument', 'it is read at a start alone'))),
    drain: options.drain ?? (() => log.warn({}, 'this relay is stopped by a signal alone')),
  }
  // Made once, before several processes want it.
  const { users, ...state } = await openState(settings)
  await users.close()
  let current = settings
  const own = ownListeners(settings)
  const ports = await reservePorts([...settings.listen, ...own.flat()])
  const folder = await mkdtemp(join(tmpdir(), 'msrp-relay-')).catch((error: unknown) => {
    throw storageError(error, 'create', tmpdir())
  })
  const supervisor = new Supervisor({
    settings: shareOf(settings, own.length),
    shared: ports.listen.slice(0, settings.listen.length),
    own,
    folder,
    log,
    wishes,
  })
  try {
    await supervisor.start()
  } catch (error) {
    await supervisor.close()
    throw error
  } finally {
    await ports.release()
  }
  const reload = async (changed: Settings): Promise<readonly string[]> => {
    const { listen } = current
    const [next, later] = untilRestart(current, { ...changed, listen })
    const moved = isDeepStrictEqual(changed.listen, listen) ? [] : ['listen']
    await supervisor.reload(shareOf(next, own.length))
    current = next
    return [...later, ...moved]
  }
  let reloading: Promise<unknown> = Promise.resolve()
  return {
    listeners: ports.listen,
    state,
    failed: supervisor.failed,
    reload: (changed) => {
      const reloaded = reloading.then(() => reload(changed))
      reloading = reloaded.catch(() => {})
      return reloaded
    },
    facts: () => supervisor.facts(),
    close: () => supervisor.close(),
    [Symbol.asyncDispose]: () => supervisor.close(),
  }
}

class Supervisor {
  readonly failed: Promise<never>
  readonly #fail: (error: MsrpError) => void
  #settings: Settings
  readonly #shared: readonly ListenSettings[]
  readonly #own: readonly (readonly ListenSettings[])[]
  readonly #folder: string
  readonly #log: RelayLog
  readonly #wishes: WorkerWishes
  readonly #nonceKey: string = randomBytes(32).toString('base64')
  readonly #secret: string = randomBytes(32).toString('base64')
  readonly #workers: Map<number, WorkerHandle> = new Map()
  readonly #restarts: Restarts = new Restarts(nodeClock)
  /** Those of workers that wait for their next start; they keep this process from ending when no worker does. */
  readonly #waiting: Set<NodeJS.Timeout> = new Set()
  #started = false
  #closing: Promise<void> | undefined
  /** However this process ends: a second signal means the workers as well. */
  readonly #onExit: () => void = () => {
    for (const worker of this.#workers.values()) worker.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  constructor(options: {
    settings: Settings
    shared: readonly ListenSettings[]
    own: readonly (readonly ListenSettings[])[]
    folder: string
    log: RelayLog
    wishes: WorkerWishes
  }) {
    this.#settings = options.settings
    this.#wishes = options.wishes
    this.#shared = options.shared
    this.#own = options.own
    this.#folder = options.folder
    this.#log = options.log
    const { promise, reject } = Promise.withResolvers<never>()
    this.failed = promise
    this.failed.catch(() => {})
    this.#fail = reject
    process.on('exit', this.#onExit)
  }

  /** Starts all workers; rejects with what keeps the first of them from serving. */
  async start(): Promise<void> {
    const workers = this.#own.map((_, index) => this.#launch(index))
    await Promise.all(workers.map(({ ready }) => ready))
    this.#started = true
  }

  facts(): Promise<(WorkerFacts | undefined)[]> {
    return Promise.all(this.#own.map(async (_, index) => await this.#workers.get(index)?.facts()))
  }

  async reload(settings: Settings): Promise<void> {
    const before = this.#settings
    const failed = await this.#reload(settings)
    if (failed === undefined) return
    // Those that have gone over already go back.
    await this.#reload(before)
    throw new MsrpError('invalid-argument', `worker ${failed.worker} keeps its settings: ${failed.failure}`)
  }

  async #reload(settings: Settings): Promise<{ readonly worker: number; readonly failure: string } | undefined> {
    // A worker that ends meanwhile is started with the new ones.
    this.#settings = settings
    const reloads = [...this.#workers.values()].map(async (worker) => {
      const failure = await worker.reload(this.#packed(worker.index))
      return failure === undefined || !this.#workers.has(worker.index) ? undefined : { worker: worker.index, failure }
    })
    return (await Promise.all(reloads)).find((each) => each !== undefined)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const timer of this.#waiting) clearTimeout(timer)
    const workers = [...this.#workers.values()]
    const kill = nodeClock.after(this.#settings.drain * 1000 + ENDING_TIME, () => {
      for (const worker of workers) worker.kill()
    })
    // Who is done still passes on what the others have under way.
    if (this.#started) await Promise.all(workers.map((worker) => worker.drain()))
    for (const worker of workers) worker.stop()
    await Promise.all(workers.map(({ ended }) => ended))
    kill()
    process.off('exit', this.#onExit)
    await rm(this.#folder, { recursive: true, force: true })
  }

  #launch(index: number): WorkerHandle {
    const worker = new WorkerHandle(
      index,
      { kind: 'start', settings: this.#packed(index), assignment: this.#assignment(index) },
      this.#wishes,
    )
    this.#workers.set(index, worker)
    void worker.ended.then((end) => this.#ended(worker, end))
    return worker
  }

  #packed(index: number): PlainSettings {
    const listen = [...this.#shared, ...(this.#own[index] ?? [])]
    return packSettings(ofWorker({ ...this.#settings, listen }, index))
  }

  #assignment(index: number): WorkerAssignment {
    return {
      index,
      count: this.#own.length,
      nonceKey: this.#nonceKey,
      sockets: { folder: this.#folder, secret: this.#secret },
      port: this.#own[index]?.[0]?.port,
      listeners: [...this.#shared, ...this.#own.flat()].map(({ host, port }) => ({ host, port })),
    }
  }

  #ended(worker: WorkerHandle, { code, signal }: WorkerEnd): void {
    const { index, pid } = worker
    this.#workers.delete(index)
    // Before all serve, whoever cannot is told by `start`.
    if (!this.#started || this.#closing !== undefined) return
    const wait = this.#restarts.next(index)
    this.#log.error({ worker: index, pid, code, signal, again: wait }, 'a worker has ended')
    if (wait === undefined) {
      this.#fail(new MsrpError('internal', 'workers end again and again; the log says how each of them ended'))
      return
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      const next = this.#launch(index)
      next.ready.then(
        () => this.#log.info({ worker: index, pid: next.pid }, 'a worker serves again'),
        (error: Error) => this.#log.error({ worker: index, err: error }, 'a worker cannot be started'),
      )
    }, wait)
    this.#waiting.add(timer)
  }
}
