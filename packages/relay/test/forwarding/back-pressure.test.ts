import type { RequestHead } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

const BUFFER = 10_000
/** What may be on its way besides the buffer: the transport's room, and a last read. */
const ROOM = 256 * 1024 + 64 * 1024 + 10_000

function someBody(size: number, seed = 7919): Buffer {
  const body = Buffer.alloc(size)
  for (let index = 0; index < size; index++) body[index] = (index * seed) >> 3
  return body
}

async function twoClients(): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network({ flowBuffer: BUFFER })
  const alice = await network.client('alice', { capacity: 5000, split: 5000 })
  const bob = await network.client('bob', { capacity: 5000 })
  bob.answers = true
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

/** Bytes of a message that the relay has taken from its sender. */
const taken = (sender: Node, size: number): number => size - sender.pair.left.bufferedBytes

describe('a receiver that does not read', () => {
  it('makes its sender wait, and loses nothing (FIELD-relay-13)', async () => {
    const { network, alice, bob, path } = await twoClients()
    const body = someBody(2_000_000)
    bob.pause()
    const sent = alice.send(path, body, [['Byte-Range', '1-*/2000000']])
    await settle()
    expect(alice.pair.right.paused).toBe(true)
    expect(taken(alice, body.byteLength)).toBeLessThan(BUFFER + ROOM)
    await network.clock.advance(600_000)
    expect(alice.statuses(sent)).toEqual([])
    bob.resume()
    await settle()
    expect(alice.pair.right.paused).toBe(false)
    expect((await alice.response(sent)).head.status).toBe(200)
    expect(bob.body().equals(body)).toBe(true)
    await network.clock.advance(60_000)
    expect(alice.reports).toEqual([])
  })

  it('time and again', async () => {
    const { alice, bob, path } = await twoClients()
    const body = someBody(3_000_000)
    alice.send(path, body, [['Byte-Range', '1-*/3000000']])
    for (let turn = 0; turn < 20; turn++) {
      bob.pause()
      await settle()
      bob.resume()
      await settle()
    }
    expect(bob.body().equals(body)).toBe(true)
  })

  it('does not keep others from sending to somebody else, nor from sending to it what there is room for', async () => {
    const { network, alice, bob, path } = await twoClients()
    bob.pause()
    alice.send(path, someBody(2_000_000), [['Byte-Range', '1-*/2000000']])
    await settle()
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    network.passwords.set('dave', 'davy')
    const dave = await network.client('dave')
    dave.answers = true
    expect((await carol.response(carol.send(dave.path, 'hello'))).head.status).toBe(200)
    expect(dave.body().toString()).toBe('hello')
    bob.resume()
    await settle()
    expect(bob.body().byteLength).toBe(2_000_000)
  })

  it('and is lost ends the wait with an answer', async () => {
    const { alice, bob, path } = await twoClients()
    bob.pause()
    const sent = alice.begin(path)
    alice.write(someBody(2_000_000))
    await settle()
    bob.pair.drop()
    await settle()
    expect(alice.pair.right.paused).toBe(false)
    expect(alice.statuses(sent)).toEqual([481])
    alice.end(sent)
    const next = alice.send(path, 'is anybody there?', [['Message-ID', 'message2']])
    expect((await alice.response(next)).head.status).toBe(481)
  })

  it('is sent all that was taken, though its sender is gone; a chunk that was cut off ends with `+`', async () => {
    const { network, alice, bob, path } = await twoClients()
    bob.pause()
    alice.send(path, someBody(3000), [['Message-ID', 'whole']])
    alice.begin(path, [['Message-ID', 'message1']])
    alice.write(someBody(9000))
    await settle()
    alice.pair.drop()
    await settle()
    expect(network.relay.tokens).toBe(1)
    bob.resume()
    await settle()
    expect(bob.all('SEND').map(({ head, flag }) => `${head.fields.messageId} ${flag}`)).toEqual([
      'whole $',
      'message1 +',
    ])
    expect(bob.body('whole').equals(someBody(3000))).toBe(true)
    expect(bob.body().equals(someBody(9000))).toBe(true)
    expect(bob.closed).toBe(false)
  })

  it('that was connected to for a sender who is gone gets it, and is let go', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const alice = await network.client('alice')
    const far = network.within('msrps://far.example.net:7000/f;tcp', { capacity: 100 })
    far.pause()
    alice.send([alice.token, far.uri], someBody(5000))
    await settle()
    alice.close()
    await settle()
    expect(network.relay.connections).toBe(1)
    far.resume()
    await settle()
    expect(far.body().equals(someBody(5000))).toBe(true)
    expect(far.closed).toBe(true)
    expect(network.relay.connections).toBe(0)
  })

  it('that was connected to for a sender who is gone, and never reads, is let go as well', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const alice = await network.client('alice')
    const far = network.within('msrps://far.example.net:7000/f;tcp', { capacity: 100 })
    far.pause()
    alice.send([alice.token, far.uri], someBody(5000))
    await settle()
    alice.close()
    await network.clock.advance(29_999)
    expect(network.relay.connections).toBe(1)
    await network.clock.advance(1)
    expect(network.relay.connections).toBe(0)
    expect(network.clock.pending).toBe(0)
  })
})

