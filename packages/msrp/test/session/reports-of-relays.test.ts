import { describe, expect, test } from 'vitest'
import type { RawPeer } from './raw-peer.ts'
import { active, failure, PEER, type Stage, stateOf } from './stage.ts'

// Only the last relay of a path knows that it cannot get a message through, and it says so in its own name.

const FIRST = 'msrp://first.example:9000/token1;tcp'
const SECOND = 'msrp://second.example:9000/token2;tcp'

/** A session through two relays; `peer` plays the first of them and all behind it. */
function throughRelays(): Promise<Stage> {
  return active({ path: `${FIRST} ${SECOND} ${PEER}` })
}

function report(peer: RawPeer, from: string, messageId: string, status = '000 481 nobody is there'): void {
  peer.send({ method: 'REPORT', from, messageId, range: '1-5/5', fields: [`Status: ${status}`] })
}

describe('a failure REPORT of a relay on the way (RFC4976-6.4.1)', () => {
  test.each([
    ['the first', FIRST],
    ['the second, which came through the first', `${FIRST} ${SECOND}`],
    ['the peer itself', `${FIRST} ${SECOND} ${PEER}`],
  ])('fails the message at once: %s', async (_, from) => {
    const { session, peer } = await throughRelays()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'))
    report(peer, from, sent.messageId, '000 413 too much')
    expect(await failure(sent.delivered)).toMatchObject({ code: 'refused', status: 413 })
    expect(session.state).toBe('open')
  })

  test('ends the session when it says that there is none (481)', async () => {
    const { session, peer } = await throughRelays()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'))
    report(peer, FIRST, sent.messageId)
    expect(await failure(sent.delivered)).toMatchObject({ status: 481 })
    expect(await session.closed).toMatchObject({ by: 'failure' })
  })

  test.each([
    ['of a relay that is not on the way', SECOND, undefined],
    ['of a relay that is not the one we speak to', `${SECOND} ${FIRST}`, undefined],
    ['about another message', FIRST, 'another0'],
    ['of which the Message-ID is none', FIRST, '()'],
  ])('means nothing %s', async (_, from, messageId) => {
    const { session, peer } = await throughRelays()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'))
    report(peer, from, messageId ?? sent.messageId)
    expect(await stateOf(sent.delivered)).toBe('pending')
    expect(await peer.all()).toEqual([])
  })
})

test('a relay that closes the connection breaks the session off: the peer has not left by that', async () => {
  const { session, peer } = await throughRelays()
  peer.transport.close()
  expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'connection-lost' } })
})
