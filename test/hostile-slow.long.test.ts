import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Endpoint } from 'msrp'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { saysItsHeap } from './support/heap.ts'
import { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { Texts } from './support/texts.ts'
import { until } from './support/transfer.ts'
import { underAttack } from './support/under-attack.ts'
import { relayVictims, type Victim } from './support/victim.ts'

// Slowloris: very much of the same connection, very slowly. Who has shown no business here is cut off in time, be it that
// bytes come in all the time; who has may be as slow as he likes, and costs a connection and nothing more. (A relay and those
// who have shown nothing: test/relay-security-floods.test.ts.)

let relay: TestRelay
let victims: Victim[]

beforeAll(async () => {
  relay = await startRelay({ env: saysItsHeap, lifetime: 'file', settings: { limits: { unauthenticated_time: 1 } } })
  victims = relayVictims(relay)
})

const start = 'MSRP abcd1234 SEND\r\n'
const longMessage = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-*/*'],
] as const

/** Writes piece by piece, one every 50 ms, for a while or until the end. */
async function drip(client: RawClient, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (client.closed) return
    await client.write(piece)
    await delay(50)
  }
}

describe('a client of a relay, with a token, that sends a byte every 50 ms', () => {
  test.each<[where: string, opening: (client: RawClient) => string]>([
    ['of a start-line', () => 'MSRP abcd'],
    ['of a header line', (client) => `${start}To-Path: ${client.token}`],
    ['of a header line that nobody knows', (client) => `${start}To-Path: ${client.token}\r\nX-Slow: `],
    ['between requests, where line ends may be', () => '\r\n'],
  ])('%s stays, on twenty connections, and the others notice nothing', async (_, opening) => {
    await underAttack(victims, async (victim) => {
      const clients = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const { client } = await victim.connect()
          await client.authenticate(relay.alice, { toPath: [relay.uri] })
          return client
        }),
      )
      const slowly = Array<string>(6).fill(opening(clients[0] as RawClient) === '\r\n' ? '\r\n' : 's')
      await Promise.all(clients.map((client) => drip(client, [opening(client), ...slowly])))
      expect(clients.filter(({ closed }) => closed)).toEqual([])
    })
  })

  test('of a body does not keep the receiver from getting it, nor from getting the texts of others meanwhile', async () => {
    await underAttack(victims, async () => {
      const [alice, bob] = [await relay.login(relay.alice), await relay.login(relay.bob)]
      const slow = bob.path
      await bob.authenticate(relay.bob, { toPath: [relay.uri] })
      const transactionId = 'slowmessage12345'
      alice.write(alice.head('SEND', { transactionId, toPath: [alice.token, ...slow], fields: longMessage, body: '' }))
      const dripping = drip(alice, [...'a body that takes its time'])
      const quick = await relay.connect({ uri: 'msrps://quick.invalid:9000/q;tcp' })
      for (let index = 0; index < 10; index++) {
        quick.send(bob.path, `text ${index}`)
        await bob.nextRequest(({ body }) => String(body) === `text ${index}`)
      }
      await dripping
      alice.write(`\r\n-------${transactionId}$\r\n`)
      await bob.nextRequest(({ body }) => String(body) === 'a body that takes its time')
      for (const client of [alice, bob, quick]) client.destroy()
    })
  })
})

