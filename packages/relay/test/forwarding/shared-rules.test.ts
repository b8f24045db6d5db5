import type { Field, RequestHead } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { Network, type Node, RELAY, settle } from './network.ts'

// What RFC 4975 asks of every MSRP device, of a relay as well as of an endpoint.

const FAR = 'msrps://far.example.net:7000/f;tcp'

/** Two clients of one relay. */
async function setUp(): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

/** What a client has been told of one chunk. */
function told(client: Node, sent: string): (number | string)[] {
  return [...client.statuses(sent), ...client.reports]
}

describe('Failure-Report', () => {
  const refusals: [name: string, refuse: (alice: Node, path: string[], fields: readonly Field[]) => string][] = [
    ['that cannot be right', (alice, path, fields) => alice.send(path, 'x', [['Byte-Range', '9-1/1'], ...fields])],
    ['to nobody', (alice, _, fields) => alice.send([alice.token, `${RELAY.replace(';', '/none;')}`, FAR], 'x', fields)],
  ]

  it.each(refusals)('no: a chunk %s is not answered (RFC4975-7.1.4-3)', async (_, refuse) => {
    const { alice, path } = await setUp()
    expect(told(alice, await settled(refuse(alice, path, [['Failure-Report', 'no']])))).toEqual([])
  })

  it.each(refusals)(
    'partial: a chunk %s is answered so, a good one not at all (RFC4975-7.1.4-4)',
    async (_, refuse) => {
      const { alice, bob, path } = await setUp()
      const partial: Field = ['Failure-Report', 'partial']
      expect(told(alice, await settled(refuse(alice, path, [partial])))[0]).toBeGreaterThanOrEqual(400)
      const good = alice.send(path, 'good', [partial, ['Message-ID', 'good1']])
      await settle()
      expect(bob.body('good1').toString()).toBe('good')
      bob.respond(bob.all('SEND').at(-1))
      await settle()
      expect(told(alice, good)).toEqual([])
    },
  )

  it.each(refusals)(
    'absent is yes: a chunk %s, and one that is refused later (RFC4975-7.1.4-5, RFC4975-7.1.1-10)',
    async (_, refuse) => {
      const outcomes = []
      for (const fields of [[], [['Failure-Report', 'yes'] as Field]]) {
        const { alice, bob, path } = await setUp()
        const bad = await settled(refuse(alice, path, fields))
        const later = alice.send(path, 'good', [['Message-ID', 'good1'], ...fields])
        await settle()
        bob.respond(bob.all('SEND').at(-1), 415)
        await settle()
        outcomes.push([alice.statuses(bad), told(alice, later)])
      }
      expect(outcomes[0]).toEqual(outcomes[1])
      expect(outcomes[0]?.[1]).toEqual([200, '415 1-4/4'])
    },
  )
})

describe('A response', () => {
  it.each([[], [['Failure-Report', 'yes'] as Field]])(
    'comes at once, whatever becomes of the chunk behind us (RFC4975-7.2-1)',
    async (...fields) => {
      const network = new Network()
      const alice = await network.client('alice')
      network.onDial = () => new Promise(() => {})
      const sent = alice.send([alice.token, FAR], 'Hello', fields)
      expect((await alice.response(sent)).head.status).toBe(200)
    },
  )

  it('has the transaction id of its request, and comes over the connection of that (RFC4975-7.2-3, RFC4975-7.2-4)', async () => {
    const { network, alice, bob } = await setUp()
    bob.answers = true
    const carol = network.connect({ uri: alice.uri })
    // A stranger who says that he is Alice is answered himself.
    const atBob = carol.request('SEND', { toPath: bob.path, body: 'x', fields: [['Message-ID', 'message1']] })
    const wrong = carol.send([alice.token.replace(/\w+;/, 'none;'), FAR], 'x')
    const own = alice.send([alice.token, FAR], 'x')
    await settle()
    expect(carol.responses.map(({ head }) => [head.transactionId, head.status])).toEqual([
      [atBob, 200],
      [wrong, 481],
    ])
    expect(alice.responses.map(({ head }) => head.transactionId)).toContain(own)
    expect(alice.statuses(atBob)).toEqual([])
    expect(alice.statuses(wrong)).toEqual([])
  })
})

