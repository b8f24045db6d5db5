import type { Field } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from '../forwarding/network.ts'

// Mistakes of other relays, and of endpoints where a relay could make them as well: not ours.

const FAR = 'msrps://far.example.net:7000/f;tcp'
const EVERY_BYTE = Uint8Array.from({ length: 512 }, (_, index) => index)

async function setUp(): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

/** No Failure-Report, and each that asks for errors. */
const wanted: Field[][] = [[], [['Failure-Report', 'yes']], [['Failure-Report', 'partial']]]

describe('a relay', () => {
  it('passes on bytes of any kind, whatever their type says (FIELD-endpoint-2, FIELD-endpoint-11)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = true
    for (const contentType of ['text/plain', 'application/octet-stream', 'message/cpim']) {
      const fields = [['Message-ID', 'message1'] as const, ['Byte-Range', '1-512/512'] as const]
      alice.request('SEND', { toPath: path, fields, body: EVERY_BYTE, contentType })
      await settle()
      expect(Uint8Array.from(bob.requests.at(-1)!.body)).toEqual(EVERY_BYTE)
    }
  })

  it('passes on chunks in any order, those of message/cpim too (FIELD-endpoint-3, FIELD-endpoint-12)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = true
    for (const [range, body] of [
      ['8-10/10', 'end'],
      ['1-3/10', 'now'],
      ['4-7/10', 'then'],
    ] as const) {
      const fields = [['Message-ID', 'message1'] as const, ['Byte-Range', range] as const]
      alice.request('SEND', { toPath: path, fields, body, contentType: 'message/cpim', flag: '+' })
    }
    await settle()
    expect(bob.requests.map(({ head, body }) => `${head.fields.get('Byte-Range')} ${body}`)).toEqual([
      '8-10/10 end',
      '1-3/10 now',
      '4-7/10 then',
    ])
  })

  it.each(wanted.map((fields) => [fields[0]?.[1] ?? 'absent', fields] as const))(
    'reports what fails, with Failure-Report %s (FIELD-endpoint-4, FIELD-relay-14)',
    async (_, fields) => {
      const { alice, bob, path } = await setUp()
      alice.send(path, 'hello', fields)
      await settle()
      bob.respond(bob.requests[0], 413)
      await settle()
      expect(alice.reports).toEqual(['413 1-5/5'])
    },
  )

  it('reports 408 for what nobody answers in 30 s (FIELD-relay-23, FIELD-endpoint-9)', async () => {
    const { network, alice, path } = await setUp()
    alice.send(path, 'hello')
    await settle()
    await network.clock.advance(29_000)
    expect(alice.reports).toEqual([])
    await network.clock.advance(2_000)
    expect(alice.reports).toEqual(['408 1-5/5'])
  })

  it('answers to the first URI of From-Path, the hop that the message came from (FIELD-endpoint-5)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const relay = 'msrps://relay.example.org:2855/token;tcp'
    const peer = network.connect({ uri: relay })
    const fields = [['Message-ID', 'message1'] as const]
    const sent = peer.request('SEND', {
      toPath: alice.path,
      fromPath: [relay, 'msrps://carol.invalid:9000/carol;tcp'],
      fields,
    })
    const { head } = await peer.response(sent)
    expect([head.status, head.fields.toPath.map(String)]).toEqual([200, [relay]])
  })

  it('sends all URIs of To-Path but its own on (FIELD-endpoint-6)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const far = network.within(FAR)
    const behind = ['msrps://b.example.net:1/b;tcp', 'msrps://c.example.net:2/c;tcp']
    alice.send([alice.token, FAR, ...behind], 'hello')
    await settle()
    expect(far.requests[0]?.head.fields.toPath.map(String)).toEqual([FAR, ...behind])
  })

  it('gives its REPORT an id of its own, not that of the SEND (FIELD-endpoint-13)', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.send(path, 'hello')
    await settle()
    bob.respond(bob.requests[0], 413)
    await settle()
    const [report] = alice.all('REPORT')
    expect([sent, bob.requests[0]!.head.transactionId]).not.toContain(report!.head.transactionId)
  })

  it('gives each chunk an id of its own on the next hop (FIELD-endpoint-14)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = true
    for (let count = 0; count < 10; count++) {
      const fields = [['Message-ID', 'message1'] as const, ['Byte-Range', `${count + 1}-${count + 1}/10`] as const]
      alice.request('SEND', { toPath: path, fields, body: 'x', transactionId: 'always01' })
    }
    await settle()
    const ids = bob.requests.map(({ head }) => head.transactionId)
    expect(new Set(ids).size).toBe(10)
    expect(ids).not.toContain('always01')
  })

  it.each(['partial', 'no'])(
    'does not answer 200 where Failure-Report is %s (FIELD-relay-16, FIELD-endpoint-15)',
    async (value) => {
      const { network, alice, bob, path } = await setUp()
      bob.answers = true
      for (const size of [5, 5000]) alice.send(path, 'x'.repeat(size), [['Failure-Report', value]])
      await settle()
      await network.clock.advance(60_000)
      expect(bob.all('SEND').length).toBeGreaterThan(1)
      // The one to AUTH.
      expect(alice.responses.filter(({ head }) => head.status === 200)).toHaveLength(1)
      expect(alice.reports).toEqual([])
    },
  )

  it('passes on what has come of a chunk before its end has, however large it is (FIELD-relay-12)', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.begin(path, [['Byte-Range', '1-*/10000000']])
    let written = 0
    for (let count = 0; count < 100; count++) {
      alice.write(Buffer.alloc(100_000, count))
      written += 100_000
      for (let turns = 0; turns < 20; turns++) await settle()
    }
    const arrived = bob.requests.reduce((sum, { body }) => sum + body.length, 0)
    const open = bob.open!.body.reduce((sum, { length }) => sum + length, 0)
    expect(written - arrived - open).toBeLessThan(100)
    alice.end(sent)
    expect((await alice.response(sent)).head.status).toBe(200)
    expect(bob.requests.reduce((sum, { body }) => sum + body.length, 0)).toBe(written)
  })
})
