import type { TLSSocket } from 'node:tls'
import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { saysItsHeap } from './support/heap.ts'
import { startRelay } from './support/relay.ts'
import { until } from './support/transfer.ts'
import { underAttack } from './support/under-attack.ts'
import { endpointVictims, relayVictims, type Victim } from './support/victim.ts'

// What comes in is more than is allowed, or nothing that is known: the connection is closed, the others notice nothing, and
// memory stays below what docs/relay.md says.

const MiB = 1024 * 1024

/** At once, on each way in. */
const ATTACKERS = 8

let victims: Victim[]

beforeAll(async () => {
  const tcpPort = await freePort()
  const [relay, endpoints] = await Promise.all([
    startRelay({ env: saysItsHeap, lifetime: 'file', tcpPort }),
    endpointVictims(),
  ])
  victims = [...relayVictims(relay, tcpPort), ...endpoints]
})

const start = (method = 'SEND'): string => `MSRP ${newTransactionId(nodeRandom)} ${method}\r\n`
const from = 'From-Path: msrps://mallory.invalid:9000/m;tcp\r\n'
const paths = (uri: string): string => `To-Path: ${uri}\r\n${from}`

/** Bytes that nobody has to read to their end. */
const attacks: [what: string, bytes: (uri: string) => string | Uint8Array][] = [
  ['a header line without end', (uri) => `${start()}${paths(uri)}X-Bomb: ${'a'.repeat(MiB)}`],
  ['a mebibyte without a line end', () => 'M'.repeat(MiB)],
  ['a mebibyte without a line end behind a start-line', () => `${start()}${'a'.repeat(MiB)}`],
  ['10,000 header fields', (uri) => `${start()}${paths(uri)}${'X-Bomb: boom\r\n'.repeat(10_000)}`],
  ['500 URIs in To-Path', (uri) => `${start()}To-Path: ${`${uri} `.repeat(500).trim()}\r\n${from}\r\n`],
  [
    '500 short URIs in From-Path',
    (uri) => `${start()}To-Path: ${uri}\r\nFrom-Path: ${'msrp://a/b;tcp '.repeat(500).trim()}\r\n\r\n`,
  ],
  ['an AUTH with a body of 4 MiB', (uri) => withBody('AUTH', uri)],
  ['a REPORT with a body of 4 MiB', (uri) => withBody('REPORT', uri)],
  ['an unknown method with a body of 4 MiB', (uri) => withBody('BOMB', uri)],
  ['a request of HTTP', () => 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['bytes of 0 to 255', () => Uint8Array.from({ length: MiB }, (_, index) => (index * 7919) & 0xff)],
  ['zeros', () => new Uint8Array(MiB)],
  ['an end-line that belongs to nothing', () => '-------abcd1234$\r\n'.repeat(1000)],
]

function withBody(method: string, uri: string): Uint8Array {
  const head = `${start(method)}${paths(uri)}Content-Type: text/plain\r\n\r\n`
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4 * MiB, 'a')])
}

describe('a connection is closed, and nobody else notices, when it brings', () => {
  test.each(attacks)('%s', async (_, bytes) => {
    const attack = async (victim: Victim): Promise<void> => {
      const attackers = await Promise.all(Array.from({ length: ATTACKERS }, () => victim.connect()))
      for (const { client } of attackers) client.write(bytes(victim.uri))
      await Promise.all(attackers.map(({ client }) => client.untilClosed()))
    }
    await underAttack(victims, attack, { memory: ATTACKERS * MiB })
  })
})

describe('TLS', () => {
  const secure = (): Victim[] => victims.filter((victim) => victim.secure)

  test.each<[what: string, bytes: string | Uint8Array]>([
    ['a request without TLS', `${start()}${paths('msrps://localhost:2855/nobody;tcp')}-------abcd1234$\r\n`],
    ['a request of HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['bytes that are nothing', Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) & 0xff)],
    [
      'a record of the longest length, of zeros',
      Buffer.concat([Buffer.of(0x16, 3, 1, 0xff, 0xff), Buffer.alloc(70_000)]),
    ],
  ])('that begins with %s is over at once', async (_, bytes) => {
    await underAttack(secure(), async (victim) => {
      const socket = await victim.socket()
      socket.resume()
      socket.write(bytes)
      await until(() => socket.closed, 'end of the connection')
    })
  })

  test('into which other bytes are mixed is over at once', async () => {
    await underAttack(secure(), async (victim) => {
      const { socket, client } = await victim.connect()
      socket.write(Buffer.alloc(1000, 0x17))
      await client.untilClosed()
    })
  })

  test('is not renegotiated', async () => {
    await underAttack(secure(), async (victim) => {
      const { stream, client } = await victim.connect({ tls: { maxVersion: 'TLSv1.2' } })
      let done = false
      ;(stream as TLSSocket).renegotiate({ rejectUnauthorized: false }, () => {
        done = true
      })
      await client.untilClosed()
      expect(done).toBe(false)
    })
  })
})
