import { describe, expect, it } from 'vitest'
import { memoryPair } from '../../../msrp/test/transport/memory-transport.ts'
import { Node, RELAY, settle } from './network.ts'
import { Workers } from './workers.ts'

const peerUri = 'msrps://peer.invalid:1/p;tcp'
const nickname = { fields: [['Use-Nickname', '"Ally"']] as const }

/** A message from one to the other arrives, is answered, and its REPORT comes back. */
async function talk(from: Node, to: Node, body = 'hello'): Promise<void> {
  from.answers = true
  to.answers = true
  const [sent, reported] = [to.all('SEND').length, from.all('REPORT').length]
  const id = from.send([...from.usePath.map(String), ...to.path], body, [['Success-Report', 'yes']])
  expect((await from.response(id)).head.status).toBe(200)
  await settle()
  const arrived = to.all('SEND').slice(sent)
  expect(arrived.map((one) => one.body.toString())).toEqual([body])
  to.report(arrived[0])
  await settle()
  expect(from.all('REPORT')).toHaveLength(reported + 1)
  expect(from.reports.at(-1)).toMatch(/^200 /)
}

describe.each([
  ['an authority for each', { ports: [2861, 2862] }],
  ['one authority for all', {}],
])('two workers with %s', (_, settings) => {
  it('carry messages and REPORTs between their clients, over one connection for a session', async () => {
    const { workers, ...relay } = new Workers(settings)
    const alice = await workers[0]!.client('alice')
    const bob = await workers[1]!.client('bob')
    expect(alice.token).toMatch(/\/0\.[^/]{22,};tcp$/)
    expect(bob.token).toMatch(/\/1\.[^/]{22,};tcp$/)
    await talk(alice, bob)
    await talk(bob, alice)
    await talk(alice, bob, 'again')
    expect(relay.connections.map(({ greeting }) => greeting)).toEqual([{ kind: 'hop', index: 0 }])
  })

  it('show each the whole path of the other', async () => {
    const { workers } = new Workers(settings)
    const alice = await workers[0]!.client('alice')
    const bob = await workers[1]!.client('bob')
    await talk(alice, bob)
    const { fromPath, toPath } = bob.all('SEND')[0]!.head.fields
    expect(fromPath.map(String)).toEqual([bob.token, alice.token, alice.uri])
    expect(toPath.map(String)).toEqual([bob.uri])
  })

  it('tell a sender when the other session ends, and of what cannot reach a worker that is gone', async () => {
    const relay = new Workers(settings)
    const alice = await relay.workers[0]!.client('alice')
    const bob = await relay.workers[1]!.client('bob')
    const path = [alice.token, ...bob.path]
    const begun = alice.begin(path)
    alice.write('half')
    await settle()
    relay.gone.add(1)
    relay.connections[0]?.pair.drop()
    await settle()
    expect(alice.statuses(begun)).toEqual([481])
    alice.end(begun)
    alice.send(path, 'hello')
    await settle()
    expect(alice.reports).toEqual(['481 1-5/5'])
    // It is there again, and knows nothing of before.
    relay.gone.delete(1)
    bob.close()
    await settle()
    alice.send(path, 'hello')
    await settle()
    expect(alice.reports).toEqual(['481 1-5/5', '481 1-5/5'])
    expect(alice.closed).toBe(false)
  })

  it('let nobody pose as a sibling', async () => {
    const { workers } = new Workers(settings)
    const alice = await workers[0]!.client('alice')
    const bob = await workers[1]!.client('bob')
    const impostor = workers[1]!.connect()
    impostor.request('NICKNAME', { ...nickname, toPath: bob.path, fromPath: [alice.token, alice.uri] })
    await settle()
    expect(impostor.closed).toBe(true)
    const through = workers[0]!.connect()
    through.request('NICKNAME', { ...nickname, toPath: bob.path, fromPath: [alice.token, alice.uri] })
    await settle()
    expect(through.closed).toBe(true)
    expect(bob.requests).toEqual([])
  })
})

