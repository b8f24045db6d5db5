import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { nodeResolver, type Resolver, type SrvTarget } from 'msrp/node'
import { MsrpUri } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { cleanupsAfterEach } from '../../../../test/support/cleanups.ts'
import { type TestCertificate, testAuthority } from '../../../msrp/test/transport/test-certificates.ts'
import { completeSettings } from '../../src/config/index.ts'
import type { Dialed } from '../../src/forwarding/settings.ts'
import { relayDialer } from '../../src/io/dialer.ts'
import { OutboundPolicy } from '../../src/io/index.ts'

const authority = await testAuthority()
const certificate = await authority.issue({ names: ['relay.example.com'] })

const cleanups = cleanupsAfterEach()

/** Listens, and notes what comes first on each connection. */
async function serve(server: Server, host = '127.0.0.1', port = 0): Promise<{ port: number; came: Buffer[] }> {
  const sockets = new Set<Socket>()
  const came: Buffer[] = []
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => came.push(bytes))
  })
  server.listen(port, host)
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, came }
}

/** A relay's way to next hops; `asked` is what it wanted to know of DNS. */
function dialer(
  names: Record<string, string[]> = {},
  services: Record<string, SrvTarget[]> = {},
  lastHopTls: 'strict' | 'lenient' = 'strict',
) {
  const settings = completeSettings({ plainTcpToPeers: true, lastHopTls, outbound: { allowLoopback: true } })
  const asked: string[] = []
  const fixed = nodeResolver({ resolve: names })
  const resolver: Resolver = {
    lookup: (host) => {
      asked.push(host)
      return fixed.lookup(host)
    },
    resolveSrv: async (name) => {
      asked.push(name)
      return services[name] ?? []
    },
  }
  const ignore = (): void => {}
  const tls = { ca: authority.ca }
  const policy = new OutboundPolicy(settings.outbound, [])
  const dial = relayDialer({
    settings: () => settings,
    policy: () => policy,
    resolver,
    tls: () => tls,
    log: { debug: ignore, info: ignore, warn: ignore },
  })
  const to = async (uri: string, kind: 'peer' | 'relay' = 'peer'): Promise<Dialed> => {
    const dialed = await dial({ uri: MsrpUri.parse(uri), kind, as: 'relay.example.com' })
    cleanups.push(() => dialed.transport.destroy())
    return dialed
  }
  return { to, asked }
}

describe('A relay connects', () => {
  it('to the address and port of a URI as they are (RFC4975-6.2-1)', async () => {
    const { port } = await serve(createServer(), '127.0.0.2')
    const { to, asked } = dialer()
    expect((await to(`msrp://127.0.0.2:${port}/x;tcp`)).transport.description).toBe(`tcp 127.0.0.2:${port}`)
    expect(asked.filter((name) => name !== '127.0.0.2')).toEqual([])
  })

  it('to an address of a name, and the port as it is (RFC4975-6.2-2)', async () => {
    const { port } = await serve(createServer(), '127.0.0.2')
    const { to, asked } = dialer({ 'peer.example.com': ['127.0.0.2'] })
    expect((await to(`msrp://peer.example.com:${port}/x;tcp`)).transport.description).toBe(`tcp 127.0.0.2:${port}`)
    expect(asked).toEqual(['peer.example.com'])
  })

  it('to the next address of a name when one refuses (RFC4975-6.2-3)', async () => {
    const { port } = await serve(createServer(), '127.0.0.3')
    await serve(createServer(), '127.0.0.4', port)
    const { to } = dialer({ 'peer.example.com': ['127.0.0.2', '127.0.0.3', '127.0.0.4'] })
    expect((await to(`msrp://peer.example.com:${port}/x;tcp`)).transport.description).toBe(`tcp 127.0.0.3:${port}`)
  })

  it('to a relay without port where the SRV record of its name says (RFC4975-6.2-4, RFC4976-9.2-7)', async () => {
    const { port } = await serve(createTlsServer(certificate))
    const services = { '_msrps._tcp.relay.example.com': [{ host: 'one.example.com', port }] }
    const { to, asked } = dialer({ 'one.example.com': ['127.0.0.1'] }, services)
    const { transport } = await to('msrps://relay.example.com;tcp', 'relay')
    expect(transport.description).toBe(`tls 127.0.0.1:${port}`)
    expect(asked).toEqual(['_msrps._tcp.relay.example.com', 'one.example.com'])
  })

  it('with TLS to msrps, or not at all (RFC4975-6-3, RFC4975-5.4-6)', async () => {
    const names = { 'relay.example.com': ['127.0.0.1'] }
    const secure = await serve(createTlsServer(certificate))
    const { transport } = await dialer(names).to(`msrps://relay.example.com:${secure.port}/x;tcp`)
    expect(transport.secure).toBe(true)
    const open = await serve(createServer((socket) => socket.once('data', () => socket.end('MSRP'))))
    await expect(dialer(names).to(`msrps://relay.example.com:${open.port}/x;tcp`)).rejects.toMatchObject({
      code: 'not-msrp',
    })
    // 22: a TLS handshake.
    expect(open.came[0]?.[0]).toBe(22)
  })

  it.each(['msrps://relay.example.com:9000/x;ws', 'msrp://relay.example.com/x;tcp'])(
    'to nobody at %s (RFC4975-6-1, RFC4975-6-2)',
    async (uri) => {
      const { to, asked } = dialer({ 'relay.example.com': ['127.0.0.1'] })
      await expect(to(uri)).rejects.toMatchObject({ code: 'refused' })
      expect(asked).toEqual([])
    },
  )
})

