import { setTimeout as delay } from 'node:timers/promises'
import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { randomBytes } from './support/random-file.ts'
import { RawClient } from './support/raw-client.ts'
import { startRelay, type TestRelay } from './support/relay.ts'

// Nobody takes the relay's memory, its time or its connections from the others. Its memory is looked at from outside.

const mebibyte = 1 << 20
const memoryLimit = 200 * mebibyte

let relay: TestRelay
/** Waits a second for a first request. */
let impatient: TestRelay

beforeAll(async () => {
  const limits = { unauthenticated_time: 1 }
  const [first, second] = await Promise.all([
    startRelay({ lifetime: 'file' }),
    startRelay({ lifetime: 'file', settings: { limits } }),
  ])
  relay = first
  impatient = second
})

afterEach(async () => {
  for (const each of [relay, impatient]) {
    const [alice, peer] = [await each.login(each.alice), await each.connect()]
    const { head } = await peer.response(peer.send(alice.path, 'still there?'))
    expect(head.status).toBe(200)
    expect(String((await alice.nextRequest()).body)).toBe('still there?')
    expect(each.program.peakMemory).toBeLessThan(memoryLimit)
    for (const client of [alice, peer]) client.destroy()
  }
})

describe('a connection without a successful request', () => {
  const unknown = (): string[] => [
    `msrps://localhost:${impatient.port}/${'0'.repeat(22)};tcp`,
    'msrps://x.invalid:9/y;tcp',
  ]
  /** What comes over it: a piece every 50 ms, then nothing more. */
  const silent: [what: string, tls: boolean, pieces: (client: RawClient) => (string | Buffer)[]][] = [
    ['no byte after TCP is connected', false, () => []],
    [
      'a TLS handshake that drips in',
      false,
      () =>
        Array(100)
          .fill(Buffer.of(0x16, 3, 1))
          .flat(),
    ],
    ['nothing after TLS', true, () => []],
    ['half a head', true, () => ['MSRP abcd1234 SEND\r\nTo-Path: msrps://localhost']],
    ['a head that drips in', true, () => ['MSRP abcd1234 SEND\r\nTo-Path: ', ...'x'.repeat(100)]],
    ['empty lines', true, () => Array(100).fill('\r\n')],
    ['requests that are refused', true, (client) => Array(100).fill(refusedRequest(client, unknown()))],
  ]

  test('is cut off after the time that the settings give it, a second here, whatever else comes over it (FIELD-relay-9)', async () => {
    const open = silent.map(async ([what, tls, pieces]) => {
      const client = await (tls ? impatient.connect() : RawClient.connect({ port: impatient.port }))
      const drip = async (): Promise<void> => {
        for (const piece of pieces(client)) {
          if (client.closed) return
          await client.write(piece)
          await delay(50)
        }
      }
      const closed = client.untilClosed(4_000).then(
        () => [],
        () => [what],
      )
      return (await Promise.all([closed, drip()]))[0]
    })
    expect((await Promise.all(open)).flat()).toEqual([])
  })

  test('is told from one with a successful request, were it the only one', async () => {
    const alice = await impatient.login(impatient.alice)
    const peer = await impatient.connect()
    await peer.response(peer.send(alice.path, 'hello'))
    const idle = await impatient.connect()
    await idle.untilClosed(5_000)
    expect([alice.closed, peer.closed]).toEqual([false, false])
  })
})

describe('a head is not read on that', () => {
  const start = 'MSRP abcd1234 SEND\r\n'
  const uri = 'msrps://a.invalid:1/b;tcp'
  const paths = `To-Path: ${uri}\r\nFrom-Path: ${uri}\r\n`

  test.each([
    ['has an endless start-line', `MSRP abcd1234 ${'A'.repeat(20_000)}`],
    ['has an endless line', `${start}${paths}X-Bomb: ${'a'.repeat(20_000)}`],
    ['has an endless line without a name', `${start}${paths}${'a'.repeat(20_000)}`],
    ['has endless lines', `${start}${paths}${'X: y\r\n'.repeat(10_000)}`],
    ['has an endless path', `${start}To-Path: ${`${uri} `.repeat(200).trim()}\r\nFrom-Path: ${uri}\r\n\r\n`],
    ['has an endless URI', `${start}To-Path: msrps://${'a'.repeat(9_000)}:1/b;tcp\r\n`],
    [
      'belongs to a request with an endless body that is none for files',
      `MSRP abcd1234 AUTH\r\n${paths}\r\n${'a'.repeat(20_000)}`,
    ],
  ])('%s', async (_, bytes) => {
    const client = await relay.connect()
    client.write(bytes)
    await client.untilClosed()
    expect(client.responses).toEqual([])
  })

  test('comes on two hundred connections at once, each just short of what is allowed', async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => relay.connect()))
    const head = `${start}${paths}${`X-Bomb: ${'a'.repeat(8_000)}\r\n`.repeat(2)}`.slice(0, 16_000)
    await Promise.all(clients.map((client) => client.write(head)))
    expect(clients.filter(({ closed }) => closed)).toEqual([])
  })
})

