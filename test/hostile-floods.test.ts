import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { saysItsHeap } from './support/heap.ts'
import type { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { underAttack } from './support/under-attack.ts'
import { endpointVictims, relayVictims, type Victim } from './support/victim.ts'

// More than anybody needs, all of it well-formed. Who floods is refused or ignored; the others go on, and memory stays within
// what docs/relay.md says.

const MiB = 1024 * 1024
const from = 'From-Path: msrps://mallory.invalid:9000/m;tcp\r\n'

let relay: TestRelay
let victims: Victim[]
let relays: Victim[]

beforeAll(async () => {
  const tcpPort = await freePort()
  const [started, endpoints] = await Promise.all([
    startRelay({ env: saysItsHeap, lifetime: 'file', tcpPort }),
    endpointVictims(),
  ])
  relay = started
  relays = relayVictims(relay, tcpPort)
  victims = [...relays, ...endpoints]
})

/** Many copies of something small, with a new transaction id each. */
function many(count: number, one: (id: string) => string): string {
  return Array.from({ length: count }, () => one(newTransactionId(nodeRandom))).join('')
}

function request(method: string, toPath: string, id: string, fields = ''): string {
  return `MSRP ${id} ${method}\r\nTo-Path: ${toPath}\r\n${from}${fields}-------${id}$\r\n`
}

const message = 'Message-ID: message1\r\nByte-Range: 1-0/0\r\n'
const success = `${message}Status: 000 200 OK\r\n`

describe('a flood of', () => {
  test('20,000 responses to nothing is ignored', async () => {
    await underAttack(victims, async (victim) => {
      const { client } = await victim.connect()
      for (let round = 0; round < 20; round++) {
        await client.write(
          many(1000, (id) => `MSRP ${id} 200 OK\r\nTo-Path: ${victim.uri}\r\n${from}-------${id}$\r\n`),
        )
      }
      expect([client.closed, client.requests, client.responses]).toEqual([false, [], []])
    })
  })

  test('20,000 REPORTs about nothing is never answered', async () => {
    await underAttack(victims, async (victim) => {
      const { client } = await victim.connect()
      for (let round = 0; round < 20 && !client.closed; round++) {
        await client.write(many(1000, (id) => request('REPORT', victim.uri, id, success)))
      }
      expect([client.requests, client.responses]).toEqual([[], []])
    })
  })

  test('5,000 requests at once, of somebody who has no business here, is refused a few times and cut off by a relay', async () => {
    await underAttack(relays, async (victim) => {
      const { client } = await victim.connect()
      client.write(many(5000, (id) => request('SEND', `${victim.uri} msrps://x.invalid:1/y;tcp`, id, message)))
      await client.untilClosed()
      expect(client.responses.length).toBeLessThanOrEqual(8)
      expect(new Set(client.responses.map(({ head }) => head.status))).toEqual(new Set([481]))
    })
  })

  test('5,000 requests at once, for sessions that an endpoint does not have, is answered to the last', async () => {
    const endpoints = victims.filter((victim) => !relays.includes(victim))
    await underAttack(endpoints, async (victim) => {
      const { client } = await victim.connect()
      client.write(many(5000, (id) => request('SEND', victim.uri.replace(/\/\w+;/, '/none;'), id, message)))
      await client.until(() => client.responses.length === 5000 || undefined, '5000 responses')
      expect(new Set(client.responses.map(({ head }) => head.status))).toEqual(new Set([481]))
    })
  })

  test('5,000 messages at once, to somebody who takes them, arrives to the last', async () => {
    await underAttack(relays.slice(0, 1), async () => {
      const [sender, receiver] = [await relay.login(relay.alice), await relay.login(relay.bob)]
      const toPath = [sender.token, ...receiver.path].join(' ')
      const each = (id: string): string =>
        `MSRP ${id} SEND\r\nTo-Path: ${toPath}\r\nFrom-Path: ${sender.uri}\r\n` +
        `Message-ID: ${id}\r\nByte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------${id}$\r\n`
      sender.write(many(5000, each))
      let answered = 0
      await receiver.until(() => {
        for (; answered < receiver.requests.length; answered++) receiver.respond(receiver.requests[answered]!)
        return answered === 5000 || undefined
      }, '5000 messages')
      await sender.until(() => sender.responses.length >= 5000 || undefined, '5000 responses')
      expect(sender.responses.slice(-5000).filter(({ head }) => head.status !== 200)).toEqual([])
      for (const client of [sender, receiver]) client.destroy()
    })
  })

  test.each(['REPORT', 'NICKNAME'])(
    '20,000 requests of %s, to somebody who does not read, is dropped',
    async (method) => {
      await underAttack(
        relays.slice(0, 1),
        async () => {
          const [sender, receiver] = [await relay.login(relay.alice), await relay.login(relay.bob)]
          receiver.pause()
          const fields = `${success}Use-Nickname: "Ally"\r\nX-Padding: ${'x'.repeat(3000)}\r\n`
          const toPath = [sender.token, ...receiver.path].join(' ')
          const each = (id: string): string =>
            request(method, toPath, id, fields).replace(from, `From-Path: ${sender.uri}\r\n`)
          for (let round = 0; round < 40; round++) await sender.write(many(500, each))
          await relay.settle(sender)
          expect([sender.closed, receiver.closed]).toEqual([false, false])
          for (const client of [sender, receiver]) client.destroy()
        },
        { memory: 48 * MiB },
      )
    },
  )
})

test('somebody who reads none of the responses is cut off by a relay, and not read on by an endpoint', async () => {
  await underAttack(
    victims,
    async (victim) => {
      const { client } = victim === relays[0] ? { client: await relay.login(relay.alice) } : await victim.connect()
      client.pause()
      const each = (id: string): string => request('SEND', `${victim.uri} msrps://x.invalid:1/y;tcp`, id, message)
      await untilHeldUp(client, each)
      client.destroy()
    },
    { memory: 80 * MiB },
  )
})

/** Sends without end, until the far side reads no more or has made an end. */
async function untilHeldUp(client: RawClient, each: (id: string) => string): Promise<void> {
  const block = many(1000, each)
  const deadline = performance.now() + 20_000
  while (!client.closed && performance.now() < deadline) {
    const taken = await Promise.race([client.write(block).then(() => true), delay(1000, false)])
    if (!taken) return
    // Of a connection that is gone each write is told at once, and its end only in the next turn.
    await setImmediate()
  }
  expect(client.closed).toBe(true)
}