describe('A relay does not connect to another one', () => {
  it.each([
    ['without TLS (RFC4976-9.2-5)', 'msrp://relay.example.com:9000;tcp'],
    ['at an IPv4 address without port (RFC4976-8-2)', 'msrps://192.0.2.1;tcp'],
    ['at an IPv6 address without port (RFC4976-8-2)', 'msrps://[2001:db8::1];tcp'],
  ])('%s', async (_, uri) => {
    const { to, asked } = dialer({ 'relay.example.com': ['127.0.0.1'] })
    await expect(to(uri, 'relay')).rejects.toMatchObject({ code: 'refused' })
    expect(asked).toEqual([])
  })
})

describe('A next hop whose certificate is', () => {
  const host = 'peer.example.com'
  const flaws: [string, string, () => Promise<TestCertificate>][] = [
    ['of an unknown authority', 'tls-authority', async () => (await testAuthority()).issue({ names: [host] })],
    ['expired', 'tls-authority', () => authority.issue({ names: [host], expired: true })],
    ['not valid yet', 'tls-authority', () => authority.issue({ names: [host], notYetValid: true })],
    ['for another name', 'tls-name', () => authority.issue({ names: ['other.example.com'] })],
  ]

  it.each(flaws)('%s is not connected to (RFC4975-5.4-7, RFC4976-9.2-7)', async (_, code, issue) => {
    const { port } = await serve(createTlsServer(await issue()))
    const { to } = dialer({ [host]: ['127.0.0.1'] })
    await expect(to(`msrps://${host}:${port}/x;tcp`)).rejects.toMatchObject({ code })
    await expect(to(`msrps://${host}:${port};tcp`, 'relay')).rejects.toMatchObject({ code })
  })

  it.each(flaws)(
    '%s is connected to where that is allowed, and has proven nothing; a relay never is (RFC4975-5.4-8, RFC4976-9.2-7)',
    async (_, code, issue) => {
      const { port } = await serve(createTlsServer(await issue()))
      const { to } = dialer({ [host]: ['127.0.0.1'] }, {}, 'lenient')
      expect((await to(`msrps://${host}:${port}/x;tcp`)).certificateNames).toEqual([])
      await expect(to(`msrps://${host}:${port};tcp`, 'relay')).rejects.toMatchObject({ code })
    },
  )
})

it('A look-up that takes longer than a next hop has to accept is left', async () => {
  const given: (AbortSignal | undefined)[] = []
  const resolver: Resolver = {
    lookup: (_, signal) => {
      given.push(signal)
      return new Promise(() => {})
    },
    resolveSrv: async () => [],
  }
  const settings = completeSettings({ plainTcpToPeers: true })
  const policy = new OutboundPolicy(settings.outbound, [])
  const dial = relayDialer({
    settings: () => ({ ...settings, limits: { ...settings.limits, connectTime: 0.05 } }),
    policy: () => policy,
    resolver,
    tls: () => ({}),
    log: { debug: () => {}, info: () => {}, warn: () => {} },
  })
  const uri = MsrpUri.parse('msrp://silent.example.com:9000/x;tcp')
  await expect(dial({ uri, kind: 'peer', as: 'relay.example.com' })).rejects.toMatchObject({ code: 'unreachable' })
  expect(given.map((signal) => signal?.aborted)).toEqual([true])
})
