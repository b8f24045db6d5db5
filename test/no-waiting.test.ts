import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { connect } from 'msrp'
import { ChunkParser, encodeResponse, type RequestHead } from 'msrp/wire'
import { expect, onTestFinished, test } from 'vitest'
import { startRelay } from './support/relay.ts'

// With Nagle's algorithm at work, whatever is written in pieces waits for the far side's delayed acknowledgement of the
// piece before: 40 ms each time. TCP acknowledges the first pieces of a connection at once, so that they do not count.

const ROUNDS = 60
const UNCOUNTED = 30
const FEW_MILLISECONDS = 20
/** Of one chunk, in bytes. What is smaller than 2 KiB as a whole would go out in one piece. */
const PIECES = [3000, 100, 100]

/** The middle one of what the later rounds took, in milliseconds. */
async function medianTime(round: () => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < ROUNDS; count++) {
    const start = performance.now()
    await round()
    times.push(performance.now() - start)
  }
  const later = times.slice(UNCOUNTED).toSorted((one, other) => one - other)
  return later[later.length >> 1] ?? Number.POSITIVE_INFINITY
}

/** Somebody who answers what comes, and says how much of it each read brought. */
async function answering(): Promise<{ port: number; reads: number[]; bodyBytes(count: number): Promise<void> }> {
  const reads: number[] = []
  let bodyBytes = 0
  let noticed = (): void => {}
  const server = createServer((socket: Socket) => {
    let head: RequestHead | undefined
    const parser = new ChunkParser({
      onHead: (it) => {
        head = it.kind === 'request' ? it : undefined
      },
      onBody: (bytes) => {
        bodyBytes += bytes.byteLength
      },
      onEnd: () => {
        if (head?.method !== 'SEND') return
        const { transactionId } = head
        const { fromPath, toPath } = head.fields
        socket.write(encodeResponse({ transactionId, status: 200, toPath: fromPath, fromPath: toPath }))
      },
    })
    socket.on('data', (bytes) => {
      reads.push(bytes.byteLength)
      parser.push(bytes)
      noticed()
    })
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    reads,
    bodyBytes: async (count) => {
      while (bodyBytes < count) await new Promise<void>((resolve) => (noticed = resolve))
    },
  }
}

test('A short message of the library is one write, and a long one that comes in pieces is not held back (FIELD-relay-2)', async () => {
  const { port, reads, bodyBytes } = await answering()
  const session = await connect({ path: `msrp://127.0.0.1:${port}/peer;tcp` })
  onTestFinished(() => session.close())
  reads.length = 0
  for (let count = 0; count < 20; count++) {
    await session.send(`message ${count}`, { successReport: false }).delivered
  }
  expect(reads).toHaveLength(20)

  let taken = 20 * 9 + 10
  const median = await medianTime(async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const sent = session.send(readable, { successReport: false })
    const writer = writable.getWriter()
    for (const size of PIECES) {
      await writer.write(new Uint8Array(size))
      taken += size
      // Of a stream the last byte waits until it is known whether it is the last.
      await bodyBytes(taken - 1)
    }
    await writer.close()
    await sent.delivered
  })
  expect(median).toBeLessThan(FEW_MILLISECONDS)
})

test('A relay does not hold back a message that comes in pieces (FIELD-relay-2)', async () => {
  const relay = await startRelay()
  const alice = await relay.login(relay.alice)
  const bob = await relay.login(relay.bob)
  let answered = 0
  let taken = 0
  const median = await medianTime(async () => {
    const transactionId = `round${String(answered).padStart(5, '0')}`
    const fields = [['Message-ID', `m${transactionId}`] as const, ['Byte-Range', '1-*/3200'] as const]
    const head = alice.head('SEND', { toPath: [alice.token, ...bob.path], fields, body: '', transactionId })
    await alice.write(head)
    for (const size of PIECES) {
      await alice.write(new Uint8Array(size))
      taken += size
      await bob.until(() => (bob.bodyBytes >= taken ? true : undefined), `${taken} bytes`)
    }
    await alice.write(`\r\n-------${transactionId}$\r\n`)
    const request = await bob.until(() => bob.requests[answered], 'the end')
    answered++
    bob.respond(request)
    await alice.response(transactionId)
  })
  expect(median).toBeLessThan(FEW_MILLISECONDS)
})
