import { describe, expect, test } from 'vitest'
import type { PathChange, PreparedSession, Session } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { PrepareOptions } from '../../src/session/options.ts'
import { MemoryPlatform } from './memory-platform.ts'
import type { RawPeer } from './raw-peer.ts'
import { dialledPeer, nextMessage } from './stage.ts'

// Some relays hand out a new path where they are asked to extend the old one, which then works until it expires.

const RELAY = 'msrps://relay.example:2855;tcp'
const OLD = 'msrps://relay.example:2855/token1;tcp'
const NEW = 'msrps://relay.example:2855/token2;tcp'
const BOB = 'msrps://bob.invalid:2855/bobsession;tcp'

interface Changed {
  prepared: PreparedSession
  relay: RawPeer
  change(): Promise<void>
}

/** An endpoint behind a relay which, once `change` is called, has handed out another path. */
async function behindRelay(options: PrepareOptions): Promise<Changed> {
  const platform = new MemoryPlatform()
  const endpoint = new MsrpEndpoint(platform, {})
  const preparing = endpoint.prepare({ relay: { uri: RELAY, username: 'alice', password: 'x' }, ...options })
  const relay = await dialledPeer(platform)
  relay.from = RELAY
  const grant = async (usePath: string): Promise<void> => {
    const { transactionId, field } = await relay.request('AUTH')
    relay.to = field('From-Path') ?? ''
    const paths = `To-Path: ${relay.to}\r\nFrom-Path: ${RELAY}\r\nUse-Path: ${usePath}\r\nExpires: 100\r\n`
    relay.write(`MSRP ${transactionId} 200 OK\r\n${paths}-------${transactionId}$\r\n`)
  }
  await grant(OLD)
  const prepared = await preparing
  return {
    prepared,
    relay,
    change: async () => {
      const changed = new Promise<PathChange>((resolve) => {
        prepared.onPathChanged = resolve
      })
      await platform.clock.advance(60_000)
      await grant(NEW)
      expect((await changed).localPath).toContain('token2')
    },
  }
}

describe('when the relay replaces the path', () => {
  test.each([
    ['the old path', OLD],
    ['the new path', NEW],
  ])('a peer that comes over %s is one peer with all its requests', async (_, token) => {
    const { prepared, relay, change } = await behindRelay({ remotePath: 'first' })
    await change()
    const from = `${token} ${BOB}`
    const bind = relay.send({ from })
    expect(await relay.response(bind)).toMatchObject({ status: 200 })
    const session = (await prepared.sessions().next()).value as Session
    const transactionId = relay.send({ from, body: 'hello' })
    expect(await relay.response(transactionId)).toMatchObject({ status: 200 })
    expect(await (await nextMessage(session)).text()).toBe('hello')
  })

  test('a peer that is expected may come over the old path and over the new one', async () => {
    for (const token of [OLD, NEW]) {
      const { prepared, relay, change } = await behindRelay({})
      const completing = prepared.complete(BOB, { active: false })
      await change()
      const bind = relay.send({ from: `${token} ${BOB}` })
      expect(await relay.response(bind)).toMatchObject({ status: 200 })
      expect((await completing).state).toBe('open')
    }
  })
})