describe('connections', () => {
  test('beyond those that one address may have are closed at once, and are possible again afterwards', async () => {
    const small = await startRelay({ settings: { limits: { connections_per_address: 20 } } })
    const open: RawClient[] = []
    while (open.length < 20) open.push(await small.login(small.alice))
    await expect(small.login(small.alice)).rejects.toThrow()
    expect(open.filter(({ closed }) => closed)).toEqual([])
    for (const client of open) client.destroy()
    // Their end reaches the relay a moment after ours.
    await expect
      .poll(() =>
        small.login(small.alice).then(
          ({ token }) => token,
          () => '',
        ),
      )
      .not.toBe('')
  })
})

describe('the body of a message', () => {
  const size = 32 * mebibyte
  const cpuTimes = new Map<string, number>()

  // The first is what the others are compared with: work for the relay must not depend on what people send.
  test.each([
    ['random bytes', () => randomBytes(mebibyte)],
    ['hyphens', () => Buffer.alloc(mebibyte, '-')],
    ['line ends and hyphens', () => Buffer.alloc(mebibyte, '\r\n-------')],
    ['line ends', () => Buffer.alloc(mebibyte, '\r\n')],
    ['almost the end-line', (id: string) => Buffer.alloc(mebibyte, `\r\n-------${id.slice(0, -1)}`)],
    ['the end-line without a flag', (id: string) => Buffer.alloc(mebibyte, `\r\n-------${id}`)],
  ])('costs little time and memory: %s', async (kind, content) => {
    const bob = await relay.login(relay.bob, { keepBodies: false })
    const sender = await relay.connect()
    const transactionId = newTransactionId(nodeRandom)
    const before = relay.program.cpuSeconds
    sender.write(sender.head('SEND', { transactionId, toPath: bob.path, fields: longMessage, body: '' }))
    const block = content(transactionId)
    for (let sent = 0; sent < size; sent += block.byteLength) await sender.write(block)
    sender.write(`\r\n-------${transactionId}$\r\n`)
    await bob.until(() => bob.requests.find(({ flag }) => flag === '$'), 'end of the message', 60_000)
    expect(bob.bodyBytes).toBe(size)
    cpuTimes.set(kind, relay.program.cpuSeconds - before)
    expect(cpuTimes.get(kind)).toBeLessThan(1 + 5 * (cpuTimes.get('random bytes') ?? 0))
  })
})

