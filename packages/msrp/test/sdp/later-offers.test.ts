import { describe, expect, test } from 'vitest'
import { Negotiation, type OfferReason, SessionDescription } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { settle } from '../transport/fake-clock.ts'
import { again, agreed } from './negotiations.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

const versionOf = (text: string): string => SessionDescription.parse(text).origin.version

describe('A later offer', () => {
  test('that changes nothing is the same text (RFC4975-8.4-3)', async () => {
    const { a, alice, bob, offer, answer } = await agreed()
    expect(await again(alice, bob)).toEqual({ offer, answer })
    expect(a.prepared).toHaveLength(1)
    expect(a.completions).toHaveLength(1)
  })

  test('that changes something has the next version, and the same o-line otherwise', async () => {
    const { alice, bob, offer } = await agreed()
    alice.media[0]?.change({ direction: 'sendonly' })
    const second = await again(alice, bob)
    expect(versionOf(second.offer)).toBe('2')
    expect({ ...SessionDescription.parse(second.offer).origin, version: '1' }).toEqual(
      SessionDescription.parse(offer).origin,
    )
    expect(attributeOf(second.answer, 'recvonly')).toBe('')
    expect(versionOf((await again(alice, bob)).offer)).toBe('2')
  })

  test('leaves the session as it is, with what is under way', async () => {
    const { a, b, alice, bob } = await agreed()
    const [before, theirs] = [await alice.session, await bob.session]
    alice.media[0]?.change({ attributes: [['x']] })
    await again(alice, bob)
    await again(bob, alice)
    expect(await alice.session).toBe(before)
    expect(await bob.session).toBe(theirs)
    expect(before.state).toBe('open')
    expect([a.completions.length, b.completions.length]).toEqual([1, 1])
  })

  test.each([
    ['that is open', true],
    ['that is on its way', false],
  ])('says to a session %s what the peer takes now', async (_, opensAtOnce) => {
    const endpoint = new StubEndpoint('b')
    endpoint.opensAtOnce = opensAtOnce
    const bob = new Negotiation(endpoint, { listen })
    const more = ['a=accept-wrapped-types:text/plain', 'a=max-size:1000']
    await bob.answer(peerText({ setup: 'active', types: 'message/cpim', more }))
    await settle()
    await bob.answer(peerText({ setup: 'active', types: 'text/html' }))
    const [completion] = endpoint.completions
    completion?.open()
    await bob.session
    expect(completion?.session.said).toEqual([{ peerAcceptTypes: ['text/html'] }])
    expect(endpoint.completions).toHaveLength(1)
  })

  test('after a session that was lost has another path, for another session (RFC4975-8.4-1)', async () => {
    const { a, b, alice, bob } = await agreed()
    a.completions[0]?.session.end('failure')
    b.completions[0]?.session.end('failure')
    await settle()
    const { offer, answer } = await again(alice, bob)
    expect(attributeOf(offer, 'path')).toContain('/a2;tcp')
    expect(attributeOf(answer, 'path')).toContain('/b2;tcp')
    expect((await alice.session).remotePath).toBe('msrp://192.0.2.1:5000/b2;tcp')
    expect((await bob.session).remotePath).toBe('msrp://192.0.2.1:5000/a2;tcp')
    expect(a.prepared[0]?.isClosed).toBe(true)
    // The same peer goes on with its messages there, and nobody else.
    const [first, second] = a.prepared.map(({ options }) => options.resumeKey)
    expect(first).toBeTruthy()
    expect(second).toBe(first)
    expect(b.prepared[0]?.options.resumeKey).not.toBe(first)
  })

  test.each([
    ['another path where a relay keeps the old one for the peer that it has let in', { relay }, 'b2'],
    ['the same path where whoever comes may take the place of the peer', { listen }, 'b1'],
  ])('of a peer that alone has lost its session is answered with %s', async (_, wishes, path) => {
    const { a, alice, bob } = await agreed(wishes, wishes)
    a.completions[0]?.session.end('failure')
    await settle()
    const { offer, answer } = await again(alice, bob)
    expect(attributeOf(offer, 'path')).toContain('/a2;tcp')
    expect(attributeOf(answer, 'path')).toContain(`/${path};tcp`)
    expect((await bob.session).remotePath).toContain('/a2;tcp')
  })

  test('is answered with the path of that moment, whatever the last one was (RFC4975-8.4-2)', async () => {
    // Bob alone has noticed that the session is over.
    const { b, alice, bob } = await agreed()
    b.completions[0]?.session.end('peer')
    await settle()
    const sessions: string[] = []
    const [medium] = alice.media
    medium?.onSession(({ remotePath }) => sessions.push(remotePath))
    medium?.onSession(({ remotePath }) => sessions.push(remotePath))()
    const before = await alice.session
    await again(alice, bob)
    expect(sessions).toEqual(['msrp://192.0.2.1:5000/b2;tcp'])
    expect(await alice.session).not.toBe(before)
    await alice.close()
    expect(before.state).toBe('closed')
  })

  test('is due when the relay hands out another path, and begins a session on it', async () => {
    const a = new StubEndpoint('a')
    const due: OfferReason[] = []
    const alice = new Negotiation(a, { relay }, { onOfferDue: (reason) => due.push(reason) })
    const bob = new Negotiation(new StubEndpoint('b'), { listen })
    await again(alice, bob)
    const [old] = [await alice.session]
    const [prepared] = a.prepared
    const next = 'msrps://relay.a.example:2855/t2;tcp msrps://a.invalid:2855/a1;tcp'
    if (prepared !== undefined) prepared.localPath = next
    prepared?.onPathChanged?.({ localPath: next, oldExpiresIn: 14_000 })
    expect(due).toMatchObject([{ reason: 'path-changed', oldExpiresIn: 14_000, medium: alice.media[0] }])
    await again(alice, bob)
    expect((await alice.session).localPath).toBe(next)
    expect((await bob.session).remotePath).toBe(next)
    // What is under way on the old one has till it expires.
    expect(old?.state).toBe('open')
  })

  test('with a path that changes each time leaves the session before to its end, and none before that', async () => {
    const endpoint = new StubEndpoint('b')
    const bob = new Negotiation(endpoint, { listen })
    for (const peer of [1, 2, 3, 4]) {
      await bob.answer(peerText({ setup: 'active', path: `msrp://198.51.100.7:6000/peer${peer};tcp` }))
      await bob.session
    }
    const states = (): string[] => endpoint.completions.map(({ session }) => session.state)
    expect(states()).toEqual(['closed', 'closed', 'closing', 'open'])
    await bob.close()
    expect(states()).toEqual(['closed', 'closed', 'closed', 'closed'])
  })

  test('with another path ends the session before when nothing is under way on it any more', async () => {
    const endpoint = new StubEndpoint('b')
    const bob = new Negotiation(endpoint, { listen })
    await bob.answer(peerText({ setup: 'active' }))
    const before = await bob.session
    endpoint.opensAtOnce = false
    await bob.answer(peerText({ setup: 'active', path: 'msrp://198.51.100.7:6000/peer2;tcp' }))
    await settle()
    // The other one may never come.
    expect(before.state).toBe('open')
    endpoint.completions[1]?.open()
    await bob.session
    expect(before.state).toBe('closing')
  })

  test('with another path leaves the session before open through a relay, whose old path comes to its end', async () => {
    const endpoint = new StubEndpoint('b')
    const bob = new Negotiation(endpoint, { relay })
    await bob.answer(peerText({ setup: 'active' }))
    const before = await bob.session
    await bob.answer(peerText({ setup: 'active', path: 'msrp://198.51.100.7:6000/peer2;tcp' }))
    expect(await bob.session).not.toBe(before)
    expect(before.state).toBe('open')
  })

  test('with fewer m-lines than before is refused', async () => {
    const { bob } = await agreed([{ listen }, { listen }], [{ listen }, { listen }])
    expect(await failure(bob.answer(peerText()))).toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('1 m-lines'),
    })
  })

  // RFC 3264 §8.4: the other one is asked not to send; what we may send we still may.
  test.each([
    ['sendrecv', 'sendonly', 'recvonly'],
    ['sendonly', 'sendonly', 'recvonly'],
    ['recvonly', 'inactive', 'inactive'],
    ['inactive', 'inactive', 'inactive'],
  ] as const)('puts %s on hold as %s, and takes it back', async (direction, held, answered) => {
    const { alice, bob } = await agreed({ listen, direction }, { listen })
    alice.hold()
    alice.hold()
    const { offer, answer } = await again(alice, bob)
    expect([attributeOf(offer, held), attributeOf(answer, answered)]).toEqual(['', ''])
    expect([alice.media[0]?.direction, bob.media[0]?.direction]).toEqual([held, answered])
    alice.resume()
    const resumed = await again(alice, bob)
    expect(attributeOf(resumed.offer, direction)).toBe('')
    expect(alice.media[0]?.direction).toBe(direction)
  })
})