describe('a next hop that is still being dialled', () => {
  it('makes its sender wait when the buffer is full (FIELD-relay-11)', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const alice = await network.client('alice', { capacity: 5000, split: 5000 })
    const far = network.within('msrps://far.example.net:7000/f;tcp')
    const { promise, resolve } = Promise.withResolvers<void>()
    const dial = network.onDial
    network.onDial = async (target) => {
      await promise
      return dial(target)
    }
    const sent = alice.send([alice.token, far.uri], someBody(500_000), [['Byte-Range', '1-*/500000']])
    await settle()
    expect(alice.pair.right.paused).toBe(true)
    expect(taken(alice, 500_000)).toBeLessThan(BUFFER + 20_000)
    resolve()
    await settle()
    expect(far.body().equals(someBody(500_000))).toBe(true)
    expect(alice.statuses(sent)).toEqual([200])
  })
})

describe('a source of several sessions', () => {
  /** A gateway with a session with Alice and one with Bob on one connection. */
  async function gatewayed(): Promise<{ network: Network; alice: Node; bob: Node; gateway: Node }> {
    const network = new Network({ flowBuffer: BUFFER })
    const [alice, bob] = [await network.client('alice'), await network.client('bob', { capacity: 5000 })]
    alice.answers = bob.answers = true
    const gateway = network.connect({ split: 5000, uri: 'msrps://gateway.invalid:1/g;tcp' })
    gateway.send(alice.path, 'hello', [['Message-ID', 'hello']])
    await settle()
    return { network, alice, bob, gateway }
  }

  it('is not kept waiting for the slow one: its message is refused, the others go on', async () => {
    const { alice, bob, gateway } = await gatewayed()
    bob.pause()
    const large = gateway.begin(bob.path, [['Byte-Range', '1-*/2000000']])
    gateway.write(someBody(1_000_000))
    await settle()
    expect(gateway.pair.right.paused).toBe(false)
    expect(gateway.statuses(large)).toEqual([413])
    gateway.write(someBody(1_000_000))
    gateway.end(large)
    const other = gateway.send(alice.path, 'still there?', [['Message-ID', 'message2']])
    expect((await gateway.response(other)).head.status).toBe(200)
    expect(alice.body('message2').toString()).toBe('still there?')
    bob.resume()
    await settle()
    // What he got is the beginning, and he is told that no more will come.
    expect(bob.all('SEND').at(-1)?.flag).toBe('#')
    const got = bob.body()
    expect(got.equals(someBody(1_000_000).subarray(0, got.byteLength))).toBe(true)
    expect(gateway.statuses(large)).toEqual([413])
    expect(gateway.reports).toEqual([])
    const again = gateway.send(bob.path, 'better now?', [['Message-ID', 'message3']])
    expect((await gateway.response(again)).head.status).toBe(200)
    expect(bob.body('message3').toString()).toBe('better now?')
  })

  it('has its chunks refused one by one while there is no room, each told in its own way', async () => {
    const { bob, gateway } = await gatewayed()
    bob.pause()
    const sent = Array.from({ length: 400 }, (_, index) =>
      gateway.send(bob.path, someBody(2000), [
        ['Message-ID', `part${index}`],
        ['Failure-Report', (['yes', 'partial', 'no'] as const)[index % 3] ?? 'yes'],
      ]),
    )
    await settle()
    const statuses = sent.map((id) => gateway.statuses(id).join())
    const refused = statuses.indexOf('413')
    expect(refused).toBeGreaterThan(50)
    expect(new Set(statuses.slice(0, refused))).toEqual(new Set(['200', '']))
    expect(new Set(statuses.slice(refused + 1))).toEqual(new Set(['413', '']))
    bob.resume()
    await settle()
    expect(bob.all('SEND').length).toBeGreaterThan(refused - 3)
    expect(bob.all('SEND').length).toBeLessThan(sent.length)
    expect(bob.closed || gateway.closed).toBe(false)
  })

  it('does not get more room by making up more sessions', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const bob = await network.client('bob', { capacity: 5000 })
    bob.pause()
    const sender = network.connect()
    let refused = 0
    for (let session = 0; session < 200; session++) {
      const id = sender.begin([bob.token, `msrps://bob.invalid:9000/${session};tcp`])
      sender.write(someBody(3 * BUFFER))
      sender.end(id)
      await settle()
      if (sender.statuses(id)[0] === 413) refused++
    }
    expect((200 - refused) * 3 * BUFFER).toBeLessThan(64 * BUFFER + ROOM)
    expect(sender.closed).toBe(false)
  })

  it('has so many sessions and no more', async () => {
    const network = new Network()
    const bob = await network.client('bob', { capacity: 100 })
    const first = [bob.token, bob.uri]
    await bob.authenticate('bob', 'builder')
    bob.pause()
    const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
    for (let count = 0; count < 12; count++) carol.send(first, someBody(30_000))
    await settle()
    const sender = network.connect()
    const sent = Array.from({ length: 1030 }, (_, session) =>
      sender.send([bob.token, `msrps://bob.invalid:9000/${session};tcp`], 'x'.repeat(300)),
    )
    await settle()
    expect(sent.filter((id) => sender.statuses(id)[0] === 413)).toEqual(sent.slice(1024))
    bob.answers = true
    bob.resume()
    await settle()
    // Those that are done make room.
    const late = sender.send([bob.token, 'msrps://bob.invalid:9000/late;tcp'], 'x')
    expect((await sender.response(late)).head.status).toBe(200)
  })
})

