import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type MsrpError } from 'msrp'
import { newAuthority, startRelay } from '../relay.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { until } from '../transfer.ts'
import { failureReport } from './failure-report.ts'
import type { ReceiverTask } from './receiver.ts'
import { login, startPart } from './run.ts'

/** What a sender heard. */
export interface Heard {
  /** Responses with 200 to its messages, before the receiver was killed. */
  readonly answered: number
  /** The status of every failure REPORT. */
  readonly reports: readonly number[]
  /** Code and status that each `delivered` ended with. */
  readonly outcomes: readonly string[]
  /** From the kill until the last of them, in milliseconds. */
  readonly waited: number
}

/**
 * A receiver stops, so that it confirms nothing; the relay in front of it answers so many messages 200; then the receiver
 * alone is killed. None of the sender's own times is near. With `chain` the sender is behind another relay.
 */
export async function killReceiver(messages: number, { chain }: { chain: boolean }): Promise<Heard> {
  const folder = temporaryFolder()
  const authority = await newAuthority()
  const near = await startRelay({ name: 'relay-b.localhost', authority })
  const [pathFile, other] = [join(folder, 'one.path'), join(folder, 'other.path')]
  const log = join(folder, 'log')
  const task: ReceiverTask = {
    kind: 'sink',
    relay: login(near, near.bob),
    ca: near.ca,
    pathFiles: [pathFile, other],
    log,
    folder,
  }
  const receiver = startPart('receiver', task)
  await until(() => existsSync(pathFile), 'the path of the receiver', 20_000)

  let answered = 0
  const reports: number[] = []
  const own = chain ? await startRelay({ name: 'relay-a.localhost', authority }) : undefined
  await using session = await connect({
    path: readFileSync(pathFile, 'utf8'),
    tls: { ca: readFileSync(near.ca) },
    reportTimeout: 30_000,
    ...(own === undefined ? {} : { relay: login(own, own.alice) }),
    trace: (event) => {
      if (event.direction === 'in' && /^MSRP \S+ 200/.test(event.text)) answered++
      const report = failureReport(event)
      if (report !== undefined) reports.push(report.status)
    },
  })
  await session.send('are you there?', { successReport: true }).delivered
  receiver.kill('SIGSTOP')
  answered = 0
  const sends = Array.from({ length: messages }, (_, number) =>
    session.send(`message ${number}`, { successReport: true }),
  )
  await until(() => answered === messages, 'the answers of the relay', 20_000)
  const before = answered

  const killedAt = performance.now()
  receiver.kill('SIGKILL')
  const settled = await Promise.allSettled(sends.map(({ delivered }) => delivered))
  return {
    answered: before,
    reports,
    outcomes: settled.map((end) => {
      if (end.status === 'fulfilled') return 'delivered'
      const { code, status } = end.reason as MsrpError
      return `${code} ${status}`
    }),
    waited: performance.now() - killedAt,
  }
}