describe('A chunk', () => {
  it('that is refused with 413 while it comes is ended with # at once, without its sender (RFC4975-10-3)', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.begin(path)
    alice.write('x'.repeat(5000))
    await settle()
    bob.respondTo(bob.open!.head as RequestHead, 413)
    await settle()
    expect(told(alice, sent)).toEqual([413])
    expect(bob.all('SEND').map(({ flag, body }) => `${body.byteLength} ${flag}`)).toEqual(['5000 #'])
  })

  it('about which a REPORT of 413 comes is its sender’s to interrupt, which hears of it at once (RFC4975-10-3)', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.begin(path)
    alice.write('x'.repeat(5000))
    await settle()
    const arriving = { head: bob.open!.head as RequestHead, body: Buffer.alloc(0), flag: '+' } as const
    bob.report(arriving, '000 413 Enough', '1-5000/*')
    await settle()
    expect(told(alice, sent)).toEqual(['413 1-5000/*'])
    alice.end(sent, '#')
    await settle()
    expect(bob.all('SEND').map(({ flag, body }) => `${body.byteLength} ${flag}`)).toEqual(['5000 #'])
  })

  it('that claims to be of an absurd size costs what it has (RFC4975-14.5-3)', async () => {
    const { alice, bob, path } = await setUp()
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 20; count++) {
      const range = `${2 ** 40 + count}-${2 ** 41}/${2 ** 52}`
      alice.send(path, 'x'.repeat(3000), [
        ['Message-ID', `huge${count}`],
        ['Byte-Range', range],
      ])
    }
    await settle()
    expect(bob.all('SEND')).toHaveLength(20)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26)
  })
})

describe('A REPORT', () => {
  it('with a body goes on with it (RFC4975-7.1.2-5)', async () => {
    const { alice, bob, path } = await setUp()
    alice.send(path, 'Hello')
    await settle()
    bob.request('REPORT', {
      toPath: bob.requests[0]!.head.fields.fromPath.map(String),
      fields: [
        ['Message-ID', 'message1'],
        ['Byte-Range', '1-5/5'],
        ['Status', '000 200 OK'],
      ],
      body: 'It was a pleasure',
    })
    await settle()
    expect(alice.all('REPORT').map(({ body }) => body.toString())).toEqual(['It was a pleasure'])
  })

  it.each<[string, string[], Field[]]>([
    [
      'to the relay itself',
      ['TOKEN'],
      [
        ['Message-ID', 'message1'],
        ['Status', '000 200 OK'],
      ],
    ],
    ['without Message-ID', ['TOKEN', FAR], [['Status', '000 200 OK']]],
    [
      'with a Status that is none',
      ['TOKEN', FAR],
      [
        ['Message-ID', 'message1'],
        ['Status', 'fine'],
      ],
    ],
    [
      'that asks for reports',
      ['TOKEN', FAR],
      [
        ['Message-ID', 'message1'],
        ['Status', '000 500 No'],
        ['Failure-Report', 'yes'],
      ],
    ],
  ])('%s is answered by neither response nor REPORT (RFC4975-7.1.2-8, RFC4975-7.1.2-9)', async (_, toPath, fields) => {
    const network = new Network()
    const alice = await network.client('alice')
    const before = alice.received.byteLength
    alice.request('REPORT', { toPath: toPath.map((uri) => uri.replace('TOKEN', alice.token)), fields })
    await network.clock.advance(60_000)
    expect(alice.received.byteLength).toBe(before)
    expect(alice.closed).toBe(false)
  })
})

describe('A request of an unknown method', () => {
  it.each([
    ['a token', (alice: Node) => alice.token],
    ['the relay', () => RELAY],
    ['the relay, without port', () => RELAY.replace(':2855', '')],
  ])('that ends here, at %s, is answered 501 (RFC4975-12-3)', async (_, target) => {
    const network = new Network()
    const alice = await network.client('alice')
    for (const body of [undefined, 'with a body']) {
      const sent = alice.request('FROBNICATE', { toPath: [target(alice)], body })
      const { head } = await alice.response(sent)
      expect(head.status).toBe(501)
      expect(head.fields.toPath.map(String)).toEqual([alice.uri])
    }
    expect(alice.closed).toBe(false)
  })

  it('goes on to where it is addressed, which answers it (RFC4975-12-3)', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.request('FROBNICATE', { toPath: path })
    await settle()
    bob.respond(bob.all('FROBNICATE')[0], 501)
    expect((await alice.response(sent)).head.status).toBe(501)
  })
})

describe('Header fields that nobody knows', () => {
  it('change nothing about what is for the relay itself: AUTH, and the response of a next hop (RFC4975-12-2)', async () => {
    const network = new Network()
    const fields: Field[] = [
      ['X-Unknown', 'Expires: 1'],
      ['Status2', '000 481 No'],
    ]
    const client = network.connect({ uri: 'msrps://alice.invalid:9000/alice;tcp' })
    expect((await client.authenticate('alice', 'wonderland', { fields })).head.status).toBe(200)
    const far = network.within(FAR)
    const sent = client.send([client.token, FAR], 'Hello', fields)
    await settle()
    far.respond(far.requests[0], 200, fields)
    await network.clock.advance(60_000)
    expect(told(client, sent)).toEqual([200])
  })
})

async function settled(sent: string): Promise<string> {
  await settle()
  return sent
}
