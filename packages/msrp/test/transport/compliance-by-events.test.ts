import { createServer, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { readIntoSharedMemory } from '../../src/node/shared-memory-reads.ts'
import { transportCompliance } from './compliance.ts'
import { socketPair } from './socket-pair.ts'

// As in a version of Node whose insides are others: sockets are read by `data` events.

const server = createServer().listen(0)
const secured = new TLSSocket(new Socket())
for (const owner of [server, secured]) forget((owner as unknown as { _handle: object })._handle)
server.close()
secured.destroy()

function forget(handle: object): void {
  for (let at: object | null = handle; at !== null; at = Object.getPrototypeOf(at)) {
    Reflect.deleteProperty(at, 'useUserBuffer')
  }
}

test('nothing is read into shared memory here', async () => {
  const listening = createServer((socket) => socket.destroy()).listen(0)
  const { port } = listening.address() as { port: number }
  const socket = new Socket().connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  expect(readIntoSharedMemory(socket, () => {})).toBe(false)
  socket.destroy()
  listening.close()
})

transportCompliance({ name: 'TCP, by events', secure: false, connect: () => socketPair(false) })
transportCompliance({ name: 'TLS, by events', secure: true, connect: () => socketPair(true) })
