import { describe, expect, it } from 'vitest'
import type { RelaySettings } from '../../src/forwarding/settings.ts'
import { Network, settle } from './network.ts'

const farUri = 'msrps://far.example.net:7000/f;tcp'

/** A client with a session, and somebody it can send to. */
async function pair(settings: Partial<RelaySettings> = {}) {
  const network = new Network(settings)
  const client = await network.client('alice')
  const far = network.within(farUri)
  far.answers = true
  client.answers = true
  return { network, client, far }
}

describe('of a session is known', () => {
  it('whose it is, since when and until when, and nothing by which anybody could take part', async () => {
    const { network, client } = await pair()
    const [session] = network.relay.sessions()
    expect(session).toMatchObject({ account: 'alice@example.com', domain: 'example.com', relay: undefined })
    expect(session).toMatchObject({ started: network.clock.now() / 1000, expires: network.clock.now() / 1000 + 900 })
    expect(JSON.stringify(session)).not.toContain(client.usePath[0]?.sessionId)
  })

  it('what went each way: messages, chunks and bytes as they were forwarded', async () => {
    const { network, client, far } = await pair()
    client.send([client.token, farUri], 'x'.repeat(5000))
    client.send([client.token, farUri], 'twelve bytes', [['Message-ID', 'message2']])
    await settle()
    far.send(client.path, 'back', [['Message-ID', 'message3']])
    // A part of a message is a chunk, and no message.
    far.request('SEND', {
      toPath: client.path,
      body: 'half',
      flag: '+',
      fields: [
        ['Message-ID', 'message4'],
        ['Byte-Range', '1-4/8'],
      ],
    })
    // What has no body keeps connections alive (RFC 4975 §7.1).
    far.request('SEND', {
      toPath: client.path,
      fields: [
        ['Message-ID', 'message5'],
        ['Byte-Range', '1-0/0'],
      ],
    })
    await settle()
    const [session] = network.relay.sessions()
    expect(session?.sent).toEqual({ messages: 2, chunks: 2, bytes: 5012 })
    expect(session?.received).toEqual({ messages: 1, chunks: 3, bytes: 8 })
  })

  it('with whom it has to do', async () => {
    const { network, client } = await pair()
    client.send([client.token, farUri], 'hello')
    await settle()
    expect([...network.relay.sessions()][0]?.peers).toEqual([
      { host: 'far.example.net', address: expect.stringContaining('memory') },
    ])
  })

  it('the same on both sides when both are clients of this relay', async () => {
    const network = new Network()
    const [alice, bob] = [await network.client('alice'), await network.client('bob')]
    bob.answers = true
    alice.send([alice.token, ...bob.path], 'hello')
    await settle()
    const [first, second] = network.relay.sessions()
    const hello = { messages: 1, chunks: 1, bytes: 5 }
    const nothing = { messages: 0, chunks: 0, bytes: 0 }
    expect([first?.sent, first?.received]).toEqual([hello, nothing])
    expect([second?.sent, second?.received]).toEqual([nothing, hello])
    expect(first?.peers.map(({ host }) => host)).toEqual(['bob.invalid'])
    expect(second?.peers.map(({ host }) => host)).toEqual(['alice.invalid'])
  })
})

describe('a session that is over', () => {
  it.each([
    ['disconnected', (_: Network, close: () => void) => close()],
    ['expired', (network: Network) => network.clock.advance(900_000)],
    ['stopped', (network: Network) => void network.relay.close(1000)],
    ['kicked', (network: Network) => void network.relay.endSessions((_, account) => account === 'alice@example.com')],
  ] as const)('is told of once, with the reason: %s', async (reason, end) => {
    const { network, client } = await pair()
    client.send([client.token, farUri], 'hello')
    await settle()
    await end(network, () => client.close())
    await settle()
    await network.relay.close(1000)
    expect(network.ended.map((session) => [session.reason, session.sent.bytes])).toEqual([[reason, 5]])
    expect(network.relay.counters.sessionsEnded[reason]).toBe(1)
    const [session] = network.ended
    expect(session!.ended! - session!.started).toBeLessThanOrEqual(900)
  })

  it('counts what its client had sent before it left, which still goes out', async () => {
    const { network, client, far } = await pair()
    client.send([client.token, farUri], 'hello')
    await settle()
    far.pause()
    const body = 'x'.repeat(60_000)
    client.send([client.token, farUri], body, [['Message-ID', 'message2']])
    await settle()
    client.close()
    await settle()
    far.resume()
    await settle()
    expect(far.body('message2').toString()).toBe(body)
    expect(network.ended.map(({ sent }) => sent)).toEqual([{ messages: 2, chunks: 2, bytes: 60_005 }])
  })
})

