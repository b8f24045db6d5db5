import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const nickname = [['Use-Nickname', '"Ally"']] as const

async function setUp(): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

describe.each([
  ['NICKNAME', nickname],
  ['FROBNICATE', [['X-Field', 'value']]],
] as const)('%s', (method, fields) => {
  it.each([undefined, 'a body of its own'])(
    'goes there, and its response back, with the URIs moved each way: body %s (RFC4976-6.4.2-2, RFC4976-6.4.3-4)',
    async (body) => {
      const { alice, bob, path } = await setUp()
      const sent = alice.request(method, { toPath: path, fields, body })
      await settle()
      const [asked] = bob.requests
      expect(asked?.head.method).toBe(method)
      expect(asked?.head.transactionId).not.toBe(sent)
      expect(asked?.head.hasBody).toBe(body !== undefined)
      expect(asked?.body.toString()).toBe(body ?? '')
      expect(asked?.head.fields.toPath.map(String)).toEqual([bob.uri])
      expect(asked?.head.fields.fromPath.map(String)).toEqual([bob.token, alice.token, alice.uri])
      expect(asked?.head.fields.get(fields[0][0])).toBe(fields[0][1])
      bob.respond(asked, 425, [['X-Why', 'taken']])
      const { head } = await alice.response(sent)
      expect(head.status).toBe(425)
      expect(head.fields.get('X-Why')).toBe('taken')
      expect(head.fields.toPath.map(String)).toEqual([alice.uri])
      expect(head.fields.fromPath.map(String)).toEqual([alice.token, bob.token, bob.uri])
      bob.respond(asked, 200)
      await settle()
      expect(alice.statuses(sent)).toEqual([425])
    },
  )

  it('goes both ways between a client and a peer without relay, over what is there', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const peer = network.connect()
    const first = peer.request(method, { toPath: alice.path, fields })
    await settle()
    alice.respond(alice.requests[0])
    expect((await peer.response(first)).head.status).toBe(200)
    const second = alice.request(method, { toPath: [alice.token, peer.uri], fields })
    await settle()
    peer.respond(peer.requests[0])
    expect((await alice.response(second)).head.status).toBe(200)
    expect(network.dialed).toEqual([])
  })

  it('is answered by the relay when there is no way, nobody answers, or the way is lost', async () => {
    const { network, alice, bob, path } = await setUp()
    const nowhere = alice.request(method, { toPath: [alice.token, 'msrps://far.example.net:1/f;tcp'], fields })
    const silent = alice.request(method, { toPath: path, fields })
    await settle()
    expect(alice.statuses(nowhere)).toEqual([481])
    await network.clock.advance(30_000)
    expect(alice.statuses(silent)).toEqual([408])
    bob.respond(bob.requests[0])
    const lost = alice.request(method, { toPath: path, fields })
    await settle()
    bob.pair.drop()
    await settle()
    expect(alice.statuses(lost)).toEqual([481])
    const late = alice.request(method, { toPath: path, fields })
    await settle()
    expect(alice.statuses(late)).toEqual([481])
    expect(alice.statuses(silent)).toEqual([408])
  })

  it('is answered when the relay shuts down, once', async () => {
    const { network, alice, bob, path } = await setUp()
    const sent = alice.request(method, { toPath: path, fields })
    await settle()
    bob.pause()
    void network.relay.close(1000)
    await settle()
    expect(alice.statuses(sent)).toEqual([481])
  })

  it('of which many wait for an answer is turned away', async () => {
    const { network, alice, bob, path } = await setUp()
    const sent = Array.from({ length: 1100 }, () => alice.request(method, { toPath: path, fields }))
    await settle()
    expect(bob.requests).toHaveLength(1024)
    expect(sent.filter((id) => alice.statuses(id)[0] === 413)).toEqual(sent.slice(1024))
    // A message still gets through.
    const message = alice.send(path, 'hello')
    expect((await alice.response(message)).head.status).toBe(200)
    expect(bob.body().toString()).toBe('hello')
    await network.clock.advance(30_000)
    expect(sent.every((id) => alice.statuses(id).length === 1)).toBe(true)
  })

  it('to somebody who does not read is turned away when much waits', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob', { capacity: 100 })
    bob.pause()
    const body = 'x'.repeat(10_000)
    const path = [alice.token, ...bob.path]
    const sent: string[] = []
    for (let count = 0; count < 100; count++) {
      sent.push(alice.request(method, { toPath: path, fields, body }))
      await settle()
    }
    expect(sent.filter((id) => alice.statuses(id)[0] === 413).length).toBeGreaterThan(40)
    expect(bob.closed || alice.closed).toBe(false)
    bob.resume()
    await settle()
    expect(bob.requests.length).toBeGreaterThan(40)
  })
})

