import type { Field } from 'msrp/wire'
import { describe, expect, it, vi } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { authorization, Network, type Node, RELAY, settle } from './network.ts'

const alice = ['alice', 'wonderland'] as const

describe('an AUTH to a token', () => {
  it('by its holder extends it: same URI, new life', async () => {
    const network = new Network()
    const client = await network.client('alice')
    const { token } = client
    await network.clock.advance(800_000)
    const { head } = await client.authenticate(...alice, { toPath: [token], fields: [['Expires', '1000']] })
    expect(head.status).toBe(200)
    expect(head.fields.usePath?.map(String)).toEqual([token])
    expect(head.fields.expires).toBe(1000)
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(999_999)
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(1)
    expect(network.relay.tokens).toBe(0)
  })

  it('by its holder may shorten its life as well', async () => {
    const network = new Network()
    const client = await network.client('alice')
    await client.authenticate(...alice, { toPath: [client.token], fields: [['Expires', '60']] })
    await network.clock.advance(60_000)
    expect(network.relay.tokens).toBe(0)
    client.close()
    await settle()
    expect(network.clock.pending).toBe(0)
  })

  it('needs credentials like any other (FIELD-relay-7)', async () => {
    const network = new Network()
    const client = await network.client('alice')
    expect((await client.challenge({ toPath: [client.token] })).head.status).toBe(401)
    expect((await client.authenticate('alice', 'guess', { toPath: [client.token] })).head.status).toBe(401)
    await network.clock.advance(900_000)
    expect(network.relay.tokens).toBe(0)
  })

  it.each([
    ['another account of the same connection', 'alice', 'bob'],
    ['the same account on another connection', 'bob', 'alice'],
    ['somebody else altogether', 'bob', 'bob'],
  ])('by %s changes nothing', async (_, connection, account) => {
    const network = new Network()
    const holder = await network.client('alice')
    const other = await network.client('bob')
    const from = connection === 'alice' ? holder : other
    const password = network.passwords.get(account) ?? ''
    const { head } = await from.authenticate(account, password, {
      toPath: [holder.token],
      fields: [['Expires', '3600']],
    })
    expect(head.status).toBe(481)
    expect(head.fields.get('Use-Path')).toBeUndefined()
    await network.clock.advance(900_000)
    expect(network.relay.tokens).toBe(0)
  })

  it('that never was, or with another scheme, is no way to get one (RFC4975-6.1-2)', async () => {
    const network = new Network()
    const client = await network.client('alice')
    for (const uri of [`${RELAY.replace(';', '/guess;')}`, client.token.replace('msrps', 'msrp')]) {
      expect((await client.authenticate(...alice, { toPath: [uri] })).head.status).toBe(481)
    }
    expect(network.relay.tokens).toBe(1)
  })

  it('that has ended does not bring it back', async () => {
    const network = new Network()
    const client = await network.client('alice')
    const { token } = client
    await network.clock.advance(900_000)
    expect((await client.authenticate(...alice, { toPath: [token] })).head.status).toBe(481)
    expect(network.relay.tokens).toBe(0)
  })
})

