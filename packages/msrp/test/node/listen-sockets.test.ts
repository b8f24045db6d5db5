import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import type { ListenSocketsOptions } from '../../src/node/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { Recorder } from '../transport/recorder.ts'
import { cipherSuites, testAuthority } from '../transport/test-certificates.ts'
import { type Listening, listenUntil } from './listening.ts'

const authority = await testAuthority()
const stranger = await testAuthority('Unknown authority')
const server = await authority.issue({ names: ['relay.example.com'] })
const rsa = await authority.issue({ names: ['relay.example.com'], rsa: true })
const renewed = await authority.issue({ names: ['renewed.example.com'] })
const trusted = await authority.issue({ names: ['other.example.com', '192.0.2.7'] })
const strange = await stranger.issue({ names: ['other.example.com'] })
const expired = await authority.issue({ names: ['other.example.com'], expired: true })
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))

const cleanups = cleanupsAfterEach()

const listen = (options?: Partial<ListenSocketsOptions>): Promise<Listening> => listenUntil(cleanups, options)

function plainClient(port: number, host = '127.0.0.1'): Socket {
  const socket = connectTcp(port, host)
  socket.on('error', () => {})
  cleanups.push(() => socket.destroy())
  return socket
}

async function tlsClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca: authority.ca,
    checkServerIdentity: () => undefined,
    ...options,
  })
  socket.on('error', () => {})
  cleanups.push(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

async function failure(promise: Promise<unknown>): Promise<MsrpError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(MsrpError)
  return error as MsrpError
}

