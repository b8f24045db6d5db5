import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { type LimitRules, type Limits, NO_LIMITS } from '../../src/forwarding/limits/limits.ts'
import { NO_POLICY, type PolicySettings } from '../../src/forwarding/policy/policy-settings.ts'
import { authorization, type ConnectOptions, Network, type Node, settle } from './network.ts'

const KB = 1000
const RATE = 100 * KB

/** Limits for each user unless something else is said. */
function limits(user: Partial<LimitRules>, domain: Partial<LimitRules> = {}): PolicySettings {
  return { ...NO_POLICY, limits: { users: { ...NO_LIMITS, ...user }, domains: { ...NO_LIMITS, ...domain } } }
}

const only = (who: string, some: Partial<Limits>): PolicySettings => limits({ exceptions: [{ names: [who], ...some }] })

/** Two clients of one relay whose receiver answers. */
async function setUp(
  policy: PolicySettings,
  options: ConnectOptions = { capacity: 4000, split: 4000 },
  clock: FakeClock = new FakeClock(),
): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network({ policy, flowBuffer: 65_536 }, clock)
  network.passwords.set('carol', 'secret')
  const alice = await network.client('alice', options)
  const bob = await network.client('bob')
  alice.answers = true
  bob.answers = true
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

const body = (size: number): Buffer => Buffer.alloc(size, 'x')
const range = (size: number): [[string, string]] => [['Byte-Range', `1-*/${size}`]]
const total = (node: Node): number =>
  node.requests.reduce((sum, one) => sum + one.body.byteLength, 0) +
  (node.open?.body.reduce((sum, piece) => sum + piece.byteLength, 0) ?? 0)

describe('sessions at once', () => {
  it('are so many and no more, over all connections; the next AUTH is told so', async () => {
    const { network } = await setUp(limits({ sessions: 2 }))
    const second = network.connect()
    expect((await second.authenticate('alice', 'wonderland')).head.status).toBe(200)
    const third = network.connect()
    const { head } = await third.authenticate('alice', 'wonderland')
    expect([head.status, head.comment]).toEqual([403, 'this user holds as many sessions as it may: 2'])
    expect(network.relay.counters.policyRefusals.sessions).toBe(1)
    // Others are not concerned, and one that has ended makes room.
    expect((await network.connect().authenticate('bob', 'builder')).head.status).toBe(200)
    second.close()
    await settle()
    expect((await third.authenticate('alice', 'wonderland')).head.status).toBe(200)
  })

  it('that are there are extended', async () => {
    const { alice } = await setUp(limits({ sessions: 1 }))
    const { head } = await alice.authenticate('alice', 'wonderland', { toPath: [alice.token] })
    expect([head.status, head.fields.usePath?.map(String)]).toEqual([200, [alice.token]])
  })

  it('are not given to somebody with the wrong password, who is not told either', async () => {
    const { network } = await setUp(limits({ sessions: 1 }))
    expect((await network.connect().authenticate('alice', 'wrong')).head.status).toBe(401)
    expect(network.relay.counters.policyRefusals.sessions).toBe(0)
  })

  it('run out as well when they expire', async () => {
    const { network } = await setUp(limits({ sessions: 1 }))
    await network.clock.advance(900_000)
    expect((await network.connect().authenticate('alice', 'wonderland')).head.status).toBe(200)
  })

  it('of a domain are those of all its users', async () => {
    const { network } = await setUp(limits({}, { sessions: 2 }))
    const { head } = await network.connect().authenticate('carol', 'secret')
    expect([head.status, head.comment]).toEqual([403, 'this domain holds as many sessions as it may: 2'])
  })
})

describe('which limits hold', () => {
  const policy = limits(
    {
      sessions: 1,
      exceptions: [
        { names: ['alice@example.com'], sessions: 3 },
        { names: ['carol@*', 'bob@example.org'], sessions: 2, bytesPerDay: 1 },
        { names: ['*@example.com'], bytesPerDay: 1 },
        { names: ['bob@example.com'], sessions: 100 },
      ],
    },
    { sessions: 1, exceptions: [{ names: ['*.com'], sessions: 6 }] },
  )

  it('is what the first exception for somebody says, and where it says nothing what is for all', async () => {
    const network = new Network({ policy })
    network.passwords.set('carol', 'secret')
    const most = async (name: string): Promise<number> => {
      for (let count = 0; ; count++) {
        const { head } = await network.connect().authenticate(name, network.passwords.get(name) ?? '')
        if (head.status !== 200) return count
      }
    }
    expect([await most('alice'), await most('carol'), await most('bob')]).toEqual([3, 2, 1])
  })
})

