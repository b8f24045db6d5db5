import { nodeRandom } from 'msrp/node'
import { type Head, newTransactionId, type RequestHead } from 'msrp/wire'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'

// A body is a body, whatever is in it: nobody gets a request to a receiver past the relay by hiding it in one.

let relay: TestRelay
let bob: RawClient
/** Heads of the requests that reach bob, the moment they do. */
let heads: RequestHead[]
/** A stranger who sends to bob and knows his token. */
let mallory: RawClient

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

beforeEach(async () => {
  heads = []
  bob = await relay.login(relay.bob, { onHead: (head) => head.kind === 'request' && heads.push(head) })
  mallory = await relay.connect({ uri: 'msrps://mallory.invalid:9000/m;tcp' })
})

/** What mallory wants bob to believe that a friend of his has sent. */
function smuggled(transactionId: string, flag = '$'): string {
  return [
    `\r\n-------${transactionId}${flag}\r\n`,
    'MSRP smuggled1234 SEND\r\n',
    `To-Path: ${bob.uri}\r\nFrom-Path: ${bob.token} msrps://friend.invalid:9000/f;tcp\r\n`,
    'Message-ID: smuggled1\r\nByte-Range: 1-5/5\r\nContent-Type: text/plain\r\n\r\nforged\r\n',
    '-------smuggled1234$\r\n',
  ].join('')
}

describe('a request hidden in the body of a message', () => {
  test.each([
    ['every transaction id that the relay used towards the receiver so far', () => heads.map(idOf)],
    ['the ids of the sender itself', () => mallory.responses.map(({ head }) => idOf(head))],
    ['ids of the next requests, if one could be told from another', () => heads.map(idOf).flatMap(neighbours)],
    ['ids that others like', () => ['1234', 'a786hjs2', 'd93kswow', '000000000000', 'abcdefghijklmnop']],
  ])('behind %s stays body', async (_, guesses) => {
    for (let round = 0; round < 3; round++) await deliver(`message ${round}`)
    const ids = guesses()
    expect(ids).not.toEqual([])
    for (const flag of ['$', '+', '#']) {
      const body = `${ids.map((id) => smuggled(id, flag)).join('')}\r\n`
      await deliver(body)
    }
    expectNothingForged()
  })

  test('behind the id that the relay is using at this very moment stays body', async () => {
    // The receiver tells mallory, while her message is still on its way, which id the relay gave it.
    const transactionId = newTransactionId(nodeRandom)
    const opening = 'x'.repeat(5000)
    const pieces = [opening]
    mallory.write(mallory.head('SEND', { transactionId, toPath: bob.path, fields: longMessage, body: '' }))
    mallory.write(opening)
    for (let round = 1; round <= 20; round++) {
      // Each time the relay evades, the message goes on under another id, and she hears of that as well.
      await bob.until(() => heads[round - 1], `head ${round}`)
      const piece = smuggled(idOf(heads[round - 1] as RequestHead), '$+#'[round % 3]) + 'y'.repeat(4000)
      pieces.push(piece)
      await writeSplit(mallory, piece, round)
    }
    mallory.write(`\r\n-------${transactionId}$\r\n`)
    await bob.until(() => bob.requests.find(({ flag }) => flag === '$'), 'end of the message')
    expect(heads.length).toBeGreaterThan(20)
    expectNothingForged()
    expect(inOrder(bob)).toBe(pieces.join(''))
  })

  test('that straddles reads at any byte stays body', async () => {
    await deliver('first')
    const body = smuggled(idOf(heads[0] as RequestHead))
    for (let cut = 1; cut < 40; cut++) await deliver(body, cut)
    expectNothingForged()
  })

  test('behind the own id of its sender, but without a flag, stays body', async () => {
    const transactionId = 'mallorysownid123'
    const body = ['', 'x', '$x', '$\r', '$\n', '$ \r\n', '\r\n', '$$\r\n', '*\r\n', 'x$\r\n', '$\r\r\n']
      .map((tail) => `\r\n-------${transactionId}${tail}`)
      .join('')
    const sent = mallory.send(bob.path, `${body}\r\n`, { transactionId })
    expect((await mallory.response(sent)).head.status).toBe(200)
    await bob.until(() => bob.requests[0], 'message')
    expect(inOrder(bob)).toBe(`${body}\r\n`)
  })
})

test('the relay gives each chunk an id of its own, which neither its old one nor others foretell', async () => {
  for (let round = 0; round < 20; round++) await deliver(`message ${round}`)
  const ids = heads.map(idOf)
  expect(ids.filter((id) => id.length < 16)).toEqual([])
  expect(new Set(ids.map((id) => id.slice(0, 6))).size).toBe(20)
  expect(new Set(ids.map((id) => id.slice(-6))).size).toBe(20)
  const before = mallory.responses.map(({ head }) => idOf(head))
  expect(ids.filter((id) => before.includes(id))).toEqual([])
})

describe('a request after the end of a message', () => {
  test('is looked at by the relay: it goes nowhere without a token', async () => {
    mallory.send(bob.path, 'hello')
    mallory.write(smuggled('unused').replace(/^[^M]*/, ''))
    await mallory.untilClosed()
    await bob.until(() => bob.requests[0], 'message')
    expectNothingForged()
  })

  test('cannot come from somebody else than its sender', async () => {
    await deliver('hello')
    expect(heads[0]?.fields.fromPath.map(String)).toEqual([bob.token, mallory.uri])
    // The same connection with another From-Path is another peer, and bob has one.
    const sent = mallory.send(bob.path, 'hello', { fromPath: ['msrps://friend.invalid:9000/f;tcp'] })
    expect((await mallory.response(sent)).head.status).toBe(506)
    expectNothingForged()
  })
})