describe('a connection that came to another worker', () => {
  it("carries a peer's messages and REPORTs as they are, both ways", async () => {
    const relay = new Workers()
    const alice = await relay.workers[0]!.client('alice')
    const peer = relay.workers[1]!.connect({ uri: peerUri })
    await talk(peer, alice)
    const { fromPath } = alice.all('SEND')[0]!.head.fields
    expect(fromPath.map(String)).toEqual([alice.token, peerUri])
    await talk(alice, peer)
    const [back] = peer.all('SEND')
    expect(back?.head.fields.toPath.map(String)).toEqual([peerUri])
    expect(back?.head.fields.fromPath.map(String)).toEqual([alice.token, alice.uri])
    expect(relay.made('stand-in')).toBe(1)
    // Nobody was dialled: the peer is there.
    expect(relay.workers.flatMap(({ dialed }) => dialed)).toEqual([])
  })

  it('may address sessions of several workers, those of its own among them', async () => {
    const relay = new Workers({ count: 3 })
    const clients = await Promise.all(relay.workers.map((worker) => worker.client('alice')))
    const peer = relay.workers[1]!.connect({ uri: peerUri, certificate: ['other.example.com'] })
    for (const alice of clients) await talk(peer, alice)
    for (const alice of clients) await talk(alice, peer)
    expect(relay.connections.map(({ from, to }) => [from, to])).toEqual([
      [1, 0],
      [1, 2],
    ])
    expect(relay.connections[0]?.greeting).toMatchObject({ secure: true, certificateNames: ['other.example.com'] })
  })

  it('ends its passages when it ends, and what had no answer is reported to the sender', async () => {
    const relay = new Workers()
    const alice = await relay.workers[0]!.client('alice')
    const peer = relay.workers[1]!.connect({ uri: peerUri })
    alice.answers = true
    await talk(peer, alice)
    peer.answers = false
    alice.send([alice.token, peerUri], 'are you there?')
    await settle()
    peer.pair.drop()
    await settle()
    expect(alice.reports).toEqual(['481 1-14/14'])
    expect(relay.workers.map((worker) => worker.relay.connections)).toEqual([1, 0])
  })

  it('stays when the other worker is gone, and is told what was under way', async () => {
    const relay = new Workers()
    const alice = await relay.workers[0]!.client('alice')
    const carol = await relay.workers[1]!.client('bob')
    const peer = relay.workers[1]!.connect({ uri: peerUri })
    await talk(peer, alice)
    await talk(peer, carol)
    const begun = peer.begin(alice.path, [['Message-ID', 'message2']])
    peer.write('half')
    await settle()
    relay.gone.add(0)
    relay.connections[0]?.pair.drop()
    await settle()
    expect(peer.statuses(begun)).toEqual([481])
    peer.end(begun)
    expect(peer.closed).toBe(false)
    await talk(peer, carol)
    const late = peer.request('NICKNAME', { toPath: alice.path, fields: [['Use-Nickname', '"P"']] })
    expect((await peer.response(late)).head.status).toBe(481)
    peer.send(alice.path, 'hello')
    await settle()
    expect(peer.reports.filter((report) => report.startsWith('481'))).toEqual(['481 1-5/5'])
  })

  it('is closed without a success as if it had come to the right one', async () => {
    const relay = new Workers()
    const silent = relay.workers[1]!.connect()
    silent.request('NICKNAME', {
      ...nickname,
      toPath: [`msrps://relay.example.com:2855/0.${'x'.repeat(26)};tcp`, 'msrps://a.b:1/c;tcp'],
    })
    await settle()
    expect(silent.responses.map(({ head }) => head.status)).toEqual([481])
    await relay.clock.advance(31_000)
    await settle()
    expect(silent.closed).toBe(true)
    const guessing = relay.workers[1]!.connect()
    for (let guess = 0; guess < 8; guess++) {
      guessing.request('NICKNAME', {
        ...nickname,
        toPath: [`msrps://relay.example.com:2855/0.guess${guess}xxxxxxxxxxxxxxxxxxxxxx;tcp`, 'msrps://a.b:1/c;tcp'],
      })
    }
    await settle()
    expect(guessing.closed).toBe(true)
    expect(relay.workers.map((worker) => worker.relay.connections)).toEqual([0, 0])
  })

  it('keeps a session that another relay has obtained on any worker', async () => {
    const relay = new Workers()
    const certificate = ['other.example.com']
    const uri = 'msrps://other.example.com:2855/t1;tcp'
    const first = relay.workers[0]!.connect({ certificate, uri })
    const client = 'msrps://client.invalid:1/c;tcp'
    await first.authenticate('alice', 'wonderland', { fromPath: [uri, client] })
    const { token } = first
    first.close()
    await settle()
    // Its messages, and what extends the session, come over a connection that went to the other worker.
    const second = relay.workers[1]!.connect({ certificate, uri })
    const bob = await relay.workers[1]!.client('bob')
    second.answers = true
    bob.answers = true
    const sent = second.send([token, ...bob.path], 'hello', [])
    expect((await second.response(sent)).head.status).toBe(200)
    await settle()
    expect(bob.body().toString()).toBe('hello')
    const extended = await second.authenticate('alice', 'wonderland', { toPath: [token], fromPath: [uri, client] })
    expect(extended.head.status).toBe(200)
    expect(second.token).toBe(token)
    // And what is sent to it finds that connection.
    const back = bob.send([bob.token, token, uri, client], 'hi')
    expect((await bob.response(back)).head.status).toBe(200)
    await settle()
    expect(second.all('SEND').map(({ body }) => body.toString())).toEqual(['hi'])
  })

  it('logs in where it came to', async () => {
    const relay = new Workers()
    const alice = relay.workers[1]!.connect()
    await alice.authenticate('alice', 'wonderland', { toPath: [RELAY] })
    expect(alice.token).toContain('/1.')
    expect(relay.connections).toEqual([])
  })
})

