import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import type { Job, StreamTask } from './job.ts'
import { sink, source } from './source-and-sink.ts'
import { UsageMeter } from './usage-meter.ts'
import type { Receiving, Sending } from './worker.ts'

/** The suite that the library prefers. */
const ciphers = 'TLS_AES_128_GCM_SHA256'

/** Takes a stream from one socket, and ends the socket when all of it was taken. */
export const receiveByPipeline: Receiving<StreamTask> = async ({ size }, job) => {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const options = { allowHalfOpen: true, noDelay: true }
  const server = job.secure
    ? createTlsServer({ ...options, ...certificateOf(job), ciphers }, resolve)
    : createServer(options, resolve)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    targets: [String(port)],
    done: async () => {
      const socket = await promise
      const meter = new UsageMeter()
      await pipeline(
        socket,
        sink(size, () => meter.quarter()),
      )
      socket.end()
      server.close()
      return meter.usage()
    },
  }
}

/** Sends a stream, and waits until the far side has taken it. */
export const sendByPipeline: Sending<StreamTask> = async ({ size }, job, [port]) => {
  const to = { port: Number(port), host: '127.0.0.1', allowHalfOpen: true, noDelay: true }
  const socket = job.secure ? connectTls({ ...to, ca: job.certificate.authority, ciphers }) : connectTcp(to)
  await once(socket, job.secure ? 'secureConnect' : 'connect')
  const meter = new UsageMeter()
  const ended = once(socket, 'end')
  socket.resume()
  await pipeline(
    source(size, () => meter.quarter()),
    socket,
  )
  await ended
  return meter.usage()
}

function certificateOf({ certificate }: Job): { cert: string; key: string } {
  return { cert: certificate.chain, key: certificate.key }
}
