// One of the two processes: takes its job from the one that started it, and tells that one what it took.

import type { Job, Report, Usage } from './job.ts'
import { receiveMessage, sendMessage } from './msrp-stream.ts'
import { receiveByPipeline, sendByPipeline } from './pipeline-stream.ts'
import { receiveTexts, sendTexts } from './texts.ts'

/** Opens the places where the sender finds it; `done` resolves when everything has come. */
export type Receiving<Task> = (
  task: Task,
  job: Job,
) => Promise<{ readonly targets: readonly string[]; done(): Promise<Usage> }>

/** Sends to those places; resolves when everything is known to have come. */
export type Sending<Task> = (task: Task, job: Job, targets: readonly string[]) => Promise<Usage>

async function receive(job: Job): Promise<void> {
  const { targets, done } = await receiverOf(job)
  tell({ ready: targets })
  tell({ usage: await done() })
}

function receiverOf(job: Job): ReturnType<Receiving<unknown>> {
  const { task } = job
  if (task.kind === 'texts') return receiveTexts(task, job)
  return task.variant === 'msrp' ? receiveMessage(task, job) : receiveByPipeline(task, job)
}

function send(job: Job, targets: readonly string[]): Promise<Usage> {
  const { task } = job
  if (task.kind === 'texts') return sendTexts(task, job, targets)
  return task.variant === 'msrp' ? sendMessage(task, job, targets) : sendByPipeline(task, job, targets)
}

function tell(report: Report): void {
  process.send?.(report)
}

process.once('message', async (job: Job) => {
  if (job.targets === undefined) await receive(job)
  else tell({ usage: await send(job, job.targets) })
  process.disconnect()
})