it('a slow receiver behind another worker slows its sender down, and loses nothing', async () => {
  const relay = new Workers()
  const alice = await relay.workers[0]!.client('alice')
  const peer = relay.workers[1]!.connect({ uri: peerUri })
  await talk(peer, alice)
  peer.pause()
  const body = Buffer.alloc(4 << 20, 'x')
  alice.send([alice.token, peerUri], body, [['Message-ID', 'large']])
  await settle()
  expect(relay.workers.every((worker) => worker.relay.kept < 1 << 20)).toBe(true)
  expect(alice.reports).toEqual([])
  peer.resume()
  await settle()
  expect(peer.body('large').equals(body)).toBe(true)
})

it('slow receivers behind one connection of another worker slow all senders down, and nothing is refused', async () => {
  const relay = new Workers()
  const senders = await Promise.all(['alice', 'bob'].map((name) => relay.workers[0]!.client(name)))
  const peer = relay.workers[1]!.connect({ uri: peerUri, certificate: ['other.example.com'] })
  for (const sender of senders) await talk(peer, sender)
  peer.pause()
  const body = Buffer.alloc(2 << 20, 'x')
  for (const [index, sender] of senders.entries()) {
    sender.send([sender.token, peerUri], body, [['Message-ID', `large${index}`]])
  }
  await settle()
  expect(relay.workers.every((worker) => worker.relay.kept < 1 << 20)).toBe(true)
  peer.resume()
  await settle()
  expect(senders.flatMap(({ reports }) => reports.filter((report) => !report.startsWith('200')))).toEqual([])
  for (const index of senders.keys()) expect(peer.body(`large${index}`).equals(body)).toBe(true)
})

it('one session reaches peers at several workers that have one authority', async () => {
  const relay = new Workers({ count: 3 })
  const alice = await relay.workers[0]!.client('alice')
  const others = [await relay.workers[1]!.client('bob'), await relay.workers[2]!.client('bob')]
  for (const other of others) await talk(alice, other)
  expect(relay.connections.map(({ to }) => to)).toEqual([1, 2])
})

it('a worker that drains still lets peers of its sessions in by the others, and nobody log in', async () => {
  const relay = new Workers()
  const alice = await relay.workers[0]!.client('alice')
  const drained = relay.workers.map((worker) => worker.relay.drain(10_000))
  const peer = relay.workers[1]!.connect({ uri: peerUri })
  await talk(peer, alice)
  const late = await relay.workers[0]!.connect().authenticate('alice', 'wonderland')
  expect(late.head.status).toBe(403)
  await relay.clock.advance(11_000)
  await Promise.all(drained)
})

it('what a worker has passed on goes no further', async () => {
  const relay = new Workers({ count: 3 })
  const bob = await relay.workers[2]!.client('bob')
  const pair = memoryPair({ secure: true })
  const greeting = { kind: 'stand-in', description: 'tls 192.0.2.7:1', secure: true, certificateNames: [] } as const
  relay.workers[0]!.relay.acceptSibling(pair.right, greeting)
  const astray = new Node(pair, peerUri)
  const sent = astray.request('NICKNAME', { ...nickname, toPath: bob.path })
  expect((await astray.response(sent)).head.status).toBe(481)
  expect(relay.connections).toEqual([])
})
