import { describe, expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { PrepareOptions } from '../../src/session/options.ts'
import { MsrpUri } from '../../src/wire/index.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { settled } from './raw-peer.ts'
import { failure, waiting } from './stage.ts'

const SESSION_ID = '/[a-z2-7]{26}'

describe('The URI that an endpoint gives itself', () => {
  test.each<[string, PrepareOptions, string]>([
    ['that listens', { listen: { port: 7000 } }, 'msrp://127\\.0\\.0\\.1:7000'],
    ['that listens at an IPv6 address', { listen: { host: '::1', port: 7000 } }, 'msrp://\\[::1\\]:7000'],
    ['that listens with TLS', { listen: { port: 7000, tls: { cert: 'c', key: 'k' } } }, 'msrps://127\\.0\\.0\\.1:7000'],
    ['that is known by another address', { local: { host: '192.0.2.1', port: 7000 } }, 'msrp://192\\.0\\.2\\.1:7000'],
  ])('names TCP, and its port beside an address: one %s (RFC4975-6-1, RFC4975-6-2)', async (_, options, authority) => {
    const { localPath } = await new MsrpEndpoint(new MemoryPlatform(), {}).prepare(options)
    expect(localPath).toMatch(new RegExp(`^${authority}${SESSION_ID};tcp$`))
  })

  test('has the recommended port where nothing listens, and none has to be free (RFC4975-6-4)', async () => {
    const { localPath } = await new MsrpEndpoint(new MemoryPlatform(), {}).prepare({})
    expect(localPath).toMatch(new RegExp(`^msrp://[a-z2-7]{12}\\.invalid:2855${SESSION_ID};tcp$`))
  })
})

describe('An endpoint connects', () => {
  test.each([
    ['msrps', true],
    ['msrp', false],
  ])('to %s with TLS: %s (RFC4975-6-3)', async (scheme, secure) => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    endpoint.connect({ path: `${scheme}://peer.example:9000/one;tcp` }).catch(() => {})
    while (platform.dialled.length === 0) await settled(1)
    expect(platform.dialled[0]!.target).toMatchObject({ host: 'peer.example', port: 9000, secure })
    await endpoint.close()
  })

  test.each(['192.0.2.1', '[2001:db8::1]', 'peer.example'])(
    'to nobody whose URI has no port: %s (RFC4975-6-2, RFC4976-8-1)',
    async (host) => {
      const platform = new MemoryPlatform()
      const connecting = new MsrpEndpoint(platform, {}).connect({ path: `msrp://${host}/one;tcp` })
      expect(await failure(connecting)).toMatchObject({ code: 'invalid-argument' })
      expect(platform.dialled).toEqual([])
    },
  )
})

describe('A URI of another transport', () => {
  test('is not connected to as if it were TCP (RFC4975-6-1)', async () => {
    const platform = new MemoryPlatform()
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: 'msrps://peer.example:9000/one;ws' })
    expect(await failure(connecting)).toMatchObject({ code: 'invalid-argument' })
    expect(platform.dialled).toEqual([])
  })
})

describe('What comes for an endpoint', () => {
  const listening: PrepareOptions = { listen: { port: 7000, publicHost: 'me.example' } }

  test.each([
    [
      'with scheme, host and transport in capitals',
      (to: string) => to.replace('msrp://me.example', 'MSRP://Me.EXAMPLE'),
    ],
    ['with the transport in capitals', (to: string) => to.replace(';tcp', ';TCP')],
    ['with needless percent-encoding in the host', (to: string) => to.replace('me.', '%6De.')],
    ['with a user (RFC4975-6-5)', (to: string) => to.replace('me.example', 'me@me.example')],
    ['with another parameter', (to: string) => `${to};x=y`],
  ])('finds its session %s (RFC4975-6.1-1)', async (_, change) => {
    const { prepared, arrive } = await waiting(listening)
    const peer = arrive()
    peer.to = change(prepared.localPath)
    expect(MsrpUri.parse(peer.to).toString()).not.toBe(prepared.localPath)
    expect((await peer.response(peer.send({ body: 'x' }))).status).toBe(200)
  })

  test.each([
    ['with another scheme (RFC4975-6.1-2)', (to: string) => to.replace('msrp:', 'msrps:')],
    ['with another port (RFC4975-6.1-3)', (to: string) => to.replace(':7000', ':7001')],
    ['without port (RFC4975-6.1-3)', (to: string) => to.replace(':7000', '')],
    ['with another host (RFC4975-6.1-1)', (to: string) => to.replace('me.example', 'you.example')],
    ['with a session-id in capitals (RFC4975-6.1-1)', (to: string) => to.replace(/\/(\w+);/, (id) => id.toUpperCase())],
    ['without session-id (RFC4975-6.1-1)', (to: string) => to.replace(/\/\w+;/, ';')],
    ['with another transport (RFC4975-6.1-1)', (to: string) => to.replace(';tcp', ';ws')],
  ])('finds none %s', async (_, change) => {
    const { prepared, arrive } = await waiting(listening)
    const peer = arrive()
    peer.to = change(prepared.localPath)
    expect((await peer.response(peer.send({ body: 'x' }))).status).toBe(481)
  })
})
