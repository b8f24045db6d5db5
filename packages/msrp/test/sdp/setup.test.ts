import { describe, expect, test } from 'vitest'
import { type MediaWishes, Negotiation, type Setup } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

// RFC 6135: who opens the connection, and what is said about it.

const onlyConnects: MediaWishes = {}
const listens: MediaWishes = { listen }
const behindRelay: MediaWishes = { relay }
const listensBehindNat: MediaWishes = { listen, setup: 'active' }

const wishes: Record<string, MediaWishes> = {
  'only connects': onlyConnects,
  listens: listens,
  'is behind a relay': behindRelay,
  'wants to connect': listensBehindNat,
}

describe('An offer', () => {
  test.each([
    ['only connects', 'active'],
    ['listens', 'actpass'],
    ['is behind a relay', 'actpass'],
    ['wants to connect', 'active'],
  ])('of one who %s says %s (RFC6135-4.2.2-2, RFC6135-4.2.2-3, RFC6135-4.2.1-1)', async (who, setup) => {
    const offer = await new Negotiation(new StubEndpoint('a'), wishes[who]).offer()
    expect(attributeOf(offer, 'setup')).toBe(setup)
  })

  test('has the path at which we are reached when it says actpass (RFC6135-4.2.2-1)', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), listens).offer()
    expect(attributeOf(offer, 'path')).toBe('msrp://192.0.2.1:5000/a1;tcp')
    expect(offer).toContain('m=message 5000 TCP/MSRP *\r\n')
  })

  test('has port 9 and a name that nobody knows when we only connect', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), listensBehindNat).offer()
    expect(offer).toMatch(/^m=message 9 TCP\/MSRP \*\r\n/m)
    expect(attributeOf(offer, 'path')).toMatch(/^msrp:\/\/[a-z2-7]{12}\.invalid:9\/[a-z2-7]{26};tcp$/)
  })

  test('never says connection (RFC6135-4.4-1)', async () => {
    for (const one of Object.values(wishes)) {
      const offer = await new Negotiation(new StubEndpoint('a'), one).offer()
      expect(offer).not.toContain('connection')
    }
  })
})

/** What is received, what we then say, and whether we connect. `refused`: there is no way to a connection. */
type Row = [who: string, received: string | undefined, said: Setup | 'refused', connects: boolean]

describe('The answer to', () => {
  const rows: Row[] = [
    ['only connects', 'actpass', 'active', true],
    ['only connects', 'passive', 'active', true],
    ['only connects', 'active', 'refused', false],
    ['only connects', undefined, 'refused', false],
    ['listens', 'actpass', 'passive', false],
    ['listens', 'passive', 'active', true],
    ['listens', 'active', 'passive', false],
    ['listens', undefined, 'passive', false],
    ['listens', 'holdconn', 'passive', false],
    ['is behind a relay', 'actpass', 'passive', false],
    ['is behind a relay', 'passive', 'active', true],
    ['is behind a relay', 'active', 'passive', false],
    ['is behind a relay', undefined, 'passive', false],
    ['wants to connect', 'actpass', 'active', true],
    ['wants to connect', 'passive', 'active', true],
    ['wants to connect', 'active', 'passive', false],
    ['wants to connect', 'holdconn', 'passive', false],
  ]

  test.each(rows)(
    'one who %s gets %s, and says %3$s (RFC6135-4.2.1-2, RFC6135-4.2.2-5)',
    async (who, received, said, connects) => {
      const endpoint = new StubEndpoint('b')
      const negotiation = new Negotiation(endpoint, wishes[who])
      const answering = negotiation.answer(peerText({ setup: received }))
      if (said === 'refused') {
        expect(await failure(answering)).toMatchObject({
          code: 'not-acceptable',
          message: expect.stringContaining('listen'),
        })
        return
      }
      expect(attributeOf(await answering, 'setup')).toBe(said)
      expect(endpoint.completions).toMatchObject([{ options: { active: connects } }])
    },
  )

  test('whoever connects has port 9, and no listening socket', async () => {
    const endpoint = new StubEndpoint('b')
    const answer = await new Negotiation(endpoint, listensBehindNat).answer(peerText({ setup: 'actpass' }))
    expect(answer).toContain('m=message 9 TCP/MSRP *')
    expect(endpoint.prepared[0]?.options.listen).toBeUndefined()
  })
})

