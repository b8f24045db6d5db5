import { nodeRandom } from 'msrp/node'
import { describe, expect, it } from 'vitest'
import { awkwardBodies, awkwardIds } from '../../../msrp/test/wire/awkward-bodies.ts'
import { Network, type Node, settle } from './network.ts'

// RFC 4975 §7.1 for what a relay writes and passes on.

async function setUp(network = new Network()): Promise<{ alice: Node; bob: Node; path: string[] }> {
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  bob.answers = true
  return { alice, bob, path: [alice.token, ...bob.path] }
}

describe('The transaction id of what is passed on', () => {
  it('is the relay’s own, and never that of another, though its sender has one for all (RFC4975-7.1-1)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = false
    const transactionId = 'same1'
    for (let count = 0; count < 5; count++) {
      const fields = [['Message-ID', `message${count}`] as const, ['Byte-Range', '1-1/1'] as const]
      alice.request('SEND', { toPath: path, transactionId, fields, body: 'x' })
      alice.request('FROBNICATE', { toPath: path, transactionId })
    }
    await settle()
    const ids = bob.requests.map(({ head }) => head.transactionId)
    expect(ids).toHaveLength(10)
    expect(new Set([...ids, transactionId]).size).toBe(11)
  })

  it.each(['SEND', 'FROBNICATE'])(
    'is another one where its end-line stands in the body: %s (RFC4975-7.1-14, RFC4975-7.1-15)',
    async (method) => {
      const draws: number[] = []
      const random = (size: number): Uint8Array => {
        const draw = size === 16 ? draws.shift() : undefined
        return draw === undefined ? nodeRandom(size) : new Uint8Array(size).fill(draw)
      }
      const { alice, bob, path } = await setUp(new Network({}, undefined, random))
      // 7 is the letter h, 8 the letter i.
      draws.push(7, 7, 8)
      const own = 'h'.repeat(16)
      const body = `before\r\n-------${own}$\r\nMSRP forged123 SEND\r\n`
      const fields = [['Message-ID', 'message1'] as const, ['Byte-Range', `1-${body.length}/${body.length}`] as const]
      alice.request(method, { toPath: path, fields, body })
      await settle()
      expect(bob.all(method).at(-1)?.flag).toBe('$')
      expect(
        bob
          .all(method)
          .map((request) => request.body.toString())
          .join(''),
      ).toBe(body)
      for (const { head, body: part } of bob.requests) {
        expect(part.includes(`-------${head.transactionId}`)).toBe(false)
      }
      expect(bob.closed).toBe(false)
    },
  )
})

describe('A body that looks like what is around it', () => {
  it.each(awkwardBodies)(
    'is passed on as it came, whatever the id: %s (RFC4975-7.1-9, RFC4975-7.1-10)',
    async (_, bodyOf) => {
      const { alice, bob, path } = await setUp()
      for (const [index, transactionId] of awkwardIds.entries()) {
        const body = bodyOf(transactionId)
        const messageId = `m${index}xx`
        const fields = [['Message-ID', messageId] as const, ['Byte-Range', `1-${body.length}/${body.length}`] as const]
        const before = bob.received.length
        alice.request('SEND', { toPath: path, transactionId, fields, body })
        expect((await alice.response(transactionId)).head.status).toBe(200)
        expect(bob.all('SEND').at(-1)).toMatchObject({ head: { hasBody: true }, flag: '$' })
        const id = bob.requests.at(-1)?.head.transactionId
        const raw = bob.received.subarray(before).toString()
        expect(raw.startsWith(`MSRP ${id} SEND\r\n`)).toBe(true)
        expect(raw.endsWith(`Content-Type: text/plain\r\n\r\n${body}\r\n-------${id}$\r\n`)).toBe(true)
        expect(bob.body(messageId).toString()).toBe(body)
      }
    },
  )
})

describe('A request with a body', () => {
  it('is not passed on without Content-Type (RFC4975-7.1-3)', async () => {
    const { alice, bob, path } = await setUp()
    alice.write(
      `MSRP abcd1234 SEND\r\nTo-Path: ${path.join(' ')}\r\nFrom-Path: ${alice.uri}\r\nMessage-ID: message1\r\n` +
        'Byte-Range: 1-5/5\r\n\r\nHello\r\n-------abcd1234$\r\n',
    )
    expect((await alice.response('abcd1234')).head.status).toBe(400)
    expect(bob.requests).toEqual([])
  })

  it('has Content-Type last, and then an empty line, whatever else is put in (RFC4975-7.1-4, RFC4975-7.1-5)', async () => {
    const { alice, bob, path } = await setUp()
    const before = bob.received.length
    // Without Byte-Range, which the relay writes where it has to cut.
    alice.request('SEND', { toPath: path, fields: [['Message-ID', 'message1']], body: 'x'.repeat(5000) })
    alice.request('FROBNICATE', { toPath: path, body: 'y' })
    await settle()
    const heads = [
      ...bob.received
        .subarray(before)
        .toString()
        .matchAll(/^MSRP [\s\S]*?\r\n\r\n/gm),
    ].map(([head]) => head)
    expect(heads.length).toBeGreaterThanOrEqual(2)
    for (const head of heads) expect(head).toMatch(/\r\nContent-Type: text\/plain\r\n\r\n$/)
    expect(bob.all('FROBNICATE')[0]?.body.toString()).toBe('y')
  })
})

describe('A REPORT of the relay', () => {
  it('has no body, nothing that describes one, and its end-line right after its fields (RFC4975-7.1-6, RFC4975-7.1-7, RFC4975-7.1-8)', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = false
    alice.send(path, 'hello')
    await settle()
    const before = alice.received.length
    bob.respond(bob.requests[0], 415)
    await settle()
    const report = alice.received.subarray(before).toString()
    expect(report).toMatch(/^MSRP (\S+) REPORT\r\n(?:[\w-]+: [^\r\n]+\r\n)+-------\1\$\r\n$/)
    expect(report).not.toMatch(/^(Content|MIME)-/im)
  })
})
