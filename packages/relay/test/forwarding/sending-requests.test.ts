import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

// RFC 4975 §7.1.1 for the chunks that a relay writes anew.

/** Alice sends to Bob, and Carol to another session of his. */
async function setUp(): Promise<{ alice: Node; bob: Node; carol: Node; path: string[]; other: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  const path = [alice.token, ...bob.path]
  await bob.authenticate('bob', 'builder')
  const carol = network.connect({ uri: 'msrps://carol.invalid:1/c;tcp' })
  bob.answers = true
  return { alice, bob, carol, path, other: bob.path }
}

/** The chunks of a message that another one interrupts twice. */
async function interrupted(): Promise<{ chunks: Node['requests']; order: (string | undefined)[] }> {
  const { alice, bob, carol, path, other } = await setUp()
  const long = alice.begin(path, [
    ['Message-ID', 'long'],
    ['Success-Report', 'yes'],
    ['Failure-Report', 'partial'],
    ['Byte-Range', '1-*/9000'],
  ])
  for (const name of ['first', 'second']) {
    alice.write('x'.repeat(3000))
    await settle()
    carol.send(other, 'hello', [['Message-ID', name]])
    await settle()
  }
  alice.write('x'.repeat(3000))
  alice.end(long)
  await settle()
  const order = bob.requests.map(({ head }) => head.fields.get('Message-ID'))
  return { chunks: bob.requests.filter(({ head }) => head.fields.get('Message-ID') === 'long'), order }
}

describe('A chunk that is interrupted', () => {
  it('goes on with the same Message-ID and wishes for reports (RFC4975-7.1.1-2, RFC4975-7.1.1-4)', async () => {
    const { chunks, order } = await interrupted()
    expect(order).toEqual(['long', 'first', 'long', 'second', 'long'])
    for (const { head } of chunks) {
      expect(head.fields.get('Success-Report')).toBe('yes')
      expect(head.fields.get('Failure-Report')).toBe('partial')
    }
  })

  it('goes on in order, at the byte where it stopped (RFC4975-7.1.1-12, RFC4975-7.1.1-13, RFC4975-7.1.1-18)', async () => {
    const { chunks } = await interrupted()
    const ranges = chunks.map(({ head }) => head.fields.get('Byte-Range'))
    expect(ranges).toEqual(['1-*/9000', '3001-*/9000', '6001-*/9000'])
    expect(chunks.map(({ flag, body }) => `${body.byteLength}${flag}`)).toEqual(['3000+', '3000+', '3000$'])
  })
})

describe('A chunk', () => {
  it.each([0, 1, 2047, 2048, 2049, 100_000, 1_000_000])(
    'of any size is taken, and passed on uncut when nobody else waits: %d bytes (RFC4975-7.1.1-21, RFC4975-7.1.1-23)',
    async (size) => {
      const { alice, bob, path } = await setUp()
      const sent = alice.send(path, Buffer.alloc(size, 'x'))
      expect((await alice.response(sent)).head.status).toBe(200)
      await settle()
      expect(bob.requests.map(({ body, flag }) => `${body.byteLength}${flag}`)).toEqual([`${size}$`])
    },
  )
})
