import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { startHaproxy } from './support/haproxy.ts'
import type { Program } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { RawClient } from './support/raw-client.ts'
import { newAuthority, type RelayOptions, startRelay, TestRelay } from './support/relay.ts'
import { requires } from './support/requires.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { eventsNamed, expectExit, startReceiver, startSender, throughRelay } from './support/transfer.ts'

// A relay behind HAProxy, which tells by the PROXY protocol who comes, in each way that operators do it.

beforeEach((context) => requires(context, 'haproxy'))

interface Behind {
  relay: TestRelay
  haproxy: Program
  /** Where HAProxy listens. */
  port: number
}

/** `server`: how HAProxy passes on; `bind`: how it listens. */
async function behind(options: {
  server?: string
  bind?: string
  relay?: RelayOptions & { transport?: 'tls' | 'tls-in-front' }
}): Promise<Behind> {
  const { server = 'send-proxy-v2', bind = '', relay: settings = {} } = options
  const { transport = 'tls', ...more } = settings
  const [inside, port] = [await freePort(), await freePort()]
  const started = await startRelay({
    port: inside,
    listen: `transport = "${transport}"\nproxy_protocol_from = ["127.0.0.1/32"]`,
    ...more,
    settings: { log: { level: 'debug', format: 'json' }, advertised: { port }, ...more.settings },
  })
  const section = `listen msrp\n  bind 127.0.0.1:${port} ${bind}\n  server relay 127.0.0.1:${inside} ${server}`
  const haproxy = await startHaproxy([section], port)
  expect(started.port).toBe(port)
  return { relay: started, haproxy, port }
}

/** TLS to HAProxy from an address of this machine; undefined when the relay has cut it off before TLS. */
async function connectFrom(localAddress: string, { port, relay }: Behind): Promise<TLSSocket | undefined> {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress })
  const tls = connectTls({ socket, ca: readFileSync(relay.ca), servername: 'localhost' })
  onTestFinished(() => void tls.destroy())
  tls.on('error', () => {})
  return await Promise.race([connected(tls), once(socket, 'close').then(() => undefined)])
}

/** Undefined when it is cut off before. */
function connected(tls: TLSSocket): Promise<TLSSocket | undefined> {
  return once(tls, 'secureConnect').then(
    () => tls,
    () => undefined,
  )
}

/** A text and a file from Alice to Bob. */
async function expectTransfer(relay: TestRelay): Promise<void> {
  const bob = await startReceiver(throughRelay(relay), { args: ['--count', '2'] })
  const file = await writeRandomFile(join(temporaryFolder(), 'photo.bin'), 20_000_000)
  const alice = startSender(['--text', 'hello', file.path], bob)
  await expectExit(alice)
  await expectExit(bob.program)
  expect(eventsNamed(bob.program, 'message').map(({ text }) => text)).toEqual(['hello', null])
  expect(await sha256OfFile(join(bob.folder, 'photo.bin'))).toBe(file.sha256)
}

describe('behind HAProxy', () => {
  test.each([
    ['version 2', 'send-proxy-v2'],
    ['version 2 with what it knows of the connection', 'send-proxy-v2 proxy-v2-options unique-id,crc32c'],
    ['version 1', 'send-proxy'],
  ])('texts and files arrive, and the relay sees who comes, by %s', async (_, server) => {
    const place = await behind({ server })
    await expectTransfer(place.relay)
    expect(await connectFrom('127.0.0.77', place)).toBeDefined()
    await place.relay.program.line(/"far":"tls 127\.0\.0\.77:\d+".*connection opened/)
  })

  test('which ends TLS, with HAProxy’s certificate', async () => {
    const authority = await newAuthority()
    const made = await issueCertificate({ names: ['localhost'], ca: authority })
    const folder = temporaryFolder()
    const [bundle, ca] = [join(folder, 'bundle.pem'), join(folder, 'ca.pem')]
    writeFileSync(bundle, made.certificate + made.key, { mode: 0o600 })
    writeFileSync(ca, authority.certificate)
    const place = await behind({ bind: `ssl crt ${bundle}`, relay: { transport: 'tls-in-front' } })
    const relay = new TestRelay({ ...place.relay, lifetime: 'test', ca })
    await expectTransfer(relay)
    expect(await connectFrom('127.0.0.77', { ...place, relay })).toBeDefined()
    await relay.program.line(/"far":"tcp 127\.0\.0\.77:\d+".*connection opened/)
  })

  test('its health checks are taken for what they are', async () => {
    const { relay, haproxy } = await behind({ server: 'send-proxy-v2 check inter 50ms fall 1 rise 1' })
    // Several have come by, and none of them was refused.
    await expect.poll(() => relay.program.stderr.text.split('a connection came to nothing').length).toBeGreaterThan(3)
    expect(haproxy.stdout.text + haproxy.stderr.text).not.toMatch(/is DOWN/)
    expect(relay.program.stderr.text).not.toMatch(/refused/)
  })

  test('as many as may come from one address come from each', async () => {
    const place = await behind({ relay: { settings: { limits: { connections_per_address: 2 } } } })
    for (const address of ['127.0.0.71', '127.0.0.72']) {
      expect(await connectFrom(address, place)).toBeDefined()
      expect(await connectFrom(address, place)).toBeDefined()
      expect(await connectFrom(address, place)).toBeUndefined()
    }
    await place.relay.program.line(/"address":"127\.0\.0\.72".*too many connections/)
  })

  test('who is denied is known by his own address', async () => {
    const place = await behind({ relay: { settings: { access: { deny_networks: ['127.0.0.66/31'] } } } })
    expect(await connectFrom('127.0.0.66', place)).toBeUndefined()
    expect(await connectFrom('127.0.0.68', place)).toBeDefined()
    await place.relay.program.line(/"address":"127\.0\.0\.66".*not allowed by the access settings/)
  })
})

describe('a listener that is for a proxy', () => {
  const ca = (relay: TestRelay): Buffer => readFileSync(relay.ca)

  test('cuts off who comes without its header, and says so', async () => {
    const relay = await startRelay({ listen: 'proxy_protocol_from = ["127.0.0.1"]' })
    await expect(RawClient.connect({ port: relay.port, ca: ca(relay) })).rejects.toThrow()
    await relay.program.line(/no PROXY header/)
  })

  test('takes WebSockets too, whose request may come in one piece with the header', async () => {
    const port = await freePort()
    const listener = `[[listen]]\nhost = "127.0.0.1"\nport = ${port}\ntransport = "ws"\nproxy_protocol_from = ["127.0.0.1"]`
    const relay = await startRelay({ tables: listener, settings: { log: { level: 'debug', format: 'json' } } })
    const socket = connectTcp(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const request = [
      'GET / HTTP/1.1',
      'Host: localhost',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: msrp',
    ]
    socket.write(`PROXY TCP4 203.0.113.7 192.0.2.1 50866 443\r\n${request.join('\r\n')}\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /)
    await relay.program.line(/"far":"ws 203\.0\.113\.7:50866".*connection opened/)
  })

  test('cuts off who comes from elsewhere, and says so', async () => {
    const relay = await startRelay({ listen: 'proxy_protocol_from = ["192.0.2.4", "127.0.0.64/26"]' })
    await expect(RawClient.connect({ port: relay.port, ca: ca(relay) })).rejects.toThrow()
    await relay.program.line(/no proxy that is trusted/)
  })
})
