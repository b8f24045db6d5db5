import type { Field } from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { Network, type Node, settle } from './network.ts'

// What a relay keeps beside the bytes of messages: it is counted, bounded, and gone when nothing happens any more.

const KiB = 1024
const MiB = 1024 * KiB

async function twoClients(settings = {}): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network({ flowBuffer: 262_144, ...settings })
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

/** Sends messages one after the other, so that each has gone on before the next one comes. */
async function sendEach(count: number, send: (index: number) => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    send(index)
    await settle()
  }
}

describe('messages of which only a refusal would be answered (Failure-Report partial)', () => {
  const partial: Field[] = [['Failure-Report', 'partial']]
  const padded: Field[] = [...partial, ['X-Padding', 'x'.repeat(7000)], ['X-More', 'x'.repeat(7000)]]

  it('are counted as long as they are remembered, and remembered for a while', async () => {
    const { network, alice, bob, path } = await twoClients()
    const before = network.relay.kept
    await sendEach(20, () => alice.send(path, 'hi', padded))
    expect(bob.all('SEND')).toHaveLength(20)
    expect(network.relay.kept - before).toBeGreaterThan(20 * 15_000)
    await network.clock.advance(59_000)
    expect(network.relay.kept - before).toBeGreaterThan(20 * 15_000)
    await network.clock.advance(1000)
    expect(network.relay.kept - before).toBeLessThan(5 * KiB)
  })

  it('are remembered up to a number of bytes, the newest, and with less of them when memory is short', async () => {
    for (const [totalBuffer, most] of [
      [1 << 28, 2 * MiB],
      [300_000, 256 * KiB],
    ] as const) {
      const { network, alice, bob, path } = await twoClients({ totalBuffer })
      await sendEach(300, () => alice.send(path, 'hi', padded))
      expect(network.relay.kept).toBeGreaterThan(most - 20 * KiB)
      expect(network.relay.kept).toBeLessThan(most + 45 * KiB)
      const sent = bob.all('SEND')
      bob.respondTo(sent.at(0)!.head, 413)
      bob.respondTo(sent.at(-1)!.head, 413)
      await settle()
      expect(alice.reports).toEqual(['413 1-2/2'])
      bob.pair.drop()
      await settle()
      expect(network.relay.kept).toBeLessThan(5 * KiB)
    }
  })

  it('make nobody wait for answers that will not come', async () => {
    const { alice, bob, path } = await twoClients({ totalBuffer: 100_000 })
    await sendEach(200, () => alice.send(path, 'hi', partial))
    expect(bob.all('SEND')).toHaveLength(200)
  })
})

