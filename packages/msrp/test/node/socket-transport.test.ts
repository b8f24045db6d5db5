import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import { dial, listenSockets, SocketTransport, type SocketTransportOptions } from '../../src/node/index.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { Recorder } from '../transport/recorder.ts'
import { testAuthority } from '../transport/test-certificates.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['127.0.0.1'] })

const cleanups = cleanupsAfterEach()

interface Sides {
  readonly transport: SocketTransport
  readonly recorder: Recorder
  /** The far side: a socket of Node's own, paused, half-open allowed. */
  readonly far: Socket
  /** The socket under the transport. */
  readonly socket: Socket
}

async function overTcp(options?: SocketTransportOptions): Promise<Sides> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[far]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[Socket], unknown]
  server.close()
  return sides(socket, far, options)
}

async function overTls(options?: SocketTransportOptions): Promise<Sides> {
  const accepted = Promise.withResolvers<Socket>()
  const { createServer: createTlsServer } = await import('node:tls')
  const server = createTlsServer({ ...certificate, allowHalfOpen: true }, accepted.resolve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca })
  await once(socket, 'secureConnect')
  const far = await accepted.promise
  server.close()
  return sides(socket, far, options)
}

function sides(socket: Socket, far: Socket, options?: SocketTransportOptions): Sides {
  far.on('error', () => {})
  const transport = new SocketTransport(socket, options)
  const recorder = Recorder.on(transport, false)
  cleanups.push(() => {
    transport.destroy()
    far.destroy()
  })
  return { transport, recorder, far, socket }
}

const causeCode = (recorder: Recorder): unknown => (recorder.error?.cause as NodeJS.ErrnoException | undefined)?.code