describe('a token', () => {
  it('has every character from the source of random numbers (RFC4976-6.3-5)', async () => {
    const client = await new Network({}, new FakeClock(), (size) => new Uint8Array(size).fill(7)).client('alice')
    expect(client.usePath[0]?.sessionId).toMatch(/^(.)\1{25}$/)
  })

  it('is a new one for each AUTH to the relay itself (RFC4976-5.1-3, RFC4976-6.3-5)', async () => {
    const network = new Network()
    const client = network.connect()
    const tokens = new Set<string>()
    for (let count = 0; count < 5; count++) {
      await client.authenticate(...alice)
      tokens.add(client.token)
    }
    expect(tokens.size).toBe(5)
    expect(network.relay.tokens).toBe(5)
  })

  it('that has ended makes room for another on its connection', async () => {
    const network = new Network({ tokensPerConnection: 2 })
    const client = await network.client('alice')
    for (let round = 0; round < 3; round++) {
      expect((await client.authenticate(...alice)).head.status).toBe(200)
      expect((await client.authenticate(...alice)).head.status).toBe(403)
      await network.clock.advance(900_000)
      expect((await client.authenticate(...alice)).head.status).toBe(200)
    }
  })

  it('is there for everybody, but for few beyond sixteen when there are many in all', async () => {
    // A quarter of it is for tokens, 4 KiB for each: twenty.
    const network = new Network({ tokensPerConnection: 50, totalBuffer: 4 * 4096 * 20 })
    const granted = async (node: Node, fromPath?: string[]): Promise<number> => {
      for (let count = 0; ; count++) {
        const { head } = await node.authenticate(...alice, { fromPath })
        if (head.status === 200) continue
        expect([head.status, head.comment]).toEqual([403, expect.stringContaining('while there are so many in all')])
        return count
      }
    }
    const first = network.connect()
    expect(await granted(first)).toBe(20)
    expect(await granted(network.connect())).toBe(16)
    const relay = network.connect({ certificate: ['other.example.net'] })
    expect(await granted(relay, ['msrps://other.example.net:2855/t1;tcp', 'msrps://c.invalid:1/c;tcp'])).toBe(16)
    expect(network.relay.tokens).toBe(52)
    // Those that are there can be extended.
    expect((await first.authenticate(...alice, { toPath: [first.token] })).head.status).toBe(200)
    first.close()
    await network.clock.advance(900_000)
    expect(network.relay.tokens).toBe(0)
    expect(await granted(network.connect())).toBe(20)
  })

  it('does not lead back to a URI that is longer than any that is needed', async () => {
    const network = new Network()
    const uri = (length: number): string => `msrps://alice.invalid:9000/${'a'.repeat(length - 31)};tcp`
    const client = network.connect()
    expect(uri(1024)).toHaveLength(1024)
    expect((await client.authenticate(...alice, { fromPath: [uri(1025)] })).head.status).toBe(403)
    expect((await client.authenticate(...alice, { fromPath: [uri(1024)] })).head.status).toBe(200)
    expect(network.relay.tokens).toBe(1)
  })

  it('of a client takes along what comes over its connection, and nothing else, were it from the same user (RFC4976-6.3-2)', async () => {
    const network = new Network()
    const client = await network.client('alice')
    const other = await network.client('alice', { uri: client.uri })
    const far = network.within('msrps://far.example.net:7000/f;tcp')
    other.send([client.token, far.uri], 'hello')
    await settle()
    expect(network.dialed).toEqual([])
    // It goes to the holder, like what strangers send there.
    expect(client.all('SEND').map(({ head }) => head.fields.toPath.map(String))).toEqual([[far.uri]])
    client.send([client.token, far.uri], 'hello')
    await settle()
    expect(far.all('SEND')).toHaveLength(1)
    expect(other.all('SEND')).toEqual([])
  })

  it('of a client ends with its connection (RFC4976-6.3-3)', async () => {
    const network = new Network()
    const client = await network.client('alice')
    const { path } = client
    client.close()
    await settle()
    expect(network.relay.tokens).toBe(0)
    expect(network.clock.pending).toBe(0)
    const again = await network.client('alice')
    const peer = network.connect()
    expect((await peer.response(peer.send(path, 'hello'))).head.status).toBe(481)
    expect(again.requests).toEqual([])
  })

  it('of a client ends at its time (RFC4976-6.3-4, RFC4976-6.3-6, FIELD-relay-6)', async () => {
    const network = new Network()
    const client = await network.client('alice')
    const peer = network.connect()
    client.answers = true
    expect((await peer.response(peer.send(client.path, 'hello'))).head.status).toBe(200)
    await network.clock.advance(900_000)
    expect((await peer.response(peer.send(client.path, 'too late'))).head.status).toBe(481)
    expect(client.all('SEND')).toHaveLength(1)
    expect([client.closed, peer.closed]).toEqual([false, false])
  })

  it('keeps its connection, however long that says nothing (RFC4976-6.5-1)', async () => {
    const network = new Network({ expires: { default: 86_400, minimum: 60, maximum: 86_400 } })
    const client = await network.client('alice')
    client.answers = true
    await network.clock.advance(7_200_000)
    expect(client.closed).toBe(false)
    const peer = network.connect()
    expect((await peer.response(peer.send(client.path, 'hello'))).head.status).toBe(200)
    expect(client.all('SEND')).toHaveLength(1)
  })

  it('lives as long as it may on a platform whose timers do not reach as far', async () => {
    class ShortSighted extends FakeClock {
      override after(milliseconds: number, action: () => void): () => void {
        return super.after(Math.min(milliseconds, 1000_000), action)
      }
    }
    const network = new Network({ expires: { default: 3600, minimum: 60, maximum: 3600 } }, new ShortSighted())
    await network.client('alice')
    await network.clock.advance(3_599_999)
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(1)
    expect(network.relay.tokens).toBe(0)
  })
})

