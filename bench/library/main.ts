// The library beside Node's own streams over the same sockets, and the texts that it sends in a second.
//
//   node bench/library/main.ts [--quick] [--size GIB] [--runs N] [--only tcp|tls] [--out FOLDER]

import { parseArgs } from 'node:util'
import { createAuthority, issueCertificate } from 'msrp-relay/certificates'
import { inside, runInNamespace } from '../namespace.ts'
import type { Job, TextsTask } from './job.ts'
import { type Measured, runJob } from './processes.ts'
import { type StreamResult, type TextsResult, writeReport } from './report.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    size: { type: 'string' },
    runs: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: new URL('../results', import.meta.url).pathname },
  },
})
if (!inside) process.exit(await runInNamespace())

const gibibytes = Number(values.size ?? (values.quick ? 1 : 4))
const size = Math.round(gibibytes * 2 ** 30)
const runs = Number(values.runs ?? (values.quick ? 1 : 5))
const sockets = (['tcp', 'tls'] as const).filter((socket) => values.only === undefined || values.only === socket)
const authority = await createAuthority()
const issued = await issueCertificate({ names: ['localhost', '127.0.0.1'], ca: authority })
const certificate = { authority: authority.certificate, chain: issued.certificate, key: issued.key }

const count = values.quick ? 20_000 : 100_000
const texts: readonly TextsTask[] = [
  // One after another takes its time, whatever the processor does.
  { kind: 'texts', sessions: 1, underWay: 1, count: count / 5 },
  { kind: 'texts', sessions: 1, underWay: 64, count },
  { kind: 'texts', sessions: 100, underWay: 1, count },
  { kind: 'texts', sessions: 100, underWay: 16, count },
]

const streamResults: StreamResult[] = []
for (const socket of sockets) {
  const result: StreamResult = { socket, size, msrp: [], pipeline: [] }
  streamResults.push(result)
  for (let run = 1; run <= runs; run++) {
    // In turn, so that whatever else the machine does falls on both.
    for (const variant of ['pipeline', 'msrp'] as const) {
      const measured = await runOnce(socket, { kind: 'stream', variant, size })
      result[variant].push(measured)
      const { sender, receiver } = measured
      console.log(
        `${socket} ${variant.padEnd(8)} ${run}/${runs} ${((gibibytes * 1024) / sender.seconds).toFixed(0).padStart(6)} MiB/s, ` +
          `CPU s/GiB ${(sender.cpuSeconds / gibibytes).toFixed(2)} and ${(receiver.cpuSeconds / gibibytes).toFixed(2)}`,
      )
    }
  }
}

const textsResults: TextsResult[] = []
for (const socket of sockets) {
  for (const task of texts) {
    const result: TextsResult = { socket, task, measured: [] }
    textsResults.push(result)
    for (let run = 1; run <= runs; run++) {
      const measured = await runOnce(socket, task)
      result.measured.push(measured)
      console.log(
        `${socket} texts, ${task.sessions} sessions with ${task.underWay} under way ${run}/${runs} ` +
          `${(task.count / measured.sender.seconds).toFixed(0).padStart(7)} /s`,
      )
    }
  }
}

writeReport(streamResults, textsResults, { folder: values.out, runs })

function runOnce(socket: 'tcp' | 'tls', task: Job['task']): Promise<Measured> {
  return runJob({ task, secure: socket === 'tls', certificate })
}