describe('somebody who does not go on', () => {
  test.each([
    ['a little', 100],
    ['a lot', 5_000],
  ])('in the middle of a chunk, of which %s has come, holds nobody up', async (_, bytes) => {
    const bob = await relay.login(relay.bob)
    const first = bob.path
    await bob.authenticate(relay.bob, { toPath: [relay.uri] })
    const second = bob.path
    const [silent, other] = [await relay.connect(), await relay.connect({ uri: 'msrps://other.invalid:9/o;tcp' })]
    const transactionId = newTransactionId(nodeRandom)
    silent.write(silent.head('SEND', { transactionId, toPath: first, fields: longMessage, body: '' }))
    await silent.write('x'.repeat(bytes))
    if (bytes > 2048) await bob.until(() => (bob.bodyBytes === bytes ? true : undefined), 'first part')
    other.send(second, 'hello')
    const hello = await bob.nextRequest(({ body }) => String(body) === 'hello')
    expect(hello.flag).toBe('$')
    expect(bob.requests.filter(({ flag }) => flag === '+')).toHaveLength(bytes > 2048 ? 1 : 0)
    silent.write(`rest\r\n-------${transactionId}$\r\n`)
    const rest = await bob.nextRequest(({ flag, body }) => flag === '$' && String(body).endsWith('rest'))
    expect(rest.head.fields.byteRange?.start).toBe(bytes > 2048 ? bytes + 1 : 1)
  })

  test('and is gone in the middle of a chunk leaves an end that says so', async () => {
    const bob = await relay.login(relay.bob)
    const sender = await relay.connect()
    sender.write(
      sender.head('SEND', { transactionId: 'brokenoff1234567', toPath: bob.path, fields: longMessage, body: '' }),
    )
    await sender.write('x'.repeat(5_000))
    await bob.until(() => (bob.bodyBytes === 5_000 ? true : undefined), 'first part')
    sender.destroy()
    expect((await bob.nextRequest()).flag).toBe('+')
  })

  test('reading responses is cut off', async () => {
    const alice = await relay.login(relay.alice)
    alice.pause()
    const unknown = [`msrps://localhost:${relay.port}/${'0'.repeat(22)};tcp`, 'msrps://x.invalid:9/y;tcp']
    const request = refusedRequest(alice, unknown)
    const thousand = Buffer.alloc(request.byteLength * 1000, request)
    for (let round = 0; round < 1000 && !alice.closed; round++) await alice.write(thousand)
    await alice.untilClosed()
  })

  test('reading a message holds up its sender alone', async () => {
    const bob = await relay.login(relay.bob, { keepBodies: false })
    const [sender, alice] = [await relay.connect(), await relay.login(relay.alice)]
    const other = await relay.connect({ uri: 'msrps://other.invalid:9/o;tcp' })
    bob.pause()
    const transactionId = newTransactionId(nodeRandom)
    sender.write(sender.head('SEND', { transactionId, toPath: bob.path, fields: longMessage, body: '' }))
    const block = Buffer.from(randomBytes(mebibyte))
    const blocks = 200
    let sent = 0
    const sending = (async () => {
      for (; sent < blocks; sent++) await sender.write(block)
      sender.write(`\r\n-------${transactionId}$\r\n`)
    })()
    for (let last = -1; last < sent; await delay(500)) last = sent
    expect(sent).toBeLessThan(50)
    other.send(alice.path, 'hello')
    expect(String((await alice.nextRequest()).body)).toBe('hello')
    bob.resume()
    await sending
    await bob.until(() => bob.requests.find(({ flag }) => flag === '$'), 'end of the message', 30_000)
    expect(bob.bodyBytes).toBe(blocks * mebibyte)
  })

  test('reading the messages of many sessions does not have them pile up in the relay', async () => {
    const fresh = await startRelay()
    const bob = await fresh.login(fresh.bob)
    const sender = await fresh.connect()
    bob.pause()
    const block = Buffer.alloc(900 * 1024, 'x')
    for (let session = 0; session < 400 && !sender.closed; session++) {
      const transactionId = newTransactionId(nodeRandom)
      const toPath = [bob.token, `msrps://client.invalid:9000/${session};tcp`]
      sender.write(sender.head('SEND', { transactionId, toPath, fields: longMessage, body: '' }))
      const taken = sender.write(Buffer.concat([block, Buffer.from(`\r\n-------${transactionId}$\r\n`)]))
      if ((await Promise.race([taken, delay(2_000, 'held up')])) === 'held up') break
    }
    expect(fresh.program.peakMemory).toBeLessThan(memoryLimit)
  })

  test('answering requests does not have them pile up in the relay', async () => {
    const fresh = await startRelay()
    const bob = await fresh.login(fresh.bob, { keepBodies: false })
    const sender = await fresh.connect()
    const padding = ['X-Padding-1', 'X-Padding-2'].map((name) => [name, 'x'.repeat(7_500)] as const)
    const fields = [['Use-Nickname', '"Ally"'], ...padding] as const
    const request = Buffer.concat([
      sender.head('NICKNAME', { transactionId: 'abcd1234', toPath: bob.path, fields }),
      Buffer.from('-------abcd1234$\r\n'),
    ])
    const hundred = Buffer.alloc(request.byteLength * 100, request)
    for (let round = 0; round < 150 && !sender.closed; round++) {
      await sender.write(hundred)
      bob.requests.length = 0
    }
    await fresh.settle(bob)
    expect(fresh.program.peakMemory).toBeLessThan(memoryLimit)
  })
})

const longMessage = [
  ['Message-ID', 'message1'],
  ['Byte-Range', '1-*/*'],
] as const

/** A whole SEND to somebody who does not exist. */
function refusedRequest(client: RawClient, toPath: readonly string[]): Buffer {
  const fields = [
    ['Message-ID', 'message1'],
    ['Byte-Range', '1-0/0'],
  ] as const
  const head = client.head('SEND', { transactionId: 'abcd1234', toPath, fields })
  return Buffer.concat([head, Buffer.from('-------abcd1234$\r\n')])
}
