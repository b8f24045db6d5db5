import { describe, expect, test } from 'vitest'
import { relayUris } from '../../src/index.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { failure } from './stage.ts'

describe('A relay is named', () => {
  test.each([
    ['by its URI', 'msrps://relay.example.com:2855;tcp', ['msrps://relay.example.com:2855;tcp']],
    ['without what goes without saying', 'relay.example.com', ['msrps://relay.example.com;tcp']],
    ['with a port', 'relay.example.com:2856', ['msrps://relay.example.com:2856;tcp']],
    ['with a scheme alone', 'msrps://relay.example.com', ['msrps://relay.example.com;tcp']],
    ['by an address', '[2001:db8::1]:2856', ['msrps://[2001:db8::1]:2856;tcp']],
    ['by a URL', 'wss://relay.example.com/msrp', ['wss://relay.example.com/msrp']],
    ['as the first of a chain', ' a.example  b.example:1 ', ['msrps://a.example;tcp', 'msrps://b.example:1;tcp']],
    ['in a list', ['wss://a.example/', 'b.example'], ['wss://a.example/', 'msrps://b.example;tcp']],
  ])('%s: %s', (_, input, expected) => {
    expect(relayUris(input)).toEqual(expected)
  })

  test.each([
    ['not at all', '  '],
    ['by another scheme', 'http://relay.example.com'],
    ['without TLS', 'msrp://relay.example.com;tcp'],
    ['by the path of a session', 'msrps://relay.example.com:2855/s3cr3t;tcp'],
    ['by what is no host', 'a b/c'],
    ['by a URL that is none', 'wss://'],
    ['by a URL that is not the first of a chain', 'a.example wss://b.example/'],
  ])('never %s: %s', async (_, uri) => {
    expect(() => relayUris(uri)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    const endpoint = new MsrpEndpoint(new MemoryPlatform(), {})
    const relay = { uri, username: 'alice', password: 'secret' }
    expect(await failure(endpoint.prepare({ relay }))).toMatchObject({ code: 'invalid-argument' })
  })

  test.each(['http://relay.example.com', 'http://relay.example.com;tcp'])(
    'never by %j, which the error shows as it was given',
    (uri) => {
      expect(() => relayUris(uri)).toThrow(`The relay's URI cannot be used: ${JSON.stringify(uri)} is no MSRP URI`)
    },
  )

  test('for a session as well', async () => {
    const platform = new MemoryPlatform()
    const preparing = new MsrpEndpoint(platform, {}).prepare({
      relay: { uri: 'relay.example.com', username: 'alice', password: 'secret' },
    })
    preparing.catch(() => {})
    await expect.poll(() => platform.dialled.length).toBe(1)
    expect(platform.dialled[0]?.target).toMatchObject({ host: 'relay.example.com', port: 2855, secure: true })
    platform.dialled[0]?.far.destroy()
    await failure(preparing)
  })
})