describe('a token whose holder is not read since the next hop is slow', () => {
  const MINUTE = 60_000

  /** The holder has a minute, and sends more than its peer takes. */
  async function held(): Promise<{ network: Network; holder: Node; peer: Node; sent: string }> {
    const network = new Network({ expires: { default: 60, minimum: 60, maximum: 3600 }, flowBuffer: 10_000 })
    const holder = await network.client('alice', { capacity: 5000, split: 5000 })
    const peer = network.within('msrps://far.example.net:7000/f;tcp', { capacity: 5000 })
    peer.answers = true
    peer.pause()
    const sent = holder.send([holder.token, peer.uri], Buffer.alloc(1_000_000, 'x'))
    await settle()
    return { network, holder, peer, sent }
  }

  it('waits for the AUTH that is behind what the holder has sent before', async () => {
    const { network, holder, peer, sent } = await held()
    const toPath = [holder.token]
    const credentials = authorization(holder.responses.at(-1)!, ...alice, { toPath })
    const fields: Field[] = [
      ['Authorization', credentials],
      ['Expires', '120'],
    ]
    const extending = holder.request('AUTH', { toPath, fields })
    await network.clock.advance(4 * MINUTE)
    expect(network.relay.tokens).toBe(1)
    peer.resume()
    await settle()
    expect(holder.statuses(extending)).toEqual([200])
    expect(holder.statuses(sent)).toEqual([200])
    expect(peer.body()).toHaveLength(1_000_000)
    // From then on it is as any other.
    await network.clock.advance(2 * MINUTE - 1)
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(1)
    expect(network.relay.tokens).toBe(0)
  })

  it('ends when the holder has been read for as long as the token lives, and has not extended it', async () => {
    const { network, peer } = await held()
    await network.clock.advance(2 * MINUTE)
    peer.resume()
    await settle()
    await network.clock.advance(MINUTE - 1)
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(1)
    expect(network.relay.tokens).toBe(0)
  })

  it('ends ten minutes after its time at the latest', async () => {
    const { network } = await held()
    await network.clock.advance(11 * MINUTE - 1)
    expect(network.relay.tokens).toBe(1)
    await network.clock.advance(1)
    expect(network.relay.tokens).toBe(0)
  })

  it('is looked at once a second at most, however little is left of it', async () => {
    const network = new Network({ expires: { default: 60, minimum: 60, maximum: 3600 }, flowBuffer: 10_000 })
    const holder = await network.client('alice', { capacity: 5000, split: 5000 })
    const peer = network.within('msrps://far.example.net:7000/f;tcp', { capacity: 5000 })
    peer.pause()
    await network.clock.advance(MINUTE - 1)
    holder.send([holder.token, peer.uri], Buffer.alloc(1_000_000, 'x'))
    await settle()
    const timers = vi.spyOn(network.clock, 'after')
    await network.clock.advance(MINUTE)
    expect(network.relay.tokens).toBe(1)
    // The connection keeps one of its own now and then.
    expect(timers.mock.calls.length).toBeLessThan(150)
  })

  it('ends in its time when it is the peer that is not read', async () => {
    const network = new Network({ expires: { default: 60, minimum: 60, maximum: 3600 }, flowBuffer: 10_000 })
    const holder = await network.client('alice', { capacity: 5000 })
    holder.pause()
    const peer = network.connect({ capacity: 5000, split: 5000 })
    peer.send(holder.path, Buffer.alloc(1_000_000, 'x'))
    await network.clock.advance(MINUTE)
    expect(network.relay.tokens).toBe(0)
  })
})

describe('when a token ends', () => {
  it('what was on its way under it is reported, and the connection made for it is closed', async () => {
    const network = new Network({ flowBuffer: 10_000 })
    const holder = await network.client('alice')
    const far = network.within('msrps://far.example.net:7000/f;tcp')
    const sent = holder.send([holder.token, far.uri], 'hello')
    const slow = network.connect({ uri: 'msrps://slow.invalid:1/s;tcp' })
    // The holder addressed `far` alone, so that the first to come is let in.
    const arriving = slow.begin(holder.path)
    slow.write('x'.repeat(3000))
    await settle()
    expect(holder.statuses(sent)).toEqual([200])
    far.respond(far.requests[0])
    await network.clock.advance(890_000)
    const unanswered = holder.send([holder.token, far.uri], 'never answered', [['Message-ID', 'message2']])
    await settle()
    expect(holder.statuses(unanswered)).toEqual([200])
    await network.clock.advance(10_000)
    expect(holder.reports).toEqual(['481 1-14/14'])
    expect(slow.statuses(arriving)).toEqual([481])
    expect(holder.open).toBeUndefined()
    expect(holder.all('SEND').at(-1)?.flag).toBe('#')
    expect(far.closed).toBe(true)
    expect([holder.closed, slow.closed]).toEqual([false, false])
  })

  it('a connection made for it that serves another session by now stays until that ends too', async () => {
    const network = new Network()
    const first = await network.client('alice')
    const second = await network.client('bob', {})
    const far = network.within('msrps://far.example.net:7000/f;tcp')
    far.answers = true
    first.send([first.token, far.uri], 'hello')
    await settle()
    far.send(second.path, 'and hello to you')
    await settle()
    expect(second.all('SEND')).toHaveLength(1)
    first.close()
    await settle()
    expect(far.closed).toBe(false)
    second.close()
    await settle()
    expect(far.closed).toBe(true)
  })
})