describe('bytes a second', () => {
  it('are forwarded, after a burst of one second: the sender is not read meanwhile, and nothing is lost or reported', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: RATE }))
    const sent = alice.send(path, body(10 * RATE), range(10 * RATE))
    await settle()
    expect(alice.pair.right.paused).toBe(true)
    expect(total(bob)).toBeGreaterThanOrEqual(RATE - 4 * KB)
    for (let second = 1; second <= 8; second++) {
      await network.clock.advance(1000)
      expect(total(bob)).toBeLessThanOrEqual((second + 1) * RATE + 64 * KB)
      expect(total(bob)).toBeGreaterThanOrEqual((second + 1) * RATE - 64 * KB)
    }
    await network.clock.advance(2000)
    expect(alice.statuses(sent)).toEqual([200])
    expect(bob.body()).toHaveLength(10 * RATE)
    await network.clock.advance(600_000)
    expect([alice.reports, network.clock.pending > 0]).toEqual([[], true])
    expect(network.relay.counters.pauses).toBeGreaterThan(50)
    expect(network.relay.counters.pauses).toBeLessThan(1100)
  })

  it('do not let the path of who waits for them run out: what would extend it waits as well', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: RATE }))
    await alice.authenticate('alice', 'wonderland', { toPath: [alice.token], fields: [['Expires', '60']] })
    alice.send(path, body(100 * RATE), range(100 * RATE))
    const toPath = [alice.token]
    const credentials = authorization(alice.responses.at(-1)!, 'alice', 'wonderland', { toPath })
    const extending = alice.request('AUTH', { toPath, fields: [['Authorization', credentials]] })
    await network.clock.advance(110_000)
    expect(alice.statuses(extending)).toEqual([200])
    expect(total(bob)).toBe(100 * RATE)
  })

  it('of the receiver hold up the sender just so', async () => {
    const { network, alice, bob, path } = await setUp(only('bob@example.com', { bytesPerSecond: RATE }))
    alice.send(path, body(5 * RATE), range(5 * RATE))
    await network.clock.advance(2000)
    expect(total(bob)).toBeLessThanOrEqual(3 * RATE + 64 * KB)
    // What the receiver sends is another measure.
    bob.send([bob.token, ...alice.path], body(RATE - KB), [['Message-ID', 'back1'], ...range(RATE - KB)])
    await settle()
    expect(alice.body('back1')).toHaveLength(RATE - KB)
    await network.clock.advance(3000)
    expect(bob.body()).toHaveLength(5 * RATE)
  })

  it('of one user are shared by all its sessions', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: RATE }))
    const other = await network.client('alice', { capacity: 4000, split: 4000 })
    const carol = await network.client('carol')
    alice.send(path, body(10 * RATE), range(10 * RATE))
    other.send([other.token, ...carol.path], body(10 * RATE), range(10 * RATE))
    await network.clock.advance(4000)
    const both = total(bob) + total(carol)
    expect(both).toBeLessThanOrEqual(5 * RATE + 64 * KB)
    expect(both).toBeGreaterThanOrEqual(5 * RATE - 64 * KB)
    // And neither goes without.
    expect(Math.min(total(bob), total(carol))).toBeGreaterThan(RATE)
  })

  it('are not begun anew by a new connection', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: RATE }))
    alice.send(path, body(2 * RATE), range(2 * RATE))
    await settle()
    alice.pair.drop()
    await settle()
    const before = total(bob)
    const again = await network.client('alice', { capacity: 4000, split: 4000 })
    again.send([again.token, ...bob.path], body(2 * RATE), [['Message-ID', 'again'], ...range(2 * RATE)])
    await settle()
    expect(total(bob) - before).toBeLessThanOrEqual(20 * KB)
    await network.clock.advance(3000)
    expect(bob.body('again')).toHaveLength(2 * RATE)
  })

  it('leave room for short messages while a file waits', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: RATE }))
    alice.send(path, body(10 * RATE), range(10 * RATE))
    await network.clock.advance(1500)
    const other = await network.client('alice')
    const carol = await network.client('carol')
    for (let count = 0; count < 10; count++) {
      const sent = other.send([other.token, ...carol.path], 'short', [['Message-ID', `short${count}`]])
      await settle()
      expect(other.statuses(sent)).toEqual([200])
    }
    // And what others send to it arrives as well.
    const back = bob.send([bob.token, ...alice.path], 'to alice', [['Message-ID', 'back1']])
    await settle()
    expect([bob.statuses(back), alice.body('back1').toString()]).toEqual([[200], 'to alice'])
  })

  it('hold for a file that comes in small chunks, and for a flood of short messages', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: RATE }))
    for (let start = 0; start < 6 * RATE; start += 2000) {
      alice.request('SEND', {
        toPath: path,
        body: body(2000),
        flag: '+',
        fields: [
          ['Message-ID', 'file1'],
          ['Byte-Range', `${start + 1}-${start + 2000}/*`],
        ],
      })
    }
    await network.clock.advance(2000)
    expect(total(bob)).toBeLessThanOrEqual(3 * RATE + 16 * KB)
    await network.clock.advance(10_000)
    expect(total(bob)).toBe(6 * RATE)
    for (let count = 0; count < 500; count++) alice.send(path, body(2000), [['Message-ID', `short${count}`]])
    await settle()
    // What is free, and as much again on credit.
    expect(total(bob) - 6 * RATE).toBeLessThanOrEqual(2 * RATE + 16 * KB)
    await network.clock.advance(2000)
    expect(total(bob) - 6 * RATE).toBeLessThanOrEqual(4 * RATE + 16 * KB)
    await network.clock.advance(10_000)
    expect(total(bob)).toBe(6 * RATE + 1000 * KB)
  })

  it('of a domain are those of all its users', async () => {
    const { network, alice, bob, path } = await setUp(limits({}, { bytesPerSecond: RATE }))
    alice.send(path, body(5 * RATE), range(5 * RATE))
    await network.clock.advance(1000)
    expect(total(bob)).toBeLessThanOrEqual(2 * RATE + 64 * KB)
  })

  it('never make the answers that are owed too late', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: 20 * KB }))
    alice.answers = false
    alice.send(path, body(40 * 20 * KB), range(40 * 20 * KB))
    await settle()
    // Its 200 stands behind the file, which takes longer than anybody waits for an answer.
    bob.send([bob.token, ...alice.path], 'Hello', [['Message-ID', 'hello']])
    await settle()
    alice.respond(alice.all('SEND')[0])
    await network.clock.advance(60_000)
    expect(bob.reports).toEqual([])
    expect(bob.body()).toHaveLength(800 * KB)
  })

  it('that are not limited any more let everything go on', async () => {
    const { network, alice, bob, path } = await setUp(limits({ bytesPerSecond: 20 * KB }))
    alice.send(path, body(RATE), range(RATE))
    await settle()
    expect(alice.pair.right.paused).toBe(true)
    network.relay.reconfigure({ ...network.settings, policy: NO_POLICY })
    await settle()
    expect(bob.body()).toHaveLength(RATE)
    alice.send(path, body(10 * RATE), [['Message-ID', 'more1'], ...range(10 * RATE)])
    await settle()
    expect(bob.body('more1')).toHaveLength(10 * RATE)
  })

  it('that are limited from now on are so for the sessions there are', async () => {
    const { network, alice, bob, path } = await setUp(NO_POLICY)
    alice.send(path, 'Hello')
    await settle()
    network.relay.reconfigure({ ...network.settings, policy: limits({ bytesPerSecond: RATE }) })
    alice.send(path, body(5 * RATE), [['Message-ID', 'more1'], ...range(5 * RATE)])
    await settle()
    expect(total(bob)).toBeLessThanOrEqual(RATE + 64 * KB)
  })
})