describe.each([
  ['TCP', overTcp],
  ['TLS', overTls],
] as const)('a socket as transport over %s', (_, open) => {
  it('reports a connection that was reset in the middle of a write, with the cause', async () => {
    const { transport, recorder, far } = await open()
    transport.write(new Uint8Array(64 * 1024 * 1024))
    far.once('data', () => reset(far))
    far.resume()
    await recorder.closed()
    expect(recorder.error?.code).toBe('connection-lost')
    expect(recorder.error?.message).toMatch(
      /^(tcp|tls) 127\.0\.0\.1:\d+: the far side (reset|had closed) the connection$/,
    )
    expect(causeCode(recorder)).toMatch(/^(ECONNRESET|EPIPE)$/)
    expect(transport.bufferedBytes).toBe(0)
    expect(recorder.drains).toBe(0)
  })

  it('reports a connection that was reset while idle', async () => {
    const { recorder, far } = await open()
    reset(far)
    await recorder.closed()
    expect(causeCode(recorder)).toBe('ECONNRESET')
  })

  it('notices a reset while paused as soon as it reads on', async () => {
    const { transport, recorder, far } = await open()
    transport.pause()
    reset(far)
    for (let turn = 0; turn < 50; turn++) await settle()
    transport.resume()
    await recorder.closed()
    expect(recorder.error?.code).toBe('connection-lost')
  })

  it('closes in order when the far side ended, and sends what it has before', async () => {
    const { transport, recorder, far } = await open()
    let received = 0
    far.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    far.pause()
    transport.write(new Uint8Array(5_000_000))
    far.end('bye')
    await recorder.until(() => recorder.received === 3)
    far.resume()
    await once(far, 'end')
    await recorder.closed()
    expect(received).toBe(5_000_000)
    expect(recorder.error).toBeUndefined()
  })

  it('waits after close() for the far side to end, but not for ever', async () => {
    const clock = new FakeClock()
    const { transport, recorder, far } = await open({ clock, lingerTimeout: 2_000 })
    far.resume()
    transport.close()
    await once(far, 'end')
    await armed(clock, 2_000)
    await clock.advance(1_999)
    expect(recorder.closes).toBe(0)
    await clock.advance(1)
    await recorder.closed()
    expect(recorder.error).toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  it('gives up a close() whose bytes the far side does not take, and says so', async () => {
    const clock = new FakeClock()
    const { transport, recorder, far } = await open({ clock, flushTimeout: 30_000 })
    far.pause()
    transport.write(new Uint8Array(64 * 1024 * 1024))
    transport.close()
    await clock.advance(29_999)
    expect(recorder.closes).toBe(0)
    await clock.advance(1)
    await recorder.closed()
    expect(recorder.error?.code).toBe('connection-lost')
    expect(recorder.error?.message).toMatch(/closed with \d+ bytes that the far side did not take in 30000 ms/)
    expect(clock.pending).toBe(0)
  })

  it.each([
    ['before close()', false],
    ['after close()', true],
  ])('has less patience with a far side that ended its own half %s', async (_, closesFirst) => {
    const clock = new FakeClock()
    const { transport, recorder, far } = await open({ clock, lingerTimeout: 2_000, flushTimeout: 30_000 })
    far.pause()
    transport.write(new Uint8Array(64 * 1024 * 1024))
    if (closesFirst) transport.close()
    far.end()
    await armed(clock, 2_000)
    await clock.advance(1_999)
    expect(recorder.closes).toBe(0)
    await clock.advance(1)
    await recorder.closed()
    expect(recorder.error?.message).toMatch(/did not take in 2000 ms/)
    expect(clock.pending).toBe(0)
  })

  it('waits anew as long as the far side takes bytes of a close()', async () => {
    const clock = new FakeClock()
    const { transport, recorder, far } = await open({ clock, flushTimeout: 30_000 })
    far.pause()
    for (let index = 0; index < 512; index++) transport.write(new Uint8Array(128 * 1024))
    transport.close()
    await clock.advance(20_000)
    const before = transport.bufferedBytes
    far.resume()
    while (transport.bufferedBytes === before) await settle()
    far.pause()
    await clock.advance(20_000)
    expect(recorder.closes).toBe(0)
    far.resume()
    await once(far, 'end')
    far.end()
    await recorder.closed()
    expect(recorder.error).toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  it('does not call it a loss when the far side resets after all was sent and closed', async () => {
    const { transport, recorder, far } = await open()
    far.resume()
    transport.write(new Uint8Array(1000))
    transport.close()
    await once(far, 'end')
    reset(far)
    await recorder.closed()
    expect(recorder.error).toBeUndefined()
  })

  it('leaves nothing armed after destroy() in the middle of a close()', async () => {
    const clock = new FakeClock()
    const { transport, recorder, far } = await open({ clock })
    far.pause()
    transport.write(new Uint8Array(64 * 1024 * 1024))
    transport.close()
    await settle()
    expect(clock.pending).toBe(1)
    transport.destroy()
    await recorder.closed()
    expect(clock.pending).toBe(0)
    expect(recorder.error).toBeUndefined()
  })

  it('shows progress within one large write', async () => {
    const { transport, recorder, far } = await open()
    far.resume()
    transport.write(new Uint8Array(64 * 1024 * 1024))
    const seen = new Set<number>()
    while (recorder.drains === 0) {
      seen.add(transport.bufferedBytes)
      await settle()
    }
    expect(transport.bufferedBytes).toBe(0)
    expect(seen.size).toBeGreaterThan(10)
  })

  it('survives a far side that was gone before it was made a transport', async () => {
    const { socket, far, recorder } = await open()
    reset(far)
    await recorder.closed()
    const late = new SocketTransport(socket)
    const second = Recorder.on(late)
    expect(second.closes).toBe(0)
    await second.closed()
    expect(late.bufferedBytes).toBe(0)
  })
})

describe('gathering', () => {
  it('sends the writes of one turn as one TLS record', async () => {
    const records: number[] = []
    const { transport, recorder, stop } = await throughRecordCounter(records)
    const before = records.length
    for (let index = 0; index < 40; index++) transport.write(new Uint8Array(200))
    await recorder.until(() => recorder.drains === 1)
    await stop(40 * 200)
    // What a record holds beside the bytes: its type and the seal.
    expect(records.slice(before)).toEqual([8000 + 1 + 16])
  })

  it('sends small and large pieces of one turn together', async () => {
    const records: number[] = []
    const { transport, stop } = await throughRecordCounter(records)
    const before = records.length
    for (const size of [100, 5000, 200, 300, 6000, 100]) transport.write(new Uint8Array(size))
    await stop(11_700)
    expect(records.slice(before)).toEqual([11_700 + 1 + 16])
  })

  it('fills TLS records when much is written in one turn', async () => {
    const records: number[] = []
    const { transport, recorder, stop } = await throughRecordCounter(records)
    const before = records.length
    for (let index = 0; index < 1000; index++) transport.write(new Uint8Array(200))
    await recorder.until(() => recorder.drains === 1)
    await stop(1000 * 200)
    expect(records.length - before).toBeLessThanOrEqual(Math.ceil(200_000 / 16_384) + 1)
  })

  it('sends the writes of one turn as one piece over TCP', async () => {
    const { transport, far } = await overTcp()
    const pieces: number[] = []
    far.on('data', (bytes: Buffer) => pieces.push(bytes.length))
    for (let index = 0; index < 100; index++) transport.write(new Uint8Array(100))
    far.resume()
    await once(far, 'data')
    expect(pieces).toEqual([10_000])
  })

  it('does not wait for more: a single write leaves in the same turn', async () => {
    const { transport, far } = await overTcp()
    transport.write(new Uint8Array(1))
    await settle()
    await settle()
    far.resume()
    await once(far, 'data')
  })
})

it.each([
  ['after a minute', {}, 60_000],
  ['as told', { keepAliveDelay: 5_000 }, 5_000],
])('probes idle connections %s, and sends small pieces at once', async (_, options, delay) => {
  const calls: unknown[][] = []
  const { socket } = await overTcp()
  const note =
    (name: string) =>
    (...given: unknown[]): Socket => {
      calls.push([name, ...given])
      return socket
    }
  socket.setNoDelay = note('noDelay')
  socket.setKeepAlive = note('keepAlive')
  new SocketTransport(socket, options)
  expect(calls).toEqual([
    ['noDelay', true],
    ['keepAlive', true, delay],
  ])
})

/** A reset on the wire, for TLS below it. */
function reset(socket: Socket): void {
  const raw = socket instanceof TLSSocket ? rawOf(socket) : socket
  raw.resetAndDestroy()
}

/** The TCP socket below a TLS socket; Node has no public way to it. */
function rawOf(socket: TLSSocket): Socket {
  return (socket as unknown as { _parent: Socket })._parent
}

/** Resolves when the clock's next action is that many milliseconds away. */
async function armed(clock: FakeClock, milliseconds: number): Promise<void> {
  while (clock.next !== milliseconds) await settle()
}

/** A transport over TLS whose application records are counted by a forwarder in between. */
async function throughRecordCounter(
  records: number[],
): Promise<{ transport: SocketTransport; recorder: Recorder; stop: (bytes: number) => Promise<void> }> {
  const accepted = Promise.withResolvers<Recorder>()
  const listener = await listenSockets({
    host: '127.0.0.1',
    port: 0,
    tls: certificate,
    onTransport: (transport) => accepted.resolve(Recorder.on(transport, false)),
  })
  cleanups.push(() => listener.close({ transports: true }))
  const forwarder = createServer((near) => {
    const onward = connect(listener.address.port, '127.0.0.1')
    let held = Buffer.alloc(0)
    near.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes])
      while (held.length >= 5 && held.length >= 5 + held.readUInt16BE(3)) {
        const length = held.readUInt16BE(3)
        if (held[0] === 23) records.push(length)
        held = held.subarray(5 + length)
      }
      onward.write(bytes)
    })
    onward.pipe(near)
    for (const socket of [near, onward])
      socket.on('error', () => {}).on('close', () => near.destroy() && onward.destroy())
  }).listen(0, '127.0.0.1')
  cleanups.push(() => forwarder.close())
  await once(forwarder, 'listening')
  const { transport } = await dial({
    host: '127.0.0.1',
    port: (forwarder.address() as AddressInfo).port,
    secure: true,
    tls: { ca: authority.ca },
  })
  cleanups.push(() => transport.destroy())
  const far = await accepted.promise
  const stop = (bytes: number): Promise<void> => far.until(() => far.received === bytes)
  return { transport, recorder: Recorder.on(transport), stop }
}
