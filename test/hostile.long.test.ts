import type { Socket } from 'node:net'
import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { describe, expect, test } from 'vitest'
import { heapOf, saysItsHeap } from './support/heap.ts'
import type { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'
import { until } from './support/transfer.ts'
import { underAttack } from './support/under-attack.ts'
import { relayVictims } from './support/victim.ts'

// What test/hostile-*.test.ts show on a small scale: hundreds of receivers that do not read, thousands of connections, and
// the same floods again and again.

const MiB = 1024 * 1024

const longMessage = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-*/*'],
] as const

/** Begins a message of which so much goes out, as far as it is taken. */
function sendMuch(client: RawClient, toPath: readonly string[], size: number): string {
  const transactionId = newTransactionId(nodeRandom)
  client.write(client.head('SEND', { transactionId, toPath, fields: longMessage, body: '' }))
  const block = Buffer.alloc(MiB / 4, 'x')
  void (async () => {
    for (let sent = 0; sent < size && !client.closed; sent += block.byteLength) await client.write(block)
  })()
  return transactionId
}

test('300 receivers that do not read, each with a buffer of 4 MiB, stay within what docs/relay.md says', async () => {
  const limits = { buffer_per_flow: 4 * MiB, total_buffer: 32 * MiB, stalled_time: 10 }
  const relay = await startRelay({ env: saysItsHeap, settings: { limits } })
  const memory = 2 * limits.total_buffer + 600 * 0.5 * MiB
  const attack = async (): Promise<void> => {
    const pairs: [sender: RawClient, receiver: RawClient][] = []
    while (pairs.length < 300) pairs.push([await relay.login(relay.alice), await relay.login(relay.bob)])
    const sent = pairs.map(([sender, receiver]) => {
      receiver.pause()
      return sendMuch(sender, [sender.token, ...receiver.path], 8 * MiB)
    })
    const told = pairs.map(([sender], index) => sender.response(sent[index] ?? '', 90_000))
    expect(new Set((await Promise.all(told)).map(({ head }) => head.status))).toEqual(new Set([481]))
    for (const client of pairs.flat()) client.destroy()
  }
  // The C library keeps what was given back, and uses it again.
  await underAttack(relayVictims(relay), attack, { memory, held: memory })
  await underAttack(relayVictims(relay), attack, { memory, held: memory })
})

test('2,000 connections that say nothing are let go in time, and what they took comes back', async () => {
  const limits = { unauthenticated_time: 5, connections_per_address: 2002 }
  const relay = await startRelay({ env: saysItsHeap, settings: { limits } })
  await underAttack(
    relayVictims(relay),
    async (victim) => {
      const sockets: Socket[] = []
      while (sockets.length < 2200) sockets.push(await victim.socket())
      for (const socket of sockets) socket.resume()
      await until(() => sockets.every(({ closed }) => closed), 'end of all', 30_000)
    },
    { memory: 2200 * 0.5 * MiB },
  )
})

describe('of the same flood ten times over no more is kept than of two', () => {
  const floods: [what: string, flood: (relay: TestRelay) => Promise<void>][] = [
    [
      'requests that nobody answers',
      async (relay) => {
        const [sender, receiver] = [await relay.login(relay.alice), await relay.login(relay.bob)]
        receiver.pause()
        const toPath = [sender.token, ...receiver.path]
        for (let index = 0; index < 20_000; index++) {
          const fields = [['Use-Nickname', '"Ally"']] as const
          sender.request('NICKNAME', { toPath, fields })
          if (index % 1000 === 999) await relay.settle(sender)
        }
        for (const client of [sender, receiver]) client.destroy()
      },
    ],
    [
      'messages that nobody reads',
      async (relay) => {
        const [sender, receiver] = [await relay.login(relay.alice), await relay.login(relay.bob)]
        receiver.pause()
        sendMuch(sender, [sender.token, ...receiver.path], 16 * MiB)
        await relay.settle(await relay.login(relay.alice))
        for (const client of [sender, receiver]) client.destroy()
      },
    ],
    [
      'connections',
      async (relay) => {
        const clients = await Promise.all(Array.from({ length: 200 }, () => relay.connect()))
        for (const client of clients) client.destroy()
      },
    ],
  ]

  test.each(floods)('%s', async (_, flood) => {
    const relay = await startRelay({ env: saysItsHeap })
    const kept: number[] = []
    for (let round = 0; round < 10; round++) {
      await flood(relay)
      await relay.settle(await relay.login(relay.alice))
      kept.push(await heapOf(relay.program))
    }
    expect(kept.at(-1), `bytes kept after each: ${kept.join(', ')}`).toBeLessThan((kept[1] ?? 0) + 2 * MiB)
  })
})
