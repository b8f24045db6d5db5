import { queryObjects } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { Flow } from '../../src/forwarding/flow.ts'
import { ForwardedRequest } from '../../src/forwarding/forwarded-request.ts'
import { InboundChunk } from '../../src/forwarding/inbound-chunk.ts'
import { NextHop } from '../../src/forwarding/next-hop.ts'
import { Passage } from '../../src/forwarding/passage.ts'
import { RelayConnection } from '../../src/forwarding/relay-connection.ts'
import { SentPart } from '../../src/forwarding/sent-part.ts'
import { Token } from '../../src/forwarding/token.ts'
import { authorization, Network, type Node, RELAY, settle } from './network.ts'

const FAR = 'msrps://far.example.net:7000/f;tcp'
const RELAY_BEHIND = 'msrps://two.example.net:2855/t;tcp'

/** What the relay still holds on to, by its kind, when only the relay itself is held on to. */
function kept(): Record<string, number> {
  const kinds = { Flow, ForwardedRequest, InboundChunk, NextHop, Passage, RelayConnection, SentPart, Token }
  const counts = Object.entries(kinds).map(([name, kind]) => [name, queryObjects(kind, { format: 'count' })] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

/** All sorts of things under way at once. */
async function busy(network: Network): Promise<Node[]> {
  const alice = await network.client('alice', { capacity: 5000 })
  const bob = await network.client('bob', { capacity: 5000 })
  const behind = network.connect({ certificate: ['one.example.net'] })
  await behind.authenticate('bob', 'builder', { fromPath: ['msrps://one.example.net:1/o;tcp', bob.uri] })
  const peer = network.connect()
  const far = network.within(FAR)
  const two = network.within(RELAY_BEHIND, { certificate: ['two.example.net'] })
  const path = [alice.token, ...bob.path]
  for (const value of ['yes', 'partial', 'no']) {
    const fields = [['Failure-Report', value]] as const
    alice.send(path, 'small', fields)
    alice.send([alice.token, FAR], 'small', fields)
    alice.send([alice.token, RELAY_BEHIND, FAR], 'small', fields)
    peer.send(alice.path, 'x'.repeat(5000), fields)
  }
  alice.request('AUTH', { toPath: [alice.token, 'msrps://two.example.net:2855;tcp'] })
  alice.request('NICKNAME', { toPath: path, fields: [['Use-Nickname', '"Ally"']] })
  alice.send([alice.token, 'msrps://unreachable.example.net:1/u;tcp'], 'lost')
  alice.send(['msrps://relay.example.com:2855/none;tcp', FAR], 'lost')
  behind.send([behind.token, 'msrps://two.example.net:2855/x;tcp', FAR], 'chained')
  await settle()
  bob.pause()
  bob.begin([bob.token, ...alice.path])
  bob.write('x'.repeat(4000))
  alice.begin(path)
  alice.write('x'.repeat(600_000))
  await settle()
  return [alice, bob, behind, peer, far, two]
}

describe('after everybody has left', () => {
  const ways: [string, (nodes: Node[]) => void][] = [
    ['in order', (nodes) => nodes.forEach((node) => void node.close())],
    ['cut off', (nodes) => nodes.forEach((node) => void node.pair.drop())],
    ['cut off, the last first', (nodes) => nodes.reverse().forEach((node) => void node.pair.drop())],
    ['with what they had to say thrown away', (nodes) => nodes.forEach((node) => void node.pair.left.destroy())],
  ]
  const networks: Network[] = []

  it.each(ways)('no connection, token or timer is left: %s', async (_, leave) => {
    const network = new Network({ sharedConnectionsTo: ['two.example.net'] })
    networks.push(network)
    const nodes = await busy(network)
    expect(network.relay.connections).toBe(6)
    leave(nodes)
    for (const node of nodes) node.resume()
    await settle()
    expect(network.relay.connections).toBe(0)
    // A token of a relay lives on for the next connection of that relay.
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(900_000)
    expect(network.relay.tokens).toBe(0)
    expect(network.clock.pending).toBe(0)
  })

  it('nor anything of what was under way, anywhere in memory', { timeout: 60_000 }, () => {
    expect(networks).toHaveLength(ways.length)
    expect(kept()).toEqual({})
  })
})

describe('closing the relay', () => {
  it('tells senders what is not confirmed, then closes every connection', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    const path = [alice.token, ...bob.path]
    const confirmed = alice.send(path, 'confirmed', [['Message-ID', 'message0']])
    await settle()
    bob.respond(bob.requests[0])
    const unconfirmed = alice.send(path, 'Hello', [['Message-ID', 'message1']])
    const arriving = alice.begin(path, [['Message-ID', 'message2']])
    alice.write('x'.repeat(5000))
    await settle()
    const closed = network.relay.close(10_000)
    await settle()
    await closed
    expect(alice.reports).toEqual(['481 1-5/5'])
    expect([confirmed, unconfirmed, arriving].map((id) => alice.statuses(id))).toEqual([[200], [200], [481]])
    expect(bob.all('SEND').map(({ head, flag }) => `${head.fields.messageId} ${flag}`)).toEqual([
      'message0 $',
      'message1 $',
      'message2 #',
    ])
    expect([alice.closed, bob.closed]).toEqual([true, true])
    expect([network.relay.connections, network.relay.tokens, network.clock.pending]).toEqual([0, 0, 0])
  })

  it('reports what waits for somebody who does not read, and does not wait for him longer than it may', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob', { capacity: 100 })
    bob.pause()
    const count = 300
    for (let index = 0; index < count; index++) {
      alice.send([alice.token, ...bob.path], 'x'.repeat(2000), [['Message-ID', `part${index}`]])
    }
    await settle()
    let over = false
    const closed = network.relay.close(10_000).then(() => {
      over = true
    })
    await network.clock.advance(9_999)
    expect(over).toBe(false)
    expect(alice.closed).toBe(true)
    await network.clock.advance(1)
    await closed
    const told = alice.reports.length + alice.responses.filter(({ head }) => head.status === 481).length
    const taken = alice.responses.filter(({ head }) => head.status === 200).length - 1
    expect(alice.reports).toHaveLength(taken)
    expect(told).toBeGreaterThan(100)
    expect(network.clock.pending).toBe(0)
  })

  it('at once when nobody is there, and a second time', async () => {
    const network = new Network()
    await network.relay.close(1000)
    await network.relay.close(1000)
    expect(network.clock.pending).toBe(0)
  })

  it('lets nobody in any more, nor a next hop that was being dialled, nor a password that was being looked up', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const far = network.within(FAR)
    const gate = Promise.withResolvers<void>()
    const [dial, known] = [network.onDial, network.ha1]
    network.onDial = (target) => gate.promise.then(() => dial(target))
    network.ha1 = (...user) => gate.promise.then(() => known(...user))
    const dialing = alice.send([alice.token, FAR], 'Hello')
    const asking = network.connect()
    void asking.authenticate('bob', 'builder').catch(() => {})
    await settle()
    const closed = network.relay.close(1000)
    const late = network.connect()
    await settle()
    await closed
    expect(alice.statuses(dialing)).toEqual([200])
    expect(alice.reports).toEqual(['481 1-5/5'])
    gate.resolve()
    await settle()
    expect([alice.closed, asking.closed, late.closed, far.closed]).toEqual([true, true, true, true])
    expect([network.relay.connections, network.relay.tokens, network.clock.pending]).toEqual([0, 0, 0])
  })
})

describe('a connection that is being closed', () => {
  it('is sent nothing new: who sends to its client is told', async () => {
    const network = new Network({ authFailures: 1 })
    const alice = await network.client('alice')
    const bob = await network.client('bob', { capacity: 1000 })
    const path = [alice.token, ...bob.path]
    const wrong = authorization(await bob.challenge(), 'bob', 'wrong')
    bob.pause()
    alice.request('FROBNICATE', { toPath: path, body: 'x'.repeat(5000) })
    await settle()
    bob.request('AUTH', { toPath: [RELAY], fields: [['Authorization', wrong]] })
    await settle()
    // What is still to go out holds it open.
    expect(bob.closed).toBe(false)
    const message = alice.send(path, 'hello', [['Message-ID', 'after']])
    const nickname = alice.request('NICKNAME', { toPath: path, fields: [['Use-Nickname', '"A"']] })
    await settle()
    expect([alice.statuses(message), alice.statuses(nickname)]).toEqual([[481], [481]])
    bob.resume()
    await settle()
    expect(bob.closed).toBe(true)
    expect(bob.requests.map(({ head }) => head.method)).toEqual(['FROBNICATE'])
  })
})