describe('bytes a second over a connection that carries several sessions', () => {
  /** Somebody without limits writes to Bob, who is limited, and to Carol over one connection. */
  async function gateway(policy: PolicySettings): Promise<{ network: Network; bob: Node; carol: Node; source: Node }> {
    const { network, bob } = await setUp(policy)
    const carol = await network.client('carol')
    carol.answers = true
    const source = network.connect({ uri: 'msrps://gateway.invalid:1/g;tcp', capacity: 4000, split: 4000 })
    for (const to of [bob, carol]) source.send(to.path, 'Hello', [['Message-ID', 'hello']])
    await settle()
    return { network, bob, carol, source }
  }

  it('have only the session wait that is over them', async () => {
    const { network, bob, carol, source } = await gateway(only('bob@example.com', { bytesPerSecond: RATE }))
    source.send(bob.path, body(3 * RATE), range(3 * RATE))
    source.send(carol.path, body(RATE), range(RATE))
    await settle()
    expect(source.pair.right.paused).toBe(false)
    expect(carol.body()).toHaveLength(RATE)
    expect(total(bob)).toBeLessThanOrEqual(RATE + 64 * KB)
    await network.clock.advance(5000)
    expect(bob.body()).toHaveLength(3 * RATE)
    expect(source.reports).toEqual([])
  })

  it('refuse what would have to be kept beyond the room there is, and what was refused does not count', async () => {
    const { network, bob, carol, source } = await gateway(only('bob@example.com', { bytesPerSecond: RATE }))
    const sent = source.begin(bob.path, range(100 * RATE))
    source.write(body(6 * RATE))
    await settle()
    expect(source.statuses(sent)).toEqual([413])
    expect(network.relay.counters.policyRefusals.bytes_per_second).toBe(1)
    source.end(sent, '#')
    const before = total(bob)
    source.send(carol.path, body(RATE), range(RATE))
    await settle()
    expect(carol.body()).toHaveLength(RATE)
    await network.clock.advance(1500)
    source.send(bob.path, body(RATE - 10), [['Message-ID', 'again'], ...range(RATE - 10)])
    await settle()
    expect(total(bob) - before).toBe(RATE - 10)
  })

  it('are not cut into empty chunks while others send to the same receiver', async () => {
    const { network, bob, source } = await gateway(only('bob@example.com', { bytesPerSecond: RATE }))
    const path = bob.path
    await bob.authenticate('bob', 'builder')
    const other = network.connect({ uri: 'msrps://other.invalid:1/o;tcp' })
    source.send(path, body(2 * RATE), range(2 * RATE))
    for (let count = 0; count < 20; count++) {
      other.send(bob.path, 'short', [['Message-ID', `short${count}`]])
      await network.clock.advance(20)
    }
    await network.clock.advance(5000)
    const parts = bob.all('SEND').filter(({ head }) => head.fields.messageId === 'message1')
    expect(bob.body()).toHaveLength(2 * RATE)
    expect(parts.filter((part) => part.body.byteLength === 0)).toEqual([])
  })

  it('let a connection go on that turns out to carry another one', async () => {
    const { network, bob } = await setUp(only('bob@example.com', { bytesPerSecond: RATE }))
    const carol = await network.client('carol')
    const source = network.connect({ uri: 'msrps://gateway.invalid:1/g;tcp', capacity: 1 << 20 })
    // All in one read, which is not cut short by the pause.
    source.send(bob.path, body(3 * RATE), range(3 * RATE))
    source.send(carol.path, 'Hello', [['Message-ID', 'hello']])
    await settle()
    expect(carol.body('hello').toString()).toBe('Hello')
    expect(source.pair.right.paused).toBe(false)
  })

  it('hold the connection when all of it is sent by the one who is over them', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerSecond: RATE }))
    const carol = await network.client('carol')
    carol.answers = true
    await alice.authenticate('alice', 'wonderland')
    alice.send([alice.token, ...carol.path], 'Hello', [['Message-ID', 'hello']])
    alice.send(path, 'Hello', [['Message-ID', 'hello']])
    await settle()
    const sent = alice.send(path, body(10 * RATE), range(10 * RATE))
    await settle()
    expect(alice.pair.right.paused).toBe(true)
    await network.clock.advance(12_000)
    expect([alice.statuses(sent), bob.body().byteLength]).toEqual([[200], 10 * RATE])
  })
})

