import { beforeEach, expect, test } from 'vitest'
import { chat, say } from './support/chat.ts'
import { expectChat, type NattedPair, nattedPair, silentConnection } from './support/nat/natted-pair.ts'
import { requiresNats } from './support/nat/two-nats.ts'
import { until } from './support/transfer.ts'

// Alice and Bob sit behind a NAT each and have the same private address. The relay has a public one.

beforeEach(requiresNats)

let made: Promise<NattedPair> | undefined

function pair(): Promise<NattedPair> {
  // Real NATs remember for minutes.
  made ??= nattedPair({ remembers: 3 })
  return made
}

test('two behind different NATs chat and send each other files through the relay', async () => {
  const { way } = await pair()
  await expectChat(await chat(way))
})

test('a chat in which nobody says anything is kept in mind by the NATs, which forget other connections', async () => {
  const network = await pair()
  const both = [network.alice, network.bob]
  const { alice, bob } = await chat(network.way, { args: ['--keep-alive', '1'] })
  const own = both.map(({ nat }) => nat.mappings)
  const others = await Promise.all(both.map((host) => silentConnection(network, host)))
  expect(both.map(({ nat }) => nat.mappings)).toEqual(others.map((port) => expect.arrayContaining([port])))
  const forgotten = (): boolean => both.every(({ nat }, index) => !nat.mappings.includes(others[index] ?? 0))
  await until(forgotten, 'the NATs forget silent connections')
  expect(both.map(({ nat }) => nat.mappings)).toEqual(own)
  await say(alice.program, bob.program, 'are you there')
  await say(bob.program, alice.program, 'I am')
})