it('a session whose messages still wait for a connection is told of when the relay stops', async () => {
  const network = new Network()
  network.onDial = () => new Promise(() => {})
  const client = await network.client('alice')
  client.send([client.token, farUri], 'hello')
  await settle()
  client.close()
  await settle()
  expect(network.ended).toEqual([])
  await network.relay.close(1000)
  expect(network.ended).toMatchObject([{ reason: 'disconnected', sent: { bytes: 0 } }])
})

describe('ending sessions on request', () => {
  it('tells the sender of what is under way, and closes the connection of its client', async () => {
    const { network, client, far } = await pair()
    const sent = client.begin([client.token, farUri])
    client.write('x'.repeat(5000))
    await settle()
    const [session] = network.relay.sessions()
    expect(network.relay.endSessions((id) => id === session!.id)).toBe(1)
    await settle()
    expect(client.responses.find(({ head }) => head.transactionId === sent)?.head).toMatchObject({
      status: 481,
      comment: 'the session was ended by the operator',
    })
    expect(far.all('SEND').at(-1)?.flag).toBe('#')
    expect([client.closed, far.closed, network.relay.tokens]).toEqual([true, true, 0])
  })

  it('has the peer told by a REPORT of what it had been answered 200 for', async () => {
    const { network, client, far } = await pair()
    client.answers = false
    client.send([client.token, farUri], 'hello')
    await settle()
    const sent = far.send(client.path, 'hello')
    await settle()
    expect(far.statuses(sent)).toEqual([200])
    network.relay.endSessions(() => true)
    await settle()
    expect(far.reports).toEqual(['481 1-5/5'])
  })

  it('leaves the connection alone while it holds another session', async () => {
    const network = new Network()
    const client = await network.client('alice')
    const first = client.token
    await client.authenticate('alice', 'wonderland')
    const [session] = network.relay.sessions()
    network.relay.endSessions((id) => id === session!.id)
    await settle()
    expect([client.closed, network.relay.tokens]).toEqual([false, 1])
    const peer = network.connect()
    expect((await peer.response(peer.send([first, client.uri], 'hello'))).head.status).toBe(481)
  })
})

describe('counted is', () => {
  it('how AUTHs are answered', async () => {
    const network = new Network()
    await network.client('alice')
    const guesser = network.connect()
    await guesser.authenticate('alice', 'guess')
    await guesser.authenticate('alice', 'wonderland', { fields: [['Expires', '7']] })
    network.ha1 = async () => {
      throw new Error('down')
    }
    await guesser.authenticate('alice', 'wonderland')
    expect(network.relay.counters.auth).toEqual({
      ok: 1,
      challenged: 4,
      stale: 0,
      failed: 1,
      refused: 1,
      temporary: 1,
    })
    expect(network.relay.counters.authTime.counts.reduce((sum, count) => sum + count)).toBe(8)
  })

  it('how long next hops take to answer', async () => {
    const { network, client, far } = await pair()
    far.answers = false
    client.send([client.token, farUri], 'hello')
    await network.clock.advance(2000)
    far.respond(far.all('SEND')[0])
    await settle()
    const { counts, sum } = network.relay.counters.answerTime
    expect([counts.reduce((all, count) => all + count), sum]).toEqual([1, 2])
  })

  it('what goes over connections, by their protocol, also when they are gone', async () => {
    const { network, client, far } = await pair()
    client.send([client.token, farUri], 'hello')
    await settle()
    const sent = far.received.byteLength
    const open = network.relay.traffic.tls
    expect(open).toMatchObject({ openInbound: 1, openOutbound: 1, inbound: 1, outbound: 1 })
    expect(open).toMatchObject({ chunksReceived: 1, chunksSent: 1, bytesSent: sent + client.received.byteLength })
    client.close()
    await settle()
    const { openInbound, openOutbound, ...totals } = network.relay.traffic.tls
    const { openInbound: _, openOutbound: __, ...before } = open
    expect([openInbound, openOutbound, totals]).toEqual([0, 0, before])
  })
})
