import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { type Program, startProgram } from './support/process.ts'
import { randomBytes, writeRandomFile } from './support/random-file.ts'
import { newAuthority, type RelayUser } from './support/relay.ts'
import { repositoryRoot } from './support/repository.ts'
import { requires } from './support/requires.ts'
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

  test.each(ways)('%s', async (_, way) => {
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

test('behind HAProxy, which ends TLS and chooses by path, as docs/websocket.md has it', async (context) => {
  requires(context, 'haproxy')
  const folder = temporaryFolder()
  const [authority, port] = [await newAuthority(), await freePort()]
  const { certificate, key } = await issueCertificate({ names: ['localhost'], ca: authority })
  const [pem, ca, config] = ['proxy.pem', 'ca.pem', 'haproxy.cfg'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(pem, certificate + key)
  writeFileSync(ca, authority.certificate + readFileSync(relay.relay.ca, 'utf8'))
  const documented = /```haproxy\n([\s\S]*?)```/.exec(
    readFileSync(join(repositoryRoot, 'docs/websocket.md'), 'utf8'),
  )?.[1]
  writeFileSync(
    config,
    `${documented}`
      .replace(':443', `127.0.0.1:${port}`)
      .replace('/etc/haproxy/relay.example.com.pem', pem)
      .replace('127.0.0.1:8081', `127.0.0.1:${relay.ws}`),
  )
  const proxy = startProgram('haproxy', ['-db', '-f', config])
  await listening(port, proxy)
  const { alice, bob } = relay.relay
  const url = `wss://localhost:${port}/msrp`
  const file = await writeRandomFile(join(folder, 'photo.jpg'), 20 * MiB)
  const options = (user: RelayUser): string[] =>
    relay.options(user, url).map((word) => (word === relay.relay.ca ? ca : word))
  const receiver = await startReceiver({ receiver: options(bob), sender: options(alice) }, { args: ['--count', '1'] })
  await expectExit(startSender([file.path], receiver))
  await expectExit(receiver.program)
  expect(eventsNamed(receiver.program, 'message')).toEqual([expect.objectContaining({ sha256: file.sha256 })])
})

describe('who is not waited for', () => {
  test('a handshake that never comes, or never ends', async () => {
    const [silent, slow] = [await relay.tls(), await relay.tls()]
    slow.write('GET /msrp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    const [first, second] = await Promise.all([untilEnd(silent), untilEnd(slow)])
    expect([first, second]).toEqual(['', ''])
  })

  test('two hundred who begin a message of the largest size and do not end it take no more than docs/relay.md says', async () => {
    const watched = new Watched(relay.relay.program)
    const clients = await Promise.all(Array.from({ length: 200 }, () => relay.opened()))
    for (const client of clients) client.send(new Uint8Array(127 * 1024), { fin: false })
    await Promise.all(clients.map((client) => once(client, 'close')))
    if (process.env.MSRP_TEST_FIGURES !== undefined) console.log(`unfinished messages: ${watched.figures}`)
    expect(watched.growth).toBeLessThan(200 * 0.35 * MiB + 30 * MiB)
  })

  test('a client without a successful request, however often it pings', async () => {
    const client = await relay.opened()
    const pinging = setInterval(() => client.ping(), 50)
    await once(client, 'close')
    clearInterval(pinging)
  })

  test('one that vanishes without a word, and does not answer pings', async () => {
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

/** Waits until a program listens. */
async function listening(port: number, program: Program): Promise<void> {
  for (const deadline = performance.now() + 10_000; ; ) {
    const socket = connectTcp({ host: '127.0.0.1', port })
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return
    if (performance.now() > deadline) throw new Error(`does not listen: ${program.describe()}`)
  }
}