describe('After the answer', () => {
  test.each<[who: string, answer: string | undefined, connects: boolean]>([
    ['only connects', 'passive', true],
    ['only connects', undefined, true],
    ['only connects', 'holdconn', true],
    ['only connects', 'active', true],
    ['listens', 'active', false],
    ['listens', 'passive', true],
    ['listens', 'actpass', true],
    ['listens', undefined, true],
    ['listens', 'holdconn', true],
    ['is behind a relay', 'active', false],
    ['is behind a relay', 'passive', true],
    ['is behind a relay', undefined, true],
    ['wants to connect', 'passive', true],
  ])('the offerer who %s and reads %s: connects %s (RFC6135-4.2.1-2, RFC6135-4.5-1)', async (who, answer, connects) => {
    const endpoint = new StubEndpoint('a')
    const negotiation = new Negotiation(endpoint, wishes[who])
    await negotiation.offer()
    await negotiation.accept(peerText({ setup: answer }))
    expect(endpoint.completions).toMatchObject([{ options: { active: connects } }])
  })
})

test('nothing that is sent says passive in an offer, or holdconn anywhere (RFC6135-4.2.2-4, RFC6135-4.2.1-3)', async () => {
  for (const one of Object.values(wishes)) {
    for (const received of ['actpass', 'active', 'passive', 'holdconn', undefined]) {
      const negotiation = new Negotiation(new StubEndpoint('a'), one)
      expect(attributeOf(await negotiation.offer(), 'setup')).toMatch(/^act(ive|pass)$/)
      negotiation.rollback()
      const answer = await negotiation.answer(peerText({ setup: received })).catch(() => undefined)
      if (answer === undefined) continue
      expect(attributeOf(answer, 'setup')).toMatch(/^(active|passive)$/)
      // Later offers as well, whoever has connected.
      expect(attributeOf(await negotiation.offer(), 'setup')).toMatch(/^act(ive|pass)$/)
    }
  }
})

test('the answer to a later offer says who has connected', async () => {
  const endpoint = new StubEndpoint('b')
  const negotiation = new Negotiation(endpoint, { listen })
  const first = await negotiation.answer(peerText({ setup: 'actpass' }))
  await negotiation.session
  expect(await negotiation.answer(peerText({ setup: 'actpass' }))).toBe(first)
  expect(attributeOf(await negotiation.answer(peerText({ setup: 'active' })), 'setup')).toBe('passive')
  expect(attributeOf(await negotiation.answer(peerText({ setup: 'passive' })), 'setup')).toBe('active')
  expect(endpoint.completions).toHaveLength(1)
})

describe('One who had only connected', () => {
  test('says active in its own offers while that path stands', async () => {
    const negotiation = new Negotiation(new StubEndpoint('b'), { listen })
    await negotiation.answer(peerText({ setup: 'passive' }))
    await negotiation.session
    const offer = await negotiation.offer()
    expect(attributeOf(offer, 'setup')).toBe('active')
    expect(offer).toContain('m=message 9 TCP/MSRP *')
  })

  test('listens when the peer wants to connect from another path', async () => {
    const endpoint = new StubEndpoint('b')
    const negotiation = new Negotiation(endpoint, { listen })
    await negotiation.answer(peerText({ setup: 'passive' }))
    await negotiation.session
    const path = 'msrp://198.51.100.7:6000/peer2;tcp'
    const answer = await negotiation.answer(peerText({ setup: 'active', path }))
    expect(attributeOf(answer, 'setup')).toBe('passive')
    expect(answer).toContain('m=message 5000 TCP/MSRP *')
    expect(endpoint.completions.at(-1)).toMatchObject({ remotePath: path, options: { active: false } })
  })
})
