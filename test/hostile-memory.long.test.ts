import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { describe, test } from 'vitest'
import { saysItsHeap } from './support/heap.ts'
import type { RawClient } from './support/raw-client.ts'
import { type RelayUser, startRelay, type TestRelay } from './support/relay.ts'
import { underAttack } from './support/under-attack.ts'
import { type Attacker, relayVictims, type Victim } from './support/victim.ts'

// People with accounts who have the relay remember things: what it remembers is counted, and memory stays within what
// docs/relay.md says.

const MiB = 1024 * 1024

let relay: TestRelay

type Pair = { sender: Attacker; receiver: Attacker; toPath: string }

async function loggedIn(victim: Victim, user: RelayUser): Promise<Attacker> {
  const attacker = await victim.connect({ uri: `msrps://${user.username}.invalid:9000/${user.username};tcp` })
  await attacker.client.authenticate(user, { toPath: [relay.uri] })
  return attacker
}

async function pairs(victim: Victim, count: number): Promise<Pair[]> {
  const made: Pair[] = []
  while (made.length < count) {
    const [sender, receiver] = [await loggedIn(victim, relay.alice), await loggedIn(victim, relay.bob)]
    made.push({ sender, receiver, toPath: [sender.client.token, ...receiver.client.path].join(' ') })
  }
  return made
}

/** Reads what comes, and keeps nothing of it. */
function discard({ stream }: Attacker): void {
  stream.removeAllListeners('data')
  stream.resume()
}

/** Sends many messages, so many at once. */
async function flood(
  sender: RawClient,
  { count, atOnce }: { count: number; atOnce: number },
  message: (id: string, index: number) => string,
): Promise<void> {
  for (let sent = 0; sent < count && !sender.closed; sent += atOnce) {
    const messages = Array.from({ length: atOnce }, (_, index) => message(newTransactionId(nodeRandom), sent + index))
    await sender.write(messages.join(''))
  }
  if (!sender.closed) await relay.settle(sender)
}

function send(id: string, fields: { toPath: string; fromPath: string; failureReport: string; more?: string }): string {
  const { toPath, fromPath, failureReport, more = '' } = fields
  return (
    `MSRP ${id} SEND\r\nTo-Path: ${toPath}\r\nFrom-Path: ${fromPath}\r\nMessage-ID: message1\r\n` +
    `Failure-Report: ${failureReport}\r\n${more}-------${id}$\r\n`
  )
}

/** Holds it to what is documented. Of what it lets go the runtime collects the garbage only when there is more. */
async function attacked(
  { total_buffer, connections }: { total_buffer: number; connections: number },
  attack: (victim: Victim) => Promise<void>,
): Promise<void> {
  relay = await startRelay({ env: saysItsHeap, settings: { limits: { total_buffer } } })
  const memory = 2.5 * total_buffer + connections * 0.5 * MiB
  await underAttack(relayVictims(relay), attack, { memory, held: memory })
}

describe('a relay stays within what is documented when it is sent', () => {
  test('many large messages of which only a refusal would be answered', { timeout: 90_000 }, async () => {
    const more = ['A', 'B'].map((name) => `X-${name}: ${'x'.repeat(7400)}\r\n`).join('')
    await attacked({ total_buffer: 32 * MiB, connections: 32 }, async (victim) => {
      for (const { sender, receiver, toPath } of await pairs(victim, 16)) {
        discard(receiver)
        await flood(sender.client, { count: 1024, atOnce: 32 }, (id) =>
          send(id, { toPath, fromPath: sender.client.uri, failureReport: 'partial', more }),
        )
      }
    })
  })

  test('messages of many sessions with long paths', { timeout: 90_000 }, async () => {
    const hops = (index: number): string =>
      Array.from({ length: 13 }, (_, hop) => `msrps://h.invalid:9/${'x'.repeat(520)}${index}x${hop};tcp`).join(' ')
    await attacked({ total_buffer: 40 * MiB, connections: 16 }, async (victim) => {
      for (const { sender, receiver, toPath } of await pairs(victim, 8)) {
        discard(receiver)
        await flood(sender.client, { count: 1024, atOnce: 16 }, (id, index) =>
          send(id, { toPath, fromPath: `${sender.client.uri} ${hops(index)}`, failureReport: 'no' }),
        )
      }
    })
  })

  test('the shortest messages, for somebody who does not read', { timeout: 90_000 }, async () => {
    await attacked({ total_buffer: 64 * MiB, connections: 8 }, async (victim) => {
      const made = await pairs(victim, 4)
      await Promise.all(
        made.map(async ({ sender, receiver, toPath }) => {
          const { client } = sender
          receiver.client.pause()
          client.request('SEND', {
            toPath: toPath.split(' '),
            fields: [
              ['Message-ID', 'fills'],
              ['Failure-Report', 'no'],
            ],
            body: Buffer.alloc(200_000),
          })
          await flood(client, { count: 60_000, atOnce: 360 }, (id, index) =>
            send(id, { toPath, fromPath: client.uri.replace(/;tcp$/, `${index % 60};tcp`), failureReport: 'no' }),
          )
        }),
      )
    })
  })
})
