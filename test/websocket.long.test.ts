import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { randomBytes, writeRandomFile } from './support/random-file.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import {
  eventsNamed,
  expectExit,
  memoryBound,
  startReceiver,
  startSender,
  until,
  type Way,
} from './support/transfer.ts'
import { Watched } from './support/watched.ts'
import { basic, nextMessage, untilEnd, WebSocketRelay } from './support/web-socket-relay.ts'

// What of WebSockets takes longer: large files, receivers that do not read, and clients that are waited for.

const MiB = 1024 * 1024

let relay: WebSocketRelay

beforeAll(async () => {
  relay = await WebSocketRelay.start({ web_socket: { ping_interval: 5 }, limits: { unauthenticated_time: 3 } })
})

describe('files arrive whole, in little memory', () => {
  const { alice, bob } = { alice: () => relay.relay.alice, bob: () => relay.relay.bob }
  const ways: [string, () => Way][] = [
    ['from WebSocket to TLS', () => ({ sender: relay.options(alice()), receiver: relay.relay.options(bob()) })],
    ['from TLS to WebSocket', () => ({ sender: relay.relay.options(alice()), receiver: relay.options(bob()) })],
    [
      'from WebSocket to WebSocket without TLS of its own, as behind a proxy',
      () => ({
        sender: relay.options(alice()),
        receiver: relay.options(bob(), `ws://127.0.0.1:${relay.ws}/msrp`),
      }),
    ],
  ]

  test.each(ways)('%s; RFC7977-5.1-4', async (_, way) => {
    const folder = temporaryFolder()
    const sizes = [0, 2048, 65_536, 256 * MiB + 1]
    const files = await Promise.all(sizes.map((size) => writeRandomFile(join(folder, `${size}.bin`), size, size)))
    const receiver = await startReceiver(way(), { args: ['--count', String(files.length + 1)] })
    const sender = startSender(['--text', 'Grüße', ...files.map(({ path }) => path)], receiver)
    await expectExit(sender, 0, 300_000)
    await expectExit(receiver.program)
    const arrived = eventsNamed(receiver.program, 'message').map(({ sha256 }) => sha256)
    expect(new Set(arrived)).toEqual(new Set([sha256(Buffer.from('Grüße')), ...files.map((file) => file.sha256)]))
    for (const program of [sender, receiver.program, relay.relay.program])
      expect(program.peakMemory, program.describe()).toBeLessThan(memoryBound)
  })
})

describe.each(['WebSocket', 'TLS'])('a receiver by %s that does not read', (kind) => {
  test('holds its sender up, and costs the relay little', async () => {
    const { alice, bob } = relay.relay
    const body = randomBytes(100 * MiB, 5)
    const { sender, receiver } = await relay.pair(
      kind === 'WebSocket' ? relay.byTls(alice) : relay.byWebSocket(alice),
      kind === 'WebSocket' ? relay.byWebSocket(bob) : relay.byTls(bob),
    )
    const watched = new Watched(relay.relay.program)
    const sent = sender.send(body, { contentType: 'application/octet-stream' })
    const message = await nextMessage(receiver)
    const reader = message.stream().getReader()
    const hash = createHash('sha256')
    for (let piece = 0; piece < 20; piece++) {
      const { value } = await reader.read()
      if (value !== undefined) hash.update(value)
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(sent.confirmed.bytes).toBeLessThan(body.length)
    }
    for (let read = await reader.read(); !read.done; read = await reader.read()) hash.update(read.value)
    await sent.delivered
    expect(hash.digest('hex')).toBe(sha256(body))
    expect(watched.growth).toBeLessThan(60 * MiB)
  })
})

test('a process that is stopped holds its sender up, and takes the rest when it goes on', async () => {
  const { alice, bob } = relay.relay
  const file = await writeRandomFile(join(temporaryFolder(), 'large.bin'), 128 * MiB)
  const way = { receiver: relay.options(bob), sender: relay.relay.options(alice) }
  const receiver = await startReceiver(way, { args: ['--count', '1'] })
  const sender = startSender([file.path], receiver)
  const confirmed = (): number => Number(eventsNamed(sender, 'progress').at(-1)?.bytes ?? 0)
  await until(() => confirmed() > 10 * MiB, 'ten megabytes to be there')
  receiver.program.kill('SIGSTOP')
  const watched = new Watched(relay.relay.program)
  // Shorter than an answer to a ping may take: it counts as slow, and not as dead.
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect(confirmed()).toBeLessThan(file.size)
  expect(watched.growth).toBeLessThan(20 * MiB)
  receiver.program.kill('SIGCONT')
  await expectExit(sender)
  expect(eventsNamed(receiver.program, 'message')).toEqual([expect.objectContaining({ sha256: file.sha256 })])
})

describe('who is not waited for', () => {
  test('a handshake that never comes, or never ends', async () => {
    const [silent, slow] = [await relay.tls(), await relay.tls()]
    slow.write('GET /msrp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    const [first, second] = await Promise.all([untilEnd(silent), untilEnd(slow)])
    expect([first, second]).toEqual(['', ''])
  })

  test('a client without a successful request, however often it pings', async () => {
    const client = await relay.opened()
    const pinging = setInterval(() => client.ping(), 50)
    await once(client, 'close')
    clearInterval(pinging)
  })

  test('one that vanishes without a word, and does not answer pings; RFC7977-6-1', async () => {
    const proxy = connectTcp({ host: '127.0.0.1', port: relay.ws })
    await once(proxy, 'connect')
    proxy.write(
      `GET /msrp HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: msrp\r\nSec-WebSocket-Version: 13\r\nAuthorization: Basic ${basic(relay.relay.alice)}\r\n\r\n`,
    )
    const [answer] = await once(proxy, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101/)
    const auth =
      'MSRP a1b2c3d4 AUTH\r\nTo-Path: msrps://localhost;tcp\r\nFrom-Path: msrps://x.invalid:2855/abc;ws\r\n-------a1b2c3d4$\r\n'
    proxy.write(
      Buffer.concat([
        Buffer.from([0x82, 0x80 | 126, auth.length >> 8, auth.length & 255, 0, 0, 0, 0]),
        Buffer.from(auth),
      ]),
    )
    const [granted] = await once(proxy, 'data')
    expect(String(granted)).toMatch(/ 200/)
    // It reads, and answers nothing: the kernel does for it.
    proxy.resume()
    await once(proxy, 'close')
  })
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
