import { describe, expect, it } from 'vitest'
import { mayChain } from '../../src/forwarding/chains.ts'
import { Network, settle } from './network.ts'

const OTHER = 'msrps://other.example.net:2855/t1;tcp'
const CLIENT = 'msrps://client.invalid:9000/c;tcp'

describe('relays that may chain', () => {
  it.each([
    ['any', ['a.example', 'x'], []],
    ['none', [], ['a.example']],
    [[], [], ['a.example']],
    [['relay.example.net'], ['relay.example.net'], ['example.net', 'a.relay.example.net', 'xrelay.example.net']],
    [
      ['*.example.net'],
      ['a.example.net', 'a.b.example.net'],
      ['example.net', 'aexample.net', '.example.net', 'a.example.net.evil'],
    ],
    [['one.example', '*.example.net'], ['one.example', 'two.example.net'], ['two.example']],
  ] as const)('by %j', (selection, may, mayNot) => {
    expect(may.map((name) => mayChain(selection, name))).toEqual(may.map(() => true))
    expect(mayNot.map((name) => mayChain(selection, name))).toEqual(mayNot.map(() => false))
  })
})

describe('a relay that may not chain', () => {
  it.each([
    ['none', 403],
    [['third.example.net'], 403],
    [['*.example.net'], 200],
    ['any', 200],
  ] as const)('gets no URIs for clients behind it: %j', async (inbound, status) => {
    const network = new Network({ chains: { inbound, outbound: 'any' } })
    const relay = network.connect({ certificate: ['other.example.net'] })
    const { head } = await relay.authenticate('alice', 'wonderland', { fromPath: [OTHER, CLIENT] })
    expect(head.status).toBe(status)
    expect(network.relay.tokens).toBe(status === 200 ? 1 : 0)
  })

  it('reaches clients of this one all the same', async () => {
    const network = new Network({ chains: { inbound: 'none', outbound: 'none' } })
    const alice = await network.client('alice')
    const relay = network.connect({ certificate: ['other.example.net'] })
    relay.request('SEND', {
      fromPath: [OTHER, CLIENT],
      toPath: alice.path,
      body: 'hello',
      fields: [
        ['Message-ID', 'message1'],
        ['Byte-Range', '1-5/5'],
      ],
    })
    await settle()
    expect(alice.body().toString()).toBe('hello')
  })

  it('is not asked for the clients of this one, who are told at once', async () => {
    const network = new Network({ chains: { inbound: 'any', outbound: ['two.example.org'] } })
    const alice = await network.client('alice')
    const asked = async (host: string): Promise<number> => {
      network.within(`msrps://${host}:2855;tcp`, { certificate: [host] })
      const transaction = alice.request('AUTH', { toPath: [alice.token, `msrps://${host}:2855;tcp`] })
      await settle()
      return alice.statuses(transaction)[0] ?? 0
    }
    expect(await asked('other.example.net')).toBe(403)
    expect(network.dialed).toEqual([])
    // The one that may is asked; nobody answers there.
    expect(await asked('two.example.org')).toBe(0)
    expect(network.dialed.map(({ uri }) => uri.host)).toEqual(['two.example.org'])
  })

  it('is where messages of the clients of this one may go nevertheless', async () => {
    const network = new Network({ chains: { inbound: 'none', outbound: 'none' } })
    const alice = await network.client('alice')
    const other = network.within(OTHER, { certificate: ['other.example.net'] })
    alice.send([alice.token, OTHER, CLIENT], 'hello')
    await settle()
    expect(other.body().toString()).toBe('hello')
  })
})
