import { ChunkParser } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { memoryPair } from '../../../msrp/test/transport/memory-transport.ts'
import { Network, Node, settle } from './network.ts'

// Clients that are reached by WebSocket (RFC 7977): what comes and goes in messages.

const MESSAGE = 64 * 1024
const WS_RELAY = 'msrps://relay.example.com:443;ws'

function someBody(size: number): Buffer {
  const body = Buffer.alloc(size)
  for (let index = 0; index < size; index++) body[index] = (index * 7919) >> 3
  return body
}

async function setUp() {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = network.connect({ uri: 'msrps://df7jal23ls0d.invalid:2855/98cjs;ws', messages: MESSAGE })
  await bob.authenticate('bob', 'builder', { toPath: [WS_RELAY] })
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

function requestsIn(message: Uint8Array): number {
  let [heads, ends] = [0, 0]
  new ChunkParser({ onHead: () => heads++, onBody: () => {}, onEnd: () => ends++ }).push(message)
  return heads === ends ? ends : -1
}

describe('a client by WebSocket', () => {
  it('gets a URI with tcp in Use-Path, whatever port its AUTH names: a proxy may have another one', async () => {
    const { bob } = await setUp()
    expect(bob.token).toMatch(/^msrps:\/\/relay\.example\.com:2855\/\w+;tcp$/)
  })

  it('gets a large chunk in several, each one message, and the sender one 200 (RFC7977-5.1-4, RFC7977-4.1-3)', async () => {
    const { network, alice, bob, path } = await setUp()
    bob.answers = true
    const body = someBody(1_000_000)
    const before = bob.pair.right.sent.length
    const sent = alice.send(path, body, [['Byte-Range', '1-*/1000000']])
    await settle()
    const messages = bob.pair.right.sent.slice(before)
    expect(messages.length).toBeGreaterThanOrEqual(16)
    expect(messages.map(requestsIn)).toEqual(messages.map(() => 1))
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(MESSAGE)
    expect(bob.body().equals(body)).toBe(true)
    expect(bob.all('SEND').map(({ head }) => head.fields.byteRange?.start)).toEqual(
      bob.all('SEND').map((_, at, all) => 1 + all.slice(0, at).reduce((sum, chunk) => sum + chunk.body.length, 0)),
    )
    expect(alice.statuses(sent)).toEqual([200])
    await network.clock.advance(60_000)
    expect(alice.reports).toEqual([])
  })

  it('that answers nothing gets 1 MiB and then no more, since it may be a browser that cannot stop reading', async () => {
    const { alice, bob, path } = await setUp()
    const body = someBody(5_000_000)
    alice.send(path, body, [['Byte-Range', '1-*/5000000']])
    await settle()
    const bytes = (): number => bob.body().length
    expect(bytes()).toBeGreaterThan(1_000_000)
    expect(bytes()).toBeLessThan(1_300_000)
    const early = bytes()
    for (const request of bob.all('SEND').slice(0, 4)) bob.respond(request)
    await settle()
    expect(bytes()).toBeGreaterThan(early + 200_000)
    expect(bytes()).toBeLessThan(early + 300_000)
  })

  it('reaches others, and reads its own responses while they do not read', async () => {
    const { alice, bob } = await setUp()
    alice.answers = true
    const sent = bob.send([bob.token, ...alice.path], someBody(300_000), [['Byte-Range', '1-*/300000']])
    expect((await bob.response(sent)).head.status).toBe(200)
    expect(alice.body().equals(someBody(300_000))).toBe(true)
    expect(String(alice.all('SEND')[0]?.head.fields.fromPath.at(-1))).toBe(bob.uri)
  })

  it('is never dialled: somebody with no relay whose URI says ws cannot be reached', async () => {
    const { network, alice } = await setUp()
    network.onDial = async ({ uri }) => {
      throw new Error(`dialled ${uri}`)
    }
    const sent = alice.send([alice.token, 'msrps://x.invalid:2855/abc;ws'], 'hello')
    await settle()
    expect(alice.statuses(sent)[0] ?? 0).not.toBe(0)
    expect(network.dialed.map(({ uri }) => uri.transport)).toEqual(['ws'])
  })

  it('may send and get bodiless SENDs (RFC7977-6-2, RFC7977-6-3)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = true
    const sent = alice.request('SEND', {
      toPath: path,
      fields: [
        ['Message-ID', 'alive'],
        ['Byte-Range', '1-0/0'],
      ],
    })
    expect((await alice.response(sent)).head.status).toBe(200)
    expect(bob.all('SEND')).toHaveLength(1)
  })
})

describe('who has logged in with the connection', () => {
  async function connected(password: string): Promise<{ network: Network; node: Node }> {
    const network = new Network()
    const user = await network.relay.authenticate('alice', password)
    const pair = memoryPair({ secure: true, messages: MESSAGE })
    network.relay.accept(pair.right, [], user)
    return { network, node: new Node(pair, 'msrps://df7jal23ls0d.invalid:2855/98cjs;ws') }
  }

  it('gets a URI at the first AUTH, and is held to the same bounds (RFC7977-5.3.1-1, RFC7977-5.3.1-2)', async () => {
    const { node } = await connected('wonderland')
    const { head } = await node.challenge({ toPath: [WS_RELAY] })
    expect(head.status).toBe(200)
    expect(head.fields.usePath).toHaveLength(1)
    expect(head.fields.get('Expires')).toBe('900')
    const late = node.request('AUTH', { toPath: [WS_RELAY], fields: [['Expires', '999999']] })
    expect((await node.response(late)).head.status).toBe(423)
  })

  it('is challenged as anybody when the password is not right any more', async () => {
    const { network, node } = await connected('wonderland')
    expect((await node.challenge({ toPath: [WS_RELAY] })).head.status).toBe(200)
    network.passwords.set('alice', 'changed')
    expect((await node.challenge({ toPath: [WS_RELAY] })).head.status).toBe(401)
    expect((await node.authenticate('alice', 'changed', { toPath: [WS_RELAY] })).head.status).toBe(200)
  })

  it('may log in as somebody else by AUTH (RFC7977-7-3)', async () => {
    const { network, node } = await connected('wonderland')
    const other = network.connect()
    const challenge = await other.challenge()
    expect(challenge.head.status).toBe(401)
    const wrong = await node.answer(challenge, 'bob', 'builder', { toPath: [WS_RELAY] })
    // The nonce belongs to another connection.
    expect(wrong.head.status).toBe(401)
    expect((await node.answer(wrong, 'bob', 'builder', { toPath: [WS_RELAY] })).head.status).toBe(200)
  })

  it('gets nothing while it cannot be checked, and no detour through another relay’s name', async () => {
    const { network, node } = await connected('wonderland')
    const behind = node.request('AUTH', {
      toPath: [WS_RELAY],
      fromPath: ['msrps://other.example.com:2855/abc;tcp', node.uri],
    })
    expect((await node.response(behind)).head.status).toBe(403)
    network.ha1 = () => Promise.reject(new Error('down'))
    expect((await node.challenge({ toPath: [WS_RELAY] })).head.status).toBe(403)
  })

  it('is nobody with a wrong password or an unknown name, and that is counted', async () => {
    const network = new Network()
    expect(await network.relay.authenticate('alice', 'builder')).toBe(undefined)
    expect(await network.relay.authenticate('mallory', 'wonderland')).toBe(undefined)
    expect(network.relay.counters.authenticationFailures).toBe(2)
  })
})