describe('a next hop that takes everything and answers nothing', () => {
  it('is sent no more than so many chunks, and the sender waits (FIELD-endpoint-10)', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const alice = await network.client('alice', { capacity: 5000, split: 5000 })
    const bob = await network.client('bob')
    for (let index = 0; index < 4000; index++) {
      alice.send([alice.token, ...bob.path], 'x', [['Message-ID', `part${index}`]])
    }
    await settle()
    expect(bob.all('SEND')).toHaveLength(2048)
    expect(alice.pair.right.paused).toBe(true)
    bob.answers = true
    for (const chunk of bob.all('SEND')) bob.respond(chunk)
    await settle()
    expect(bob.all('SEND')).toHaveLength(4000)
    expect(alice.responses.filter(({ head }) => head.status === 200)).toHaveLength(4001)
  })

  it('has those it did not answer reported, and is sent more then', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    for (let index = 0; index < 2100; index++) {
      alice.send([alice.token, ...bob.path], 'x', [['Message-ID', `part${index}`]])
    }
    await settle()
    expect(bob.all('SEND')).toHaveLength(2048)
    await network.clock.advance(30_000)
    expect(alice.reports).toHaveLength(2048)
    expect(bob.all('SEND')).toHaveLength(2100)
  })
})

describe('two who send each other more than the relay keeps', () => {
  it('do not wait for each other for ever: each answer stands behind messages that wait for answers', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const options = { capacity: 5000, split: 5000 }
    const [alice, bob] = [await network.client('alice', options), await network.client('bob', options)]
    alice.answers = bob.answers = true
    const count = 6000
    for (let index = 0; index < count; index++) {
      alice.send([alice.token, ...bob.path], 'to bob', [['Message-ID', `part${index}`]])
      bob.send([bob.token, ...alice.path], 'to alice', [['Message-ID', `part${index}`]])
    }
    await settle()
    for (const node of [alice, bob]) {
      expect(node.all('SEND')).toHaveLength(count)
      expect(node.responses.filter(({ head }) => head.status === 200)).toHaveLength(count + 1)
      expect(node.reports).toEqual([])
    }
  })

  it('one of whom does not read does not make the relay remember without end what the other never gets to answer', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const alice = await network.client('alice', { capacity: 5000, split: 5000 })
    const bob = await network.client('bob')
    bob.answers = true
    const file = bob.begin([bob.token, ...alice.path], [['Message-ID', 'file']])
    alice.pause()
    bob.write('x'.repeat(1_000_000))
    await settle()
    expect(bob.pair.right.paused).toBe(true)
    const count = 3000
    const padding = ['X-Padding', 'x'.repeat(8000)] as const
    for (let index = 0; index < count; index++) {
      alice.send([alice.token, ...bob.path], 'x', [['Message-ID', `part${index}`], padding])
    }
    await settle()
    expect(bob.all('SEND')).toHaveLength(count)
    expect((count - network.relay.counters.reportsSent) * 8000).toBeLessThan(16 * 1024 * 1024)
    bob.end(file)
    alice.resume()
    await settle()
    expect(alice.reports.length).toBeGreaterThan(800)
    expect(new Set(alice.reports)).toEqual(new Set(['408 1-1/1']))
    expect(alice.body('file').byteLength).toBeGreaterThanOrEqual(1_000_000)
  })
})

