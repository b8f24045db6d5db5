import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { Endpoint, type RelayOptions } from 'msrp'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ClientOptions } from 'ws'
import { writeRandomFile } from './support/random-file.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { eventsNamed, expectExit, startReceiver, startSender } from './support/transfer.ts'
import { Watched } from './support/watched.ts'
import { bareAuth, basic, nextMessage, untilEnd, WebSocketRelay } from './support/web-socket-relay.ts'

// Real processes: clients by WebSocket and by TLS, and a relay between them (RFC 7977). What takes longer is in
// websocket.long.test.ts, browsers are in browser.long.test.ts.

const MiB = 1024 * 1024

let relay: WebSocketRelay

beforeAll(async () => {
  relay = await WebSocketRelay.start()
})

test('the command line sends from WebSocket to TLS; RFC7977-4.1-1, RFC7977-4.1-2, RFC7977-5.1-1', async () => {
  const { alice, bob } = relay.relay
  const file = await writeRandomFile(join(temporaryFolder(), 'photo.jpg'), 3 * MiB + 1)
  const way = { receiver: relay.relay.options(bob), sender: relay.options(alice) }
  const receiver = await startReceiver(way, { args: ['--count', '2'] })
  const sender = startSender(['--text', 'Grüße', file.path], receiver)
  await expectExit(sender)
  await expectExit(receiver.program)
  expect(eventsNamed(receiver.program, 'message')).toEqual([
    expect.objectContaining({ text: 'Grüße' }),
    expect.objectContaining({ sha256: file.sha256 }),
  ])
})

describe('a session of the library', () => {
  test('logs in by Digest; who calls itself ;tcp is reached over its WebSocket all the same, and by itself it says ;ws; RFC7977-7-4', async () => {
    const { alice, bob } = relay.relay
    const endpoint = relay.endpoint()
    const tcp = await endpoint.prepare({ relay: { ...relay.byWebSocket(bob), localTransport: 'tcp' } })
    expect(tcp.localPath).toMatch(/ msrps:\/\/\w+\.invalid:2855\/\w+;tcp$/)
    const plain = await endpoint.prepare({ relay: relay.byWebSocket(bob) })
    expect(plain.localPath).toMatch(/;tcp msrps:\/\/\w+\.invalid:2855\/\w+;ws$/)
    await Promise.all([tcp.close(), plain.close()])
    const receiving = { ...relay.byWebSocket(bob), localTransport: 'tcp' as const }
    const { sender, receiver } = await relay.pair(relay.byTls(alice), receiving)
    const sent = sender.send('hello')
    expect(await (await nextMessage(receiver)).text()).toBe('hello')
    await sent.delivered
  })

  test('needs no AUTH with credentials when they are in the handshake; wrong ones are refused there; RFC7977-5.3.1-2', async () => {
    const { alice } = relay.relay
    const trace: string[] = []
    const seen = relay.endpoint((text) => trace.push(text))
    const prepared = await seen.prepare({ relay: { ...relay.byWebSocket(alice), handshake: true } })
    expect(trace.filter((text) => /^MSRP \S+ 401|^Authorization/m.test(text))).toEqual([])
    expect(trace.some((text) => text.includes('Use-Path'))).toBe(true)
    await prepared.close()
    const wrong = { ...relay.byWebSocket(alice), password: 'no' }
    await expect(seen.prepare({ relay: { ...wrong, handshake: true } })).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(seen.prepare({ relay: wrong })).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/user name or password/),
    })
    await expect(seen.prepare({ relay: { uri: relay.url } })).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/none were given/),
    })
  })

  test('checks the certificate: authority and name; RFC7977-9-2', async () => {
    const relayAt = (uri: string): RelayOptions => ({ ...relay.byWebSocket(relay.relay.alice), uri })
    const trusting = new Endpoint()
    onTestFinished(() => trusting.close())
    await expect(trusting.prepare({ relay: relayAt(relay.url) })).rejects.toMatchObject({ code: 'tls-authority' })
    const other = new Endpoint({ tls: { ca: relay.ca }, resolve: { 'other.example': ['127.0.0.1'] } })
    onTestFinished(() => other.close())
    await expect(other.prepare({ relay: relayAt(`wss://other.example:${relay.wss}/msrp`) })).rejects.toMatchObject({
      code: 'tls-name',
    })
  })

  test('is told what is wrong where the path is another, or the port is no WebSocket', async () => {
    const relayAt = (uri: string): RelayOptions => ({ ...relay.byWebSocket(relay.relay.alice), uri })
    const endpoint = relay.endpoint()
    await expect(endpoint.prepare({ relay: relayAt(`wss://localhost:${relay.wss}/other`) })).rejects.toMatchObject({
      code: 'not-msrp',
      message: expect.stringMatching(/404.*path/),
    })
    await expect(endpoint.prepare({ relay: relayAt(`wss://localhost:${relay.relay.port}/`) })).rejects.toMatchObject({
      code: 'not-msrp',
    })
  })
})

