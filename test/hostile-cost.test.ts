import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Program } from './support/process.ts'
import type { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { endpointVictims, type Victim } from './support/victim.ts'

// What a body costs grows with its length and no faster, whatever is in it: eight times the bytes take about eight times the
// processor time of the relay or the endpoint, as the kernel counts it. Other programs on the machine do not count.

const MiB = 1024 * 1024
const [SMALL, FACTOR] = [4 * MiB, 8]

/** What may be added to the ratio by ticks of 10 ms, garbage collection and warming up; quadratic would be times eight. */
const SLACK = 1.6

/** Processor time below which ticks are too coarse to count, in seconds. */
const LEAST = 0.02

let relay: TestRelay
let endpoint: Victim

beforeAll(async () => {
  const [started, endpoints] = await Promise.all([startRelay({ lifetime: 'file' }), endpointVictims()])
  relay = started
  endpoint = endpoints.find(({ secure }) => !secure) as Victim
})

const kinds: [what: string, block: (id: string) => Uint8Array][] = [
  ['hyphens', () => Buffer.alloc(MiB, '-')],
  ['almost end-lines, each but for its last character', (id) => Buffer.alloc(MiB, `\r\n-------${id.slice(0, -1)}`)],
  ['almost end-lines, each but for its flag', (id) => Buffer.alloc(MiB, `\r\n-------${id}`)],
  ['line ends', () => Buffer.alloc(MiB, '\r\n')],
  ['no line end', () => Buffer.alloc(MiB, 'x')],
]

describe.each(kinds)('a body of %s costs time in proportion to its length', (_, block) => {
  test('in a relay', async () => {
    const bob = await relay.login(relay.bob, { keepBodies: false })
    const sender = await relay.connect()
    await expectLinear(relay.program, async (size) => {
      bob.requests.length = 0
      await sendBody(sender, bob.path, size, block)
      await bob.until(() => bob.requests.find(({ flag }) => flag === '$'), 'end of the message', 30_000)
      for (const request of bob.requests) bob.respond(request)
    })
    for (const client of [bob, sender]) client.destroy()
  })

  test('in an endpoint', async () => {
    const { client } = await endpoint.connect({ uri: 'msrps://friend.invalid:9000/friend;tcp' })
    await expectLinear(endpoint.program, async (size) => {
      await sendBody(client, [endpoint.uri], size, block)
    })
    client.destroy()
  })
})

/** The better of a few attempts: disturbances only ever make a ratio worse or, in the small one, better by chance. */
async function expectLinear(program: Program, send: (size: number) => Promise<void>): Promise<void> {
  const cost = async (size: number): Promise<number> => {
    const before = program.cpuSeconds
    await send(size)
    return Math.max(program.cpuSeconds - before, LEAST)
  }
  const ratios: number[] = []
  // Warm, so that compiling is in neither.
  await send(SMALL)
  for (let attempt = 0; attempt < 4 && !(Math.min(...ratios) < FACTOR * SLACK); attempt++) {
    const small = await cost(SMALL)
    ratios.push((await cost(FACTOR * SMALL)) / small)
  }
  expect(Math.min(...ratios), `ratios ${ratios.map((ratio) => ratio.toFixed(1)).join(', ')}`).toBeLessThan(
    FACTOR * SLACK,
  )
}

/** Sends one message, all of it in one chunk, and waits for its response. */
async function sendBody(
  sender: RawClient,
  toPath: readonly string[],
  size: number,
  block: (id: string) => Uint8Array,
): Promise<void> {
  const transactionId = newTransactionId(nodeRandom)
  const fields = [
    ['Message-ID', transactionId],
    ['Byte-Range', '1-*/*'],
  ] as const
  const bytes = block(transactionId)
  sender.write(sender.head('SEND', { transactionId, toPath, fields, body: '' }))
  for (let sent = 0; sent < size; sent += bytes.byteLength) await sender.write(bytes)
  sender.write(`\r\n-------${transactionId}$\r\n`)
  expect((await sender.response(transactionId, 30_000)).head.status).toBe(200)
}
