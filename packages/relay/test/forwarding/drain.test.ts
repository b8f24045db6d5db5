import { describe, expect, it } from 'vitest'
import { Network, RELAY, settle } from './network.ts'

/** The relay drains for at most so long; `done` tells when. */
function drain(network: Network, milliseconds = 60_000): { done: boolean } {
  const state = { done: false }
  void network.relay.drain(milliseconds).then(() => {
    state.done = true
  })
  return state
}

describe('a relay that drains', () => {
  it('is done at once when nothing has passed through it', async () => {
    const network = new Network()
    await network.client('alice')
    const drained = drain(network)
    await settle()
    expect(drained.done).toBe(true)
  })

  it('waits for the rest of a message, its answers and its REPORT, and half a second more', async () => {
    const network = new Network()
    const [alice, bob] = [await network.client('alice'), await network.client('bob')]
    const path = [alice.token, ...bob.path]
    bob.answers = true
    const first = alice.begin(path, [['Byte-Range', '1-3/6']])
    alice.write('one')
    alice.end(first, '+')
    await settle()
    const drained = drain(network)
    await network.clock.advance(10_000)
    expect(drained.done).toBe(false)

    alice.send(path, 'two', [['Byte-Range', '4-6/6']])
    await network.clock.advance(400)
    bob.report(bob.all('SEND').at(-1))
    await network.clock.advance(400)
    expect(drained.done).toBe(false)
    expect(alice.all('REPORT')).toHaveLength(1)
    await network.clock.advance(200)
    expect(drained.done).toBe(true)
  })

  it('waits no longer than it is told', async () => {
    const network = new Network()
    const [alice, bob] = [await network.client('alice'), await network.client('bob')]
    // Bob does not answer.
    alice.send([alice.token, ...bob.path], 'hello')
    await settle()
    const drained = drain(network, 3_000)
    await network.clock.advance(2_950)
    expect(drained.done).toBe(false)
    await network.clock.advance(50)
    expect(drained.done).toBe(true)
  })

  it('hands out nothing new and closes the connection of who has nothing, but extends what is there', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const stranger = network.connect()
    drain(network)
    const refused = stranger.request('AUTH', { toPath: [RELAY] })
    await settle()
    expect(stranger.statuses(refused)).toEqual([403])
    expect(stranger.closed).toBe(true)

    const another = alice.request('AUTH', { toPath: [RELAY] })
    await settle()
    expect(alice.statuses(another)).toEqual([403])
    expect(alice.closed).toBe(false)
    const response = await alice.authenticate('alice', 'wonderland', { toPath: [alice.token] })
    expect(response.head.status).toBe(200)
  })
})

describe('other settings', () => {
  it('hold for what begins from then on, and leave what is there alone', async () => {
    const network = new Network()
    const [alice, bob] = [await network.client('alice'), await network.client('bob')]
    network.relay.reconfigure({
      ...network.settings,
      names: ['new.example.com'],
      realm: network.settings.realm,
      expires: { default: 77, minimum: 60, maximum: 80 },
    })
    alice.send([alice.token, ...bob.path], 'hello')
    await settle()
    expect(bob.body()).toEqual(Buffer.from('hello'))

    const carol = network.connect()
    const response = await carol.authenticate('bob', 'builder', { toPath: ['msrps://new.example.com:2855;tcp'] })
    expect(response.head.fields.expires).toBe(77)
    expect(carol.token).toMatch(/^msrps:\/\/new\.example\.com:2855\//)
  })

  it('make room or take it away at once', async () => {
    const network = new Network()
    network.relay.reconfigure({ ...network.settings, tokensPerConnection: 1 })
    const alice = await network.client('alice')
    expect((await alice.authenticate('alice', 'wonderland')).head.status).toBe(403)
    network.relay.reconfigure({ ...network.settings, tokensPerConnection: 2 })
    expect((await alice.authenticate('alice', 'wonderland')).head.status).toBe(200)
  })
})