describe('a user behind another relay', () => {
  it('has the same limits, and the connection that all its relay’s sessions share is read for the others', async () => {
    const sharedConnectionsTo = ['other.example.net']
    const policy = limits({ exceptions: [{ names: ['alice@example.com'], bytesPerSecond: RATE, sessions: 1 }] })
    const network = new Network({ policy, sharedConnectionsTo, flowBuffer: 65_536 })
    const bob = await network.client('bob')
    bob.answers = true
    const certificate = ['other.example.net']
    const relay = network.connect({ certificate, capacity: 4000, split: 4000 })
    const fromPath = ['msrps://other.example.net:2855/t1;tcp', 'msrps://client.invalid:9000/c;tcp']
    await relay.authenticate('alice', 'wonderland', { fromPath })
    const direct = await network.connect().authenticate('alice', 'wonderland')
    expect([direct.head.status, direct.head.comment]).toEqual([403, 'this user holds as many sessions as it may: 1'])

    const fields: [string, string][] = [['Message-ID', 'message1'], ...range(3 * RATE)]
    relay.request('SEND', { toPath: [relay.token, ...bob.path], fromPath, body: body(3 * RATE), fields })
    await settle()
    expect(relay.pair.right.paused).toBe(false)
    expect(total(bob)).toBeLessThanOrEqual(RATE + 64 * KB)
    await network.clock.advance(3000)
    expect(bob.body()).toHaveLength(3 * RATE)
  })
})

