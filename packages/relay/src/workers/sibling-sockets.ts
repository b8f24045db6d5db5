import { rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Transport } from 'msrp/connection'
import { SocketTransport } from 'msrp/node'
import { MsrpError } from 'msrp/wire'
import type { Log } from '../forwarding/settings.ts'
import type { DialSibling, SiblingGreeting } from '../forwarding/siblings.ts'
import { PREFACE_BYTES, readPreface, writePreface } from './sibling-preface.ts'

/** Where the workers of one relay find each other. */
export interface SiblingSockets {
  /** A folder that nobody else may enter. */
  readonly folder: string
  /** Known to the workers alone. */
  readonly secret: string
}

/** How long a sibling may take to say what its connection is for; and to take one. In milliseconds. */
const PATIENCE = 5_000

const LF = 0x0a

/**
 * Takes connections of siblings. Who says nothing, or the wrong thing, is closed.
 * @throws MsrpError `storage` when the socket cannot be made
 */
export async function listenForSiblings(
  { folder, secret }: SiblingSockets,
  index: number,
  { log, onSibling }: { log: Log; onSibling: (transport: Transport, greeting: SiblingGreeting) => void },
): Promise<{ close(): Promise<void> }> {
  const path = socketPath(folder, index)
  // Of a worker with the same number that was killed.
  await rm(path, { force: true })
  const waiting = new Set<Socket>()
  const server = createServer((socket) => {
    waiting.add(socket)
    socket.on('close', () => waiting.delete(socket))
    takePreface(socket, (line) => {
      waiting.delete(socket)
      try {
        if (line === undefined) throw new MsrpError('malformed', 'a connection to the workers says nothing')
        const greeting = readPreface(line, secret)
        onSibling(transportOf(socket, greeting), greeting)
      } catch (error) {
        if (!(error instanceof MsrpError)) throw error
        log.warn({ error: error.message }, 'closed: a connection that is of no other worker')
        socket.destroy()
      }
    })
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (cause) => {
    reject(new MsrpError('storage', `cannot listen on ${path} for other workers: ${cause.message}`, { cause }))
  })
  server.listen(path, resolve)
  await promise
  // From here on it is a failed accept: that connection is lost, the listener is not.
  server.on('error', (error) => log.warn({ error: error.message }, 'a connection of another worker was lost'))
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of waiting) socket.destroy()
      // What has become a connection of the relay is closed by the relay.
      await Promise.race([closed, rm(path, { force: true })])
    },
  }
}

/** Connects to siblings. */
export function siblingDialer({ folder, secret }: SiblingSockets): DialSibling {
  return (index, greeting) => {
    const { promise, resolve, reject } = Promise.withResolvers<Transport>()
    const socket = connect({ path: socketPath(folder, index) })
    const fail = (why: string): void => {
      socket.destroy()
      reject(new MsrpError('unreachable', `worker ${index} cannot be reached: ${why}`))
    }
    const onError = (cause: Error): void => fail(cause.message)
    socket.setTimeout(PATIENCE, () => fail('it takes no connection'))
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.write(writePreface(greeting, secret))
      const transport = transportOf(socket, { kind: 'hop', index })
      socket.off('error', onError)
      resolve(transport)
    })
    return promise
  }
}

/** What it stands for shows in the log as if it had come here; between two workers it is as good as TLS. */
function transportOf(socket: Socket, greeting: SiblingGreeting): Transport {
  return greeting.kind === 'hop'
    ? new SocketTransport(socket, { description: `worker ${greeting.index}`, secure: true })
    : new SocketTransport(socket, { description: greeting.description, secure: greeting.secure })
}

/** Takes the first line off a socket that nobody has read from; what follows stays to be read. */
function takePreface(socket: Socket, done: (line: string | undefined) => void): void {
  let bytes: Buffer = Buffer.alloc(0)
  const settle = (line: string | undefined): void => {
    clearTimeout(timer)
    socket.off('readable', look)
    socket.off('end', onEnd)
    socket.off('close', onEnd)
    done(line)
  }
  const look = (): void => {
    for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read()) {
      bytes = Buffer.concat([bytes, piece])
      const end = bytes.indexOf(LF)
      if (end === -1 && bytes.length < PREFACE_BYTES) continue
      if (end !== -1 && bytes.length > end + 1) socket.unshift(bytes.subarray(end + 1))
      settle(end === -1 ? undefined : bytes.subarray(0, end).toString('utf8'))
      return
    }
  }
  const onEnd = (): void => settle(undefined)
  const timer = setTimeout(() => settle(undefined), PATIENCE)
  // Stays: what a socket reports after it was given up must not end the process.
  socket.on('error', () => {})
  socket.on('readable', look)
  socket.on('end', onEnd)
  socket.on('close', onEnd)
}

function socketPath(folder: string, index: number): string {
  return join(folder, `${index}.sock`)
}
