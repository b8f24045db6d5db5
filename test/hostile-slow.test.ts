import { setTimeout as delay } from 'node:timers/promises'
import { Endpoint } from 'msrp'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { saysItsHeap } from './support/heap.ts'
import { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
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