describe('a TCP listener', () => {
  it('tells its address and hands out each connection once, with both addresses', async () => {
    const { listener, port, accepted, until } = await listen()
    expect(listener.address).toEqual({ host: '127.0.0.1', port })
    expect(listener.secure).toBe(false)
    const client = plainClient(port)
    client.end('hello')
    await until('accepted', 1)
    const { transport, info } = accepted[0]!
    const recorder = Recorder.on(transport)
    await recorder.closed()
    expect(recorder.text).toBe('hello')
    expect(info.tls).toBeUndefined()
    expect(info.remote.address).toBe('127.0.0.1')
    expect(info.local).toEqual({ address: '127.0.0.1', port })
    expect(transport.description).toBe(`tcp 127.0.0.1:${info.remote.port}`)
  })

  it.each([
    ['in use', async () => ({ port: (await listen()).port }), /127\.0\.0\.1:\d+: .*in use.*choose another port/],
    ['not of this machine', async () => ({ host: '192.0.2.1' }), /192\.0\.2\.1:0: .*Choose an address of this machine/],
    ['of an unknown name', async () => ({ host: 'no-such-host.invalid' }), /no-such-host\.invalid:0: /],
  ])('says clearly that its address is %s', async (_, options, message) => {
    const error = await failure(listen(await options()))
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/\n/)
    expect(error.code).toBe('unreachable')
  })

  it('says clearly that a port needs a privilege', async ({ skip }) => {
    // Root may use every port, so another user has to try.
    const program = `
      import { listenSockets } from '${new URL('../../src/node/index.ts', import.meta.url).href}'
      if (process.getuid() === 0) process.setuid(65534)
      await listenSockets({ host: '127.0.0.1', port: 1, onTransport() {} }).catch((error) => {
        console.log(error.code + ' ' + error.message)
        process.exit()
      })
      console.log('permitted')
      process.exit()`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes
    })
    await once(child, 'close')
    if (output === 'permitted\n') skip('every user may use low ports here')
    expect(output).toMatch(/^unreachable cannot listen on 127\.0\.0\.1:1: not permitted\. .*choose a higher one\n$/)
  })

  it('closes connections over its limit at once, and tells', async () => {
    const { listener, port, accepted, refused, until } = await listen({ maxConnections: 2 })
    const clients = [plainClient(port), plainClient(port)]
    await until('accepted', 2)
    const third = plainClient(port)
    third.resume()
    await once(third, 'close')
    expect(refused).toEqual([expect.stringMatching(/^too many connections 127\.0\.0\.1:\d+$/)])
    expect(listener.connections).toBe(2)
    const recorder = Recorder.on(accepted[0]!.transport)
    clients[0]!.destroy()
    await recorder.closed()
    plainClient(port)
    await until('accepted', 3)
  })

  it('frees the port on close() while its transports go on', async () => {
    const { listener, port, accepted, until } = await listen()
    const client = plainClient(port)
    await until('accepted', 1)
    await listener.close()
    const again = await listen({ port })
    expect(again.port).toBe(port)
    const recorder = Recorder.on(accepted[0]!.transport)
    client.write('still here')
    await recorder.until(() => recorder.received === 10)
  })

  it('ends its transports as well when asked', async () => {
    const { listener, port, accepted, until } = await listen()
    const client = plainClient(port)
    client.resume()
    await until('accepted', 1)
    const recorder = Recorder.on(accepted[0]!.transport)
    await listener.close({ transports: true })
    await recorder.closed()
    expect(listener.connections).toBe(0)
    if (!client.closed) await once(client, 'close')
  })

  it('survives clients that reset at once', async () => {
    const { port, accepted, until } = await listen()
    for (let index = 0; index < 20; index++) {
      const client = plainClient(port)
      client.once('connect', () => client.resetAndDestroy())
    }
    await until('accepted', 20)
    await Promise.all(accepted.map(({ transport }) => Recorder.on(transport).closed()))
    plainClient(port)
    await until('accepted', 21)
  })

  it('survives having too many files open: closes whom it has no room for, and goes on', async ({ skip }) => {
    if (process.platform === 'win32') skip('needs ulimit')
    const program = `
      import { listenSockets } from '${new URL('../../src/node/index.ts', import.meta.url).href}'
      const listener = await listenSockets({
        host: '127.0.0.1',
        port: 0,
        onTransport: (transport) => transport.start({ onData: (bytes) => transport.write(bytes.slice()), onDrain() {}, onClose() {} }),
      })
      console.log(listener.address.port)`
    const limited = ['-c', 'ulimit -n 64 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', program]
    const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanups.push(() => child.kill('SIGKILL'))
    const port = Number((await once(child.stdout, 'data'))[0])
    const echoes = async (): Promise<boolean> => {
      const client = plainClient(port)
      client.write('x')
      return new Promise((resolve) => client.once('data', () => resolve(true)).once('close', () => resolve(false)))
    }
    const served: boolean[] = []
    for (let index = 0; index < 80; index++) served.push(await echoes())
    expect(served[0]).toBe(true)
    expect(served.at(-1)).toBe(false)
    for (const close of cleanups.splice(1)) await close()
    while (!(await echoes())) await new Promise(setImmediate)
  })

  it('shares its port with another one that shares it too', async ({ skip }) => {
    if (process.platform !== 'linux') skip('needs reusePort')
    const { port } = await listen({ reusePort: true })
    expect((await listen({ port, reusePort: true })).port).toBe(port)
  })

  it.skipIf(!hasIpv6)('listens on IPv6 and describes its peers in brackets', async () => {
    const { listener, port, accepted, until } = await listen({ host: '::1' })
    expect(listener.address.host).toBe('::1')
    plainClient(port, '::1')
    await until('accepted', 1)
    expect(accepted[0]!.transport.description).toMatch(/^tcp \[::1\]:\d+$/)
  })

  it('shows IPv4 peers of a listener on every address as IPv4', async () => {
    const { port, accepted, until } = await listen({ host: undefined })
    plainClient(port)
    await until('accepted', 1)
    expect(accepted[0]!.info).toMatchObject({ remote: { address: '127.0.0.1' }, local: { address: '127.0.0.1', port } })
    expect(accepted[0]!.transport.description).toMatch(/^tcp 127\.0\.0\.1:\d+$/)
  })

  it('has no certificate to replace', async () => {
    const { listener } = await listen()
    expect(() => listener.setSecureContext(server)).toThrow(/does not use TLS/)
  })
})