describe('sessions of one connection that are idle', () => {
  const from = (alice: Node, index: number, length = 3000): string[] => [
    alice.uri,
    ...['a', 'b'].map((name) => `msrps://h.invalid:9/${name.repeat(length)}${index};tcp`),
  ]
  const text = (alice: Node, path: string[], index: number, fields: Field[] = [], length?: number): string =>
    alice.request('SEND', {
      toPath: path,
      fromPath: from(alice, index, length),
      fields: [['Message-ID', `message${index}`], ['Byte-Range', '1-2/2'], ...fields],
      body: 'hi',
    })
  const silent: Field[] = [['Failure-Report', 'no']]

  it('are counted, up to a number of bytes, and most of them are gone after seconds', async () => {
    const { network, alice, bob, path } = await twoClients()
    await sendEach(50, (index) => text(alice, path, index, silent))
    // The URIs that were read from the paths are kept as well as their text.
    expect(network.relay.kept).toBeGreaterThan(50 * 4 * 6000)
    await sendEach(300, (index) => text(alice, path, 50 + index, silent))
    expect(network.relay.kept).toBeLessThan(4 * MiB)
    expect(bob.all('SEND')).toHaveLength(350)
    await network.clock.advance(5000)
    expect(network.relay.kept).toBeLessThan(64 * KiB)
    expect(network.relay.kept).toBeGreaterThan(KiB)
    alice.pair.drop()
    await settle()
    expect(network.relay.kept).toBe(0)
  })

  it('are few when memory is short, and none is refused for it', async () => {
    const { network, alice, bob, path } = await twoClients({ totalBuffer: 300_000 })
    await sendEach(100, (index) => text(alice, path, index, silent))
    expect(network.relay.kept).toBeLessThan(350_000)
    expect(bob.all('SEND')).toHaveLength(100)
  })

  it('go on as before: in order, over the same connection, and with the answer to each', async () => {
    const { network, alice, bob, path } = await twoClients()
    bob.answers = true
    for (const turn of ['1', '2', '3', '4', '5', '6']) {
      for (let index = 0; index < 200; index++) text(alice, path, index, [['X-Turn', turn]], 10)
      await settle()
      // The idle ones are gone before every other turn.
      if (Number(turn) % 2 === 0) await network.clock.advance(20_000)
    }
    const turns = Map.groupBy(bob.all('SEND'), ({ head }) => head.fields.messageId)
    expect(turns.size).toBe(200)
    for (const session of turns.values()) {
      expect(session.map(({ head }) => head.fields.get('X-Turn'))).toEqual(['1', '2', '3', '4', '5', '6'])
    }
    expect(alice.responses.slice(-1200).every(({ head }) => head.status === 200)).toBe(true)
    expect([network.dialed, alice.reports, network.relay.connections]).toEqual([[], [], 2])
  })

  it('stay while answers are waited for, so that the end of the token is told at once', async () => {
    const { network, alice, path } = await twoClients({ expires: { default: 900, minimum: 60, maximum: 900 } })
    network.passwords.set('carol', 'cat')
    const carol = await network.client('carol')
    // A token of a minute, for the session that waits.
    await alice.authenticate('alice', 'wonderland', { fields: [['Expires', '60']] })
    const short = [alice.token, ...path.slice(1)]
    await network.clock.advance(45_000)
    const sent = alice.send(short, 'is anybody there?')
    for (let index = 0; index < 200; index++) text(alice, [path[0] ?? '', ...carol.path], index, silent, 10)
    await network.clock.advance(14_999)
    expect([alice.statuses(sent), alice.reports]).toEqual([[200], []])
    await network.clock.advance(1)
    expect(alice.reports).toEqual(['481 1-17/17'])
  })

  it('leave a connection that carries several one that does: it is read on when one of them stalls', async () => {
    const { network, alice, bob, path } = await twoClients()
    await sendEach(100, (index) => text(alice, path, index, silent, 3900))
    await network.clock.advance(20_000)
    bob.pause()
    const sent = alice.request('SEND', {
      toPath: path,
      fromPath: from(alice, 99, 3900),
      fields: [
        ['Message-ID', 'large'],
        ['Byte-Range', '1-*/3000000'],
      ],
      body: Buffer.alloc(3_000_000),
    })
    await settle()
    expect([alice.statuses(sent), alice.pair.right.paused]).toEqual([[413], false])
  })
})

describe('the shortest messages for somebody who does not read', () => {
  it('are counted with what stands for each of them, until they are out', async () => {
    const { network, alice, bob, path } = await twoClients({ flowBuffer: 4 * MiB })
    bob.pause()
    for (let count = 0; count < 9; count++) alice.send(path, Buffer.alloc(30_000), [['Failure-Report', 'no']])
    await settle()
    const before = network.relay.kept
    for (let count = 0; count < 200; count++) alice.request('SEND', { toPath: path, fields: [['Message-ID', 'short']] })
    await settle()
    expect(network.relay.kept - before).toBeGreaterThan(200 * KiB)
    bob.resume()
    bob.answers = true
    await network.clock.advance(10_000)
    expect(network.relay.kept).toBeLessThan(5 * KiB)
  })
})

describe('many short messages at once, on a connection that carries several sessions', () => {
  it('are not refused for what stands for each of them, while there is memory', async () => {
    const { network, alice, bob, path } = await twoClients()
    alice.request('SEND', {
      toPath: path,
      fromPath: [alice.uri, 'msrps://h.invalid:9/other;tcp'],
      fields: [['Message-ID', 'other']],
    })
    await settle()
    for (let count = 0; count < 4500; count++)
      alice.request('SEND', { toPath: path, fields: [['Message-ID', 'short']] })
    await settle()
    // The rest waits for answers.
    expect(bob.all('SEND')).toHaveLength(2048)
    bob.answers = true
    for (const request of bob.all('SEND')) bob.respond(request)
    await network.clock.advance(100)
    expect(bob.all('SEND')).toHaveLength(4501)
    expect([alice.reports, alice.responses.filter(({ head }) => head.status === 413)]).toEqual([[], []])
  })
})

describe('messages that are given up, for somebody who does not read', () => {
  it('are not kept by those who would have sent them', async () => {
    const { network, alice, bob, path } = await twoClients({ totalBuffer: 10_000 })
    bob.pause()
    alice.send(path, Buffer.alloc(400_000), [['Failure-Report', 'no']])
    await settle()
    const before = network.relay.kept
    await sendEach(2000, (index) =>
      alice.request('SEND', {
        toPath: path,
        fromPath: [alice.uri, `msrps://h.invalid:9/${index};tcp`],
        fields: [['Message-ID', 'short']],
      }),
    )
    expect(network.relay.kept - before).toBeLessThan(600 * KiB)
    bob.pair.drop()
    await settle()
    expect(network.relay.kept).toBe(0)
  })
})
