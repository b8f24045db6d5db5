import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Nonces } from '../../src/forwarding/nonce.ts'
import { Network, type Node } from './network.ts'

// The machine's wall clock, which somebody sets, beside the clock that the relay goes by, which nobody sets.

const day = 86_400_000

let network: Network
let alice: Node

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(Date.UTC(2030, 0, 1))
  network = new Network()
  alice = await network.client('alice')
})

afterEach(() => {
  vi.useRealTimers()
})

describe.each([
  ['a day ahead', day],
  ['a day back', -day],
  ['thirty years back', -30 * 365 * day],
])('a wall clock that is set %s', (_, jump) => {
  it('ends no session, and lengthens none', async () => {
    vi.setSystemTime(Date.now() + jump)
    await network.clock.advance(899_000)
    expect([network.relay.tokens, alice.closed]).toEqual([1, false])
    await network.clock.advance(1_000)
    expect(network.relay.tokens).toBe(0)
  })

  it('makes no nonce stale, and has none live longer', async () => {
    const challenge = await alice.challenge()
    vi.setSystemTime(Date.now() + jump)
    await network.clock.advance(299_000)
    expect((await alice.answer(challenge, 'alice', 'wonderland', { nc: '00000001' })).head.status).toBe(200)
    await network.clock.advance(3_000)
    const late = await alice.answer(challenge, 'alice', 'wonderland', { nc: '00000002' })
    expect([late.head.status, late.head.fields.wwwAuthenticate[0]?.stale]).toEqual([401, true])
  })

  it('admits no replay', async () => {
    const challenge = await alice.challenge()
    expect((await alice.answer(challenge, 'alice', 'wonderland')).head.status).toBe(200)
    vi.setSystemTime(Date.now() + jump)
    expect((await alice.answer(challenge, 'alice', 'wonderland')).head.status).toBe(401)
  })

  it('lets a client that has refreshed often refresh on', async () => {
    for (let round = 0; round < 40; round++) {
      if (round === 20) vi.setSystemTime(Date.now() + jump)
      await network.clock.advance(1_000)
      const { head } = await alice.authenticate('alice', 'wonderland', { toPath: [alice.token] })
      expect(head.status).toBe(200)
    }
  })

  it('leaves connections their time to show what they want', async () => {
    const stranger = network.connect()
    vi.setSystemTime(Date.now() + jump)
    await network.clock.advance(29_999)
    expect(stranger.closed).toBe(false)
    await network.clock.advance(1)
    expect(stranger.closed).toBe(true)
  })
})

describe('nonces by a clock that does jump', () => {
  // Why the relay does not use one: what it forgot would stay used up until that clock came back.
  it('are stale ahead of it as well as long behind it', () => {
    let now = 1_000_000
    const nonces = new Nonces({
      time: () => now,
      random: (count) => new Uint8Array(count),
      hmac: (text) => `proof of ${text}`.replaceAll('.', '-'),
      equal: (one, other) => one === other,
      lifetime: () => 300,
    })
    const nonce = nonces.issue('client 1')
    expect(nonces.check(nonce, 'client 1')).toBe('fresh')
    now -= 3600
    expect(nonces.check(nonce, 'client 1')).toBe('stale')
    now += 7200
    expect(nonces.check(nonce, 'client 1')).toBe('stale')
  })
})
