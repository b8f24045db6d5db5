import { describe, expect, it } from 'vitest'
import { idOf, inEveryWay, piecesOf } from '../../../msrp/test/field/arrivals.ts'
import { malformedText, named, withoutSoundPaths, withSoundPaths } from '../../../msrp/test/field/malformed.ts'
import { Network, settle } from '../forwarding/network.ts'

const PEER = 'msrps://peer.invalid:9000/peersession;tcp'

describe('a relay closes the connection of a request with', () => {
  it.each(named(withoutSoundPaths))('%s, however it arrives (FIELD-strict-13)', async (_, request) => {
    const network = new Network()
    const alice = await network.client('alice')
    const bytes = Buffer.from(malformedText(request, { to: alice.path, from: PEER }, idOf(1)))
    for (let attempt = 0; attempt <= bytes.length; attempt++) {
      const peer = network.connect({ uri: PEER })
      for (const piece of piecesOf(bytes, attempt)) {
        peer.write(piece)
        await settle()
      }
      expect(peer.closed).toBe(true)
      expect(peer.received).toHaveLength(0)
    }
    expect(alice.requests).toEqual([])
    expect(alice.closed).toBe(false)
  })
})

describe('a relay answers 400, and passes nothing on, to a request with', () => {
  it.each(named(withSoundPaths))('%s, however it arrives (FIELD-strict-14)', async (_, request) => {
    const network = new Network()
    const alice = await network.client('alice')
    alice.answers = true
    const peer = network.connect({ uri: PEER })
    // Who has done something right before is not sent away for it.
    expect((await peer.response(peer.send(alice.path, 'right'))).head.status).toBe(200)
    await inEveryWay(
      (attempt) => malformedText(request, { to: alice.path, from: PEER }, idOf(attempt)),
      async (piece) => {
        peer.write(piece)
        await settle()
      },
      async (attempt) => expect((await peer.response(idOf(attempt))).head.status).toBe(400),
    )
    expect(alice.all('SEND')).toHaveLength(1)
    expect(peer.closed).toBe(false)
  })
})
