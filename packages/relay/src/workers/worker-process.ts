import { rmdir } from 'node:fs/promises'
import { MsrpError } from 'msrp/wire'
import type { Settings } from '../config/settings.ts'
import { createLog, type RelayLog } from '../io/index.ts'
import type { WorkerAssignment } from './assignment.ts'
import type { FromWorker, PlainSettings, ToWorker, WorkerFacts } from './messages.ts'
import { unpackSettings } from './messages.ts'

/** The code that says that a worker could not serve, and has said why. */
export const CANNOT_SERVE = 78

/** A relay in one process, as far as it matters here. */
interface WorkerRelay extends WorkerFacts {
  drain(): Promise<void>
  close(): Promise<void>
  /** Takes other settings, or leaves everything as it was and throws. */
  reload(settings: Settings): Promise<unknown>
}

/** Starts it. */
type StartRelay = (
  settings: Settings,
  options: {
    readonly log: RelayLog
    readonly worker: WorkerAssignment
    reload(): Promise<readonly string[]>
    drain(): void
  },
) => Promise<WorkerRelay>

/**
 * Runs one worker in this process: does what the process that started it says, and ends in order when that is gone. The
 * process ends by `process.exit`.
 */
export function runWorker(startRelay: StartRelay): void {
  let relay: Promise<WorkerRelay> | undefined
  let folder: string | undefined
  /** Who started this process is about to end it. */
  let ending = false
  let stopping: Promise<void> | undefined
  /** Calls of the admin port that wait for what becomes of the whole relay. */
  const asked: PromiseWithResolvers<readonly string[]>[] = []

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await (await relay?.catch(() => undefined))?.close()
      // Nobody else would remove it; whoever goes last finds it empty.
      if (!process.connected && folder !== undefined) await rmdir(folder).catch(() => {})
      process.exit(0)
    })()
    return stopping
  }
  const start = async ({ settings, assignment }: Extract<ToWorker, { kind: 'start' }>): Promise<void> => {
    process.title = `msrp relay worker ${assignment.index}`
    const what = unpackSettings(settings)
    const log = createLog(what.log).child({ worker: assignment.index })
    folder = assignment.sockets.folder
    relay = startRelay(what, {
      log,
      worker: assignment,
      reload: askForReload,
      drain: () => tell({ kind: 'please-stop' }),
    })
    try {
      await relay
      tell({ kind: 'ready' })
    } catch (error) {
      // What nobody expected is told with its stack, and ends the process as any crash does.
      if (!(error instanceof MsrpError)) throw error
      tell({ kind: 'failed', code: error.code, message: error.message }, () => process.exit(CANNOT_SERVE))
    }
  }
  const askForReload = (): Promise<readonly string[]> => {
    const answer = Promise.withResolvers<readonly string[]>()
    asked.push(answer)
    tell({ kind: 'please-reload' })
    return answer.promise
  }
  const drain = async (): Promise<void> => {
    await (await relay?.catch(() => undefined))?.drain()
  }
  const reload = async (settings: PlainSettings): Promise<void> => {
    try {
      await (await relay)?.reload(unpackSettings(settings))
      tell({ kind: 'reloaded' })
    } catch (error) {
      tell({ kind: 'reloaded', failure: error instanceof Error ? error.message : String(error) })
    }
  }
  const answer = async (): Promise<void> => {
    const running = await relay?.catch(() => undefined)
    if (running === undefined) return
    const { connections, tokens, counters } = running
    tell({ kind: 'facts', facts: { connections, tokens, counters } })
  }

  process.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'start':
        void start(message)
        break
      case 'drain':
        ending = true
        void drain().then(() => tell({ kind: 'drained' }))
        break
      case 'stop':
        void stop()
        break
      case 'reload':
        void reload(message.settings)
        break
      case 'ask':
        void answer()
        break
      case 'reread':
        asked.shift()?.resolve(message.later)
        break
      case 'not-reread':
        asked.shift()?.reject(new MsrpError('invalid-argument', message.failure))
        break
      default:
        message satisfies never
    }
  })
  // Nobody would stop it any more.
  process.on('disconnect', () => void stop())
  // A service manager may tell all processes at once: then the end comes from the one that started this one, when none of
  // the others has anything left. A person may mean this one alone.
  process.on('SIGTERM', () => {
    void drain().then(() => (ending ? undefined : stop()))
  })
  // The terminal tells all processes as well; what becomes of it is for the one that started this one to say.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  tell({ kind: 'hello' })
}

function tell(message: FromWorker, then: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, then)
  else then()
}
