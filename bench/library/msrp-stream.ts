import { pipeline } from 'node:stream/promises'
import { connect, listen } from 'msrp'
import { PIECE, type StreamTask } from './job.ts'
import { sink, source } from './source-and-sink.ts'
import { tlsOf } from './tls-options.ts'
import { UsageMeter } from './usage-meter.ts'
import type { Receiving, Sending } from './worker.ts'

/** Takes one message as a stream. */
export const receiveMessage: Receiving<StreamTask> = async ({ size }, job) => {
  const listener = await listen(job.secure ? { tls: tlsOf(job).own } : {})
  return {
    targets: [listener.localPath],
    done: async () => {
      for await (const session of listener) {
        for await (const message of session) {
          const meter = new UsageMeter()
          await pipeline(
            message.stream(),
            sink(size, () => meter.quarter()),
          )
          const usage = meter.usage()
          await session.closed
          await listener.close()
          return usage
        }
      }
      throw new Error('no message has come')
    },
  }
}

/** Sends a stream as one message, and waits until success REPORTs cover it. */
export const sendMessage: Sending<StreamTask> = async ({ size }, job, [path = '']) => {
  await using session = await connect({ path, ...(job.secure ? { tls: tlsOf(job).peer } : {}) })
  const meter = new UsageMeter()
  await session.send({ stream: source(size, () => meter.quarter()), size }, { chunkSize: PIECE }).delivered
  return meter.usage()
}
