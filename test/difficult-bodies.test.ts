import { readFileSync } from 'node:fs'
import { Endpoint, type RelayOptions, type Session } from 'msrp'
import { beforeAll, describe, expect, test } from 'vitest'
import { type RelayUser, startRelay } from './support/relay.ts'

// Bodies that look like what is around them, from endpoint to endpoint: framing is by end-lines, so what is inside a body
// must not be taken for one, nor anything be added to it or taken away.

const message = (id: string, body: string): string =>
  [
    `MSRP ${id} SEND`,
    'To-Path: msrps://localhost:2855/token;tcp msrp://bob.invalid:9/b;tcp',
    'From-Path: msrp://alice.invalid:9/a;tcp',
    'Message-ID: inner1',
    `Byte-Range: 1-${body.length}/${body.length}`,
    'Content-Type: text/plain',
    '',
    body,
    `-------${id}$`,
    '',
  ].join('\r\n')

const bodies: [name: string, body: string][] = [
  ['no byte', ''],
  ['one line end', '\r\n'],
  ['line ends alone', '\r\n'.repeat(40_000)],
  ['carriage returns alone', '\r'.repeat(5_000)],
  ['line feeds alone', '\n'.repeat(5_000)],
  ['hyphens alone', '-'.repeat(70_000)],
  ['a whole message', message('d93kswow', 'hello')],
  ['a message inside a message', message('d93kswow', message('a786hjs2', 'hello'))],
  ['many whole messages', message('d93kswow', 'hello').repeat(500)],
  ['a response', 'MSRP d93kswow 200 OK\r\nTo-Path: msrp://a.invalid:9/a;tcp\r\n-------d93kswow$\r\n'],
  ["end-lines of others' transactions", '\r\n-------abcd$\r\n-------abcd+\r\n-------abcd#\r\n'.repeat(1_000)],
  ['end-lines with ids of 32 characters', `\r\n-------${'x'.repeat(32)}$\r\n`.repeat(1_000)],
  ['almost an end-line at its end', 'text\r\n-------'],
  ['half an end-line at its beginning', '-------abcd$\r\ntext'],
]

/** Both ends of a session. */
interface Pair {
  sender: Session
  receiver: Session
}

const pairs = new Map<string, Pair>()

async function pair(
  sending: Endpoint,
  receiving: Endpoint,
  relays?: [alice: RelayOptions, bob: RelayOptions],
): Promise<Pair> {
  const place = relays ? { relay: relays[1] } : { listen: { host: '127.0.0.1' } }
  const prepared = await receiving.prepare({ ...place, remotePath: 'first' })
  const sender = await sending.connect({ path: prepared.localPath, ...(relays ? { relay: relays[0] } : {}) })
  const { value, done } = await prepared.sessions().next()
  if (done) throw new Error('the receiver has ended')
  return { sender, receiver: value }
}

beforeAll(async () => {
  const relay = await startRelay({ lifetime: 'file' })
  const account = ({ username, password }: RelayUser): RelayOptions => ({ uri: relay.uri, username, password })
  const tls = { ca: readFileSync(relay.ca) }
  const [alice, bob] = [new Endpoint({ tls }), new Endpoint({ tls })]
  pairs.set('directly', await pair(alice, bob))
  pairs.set('through a relay', await pair(alice, bob, [account(relay.alice), account(relay.bob)]))
  return async () => {
    await Promise.all([alice.close(), bob.close()])
  }
})

describe.each(['directly', 'through a relay'])('a body goes %s unharmed', (way) => {
  test.each(bodies)('that is %s', async (_, body) => {
    const { sender, receiver } = pairs.get(way)!
    for (const options of [{}, { chunkSize: 2_048 }]) {
      const sent = sender.send(Buffer.from(body), { contentType: 'application/octet-stream', ...options })
      const { value, done } = await receiver[Symbol.asyncIterator]().next()
      expect(done).toBe(false)
      expect(Buffer.from(await value!.bytes()).toString('latin1') === body, 'the bytes are the same').toBe(true)
      await sent.delivered
    }
  })
})

describe.each(['directly', 'through a relay'])('a stream of unknown length goes %s unharmed', (way) => {
  test.each(bodies)('that is %s', async (_, body) => {
    const { sender, receiver } = pairs.get(way)!
    const sent = sender.send(pieces(Buffer.from(body)), {
      contentType: 'application/octet-stream',
    })
    const { value, done } = await receiver[Symbol.asyncIterator]().next()
    expect(done).toBe(false)
    expect(Buffer.from(await value!.bytes()).toString('latin1') === body, 'the bytes are the same').toBe(true)
    await sent.delivered
  })
})

/** Cut where it is awkward: at every seventh byte at first. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < 140; at += 7) if (at < bytes.length) yield bytes.subarray(at, at + 7)
  if (bytes.length > 140) yield bytes.subarray(140)
}