describe('a response', () => {
  it.each([
    ['whose To-Path does not begin with our URI (RFC4976-6.4.3-1)', (paths: string[]) => paths.slice(1)],
    [
      'whose To-Path has another of our URIs first (RFC4976-6.4.3-1)',
      (paths: string[]) => [paths[1], paths[0], paths[2]],
    ],
    ['that ends with us', (paths: string[]) => paths.slice(0, 2)],
    ['whose To-Path ends early', (paths: string[]) => paths.slice(0, 1)],
  ])('%s is dropped', async (_, change) => {
    const { network, alice, bob, path } = await setUp()
    const sent = alice.request('NICKNAME', { toPath: path, fields: nickname })
    await settle()
    const { transactionId, fields } = bob.requests[0]!.head
    const toPath = change(fields.fromPath.map(String))
    bob.write(
      `MSRP ${transactionId} 200 OK\r\nTo-Path: ${toPath.join(' ')}\r\nFrom-Path: ${bob.uri}\r\n-------${transactionId}$\r\n`,
    )
    await settle()
    expect(alice.statuses(sent)).toEqual([])
    expect(network.relay.counters.dropped).toBe(1)
  })

  it('that cannot be parsed is dropped (RFC4976-6.4.3-2)', async () => {
    const { network, alice, bob, path } = await setUp()
    const sent = alice.request('NICKNAME', { toPath: path, fields: nickname })
    await settle()
    const { transactionId, fields } = bob.requests[0]!.head
    const back = `To-Path: ${fields.fromPath.join(' ')}\r\nFrom-Path: ${bob.uri}\r\n`
    bob.write(`MSRP ${transactionId} 200 OK\r\n${back}no field at all\r\n-------${transactionId}$\r\n`)
    await settle()
    expect(alice.statuses(sent)).toEqual([])
    expect(network.relay.counters.dropped).toBe(1)
    expect(bob.closed).toBe(false)
    // What cannot even be told from the next message ends the connection it came on.
    bob.write(`MSRP ${transactionId} 2x0 OK\r\n${back}-------${transactionId}$\r\n`)
    await settle()
    expect(bob.closed).toBe(true)
    expect(alice.statuses(sent)).not.toContain(200)
  })

  it('counts only from the connection to which the request went', async () => {
    const { network, alice, bob, path } = await setUp()
    const sent = alice.request('NICKNAME', { toPath: path, fields: nickname })
    await settle()
    const other = network.connect()
    other.respond(bob.requests[0])
    await network.client('bob').then((impostor) => impostor.respond(bob.requests[0]))
    await settle()
    expect(alice.statuses(sent)).toEqual([])
    bob.respond(bob.requests[0])
    await settle()
    expect(alice.statuses(sent)).toEqual([200])
  })

  it('that nobody asked for is ignored', async () => {
    const { alice, bob, path } = await setUp()
    alice.send(path, 'hello')
    await settle()
    bob.respond(bob.requests[0])
    bob.respond(bob.requests[0], 400)
    bob.write(`MSRP abcd1234 400 No\r\nTo-Path: ${bob.token}\r\nFrom-Path: ${bob.uri}\r\n-------abcd1234$\r\n`)
    await settle()
    expect(bob.closed).toBe(false)
    expect(alice.reports).toEqual([])
  })

  it('is told to nobody when the one who asked is gone', async () => {
    const { alice, bob, path } = await setUp()
    alice.request('NICKNAME', { toPath: path, fields: nickname })
    await settle()
    alice.close()
    await settle()
    bob.respond(bob.requests[0])
    await settle()
    expect(bob.closed).toBe(false)
  })
})