describe('bytes a day', () => {
  const policy = only('alice@example.com', { bytesPerDay: RATE })

  it('are those of messages in both directions; then each message is answered 413, and AUTH as before', async () => {
    const { network, alice, bob, path } = await setUp(policy)
    alice.send(path, body(RATE / 2))
    bob.send([bob.token, ...alice.path], body(RATE / 2))
    await settle()
    const out = alice.send(path, 'one more', [['Message-ID', 'more1']])
    const back = bob.send([bob.token, ...alice.path], 'one more', [['Message-ID', 'more1']])
    const { head } = await alice.response(out)
    expect([head.status, head.comment]).toEqual([
      413,
      'the sender has used up its bytes of today; they count anew from 00:00 UTC',
    ])
    expect((await bob.response(back)).head.comment).toMatch(/^the receiver has used up/)
    expect(network.relay.counters.policyRefusals.bytes_per_day).toBe(2)
    expect([bob.body('more1').toString(), alice.body('more1').toString()]).toEqual(['', ''])
    const again = network.connect()
    expect((await again.authenticate('alice', 'wonderland')).head.status).toBe(200)
    // Nobody else is concerned.
    const carol = await network.client('carol')
    const other = carol.send([carol.token, ...bob.path], 'Hello')
    expect((await carol.response(other)).head.status).toBe(506)
  })

  it('end a file in the middle, with # and one 413', async () => {
    const { alice, bob, path } = await setUp(policy)
    const sent = alice.begin(path, range(10 * RATE))
    alice.write(body(5 * RATE))
    await settle()
    alice.end(sent)
    await settle()
    expect([alice.statuses(sent), alice.reports]).toEqual([[413], []])
    expect(bob.requests.at(-1)?.flag).toBe('#')
    expect(total(bob)).toBeGreaterThanOrEqual(RATE)
    expect(total(bob)).toBeLessThan(RATE + 64 * KB)
  })

  it('are not told of to those who do not want to know', async () => {
    const { alice, bob, path } = await setUp(policy)
    alice.send(path, body(RATE))
    const sent = alice.send(path, 'more', [
      ['Message-ID', 'more1'],
      ['Failure-Report', 'no'],
    ])
    await settle()
    expect([alice.statuses(sent), alice.reports, bob.body('more1').toString()]).toEqual([[], [], ''])
  })

  it('count anew from midnight', async () => {
    const midnight = 86_400_000
    const { network, alice, path } = await setUp(policy, {}, new FakeClock(midnight - 150_000))
    alice.send(path, body(RATE))
    await network.clock.advance(100_000)
    const late = alice.send(path, 'Good night', [['Message-ID', 'more1']])
    expect((await alice.response(late)).head.status).toBe(413)
    await network.clock.advance(100_000)
    const sent = alice.send(path, 'Good morning', [['Message-ID', 'more2']])
    expect((await alice.response(sent)).head.status).toBe(200)
  })
})

describe('requests other than SEND', () => {
  it('count with their bodies', async () => {
    const { network, alice, bob, path } = await setUp(only('alice@example.com', { bytesPerDay: 10 * KB }))
    for (let count = 0; count < 2; count++) {
      alice.request('FROBNICATE', { toPath: path, body: body(5 * KB) })
      await settle()
    }
    const sent = alice.request('FROBNICATE', { toPath: path, body: 'x' })
    expect((await alice.response(sent)).head.status).toBe(413)
    expect(bob.all('FROBNICATE')).toHaveLength(2)
    expect(network.relay.counters.policyRefusals.bytes_per_day).toBe(1)
    // REPORTs go on: without them nobody would know what arrived.
    alice.request('REPORT', {
      toPath: path,
      fields: [
        ['Message-ID', 'message1'],
        ['Byte-Range', '1-1/1'],
        ['Status', '000 200 OK'],
      ],
    })
    await settle()
    expect(bob.all('REPORT')).toHaveLength(1)
  })
})
