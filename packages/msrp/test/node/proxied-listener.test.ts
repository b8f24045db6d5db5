import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import type { ListenSocketsOptions } from '../../src/node/index.ts'
import { Recorder } from '../transport/recorder.ts'
import { testAuthority } from '../transport/test-certificates.ts'
import { type Listening, listenUntil } from './listening.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['relay.example.com'] })
const other = await authority.issue({ names: ['example.org'] })

const text = (address: string): Buffer => Buffer.from(`PROXY TCP4 ${address} 192.0.2.1 50866 2855\r\n`)

/** Version 2 with the address 203.0.113.7:50866 and a field of 20 bytes after it. */
const header = Buffer.from(`0d0a0d0a000d0a515549540a21110023cb007107c0000201c6b20b27040014${'00'.repeat(20)}`, 'hex')
const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')

const cleanups = cleanupsAfterEach()

const listen = (options?: Partial<ListenSocketsOptions>): Promise<Listening> =>
  listenUntil(cleanups, { proxy: { trusts: (address) => address === '127.0.0.1' }, ...options })

async function client(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.setNoDelay(true)
  cleanups.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** TLS over a connection that exists, as a client behind the proxy speaks it. */
async function secured(socket: Socket, servername = 'relay.example.com'): Promise<ReturnType<typeof connectTls>> {
  const tls = connectTls({ socket, ca: authority.ca, servername })
  tls.on('error', () => {})
  await once(tls, 'secureConnect')
  return tls
}

describe('behind a proxy that tells who comes', () => {
  it.each([
    ['tcp', {}],
    ['tls', { tls: { ...certificate } }],
  ])('a connection over %s counts as that of its client, and megabytes arrive whole', async (protocol, options) => {
    const admitted: string[] = []
    const left: string[] = []
    const listening = await listen({
      ...options,
      admit: (address) => void admitted.push(address),
      onGone: (address) => void left.push(address),
    })
    const raw = await client(listening.port)
    const body = randomBytes(3_000_000)
    raw.write(header)
    const socket = protocol === 'tls' ? await secured(raw) : raw
    socket.end(body)
    const { transport, info } = await listening.next()
    const recorder = Recorder.on(transport)
    await recorder.closed()
    expect(recorder.sha256).toBe(createHash('sha256').update(body).digest('hex'))
    expect(info.remote).toEqual({ address: '203.0.113.7', port: 50_866 })
    expect(transport.description).toBe(`${protocol} 203.0.113.7:50866`)
    expect([admitted, left]).toEqual([['203.0.113.7'], ['203.0.113.7']])
    expect(listening.refused).toEqual([])
  })

  it('header and first bytes may come in one piece, or a byte at a time', async () => {
    const listening = await listen()
    const whole = await client(listening.port)
    whole.end(Buffer.concat([header, Buffer.from('hello')]))
    const one = Recorder.on((await listening.next()).transport)
    await one.closed()
    expect(one.text).toBe('hello')

    const slow = await client(listening.port)
    const bytes = Buffer.concat([text('198.51.100.9'), Buffer.from('hello')])
    for (const byte of bytes) {
      slow.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    slow.end()
    const { transport, info } = await listening.next()
    const two = Recorder.on(transport)
    await two.closed()
    expect(two.text).toBe('hello')
    expect(info.remote.address).toBe('198.51.100.9')
  })

  it('header and ClientHello may come in one piece', async () => {
    const listening = await listen({ tls: certificate })
    const raw = await client(listening.port)
    // What is written while the socket is corked leaves together.
    raw.cork()
    raw.write(header)
    const tls = connectTls({ socket: raw, ca: authority.ca, servername: 'relay.example.com' })
    cleanups.push(() => tls.destroy())
    setImmediate(() => raw.uncork())
    await once(tls, 'secureConnect')
    tls.end('hello')
    const recorder = Recorder.on((await listening.next()).transport)
    await recorder.closed()
    expect(recorder.text).toBe('hello')
  })

  it('the proxy may speak for itself', async () => {
    const listening = await listen()
    const socket = await client(listening.port)
    socket.end(Buffer.concat([local, Buffer.from('hello')]))
    const { transport, info } = await listening.next()
    const recorder = Recorder.on(transport)
    await recorder.closed()
    expect(recorder.text).toBe('hello')
    expect(info.remote).toEqual({ address: '127.0.0.1', port: expect.any(Number) })
  })

  it('the certificate is that of the name which is asked for, as without a proxy', async () => {
    const certificateFor = (name: string): typeof other | undefined => (name === 'example.org' ? other : undefined)
    for (const proxy of [undefined, { trusts: () => true }]) {
      const listening = await listen({ tls: certificate, certificateFor, proxy })
      for (const [asked, shown] of [
        ['example.org', 'example.org'],
        ['Example.ORG', 'example.org'],
        ['relay.example.com', 'relay.example.com'],
        ['unknown.example.net', 'relay.example.com'],
        ['', 'relay.example.com'],
      ]) {
        const raw = await client(listening.port)
        if (proxy !== undefined) raw.write(header)
        const tls = connectTls({
          socket: raw,
          ca: authority.ca,
          servername: asked,
          checkServerIdentity: () => undefined,
        })
        await once(tls, 'secureConnect')
        expect(tls.getPeerCertificate().subjectaltname).toBe(`DNS:${shown}`)
        tls.destroy()
      }
    }
  })

  it.each([
    ['sends no header', Buffer.from('MSRP 1234 AUTH\r\n'), /^no PROXY header 127\.0\.0\.1:\d+$/],
    [
      'sends one of another version',
      Buffer.from(`${header.toString('hex', 0, 12)}3111000c`, 'hex'),
      /^a PROXY header with version/,
    ],
    [
      'sends one that is too long',
      Buffer.from(`${header.toString('hex', 0, 12)}2111ffff`, 'hex'),
      /^a PROXY header of 65551 bytes/,
    ],
  ])('who %s is cut off', async (_, bytes, why) => {
    const listening = await listen({ tls: certificate, admit: () => 'nobody is to be asked' })
    const socket = await client(listening.port)
    socket.write(bytes)
    await Promise.all([once(socket, 'close'), listening.until('refused', 1)])
    expect(listening.refused[0]).toMatch(why)
    expect(listening.listener.connections).toBe(0)
  })

  it('who leaves before the header is complete, or keeps it waiting, is cut off', async () => {
    const listening = await listen({ proxy: { trusts: () => true, timeout: 100 } })
    const leaves = await client(listening.port)
    leaves.end(header.subarray(0, 20))
    await listening.until('refused', 1)
    const waits = await client(listening.port)
    waits.write(header.subarray(0, 20))
    await Promise.all([once(waits, 'close'), listening.until('refused', 2)])
    expect(listening.refused[0]).toMatch(/^closed before its PROXY header was complete /)
    expect(listening.refused[1]).toMatch(/^no PROXY header in time /)
  })

  it('who is no proxy that is trusted is cut off before he can say anything', async () => {
    const told: string[] = []
    const proxy = { trusts: () => false, onRefused: (why: string, from: string) => void told.push(`${why}: ${from}`) }
    const listening = await listen({ proxy })
    const socket = await client(listening.port)
    await Promise.all([once(socket, 'close'), listening.until('refused', 1)])
    expect(listening.refused[0]).toMatch(/^it is no proxy that is trusted 127\.0\.0\.1:\d+$/)
    expect(told).toEqual(['it is no proxy that is trusted: 127.0.0.1'])
  })

  it('who is not admitted by his own address is cut off', async () => {
    const admit = (address: string): string | undefined => (address === '203.0.113.7' ? 'not you' : undefined)
    const listening = await listen({ admit })
    const denied = await client(listening.port)
    denied.write(header)
    await Promise.all([once(denied, 'close'), listening.until('refused', 1)])
    expect(listening.refused).toEqual(['not you 203.0.113.7:50866'])
    const allowed = await client(listening.port)
    allowed.write(text('203.0.113.8'))
    expect((await listening.next()).info.remote.address).toBe('203.0.113.8')
  })

  it('those whose header is awaited are bounded, and are cut off when the listener closes', async () => {
    const listening = await listen({ maxHandshakes: 2, proxy: { trusts: () => true, timeout: 60_000 } })
    const waiting = [await client(listening.port), await client(listening.port)]
    // A third one shows that both are there.
    const third = await client(listening.port)
    await Promise.all([once(third, 'close'), listening.until('refused', 1)])
    const closed = waiting.map((socket) => once(socket, 'close'))
    await listening.listener.close()
    await Promise.all(closed)
  })
})