describe('a head that two readers could read differently', () => {
  const paths = (): string => `To-Path: ${bob.path.join(' ')}\r\nFrom-Path: ${mallory.uri}\r\n`
  const rest = 'Message-ID: message1\r\nByte-Range: 1-2/2\r\nContent-Type: text/plain\r\n\r\nhi\r\n-------abcd1234$\r\n'

  test.each([
    ['two To-Path fields', () => `MSRP abcd1234 SEND\r\nTo-Path: ${bob.path.join(' ')}\r\n${paths()}${rest}`],
    ['two From-Path fields', () => `MSRP abcd1234 SEND\r\n${paths()}From-Path: ${bob.uri}\r\n${rest}`],
    ['no From-Path', () => `MSRP abcd1234 SEND\r\nTo-Path: ${bob.path.join(' ')}\r\n${rest}`],
    ['From-Path before To-Path', () => `MSRP abcd1234 SEND\r\n${paths().split('\r\n').reverse().join('\r\n')}${rest}`],
    ['lines that end in LF alone', () => `MSRP abcd1234 SEND\r\n${paths()}${rest}`.replaceAll('\r\n', '\n')],
    ['a line folded with a CR', () => `MSRP abcd1234 SEND\r\n${paths()}X-A: 1\rFrom-Path: ${bob.uri}\r\n${rest}`],
    ['a line folded with an LF', () => `MSRP abcd1234 SEND\r\n${paths()}X-A: 1\nFrom-Path: ${bob.uri}\r\n${rest}`],
    ['a NUL in a path', () => `MSRP abcd1234 SEND\r\n${paths().replace('/m;', '/m\0;')}${rest}`],
    ["another request's end-line in the head", () => `MSRP abcd1234 SEND\r\n${paths()}-------efgh5678$\r\n${rest}`],
    ['another protocol', () => 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('is refused, and reaches nobody: %s', async (_, bytes) => {
    mallory.write(bytes())
    const refused = await mallory.until(
      () => (mallory.closed ? 'closed' : mallory.responses[0]?.head.status),
      'refusal',
    )
    expect(refused).toBeOneOf(['closed', 400])
    await relay.settle(bob)
    expect(bob.requests).toEqual([])
  })

  test('never gets fields of a response into one of the relay', async () => {
    const transactionId = 'abcd1234'
    mallory.write(
      `MSRP ${transactionId} SEND\r\nTo-Path: msrps://localhost:${relay.port}/unknown;tcp msrps://x.invalid:9/y;tcp\r\n` +
        `From-Path: msrps://mallory.invalid:9000/m;tcp;a="b\r\nX-Injected: 1\r\n${rest}`,
    )
    const heard = await mallory.until(() => (mallory.closed ? 'closed' : mallory.responses[0]?.head), 'refusal')
    if (heard !== 'closed') expect(heard.fields.get('X-Injected')).toBeUndefined()
  })
})

const longMessage = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-*/*'],
] as const

/** Mallory's message arrives as it is. */
async function deliver(body: string, cut?: number): Promise<void> {
  bob.requests.length = 0
  const transactionId = newTransactionId(nodeRandom)
  const size = Buffer.byteLength(body)
  const fields = [
    ['Message-ID', `message${size}`],
    ['Byte-Range', `1-${size}/${size}`],
  ] as const
  mallory.write(mallory.head('SEND', { transactionId, toPath: bob.path, fields, body }))
  await writeSplit(mallory, body, cut)
  mallory.write(`\r\n-------${transactionId}$\r\n`)
  await bob.until(() => bob.requests.find(({ flag }) => flag === '$'), 'end of the message')
  expect(inOrder(bob)).toBe(body)
}

/** Writes in two pieces, which arrive as two reads most of the time. */
async function writeSplit(client: RawClient, body: string, cut = 0): Promise<void> {
  await client.write(body.slice(0, cut))
  await new Promise((resolve) => setImmediate(resolve))
  await client.write(body.slice(cut))
}

/** Everything that arrived, put together by Byte-Range. */
function inOrder(client: RawClient): string {
  const chunks = client.requests.map(({ head, body }) => ({ at: head.fields.byteRange?.start ?? 1, body }))
  return Buffer.concat(chunks.sort((one, other) => one.at - other.at).map(({ body }) => body)).toString()
}

function idOf(head: Head): string {
  return head.transactionId
}

/** Ids that differ in the last characters, as those of a counter would. */
function neighbours(id: string): string[] {
  return [...'0123456789abcdefghijklmnopqrstuvwxyz'].map((character) => id.slice(0, -1) + character)
}

/** All that reached bob came along mallory's own path. */
function expectNothingForged(): void {
  expect(heads).not.toEqual([])
  const seen = heads.map(({ method, fields }) => `${method} from ${fields.fromPath.join(' ')}`)
  expect([...new Set(seen)]).toEqual([`SEND from ${bob.token} ${mallory.uri}`])
}
