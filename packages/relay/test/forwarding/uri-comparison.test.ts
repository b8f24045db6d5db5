import { describe, expect, it } from 'vitest'
import { Network, settle } from './network.ts'

// RFC 4975 §6.1 for the URIs that a relay gives out, and for itself.

describe('a token is found', () => {
  it.each([
    [
      'in capitals but for its session-id',
      (uri: string) => uri.replace('msrps://relay.example.com', 'MSRPS://RELAY.Example.COM'),
    ],
    ['with the transport in capitals', (uri: string) => uri.replace(';tcp', ';TCP')],
    ['with needless percent-encoding in the host', (uri: string) => uri.replace('relay.', 'rel%61y.')],
    ['with a user (RFC4975-6-5)', (uri: string) => uri.replace('relay.', 'alice@relay.')],
    ['with another parameter', (uri: string) => `${uri};x=y`],
  ])('%s (RFC4975-6.1-1)', async (_, change) => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const peer = network.connect()
    const sent = peer.send([change(alice.token), alice.uri], 'hello')
    expect((await peer.response(sent)).head.status).toBe(200)
    expect(alice.body().toString()).toBe('hello')
  })
})

describe('no token is found', () => {
  it.each([
    ['with a session-id in capitals (RFC4975-6.1-1)', (uri: string) => uri.replace(/\/\w+;/, (id) => id.toUpperCase())],
    ['with a session-id that only begins alike (RFC4975-6.1-1)', (uri: string) => uri.replace(/\w;tcp/, ';tcp')],
    ['without session-id (RFC4975-6.1-1)', (uri: string) => uri.replace(/\/\w+;/, ';')],
    ['with another transport (RFC4975-6.1-1)', (uri: string) => uri.replace(';tcp', ';ws')],
    ['at another port of ours (RFC4975-6.1-3)', (uri: string) => uri.replace(':2855', ':2856')],
  ])('%s', async (_, change) => {
    const network = new Network({ ports: [2855, 2856] })
    const alice = await network.client('alice')
    const peer = network.connect()
    const sent = peer.send([change(alice.token), alice.uri], 'hello')
    expect((await peer.response(sent)).head.status).toBe(481)
    expect(alice.requests).toEqual([])
  })

  it.each([
    ['without port', (uri: string) => uri.replace(':2855', '')],
    ['at a port that is not ours', (uri: string) => uri.replace(':2855', ':2857')],
  ])('%s (RFC4975-6.1-3)', async (_, change) => {
    const network = new Network()
    const alice = await network.client('alice')
    const peer = network.connect()
    peer.send([change(alice.token), alice.uri], 'hello')
    await settle()
    expect(alice.requests).toEqual([])
    expect(peer.closed).toBe(true)
  })
})
