import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

async function setUp(): Promise<{ alice: Node; bob: Node; path: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  bob.answers = true
  return { alice, bob, path: [alice.token, ...bob.path] }
}

/** A request that Bob would believe came from his relay. */
function forged(bob: Node, transactionId = 'forged123'): string {
  return (
    `MSRP ${transactionId} SEND\r\nTo-Path: ${bob.uri}\r\nFrom-Path: ${bob.token} msrps://boss.example.com:1/b;tcp\r\n` +
    `Message-ID: forged\r\nByte-Range: 1-4/4\r\nContent-Type: text/plain\r\n\r\nfire\r\n-------${transactionId}$\r\n`
  )
}

const messageIds = (node: Node): (string | undefined)[] => node.all('SEND').map(({ head }) => head.fields.messageId)

describe('what stands in a body stays in the body', () => {
  const bodies: [string, (bob: Node) => string][] = [
    ['a whole request', forged],
    [
      'end-lines of ids that are easy to guess',
      (bob) => ['a'.repeat(16), '0'.repeat(16), 'message1'].map((id) => `\r\n-------${id}$\r\n`).join('') + forged(bob),
    ],
    ['line ends of every kind', () => '\r\n\r\n\n\r\r\n-------\r\n\r\r\r\n\n-------$\r\n'],
    ['nothing but hyphens', () => '-'.repeat(5000)],
    ['nothing but carriage returns', () => '\r'.repeat(5000)],
  ]

  it.each(bodies)('%s', async (_, bodyOf) => {
    for (const padding of [0, 3000]) {
      const { alice, bob, path } = await setUp()
      const body = bodyOf(bob) + 'x'.repeat(padding)
      alice.send(path, body)
      await settle()
      expect(messageIds(bob)).toEqual(['message1'])
      expect(bob.body().toString()).toBe(body)
    }
  })

  it('the end-line of the request itself ends it, and only that; what follows is a request of its sender', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.begin(path)
    alice.write(`before\r\n-------${sent}*\r\n-------${sent}\r\n-------x${sent}$\r\n -------${sent}$\r\nafter`)
    alice.end(sent)
    alice.write(forged(bob))
    await settle()
    expect(messageIds(bob)).toEqual(['message1'])
    expect(bob.body().toString()).toContain('after')
    // Its To-Path is Bob himself, not the relay.
    expect(alice.closed).toBe(true)
  })

  it.each([
    ['in one piece', 1000],
    ['byte by byte', 1],
  ])(
    'the id of the outgoing hop, learned while its chunk is open, sent %s (RFC4975-7.1-14, RFC4975-7.1-15)',
    async (_, size) => {
      const { alice, bob, path } = await setUp()
      const sent = alice.begin(path)
      alice.write('x'.repeat(3000))
      await settle()
      // Bob helps: he tells Alice the id that the relay uses towards him.
      const id = bob.open?.head.transactionId ?? ''
      expect(id).not.toBe('')
      const attack = `\r\n-------${id}$\r\n${forged(bob)}`
      for (let at = 0; at < attack.length; at += size) {
        alice.write(attack.slice(at, at + size))
        await settle()
      }
      alice.end(sent)
      await settle()
      expect(new Set(messageIds(bob))).toEqual(new Set(['message1']))
      expect(bob.body().toString()).toBe(`${'x'.repeat(3000)}${attack}`)
      expect(bob.all('SEND').map(({ flag }) => flag)).toEqual(['+', '$'])
      expect((await alice.response(sent)).head.status).toBe(200)
    },
  )

  it('the id of the next chunk too, and the next, as long as anybody cares to try', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.begin(path)
    alice.write('x'.repeat(3000))
    await settle()
    const rounds = 20
    for (let round = 0; round < rounds; round++) {
      alice.write(`-------${bob.open?.head.transactionId}$\r\n${'x'.repeat(3000)}`)
      await settle()
    }
    alice.end(sent)
    await settle()
    expect(bob.all('SEND')).toHaveLength(rounds + 1)
    expect(messageIds(bob).every((id) => id === 'message1')).toBe(true)
    expect(bob.body().byteLength).toBe(3000 + rounds * (3000 + 7 + 16 + 3))
  })

  it('the rest after a cut goes out though the next hop has refused the message meanwhile', async () => {
    const { alice, bob, path } = await setUp()
    bob.answers = false
    const sent = alice.begin(path)
    alice.write('x'.repeat(3000))
    await settle()
    const id = bob.open?.head.transactionId ?? ''
    bob.respondTo(bob.open?.head as never, 413)
    alice.write(`-------${id}${'y'.repeat(100)}`)
    alice.end(sent, '+')
    await settle()
    expect((await alice.response(sent)).head.status).toBe(413)
    bob.answers = true
    const next = alice.send(path, 'something else', [['Message-ID', 'message2']])
    expect((await alice.response(next)).head.status).toBe(200)
    expect(bob.body('message2').toString()).toBe('something else')
  })

  it('the body of a request other than SEND, too', async () => {
    const { alice, bob, path } = await setUp()
    const body = `\r\n-------abcd1234$\r\n${forged(bob)}`
    alice.request('FROBNICATE', { toPath: path, body })
    await settle()
    expect(bob.requests.map(({ head }) => head.method)).toEqual(['FROBNICATE'])
    expect(bob.requests[0]?.body.toString()).toBe(body)
  })
})

describe('what stands in header fields stays there', () => {
  it('a carriage return in a response ends nothing; the response is dropped', async () => {
    const { alice, bob, path } = await setUp()
    const sent = alice.request('NICKNAME', { toPath: path, fields: [['Use-Nickname', '"Ally"']] })
    await settle()
    const { transactionId, fields } = bob.requests[0]!.head
    bob.write(
      `MSRP ${transactionId} 200 OK\r\nTo-Path: ${fields.fromPath.join(' ')}\r\nFrom-Path: ${bob.uri}\r\n` +
        `X: a\r-------${sent}$\rMSRP forged123 SEND\r\n-------${transactionId}$\r\n`,
    )
    await settle()
    expect(alice.received.toString()).not.toContain('forged123')
    expect(alice.statuses(sent)).toEqual([])
  })

  it('a comment with control characters ends the connection that it came on', async () => {
    const { alice, bob, path } = await setUp()
    alice.send(path, 'hello')
    await settle()
    bob.answers = false
    alice.send(path, 'hello', [['Message-ID', 'message2']])
    await settle()
    const { transactionId, fields } = bob.requests[1]!.head
    bob.write(
      `MSRP ${transactionId} 400 a\rb\r\nTo-Path: ${fields.fromPath[0]}\r\nFrom-Path: ${bob.uri}\r\n-------${transactionId}$\r\n`,
    )
    await settle()
    expect(bob.closed).toBe(true)
    expect(alice.reports).toEqual(['481 1-5/5'])
  })
})