describe('a TLS listener', () => {
  it('hands out a connection after its handshake, and tells what it knows of the client (RFC4976-9.2-1)', async () => {
    const { port, accepted, until } = await listen({ tls: server })
    const client = await tlsClient(port)
    await until('accepted', 1)
    const { transport, info } = accepted[0]!
    expect(transport.secure).toBe(true)
    expect(info.tls).toMatchObject({ authorized: false, names: [], addresses: [], protocol: 'TLSv1.3' })
    expect(info.tls?.fingerprint).toBeUndefined()
    expect(info.tls?.matches('relay.example.com')).toBe(false)
    expect(client.alpnProtocol).toBe(false)
  })

  // RFC 4976 §9.2: a relay is known by its certificate; what clients show is ignored.
  it.each([
    ['none', undefined, { authorized: false, names: [] }],
    [
      'one from a known authority',
      trusted,
      { authorized: true, names: ['other.example.com'], addresses: ['192.0.2.7'] },
    ],
    [
      'one from an unknown authority',
      strange,
      { authorized: false, names: ['other.example.com'], reason: expect.any(String) },
    ],
    ['an expired one', expired, { authorized: false, names: ['other.example.com'], reason: 'CERT_HAS_EXPIRED' }],
  ])('asks for a client certificate and lets in who shows %s (RFC4976-9.2-8)', async (_, certificate, facts) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { port, accepted, until } = await listen({ tls: { ...server, ca: authority.ca }, requestCert: true })
      const client = await tlsClient(port, { ...certificate, maxVersion })
      client.write('hello')
      await until('accepted', 1)
      const { transport, info } = accepted[0]!
      const recorder = Recorder.on(transport)
      await recorder.until(() => recorder.received === 5)
      expect(info.tls).toMatchObject({ ...facts, protocol: maxVersion })
      expect(info.tls?.reason === undefined).toBe(info.tls?.authorized || certificate === undefined)
      expect(info.tls?.matches('other.example.com')).toBe(certificate !== undefined)
    }
  })

  it.each(cipherSuites)('RFC4975-14.2-2, RFC4976-9.2-3: %s: %s', async (name, spoken) => {
    const { port, refused, until } = await listen({ tls: rsa })
    const client = tlsClient(port, { maxVersion: 'TLSv1.2', ciphers: name })
    if (spoken) {
      expect((await client).getCipher().name).toBe(name)
      return
    }
    await expect(client).rejects.toThrow(/handshake failure/)
    await until('refused', 1)
    expect(refused[0]).toMatch(/no shared cipher/)
  })

  it('speaks TLS 1.3', async () => {
    const { port } = await listen({ tls: server })
    expect((await tlsClient(port, { minVersion: 'TLSv1.3' })).getProtocol()).toBe('TLSv1.3')
  })

  it('whose certificate is replaced goes on without obsolete suites', async () => {
    const { port, listener } = await listen({ tls: server })
    listener.setSecureContext(rsa)
    await expect(tlsClient(port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' })).rejects.toThrow()
    await tlsClient(port, { maxVersion: 'TLSv1.2' })
  })

  it('does not speak TLS 1.1', async () => {
    const { port, refused, until } = await listen({ tls: server })
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(tlsClient(port, old)).rejects.toThrow()
    await until('refused', 1)
    expect(refused[0]).toMatch(/unsupported protocol/)
  })

  it('cuts off a client that sends nothing', async () => {
    const { listener, port, refused, accepted, until } = await listen({ tls: server, handshakeTimeout: 50 })
    const client = plainClient(port)
    client.resume()
    await once(client, 'close')
    await until('refused', 1)
    expect(refused[0]).toMatch(/^no TLS handshake in time 127\.0\.0\.1:\d+$/)
    expect(accepted).toEqual([])
    while (listener.connections > 0) await new Promise(setImmediate)
  })

  it('cuts off a client that sends its ClientHello a byte at a time, for each connection on its own', async () => {
    const { port, refused, accepted, until } = await listen({ tls: server, handshakeTimeout: 400 })
    const drip = plainClient(port)
    drip.resume()
    await once(drip, 'connect')
    // What is written when the far side is gone already is answered by a reset.
    drip.on('error', () => {})
    const closed = new Promise((resolve) => drip.once('close', resolve))
    const begun = performance.now()
    // The record says 512 bytes, which take 512 times 10 ms to come.
    drip.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]))
    const dripping = setInterval(() => drip.write(Buffer.from([7])), 10)
    cleanups.push(() => clearInterval(dripping))
    await tlsClient(port)
    await until('accepted', 1)
    await closed
    expect(performance.now() - begun).toBeLessThan(3_000)
    expect(refused).toEqual([expect.stringMatching(/^no TLS handshake in time/)])
    expect(accepted).toHaveLength(1)
  })

  it('does not cut off a connection that was silent after its handshake', async () => {
    const { port, accepted, until } = await listen({ tls: server, handshakeTimeout: 50 })
    const client = await tlsClient(port)
    await until('accepted', 1)
    const recorder = Recorder.on(accepted[0]!.transport)
    await new Promise((resolve) => setTimeout(resolve, 120))
    client.write('awake')
    await recorder.until(() => recorder.received === 5)
  })

  it('refuses a client that does not speak TLS, and tells (RFC4975-5.4-6)', async () => {
    const { port, refused, accepted, until } = await listen({ tls: server })
    const client = plainClient(port)
    client.resume()
    client.write('MSRP a786hjs2 SEND\r\nTo-Path: msrp://127.0.0.1:2855/abc;tcp\r\n')
    await once(client, 'close')
    await until('refused', 1)
    expect(refused[0]).toMatch(/127\.0\.0\.1:\d+$/)
    expect(accepted).toEqual([])
  })

  it('counts connections in their handshake towards its limit', async () => {
    const { port, refused, until } = await listen({ tls: server, maxConnections: 1 })
    const silent = plainClient(port)
    await once(silent, 'connect')
    await expect(tlsClient(port)).rejects.toThrow()
    await until('refused', 1)
    expect(refused[0]).toMatch(/^too many connections/)
  })

  it('takes another certificate while it runs: new connections get it, present ones go on', async () => {
    const { listener, port, accepted, until } = await listen({ tls: server })
    const before = await tlsClient(port)
    await until('accepted', 1)
    const recorder = Recorder.on(accepted[0]!.transport)
    listener.setSecureContext(renewed)
    const after = await tlsClient(port)
    expect(before.getPeerCertificate().subjectaltname).toBe('DNS:relay.example.com')
    expect(after.getPeerCertificate().subjectaltname).toBe('DNS:renewed.example.com')
    before.write('still here')
    await recorder.until(() => recorder.received === 10)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'knows a client that resumes its session, and looks at it afresh after the authorities changed: %s',
    async (maxVersion) => {
      const { listener, port, accepted, until } = await listen({
        tls: { ...server, ca: authority.ca },
        requestCert: true,
      })
      let session: Buffer | undefined
      const reused: boolean[] = []
      const visit = async (count: number): Promise<void> => {
        const client = await tlsClient(port, { ...trusted, maxVersion, session })
        reused.push(client.isSessionReused())
        await until('accepted', count)
        accepted[count - 1]!.transport.write(Buffer.from('ticket and byte'))
        await once(client, 'data')
        session = client.getSession()
        client.destroy()
      }
      await visit(1)
      await visit(2)
      listener.setSecureContext({ ...server, ca: stranger.ca })
      await visit(3)
      expect(reused).toEqual([false, true, false])
      expect(accepted.map(({ info }) => info.tls?.authorized)).toEqual([true, true, false])
      expect(accepted.every(({ info }) => info.tls?.names[0] === 'other.example.com')).toBe(true)
    },
  )

  it('keeps its certificate when the new one cannot be used', async () => {
    const { listener, port } = await listen({ tls: server })
    expect(() => listener.setSecureContext({ cert: renewed.cert, key: server.key })).toThrow(/cannot be used together/)
    expect((await tlsClient(port)).getPeerCertificate().subjectaltname).toBe('DNS:relay.example.com')
  })

  it('cuts off handshakes on close(), and only those', async () => {
    const { listener, port, accepted, until } = await listen({ tls: server })
    const secured = await tlsClient(port)
    await until('accepted', 1)
    const silent = plainClient(port)
    silent.resume()
    await once(silent, 'connect')
    while (listener.connections < 2) await new Promise(setImmediate)
    const cut = once(silent, 'close')
    await listener.close()
    await cut
    const recorder = Recorder.on(accepted[0]!.transport)
    secured.write('still here')
    await recorder.until(() => recorder.received === 10)
  })

  it('forgets connections that ended', async () => {
    const { listener, port, accepted, until } = await listen({ tls: server })
    for (let index = 0; index < 10; index++) (await tlsClient(port)).end()
    await until('accepted', 10)
    await Promise.all(accepted.map(({ transport }) => Recorder.on(transport).closed()))
    while (listener.connections > 0) await new Promise(setImmediate)
  })

  // Node tells neither of the error nor ever of the write when, under TLS, a write is the first to meet a reset.
  it('forgets connections that were reset before the answer to what they said', async () => {
    const { listener, port, accepted, until } = await listen({ tls: server, transport: { lingerTimeout: 20 } })
    const attackers = 10
    for (let index = 0; index < attackers; index++) {
      const raw = plainClient(port)
      await once(raw, 'connect')
      const client = await tlsClient(port, { socket: raw })
      await until('accepted', index + 1)
      const { transport } = accepted[index]!
      transport.start({
        onData: () => transport.write(new TextEncoder().encode('answer')),
        onDrain: () => {},
        onClose: () => {},
      })
      client.write('something', () => raw.resetAndDestroy())
    }
    while (listener.connections > 0) await new Promise(setImmediate)
  })

  it('refuses to open with a key that is not the certificate’s', async () => {
    const error = await failure(listen({ tls: { cert: server.cert, key: renewed.key } }))
    expect(error.code).toBe('invalid-argument')
  })
})
