import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Job, Report, Usage } from './job.ts'

const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

/** What both sides took. */
export interface Measured {
  readonly sender: Usage
  readonly receiver: Usage
}

/** Runs a job in two processes, sender and receiver, each on a core of its own. */
export async function runJob(job: Job): Promise<Measured> {
  const children: ChildProcess[] = []
  try {
    const receiver = start(0, children)
    const ready = next(receiver)
    receiver.send(job)
    const first = await ready
    if (!('ready' in first)) throw new Error('the receiver has ended before it began')
    const sender = start(1, children)
    const [sent, received] = [next(sender), next(receiver)]
    sender.send({ ...job, targets: first.ready })
    const reports = await Promise.all([sent, received])
    // What they still do on their way out must not fall on the next ones.
    await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')))
    const [senderUsage, receiverUsage] = reports.map((report) => ('usage' in report ? report.usage : undefined))
    if (senderUsage === undefined || receiverUsage === undefined) throw new Error('a process has told nothing')
    return { sender: senderUsage, receiver: receiverUsage }
  } finally {
    for (const child of children) child.kill()
  }
}

function start(core: number, children: ChildProcess[]): ChildProcess {
  const command = ['-c', String(core % cpus().length), process.execPath, ...process.execArgv, worker]
  const child = spawn('taskset', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.push(child)
  return child
}

async function next(child: ChildProcess): Promise<Report> {
  const aborted = new AbortController()
  const { signal } = aborted
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([report]) => report as Report),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a process has ended with ${code}`)
      }),
    ])
  } finally {
    aborted.abort()
  }
}