describe('a connection to an endpoint that belongs to no session', () => {
  const uri = 'msrp://127.0.0.1:9/nobody;tcp'
  const paths = `To-Path: ${uri}\r\nFrom-Path: msrp://mallory.invalid:9000/m;tcp\r\n`
  const refused = `${start}${paths}Message-ID: m1\r\nByte-Range: 1-0/0\r\n-------abcd1234$\r\n`

  const ways: [what: string, pieces: readonly string[]][] = [
    ['nothing', []],
    ['half a start-line', ['MSRP ab']],
    ['a start-line that drips in', [...'MSRP abcd1234'.padEnd(40, 'x')]],
    ['a header that drips in', [start, ...paths.slice(0, 40)]],
    ['a body that drips in', [`${start}${paths}Content-Type: text/plain\r\n\r\n`, ...'slow'.repeat(10)]],
    ['line ends', Array(40).fill('\r\n')],
    ['requests that are refused', Array(40).fill(refused)],
  ]

  test('is closed after the time that its limits give it, whatever comes over it; a session stays', async () => {
    const limits = { unboundTimeout: 1_000 }
    const endpoint = new Endpoint({ limits })
    onTestFinished(() => endpoint.close())
    const listener = await endpoint.listen({ port: 0 })
    const local = String(listener.localPath)
    const port = Number(/:(\d+)\//.exec(local)?.[1])
    const peer = await RawClient.connect({ port, uri: 'msrp://friend.invalid:9000/f;tcp' })
    expect((await peer.response(peer.send([local], 'hello'))).head.status).toBe(200)
    const slow = await Promise.all(ways.map(() => RawClient.connect({ port })))
    await Promise.all(slow.map((client, index) => drip(client, ways[index]?.[1] ?? [])))
    await until(() => slow.every(({ closed }) => closed), `end of ${ways.length} connections`, 4_000)
    expect((await peer.response(peer.send([local], 'still there?'))).head.status).toBe(200)
  })
})

describe('an endpoint with a session for each of two peers', () => {
  /** Two sessions on two connections to one endpoint; who sends in the first is answered meanwhile. */
  async function twoSessions() {
    const endpoint = new Endpoint({ limits: { unboundTimeout: 1_000 } })
    onTestFinished(() => endpoint.close())
    const bound = async (name: string) => {
      const listener = await endpoint.listen({ port: 0 })
      const local = String(listener.localPath)
      const port = Number(/:(\d+)\//.exec(local)?.[1])
      const stream: Socket = connect(port, '127.0.0.1')
      await once(stream, 'connect')
      const client = new RawClient(stream, { port, uri: `msrp://${name}.invalid:9000/${name};tcp` })
      expect((await client.response(client.send([local], 'hello'))).head.status).toBe(200)
      for await (const session of listener) return { client, stream, local, session }
      throw new Error('the listener has no session')
    }
    const [slow, quick] = [await bound('slow'), await bound('quick')]
    const texts = new Texts(quick.client, [quick.local])
    await texts.more(1)
    return { slow, texts }
  }

  test.each<[where: string, opening: (local: string) => string]>([
    ['of a start-line', () => 'MSRP abcd'],
    ['of a header line', (local) => `${start}To-Path: ${local}\r\nX-Slow: `],
    [
      'of a body',
      (local) =>
        `${start}To-Path: ${local}\r\nFrom-Path: msrp://slow.invalid:9000/slow;tcp\r\nMessage-ID: m1234\r\nByte-Range: 1-*/*\r\nContent-Type: text/plain\r\n\r\n`,
    ],
  ])(
    'lets the one be as slow as it likes that sends a byte every 50 ms %s, and answers the other',
    async (_, opening) => {
      const { slow, texts } = await twoSessions()
      await drip(slow.client, [opening(slow.local), ...'s'.repeat(30)])
      expect(slow.client.closed).toBe(false)
      await texts.more(3)
    },
  )

  test('takes no more from its application for the one that reads a byte a second than waits on the way, and answers the other', async () => {
    const { slow, texts } = await twoSessions()
    slow.client.pause()
    const reading = setInterval(() => slow.stream.read(1), 1_000)
    onTestFinished(() => clearInterval(reading))
    let taken = 0
    const block = new Uint8Array(64 * 1024)
    async function* endless() {
      for (;;) {
        taken += block.byteLength
        yield block
      }
    }
    const message = slow.session.send(endless(), { contentType: 'application/octet-stream' })
    const before = await steady(() => taken)
    await texts.more(20)
    // What lies in the buffers of both sockets, and little besides.
    expect(before).toBeLessThan(16 * 1024 * 1024)
    expect(taken).toBe(before)
    slow.stream.destroy()
    await expect(message.delivered).rejects.toMatchObject({ code: 'connection-lost' })
    await texts.more(1)
  })
})

/** What a number is once it has not changed for a second. */
async function steady(number: () => number): Promise<number> {
  for (let last = -1; ; ) {
    if (number() === last) return last
    last = number()
    await delay(1_000)
  }
}