describe('a source of large chunks that is held for a slow receiver', () => {
  const large = Buffer.alloc(1_000_000, 'a')

  it('gets its turn, however many small messages others send there', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    network.passwords.set('carol', 'secret')
    const alice = await network.client('alice', { capacity: 65_536 })
    const carol = await network.client('carol', { capacity: 65_536 })
    const bob = await network.client('bob', { capacity: 65_536, split: 4000 })
    const first = bob.path
    await bob.authenticate('bob', 'builder')
    bob.answers = true
    alice.send([alice.token, ...first], large, [['Message-ID', 'large']])
    for (let count = 0; count < 1500; count++) {
      carol.send([carol.token, ...bob.path], 'x'.repeat(2000), [['Message-ID', `small${count}`]])
    }
    await settle()
    const sends = bob.requests.filter(({ head }) => head.method === 'SEND')
    const lastSmall = sends.findLastIndex(({ head }) => head.fields.messageId?.startsWith('small'))
    const before = sends.slice(0, lastSmall).filter(({ head }) => head.fields.messageId === 'large')
    expect(before.reduce((sum, { body }) => sum + body.length, 0)).toBeGreaterThan(400_000)
    expect(bob.body('large')).toHaveLength(large.length)
  })

  it('gets meanwhile what others send to it', async () => {
    const network = new Network({ flowBuffer: BUFFER })
    const alice = await network.client('alice', { capacity: 5000, split: 5000 })
    const bob = await network.client('bob', { capacity: 5000, split: 5000 })
    // Bob reads on only when all is written, and Alice has owed him answers for as many messages as may wait.
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn++) {
        if (bob.pair.left.bufferedBytes > 0) bob.pause()
        else bob.resume()
        await settle()
      }
    }
    const toAlice = [bob.token, ...alice.path]
    const send = (many: number): void => {
      for (let count = 0; count < many; count++) bob.send(toAlice, 'to alice', [['Message-ID', `part${count}`]])
    }
    send(2048)
    await settle()
    await settle()
    send(4000)
    await turns(20)
    alice.send([alice.token, ...bob.path], large, [['Message-ID', 'large']])
    for (const chunk of alice.all('SEND')) alice.respond(chunk)
    alice.answers = true
    await turns(200)
    expect(alice.all('SEND')).toHaveLength(6048)
    expect(bob.body('large')).toHaveLength(large.length)
  })

  it.each([
    ['when it turns out to carry another session', false],
    ['when the message was refused', true],
  ])('is read on %s', async (_, refused) => {
    const network = new Network({ flowBuffer: BUFFER })
    network.passwords.set('dave', 'secret')
    const alice = await network.client('alice', { capacity: 1 << 20 })
    const bob = await network.client('bob', { capacity: 5000 })
    const dave = await network.client('dave')
    const toDave = (text: string): string => alice.send([alice.token, ...dave.path], text, [['Message-ID', 'short']])
    const id = alice.begin([alice.token, ...bob.path])
    if (refused) {
      alice.write(someBody(3000))
      await settle()
    }
    bob.pause()
    alice.write(someBody(200_000))
    if (refused) {
      await settle()
      expect(alice.pair.right.paused).toBe(true)
      bob.respondTo(bob.open!.head as RequestHead, 413)
      await settle()
    }
    alice.end(id)
    toDave('one')
    await settle()
    toDave('two')
    await settle()
    expect(dave.all('SEND')).toHaveLength(2)
    expect(alice.pair.right.paused).toBe(false)
  })
})
