import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { saysItsHeap } from './support/heap.ts'
import type { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { until } from './support/transfer.ts'
import { underAttack } from './support/under-attack.ts'
import { endpointVictims, relayVictims, type Victim } from './support/victim.ts'

// A connection may end at any moment, in order or not. Nothing stays of it, and those it had to do with are told.

let relay: TestRelay
let victims: Victim[]
let overTls: Victim

beforeAll(async () => {
  const tcpPort = await freePort()
  // What is left alone in the middle of something is cut off after a second.
  const settings = { limits: { unauthenticated_time: 1 } }
  const [started, endpoints] = await Promise.all([
    startRelay({ env: saysItsHeap, lifetime: 'file', tcpPort, settings }),
    endpointVictims(),
  ])
  relay = started
  victims = [...relayVictims(relay, tcpPort), ...endpoints]
  overTls = victims[0] as Victim
})

/** How it ends: our half alone, so that the other side may still send; all of it; or with a reset. */
const endings: [how: string, end: (socket: Socket) => void][] = [
  ['half closed', (socket) => socket.end()],
  ['closed', (socket) => socket.destroy()],
  ['reset', (socket) => socket.resetAndDestroy()],
]

const start = 'MSRP abcd1234 SEND\r\n'
const paths = (uri: string): string => `To-Path: ${uri}\r\nFrom-Path: msrps://mallory.invalid:9000/m;tcp\r\n`
const fields = 'Message-ID: message1\r\nByte-Range: 1-*/*\r\nContent-Type: text/plain\r\n\r\n'

/** What was written before the end. */
const states: [where: string, bytes: (uri: string) => string][] = [
  ['before the first byte', () => ''],
  ['in the start-line', () => 'MSRP ab'],
  ['in a header line', (uri) => `${start}To-Path: ${uri.slice(0, 10)}`],
  ['between header lines', (uri) => `${start}${paths(uri)}`],
  ['behind the header', (uri) => `${start}${paths(uri)}${fields}`],
  ['in the body', (uri) => `${start}${paths(uri)}${fields}hello`],
  ['in the end-line', (uri) => `${start}${paths(uri)}${fields}hello\r\n-------abcd12`],
  ['behind a request, before its response', (uri) => `${start}${paths(uri)}${fields}hello\r\n-------abcd1234$\r\n`],
]

describe.each(endings)('a connection that is %s', (_, end) => {
  test('in any state leaves nothing behind', async () => {
    await underAttack(victims, async (victim) => {
      const ended = await Promise.all(
        states.map(async ([, bytes]) => {
          const { client, socket } = await victim.connect()
          await client.write(bytes(victim.uri))
          end(socket)
          return socket
        }),
      )
      // Our half alone is no reason for the other side to keep its own.
      await until(() => ended.every(({ closed }) => closed), 'end of all of them')
    })
  })

  test('in its TLS handshake leaves nothing behind', async () => {
    await underAttack(
      victims.filter(({ secure }) => secure),
      async (victim) => {
        const handshake = [Buffer.of(), Buffer.of(0x16), Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)]
        const sockets = await Promise.all(
          handshake.map(async (bytes) => {
            const socket = await victim.socket()
            socket.resume()
            socket.write(bytes)
            await setImmediate()
            end(socket)
            return socket
          }),
        )
        await until(() => sockets.every(({ closed }) => closed), 'end of all of them')
      },
    )
  })

  test.each<[when: string, prepare: (mallory: RawClient) => Promise<void> | void]>([
    ['between challenge and answer', (mallory) => relay.settle(mallory)],
    ['with an AUTH under way', (mallory) => void mallory.request('AUTH', { toPath: [relay.uri] })],
    ['with a token', (mallory) => logIn(mallory)],
    ['with a token, not reading', (mallory) => logIn(mallory).then(() => mallory.pause())],
  ])('%s leaves nothing behind at a relay', async (_when, prepare) => {
    await underAttack([overTls], async (victim) => {
      const { client, socket } = await victim.connect()
      await prepare(client)
      end(socket)
      await until(() => socket.closed || socket.isPaused(), 'end of the connection')
    })
  })
})

describe.each(endings)('a receiver whose connection is %s', (_, end) => {
  test.each([
    ['before a message', 0],
    ['in the middle of one', 100_000],
  ])('%s is reported to its sender', async (_when, bytes) => {
    await underAttack([overTls], async (victim) => {
      const bob = await victim.connect({ uri: 'msrps://bob.invalid:9000/bob;tcp' })
      await logIn(bob.client)
      const alice = await relay.login(relay.alice)
      const transactionId = 'halfamessage1234'
      const toPath = [alice.token, ...bob.client.path]
      const head = alice.head('SEND', { transactionId, toPath, fields: longMessage, body: '' })
      if (bytes > 0) {
        alice.write(Buffer.concat([head, Buffer.alloc(bytes, 'x')]))
        await bob.client.until(() => bob.client.bodyBytes > 50_000 || undefined, 'half of it')
      }
      end(bob.socket)
      await until(() => bob.socket.closed, 'end of the connection')
      if (bytes === 0) alice.write(head)
      alice.write(`the rest\r\n-------${transactionId}$\r\n`)
      expect(await alice.failure(transactionId)).toBe(481)
      alice.destroy()
    })
  })
})

describe.each(endings)('a sender whose connection is %s', (_, end) => {
  test('in the middle of a message leaves an end that says so', async () => {
    await underAttack([overTls], async (victim) => {
      const bob = await relay.login(relay.bob)
      const mallory = await victim.connect()
      const head = { transactionId: 'halfamessage1234', toPath: bob.path, fields: longMessage, body: '' }
      mallory.client.write(mallory.client.head('SEND', head))
      await mallory.client.write('x'.repeat(5000))
      await bob.until(() => bob.bodyBytes === 5000 || undefined, 'first part')
      end(mallory.socket)
      expect((await bob.nextRequest()).flag).toBe('+')
      bob.destroy()
    })
  })
})

const longMessage = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-*/*'],
] as const

async function logIn(client: RawClient): Promise<void> {
  const { head } = await client.authenticate(relay.bob, { toPath: [relay.uri] })
  expect(head.status).toBe(200)
}
