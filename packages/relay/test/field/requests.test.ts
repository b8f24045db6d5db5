import { describe, expect, it } from 'vitest'
import { inEveryWay } from '../../../msrp/test/field/arrivals.ts'
import { bodyOf, fieldsOf, namedRequests, textOf, transactionIdOf } from '../../../msrp/test/field/sent-by-peers.ts'
import { Network, settle } from '../forwarding/network.ts'

const PEER = 'msrps://peer.invalid:9000/peersession;tcp'

describe('a relay passes on, however it arrives,', () => {
  it.each(namedRequests)('%s', async (_, request) => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const peer = network.connect({ uri: PEER })
    const paths = { to: alice.path, from: PEER }
    await inEveryWay(
      (attempt) => textOf(request, paths, attempt),
      async (piece) => {
        peer.write(piece)
        await settle()
      },
      async (attempt) => {
        await settle()
        expect(peer.statuses(transactionIdOf(request, attempt))).toEqual([200])
        const { head, body } = alice.requests.at(-1)!
        const sentBody = bodyOf(request, attempt)
        expect(head.hasBody).toBe(sentBody !== undefined)
        expect(body.toString()).toBe(sentBody ?? '')
        // Every line behind the paths is there as it was written, in the same order.
        const arrived = alice.received.toString().split(`MSRP ${head.transactionId} `)[1]!.split('\r\n')
        const fields = fieldsOf(request, attempt)
        expect(arrived.slice(3, 3 + fields.length)).toEqual(fields)
        expect(arrived[3 + fields.length]).toBe(sentBody === undefined ? `-------${head.transactionId}$` : '')
      },
    )
    expect([alice.closed, peer.closed]).toEqual([false, false])
  })
})

it('the token is compared exactly, everything before it is not (FIELD-liberal-15)', async () => {
  const network = new Network()
  const alice = await network.client('alice')
  alice.answers = true
  const peer = network.connect({ uri: PEER })
  const [, authority, token] = /^(.*\/)(\w+);tcp$/.exec(alice.token)!
  const wrong = peer.send([`${authority}${token!.toUpperCase()};tcp`, alice.uri], 'hello')
  expect((await peer.response(wrong)).head.status).toBe(481)
  const right = peer.send([`${authority!.toUpperCase()}${token};TCP`, alice.uri], 'hello')
  expect((await peer.response(right)).head.status).toBe(200)
  expect(alice.all('SEND')).toHaveLength(1)
})

it('what only keeps a connection alive goes through without body, to whom it keeps alive (FIELD-endpoint-8)', async () => {
  const network = new Network()
  const alice = await network.client('alice')
  alice.answers = true
  const peer = network.connect({ uri: PEER })
  const fields = [['Message-ID', 'alive1'] as const, ['Byte-Range', '1-0/0'] as const]
  const sent = peer.request('SEND', { toPath: alice.path, fields })
  expect((await peer.response(sent)).head.status).toBe(200)
  expect(alice.requests.map(({ head }) => head.hasBody)).toEqual([false])
})

it('chunks of one message may all have the same transaction id, each is answered and told apart (FIELD-liberal-20)', async () => {
  const network = new Network()
  const alice = await network.client('alice')
  const peer = network.connect({ uri: PEER })
  for (const [range, body, flag] of [
    ['1-3/9', 'one', '+'],
    ['4-6/9', 'two', '+'],
    ['7-9/9', 'end', '$'],
  ] as const) {
    const fields = [['Message-ID', 'message1'] as const, ['Byte-Range', range] as const]
    peer.request('SEND', { toPath: alice.path, fields, body, flag, transactionId: 'always1' })
  }
  await settle()
  expect(peer.statuses('always1')).toEqual([200, 200, 200])
  expect(alice.body().toString()).toBe('onetwoend')
  // What fails of it is reported with its own range.
  alice.respond(alice.requests[0])
  alice.respond(alice.requests[1], 413)
  alice.respond(alice.requests[2])
  await settle()
  expect(peer.reports).toEqual(['413 4-6/9'])
})