describe('a handshake', () => {
  test.each<[what: string, expected: number, protocols: string[], options: ClientOptions, path?: string]>([
    ['another path', 404, ['msrp'], {}, '/'],
    ['no sub-protocol', 400, [], {}],
    ['another sub-protocol', 400, ['sip'], {}],
    ['the origin of another page', 403, ['msrp'], { origin: 'https://evil.example' }],
    ['a name that only begins like ours', 403, ['msrp'], { origin: 'https://localhost.evil.example' }],
    ['a page from nowhere', 403, ['msrp'], { origin: 'null' }],
    ['wrong credentials', 401, ['msrp'], { headers: { authorization: 'Basic YWxpY2U6bm8=' } }],
    ['unreadable credentials', 401, ['msrp', 'msrp.credentials.YQ'], {}],
    ['fields without end', 431, ['msrp'], { headers: { 'X-Long': 'x'.repeat(20_000) } }],
  ])('with %s is answered %i', async (_, expected, protocols, options, path = '/msrp') => {
    expect(await handshake(protocols, options, path)).toBe(expected)
  })

  test('of a page of the relay’s own name succeeds, and names its origin; RFC7977-7-1, RFC7977-7-2', async () => {
    const origin = 'https://localhost:8443'
    const webSocket = relay.webSocket(['msrp'], { origin })
    const [response] = await once(webSocket, 'upgrade')
    expect(response.headers).toMatchObject({
      'sec-websocket-protocol': 'msrp',
      'access-control-allow-origin': origin,
    })
    expect(response.headers).not.toHaveProperty('sec-websocket-extensions')
  })

  test('with a cookie logs in, but not for a page of another origin; RFC7977-4.2-1, RFC7977-4.2-2', async () => {
    const cookie = `other=1; relay=${basic(relay.relay.alice)}`
    expect(await handshake(['msrp'], { headers: { cookie }, origin: 'https://evil.example' })).toBe(403)
    expect(await handshake(['msrp'], { headers: { cookie: 'relay=' } })).toBe(401)
    const client = await relay.opened({ headers: { cookie }, origin: 'https://localhost' })
    // RFC 7977 §4.2: text is taken, too.
    client.send(bareAuth, { binary: false })
    const [answer, isBinary] = await once(client, 'message')
    expect(isBinary).toBe(true)
    expect(String(answer)).toMatch(
      new RegExp(`^MSRP a1b2c3d4 200[\\s\\S]*Use-Path: msrps://localhost:${relay.relay.port}/\\w+;tcp\\r\\n`),
    )
  })

  test('that is no handshake is told what this is', async () => {
    const socket = await relay.tls()
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await untilEnd(socket)).toMatch(/^HTTP\/1\.1 426 [\s\S]*Upgrade: websocket[\s\S]*RFC 7977/)
  })

  test('of an old version of WebSocket is refused', async () => {
    const socket = await relay.tls()
    socket.write(
      'GET /msrp HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: msrp\r\nSec-WebSocket-Version: 7\r\n\r\n',
    )
    expect(await untilEnd(socket)).toMatch(/^HTTP\/1\.1 4\d\d [\s\S]*Sec-WebSocket-Version: 13/)
  })

  async function handshake(protocols: string[], options: ClientOptions, path?: string): Promise<number> {
    const webSocket = relay.webSocket(protocols, options, path)
    const { promise, resolve } = Promise.withResolvers<number>()
    webSocket.on('open', () => resolve(101))
    webSocket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode ?? 0))
    return promise
  }
})

describe('what no client should do', () => {
  test('a message that is too large ends the connection with 1009, and nothing of it is kept', async () => {
    const client = await relay.opened()
    const watched = new Watched(relay.relay.program)
    client.send(new Uint8Array(128 * MiB))
    const [code] = await once(client, 'close')
    expect([1009, 1006]).toContain(code)
    expect(watched.growth).toBeLessThan(64 * MiB)
  })

  test('a message in frames of one byte each is too much, and one in a few frames is not', async () => {
    const client = await relay.opened()
    client.send(bareAuth.slice(0, 20), { fin: false })
    client.ping()
    client.send(bareAuth.slice(20, 50), { fin: false })
    client.send(bareAuth.slice(50), { fin: true })
    const [answer] = await once(client, 'message')
    expect(String(answer)).toMatch(/^MSRP a1b2c3d4 401 /)
    const other = await relay.opened()
    for (let frame = 0; frame < 5000; frame++) other.send('x', { fin: false })
    const [code] = await once(other, 'close')
    expect([1008, 1006]).toContain(code)
  })

  test('a message that arrives byte by byte, each of which costs far more than a byte, ends the connection', async () => {
    const webSocket = await relay.opened()
    const closed = once(webSocket, 'close')
    const socket = Reflect.get(webSocket, '_socket') as Socket
    // A masked binary message of 100 000 bytes.
    socket.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0, 0, 0, 0, 0]))
    let open = true
    void closed.then(() => {
      open = false
    })
    for (let sent = 0; open && sent < 10_000; sent++) {
      await new Promise((resolve) => socket.write('x', resolve))
    }
    expect([1008, 1006]).toContain((await closed)[0])
  })

  test('bytes that are no MSRP end the connection', async () => {
    const client = await relay.opened()
    client.send('GET / HTTP/1.1\r\n\r\n')
    await once(client, 'close')
  })

  test('frames that are not masked end the connection', async () => {
    const client = await relay.opened()
    ;(client as unknown as { _socket: Socket })._socket.write(Buffer.from([0x82, 0x01, 0x41]))
    const [code] = await once(client, 'close')
    expect(code).toBe(1002)
  })
})
