import { describe, expect, it } from 'vitest'
import { settle } from '../../../msrp/test/transport/fake-clock.ts'
import { Network } from './network.ts'

describe('two clients of one relay', () => {
  it('exchange a message, each hop answered on its own (RFC4976-6.4.1-1, RFC4976-6.4.1-2)', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    const sent = alice.send([alice.token, ...bob.path], 'Hello Bob')
    expect((await alice.response(sent)).head.status).toBe(200)
    const [arrived] = bob.requests
    expect(arrived?.body.toString()).toBe('Hello Bob')
    expect(arrived?.head.fields.toPath.map(String)).toEqual([bob.uri])
    expect(arrived?.head.fields.fromPath.map(String)).toEqual([bob.token, alice.token, alice.uri])
    expect(arrived?.head.transactionId).not.toBe(sent)
  })

  it('get a REPORT back along the same way', async () => {
    const network = new Network()
    const alice = await network.client('alice')
    const bob = await network.client('bob')
    alice.send([alice.token, ...bob.path], 'Hello', [['Success-Report', 'yes']])
    await settle()
    const [arrived] = bob.requests
    bob.respond(arrived!)
    bob.request('REPORT', {
      toPath: arrived!.head.fields.fromPath.map(String),
      fields: [
        ['Message-ID', 'message1'],
        ['Byte-Range', '1-5/5'],
        ['Status', '000 200 OK'],
      ],
    })
    await settle()
    expect(alice.requests.map(({ head }) => head.method)).toEqual(['REPORT'])
    expect(alice.requests[0]?.head.fields.fromPath.map(String)).toEqual([alice.token, bob.token, bob.uri])
    expect(bob.responses.filter(({ head }) => head.status !== 401 && head.status !== 200)).toEqual([])
  })

  it.each([1, 7, 100, 4096])('exchange a large message that arrives %d bytes at a time', async (split) => {
    const network = new Network({ flowBuffer: 16_384 })
    const alice = await network.client('alice', { split, capacity: 5_000 })
    const bob = await network.client('bob', { split, capacity: 5_000 })
    const body = Buffer.alloc(100_000, (index: number) => index)
    for (let index = 0; index < body.length; index++) body[index] = (index * 7919) >> 3
    const sent = alice.send([alice.token, ...bob.path], body, [['Byte-Range', `1-*/${body.length}`]])
    for (let turn = 0; turn < 400; turn++) await settle()
    expect((await alice.response(sent)).head.status).toBe(200)
    expect(Buffer.concat(bob.requests.map((part) => part.body)).equals(body)).toBe(true)
    expect(bob.requests.at(-1)?.flag).toBe('$')
  })
})