describe('a REPORT', () => {
  it('is passed on as it is, and never answered, whatever becomes of it (RFC4975-7.1.2-8, RFC4975-7.1.2-9, RFC4975-7.3.2-6)', async () => {
    const { network, alice, bob, path } = await setUp()
    const fields = [
      ['Message-ID', 'message1'],
      ['Byte-Range', '1-5/*'],
      ['Status', '000 200 comment of its own'],
      ['Failure-Report', 'yes'],
      ['X-Other', 'kept'],
    ] as const
    const before = alice.responses.length
    alice.request('REPORT', { toPath: path, fields })
    alice.request('REPORT', { toPath: [alice.token, 'msrps://nobody.invalid:1/n;tcp'], fields })
    alice.request('REPORT', { toPath: [alice.token, 'msrps://relay.example.com:2855/none;tcp', bob.uri], fields })
    alice.request('REPORT', { toPath: path, fields: [] })
    await settle()
    expect(bob.requests).toHaveLength(1)
    for (const [name, value] of fields) expect(bob.requests[0]?.head.fields.get(name)).toBe(value)
    await network.clock.advance(60_000)
    expect(alice.responses).toHaveLength(before)
    // Two tokens, and the rounds that look for connections that stall.
    expect(network.clock.pending).toBe(3)
  })

  it('overtakes a message that is on its way (RFC4975-7.1.1-25)', async () => {
    const { network, alice, bob, path } = await setUp()
    alice.send(path, 'hello')
    await settle()
    const long = bob.begin([bob.token, alice.token, alice.uri], [['Message-ID', 'long']])
    bob.write('x'.repeat(5000))
    await settle()
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    // Alice has another session, in which there is something to report.
    await alice.authenticate('alice', 'wonderland')
    carol.request('REPORT', {
      toPath: alice.path,
      fields: [
        ['Message-ID', 'other'],
        ['Status', '000 200 OK'],
      ],
    })
    await settle()
    expect(alice.requests.map(({ head, flag }) => `${head.method} ${flag}`)).toEqual(['SEND +', 'REPORT $'])
    bob.end(long)
    await settle()
    expect(alice.body('long').byteLength).toBe(5000)
  })

  it("flood is dropped when the one it is for does not read, and ends nobody's connection", async () => {
    const network = new Network()
    const alice = await network.client('alice', { capacity: 100 })
    const peer = network.connect()
    alice.pause()
    for (let count = 0; count < 350; count++) {
      peer.request('REPORT', {
        toPath: alice.path,
        fields: [
          ['Message-ID', 'message1'],
          ['Status', '000 200 OK'],
          ['X-Padding', 'x'.repeat(8000)],
          ['X-Padding', 'x'.repeat(7000)],
        ],
      })
      await settle()
    }
    expect(network.relay.counters.dropped).toBeGreaterThan(20)
    expect([alice.closed, peer.closed]).toEqual([false, false])
    alice.resume()
    await settle()
    const sent = peer.send(alice.path, 'hello')
    expect((await peer.response(sent)).head.status).toBe(200)
  })
})

describe('a request with too large a body', () => {
  it.each(['NICKNAME', 'FROBNICATE', 'AUTH', 'REPORT'])('ends the connection: %s (RFC4975-7.1-6)', async (method) => {
    const { alice, bob, path } = await setUp()
    alice.request(method, { toPath: path, fields: nickname, body: 'x'.repeat(10_241) })
    await settle()
    expect(alice.closed).toBe(true)
    expect(bob.requests).toEqual([])
  })
})
