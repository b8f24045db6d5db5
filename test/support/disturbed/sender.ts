// A program that sends messages in bursts over several sessions, makes new sessions as old ones break, sends some of what
// failed once more under its Message-ID, and writes down what it was told about each.
import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, MsrpError, type OutgoingMessage, type RelayOptions, type Session } from 'msrp'
import { Random } from '../../../fuzz/random.ts'
import { failureReport } from './failure-report.ts'
import { type PlannedMessage, plannedMessage } from './planned-message.ts'

/** What it is told on its command line, as JSON. */
export interface SenderTask {
  readonly seed: number
  /** Number of its first message, and how many it sends. */
  readonly first: number
  readonly messages: number
  /** Through this one; else straight to the relay of the other side. */
  readonly relay: RelayOptions | undefined
  readonly ca: string
  /** A file each with the path of whom to send to; one session at a time for each. */
  readonly pathFiles: readonly string[]
  /** Most messages that one session begins at once. */
  readonly burst: number
  readonly reportTimeout: number
  readonly log: string
}

/** A line of its log: one call of `send`, settled. */
export interface SentOnce {
  readonly messageId: string
  readonly sha256: string
  /** `delivered`, or the code of the error. */
  readonly outcome: string
  readonly status: number | undefined
  readonly message: string | undefined
  /** The status of the last failure REPORT about it that came over the wire. */
  readonly reported: number | undefined
  /** How often it was sent before. */
  readonly repeated: number
  /** Where it began. */
  readonly resumedFrom: number
}

/** A line of its standard output. */
export interface SenderProgress {
  /** Messages of which the first try has begun. */
  readonly begun: number
  /** Calls of `send`, and how many of them have been settled. */
  readonly sent: number
  readonly settled: number
}

interface Attempt {
  readonly planned: PlannedMessage
  readonly repeated: number
  readonly resumeFrom: number
}

const task: SenderTask = JSON.parse(process.argv[2] ?? '')
const ca = readFileSync(task.ca)
let next = 0
let sent = 0
let settled = 0
/** Failure REPORTs that came, by Message-ID. */
const reports = new Map<string, number>()

async function lane(pathFile: string, index: number): Promise<void> {
  const random = new Random(task.seed, task.first + index)
  const failed: Attempt[] = []
  while (next < task.messages || failed.length > 0) {
    // For the next session: on this one the end of the first try may still be under way.
    const again = failed.splice(0)
    try {
      await using session = await open(pathFile)
      // A relay answers for a peer that may not be there. What has come through once is worth a burst.
      const there = await burst(session, { random, again, failed }, 1)
      // Now and then one leaves without need.
      for (let left = there ? random.between(1, 30) : 0; left > 0 && session.state === 'open'; left--) {
        if (next >= task.messages && again.length === 0) break
        await burst(session, { random, again, failed }, random.between(1, task.burst))
      }
    } catch {
      await pause(random.between(20, 200))
    }
    failed.push(...again)
  }
}

function open(pathFile: string): Promise<Session> {
  const { relay, reportTimeout } = task
  return connect({
    path: readFileSync(pathFile, 'utf8'),
    signal: AbortSignal.timeout(5_000),
    tls: { ca },
    trace: (event) => {
      const report = failureReport(event)
      if (report !== undefined) reports.set(report.messageId, report.status)
    },
    reportTimeout,
    closeTimeout: 1_000,
    ...(relay === undefined ? {} : { relay }),
  })
}

/** Begins so many at once, those `again` first; of what failed some are to be tried once more. True when none did. */
async function burst(
  session: Session,
  { random, again, failed }: { random: Random; again: Attempt[]; failed: Attempt[] },
  size: number,
): Promise<boolean> {
  const attempts = again.splice(0, size)
  const fresh = Math.min(size - attempts.length, task.messages - next)
  for (let count = 0; count < fresh; count++) {
    attempts.push({ planned: plannedMessage(task.seed, task.first + next++), repeated: 0, resumeFrom: 0 })
  }
  sent += attempts.length
  tellProgress()
  const failures = await Promise.all(attempts.map((attempt) => send(session, attempt)))
  settled += failures.length
  for (const failure of failures) {
    if (failure !== undefined && failure.repeated < 3 && (failure.resumeFrom > 0 || random.oneIn(3)))
      failed.push(failure)
  }
  return failures.every((failure) => failure === undefined)
}

/** Gives what would send the rest, when it failed. */
async function send(session: Session, { planned, repeated, resumeFrom }: Attempt): Promise<Attempt | undefined> {
  const { id: messageId, sha256, chunkSize } = planned
  const options = {
    messageId,
    resumeFrom,
    successReport: true,
    contentType: 'application/octet-stream',
    ...(chunkSize === undefined ? {} : { chunkSize }),
  }
  reports.delete(messageId)
  let message: OutgoingMessage | undefined
  let failure: { outcome: string; status?: number | undefined; message?: string } = { outcome: 'delivered' }
  try {
    message = session.send(planned.body(), options)
    await message.delivered
  } catch (error) {
    const { code, status } = error instanceof MsrpError ? error : { code: 'not an MsrpError', status: undefined }
    failure = { outcome: code, status, message: String(error) }
  }
  const line: SentOnce = {
    messageId,
    sha256,
    repeated,
    resumedFrom: resumeFrom,
    status: failure.status,
    reported: reports.get(messageId),
    message: failure.message,
    outcome: failure.outcome,
  }
  appendFileSync(task.log, `${JSON.stringify(line)}\n`)
  if (failure.outcome === 'delivered') return undefined
  const confirmed = planned.rereadable ? (message?.confirmed.contiguous ?? 0) : 0
  return { planned, repeated: repeated + 1, resumeFrom: confirmed }
}

function tellProgress(): void {
  const progress: SenderProgress = { begun: next, sent, settled }
  console.log(JSON.stringify(progress))
}

await Promise.all(task.pathFiles.map(lane))
tellProgress()
