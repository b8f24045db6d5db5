import { describe, expect, test } from 'vitest'
import { type MediaWishes, Negotiation } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

describe('TLS', () => {
  const path = 'msrps://198.51.100.7:6000/peer1;tcp'

  test('that is offered is not answered without', async () => {
    const error = await failure(
      new Negotiation(new StubEndpoint('b'), { listen }).answer(peerText({ path, setup: 'active' })),
    )
    expect(error).toMatchObject({ code: 'not-acceptable', message: expect.stringContaining('listen.tls') })
  })

  test('of the offer is that of the path of one who connects', async () => {
    const answer = await new Negotiation(new StubEndpoint('b'), {}).answer(peerText({ path, setup: 'actpass' }))
    expect(answer).toContain('m=message 9 TCP/TLS/MSRP *')
    expect(attributeOf(answer, 'path')).toMatch(/^msrps:/)
  })

  test.each<[string, MediaWishes]>([
    ['of one who connects', { secure: true }],
    ['of one who listens, too', { secure: true, listen: { ...listen, tls: { cert: 'c', key: 'k' } } }],
  ])('that is wanted is not left out for an offer: %s', async (_, wishes) => {
    const error = await failure(new Negotiation(new StubEndpoint('b'), wishes).answer(peerText({ setup: 'passive' })))
    expect(error).toMatchObject({ code: 'not-acceptable', message: expect.stringContaining('TLS is wanted') })
    const answer = await new Negotiation(new StubEndpoint('b'), wishes).answer(peerText({ path, setup: 'passive' }))
    expect(answer).toContain('TCP/TLS/MSRP')
  })

  const withTls = { ...listen, tls: { cert: 'c', key: 'k' } }

  // RFC 3264 §6.1: other programs refuse an answer whose m-line has another transport than their offer.
  test.each<[string, MediaWishes, Parameters<typeof peerText>[0], string]>([
    ['passive, without TLS', { listen: withTls, secure: false }, { setup: 'active' }, 'TCP/MSRP'],
    ['passive, over TLS', { listen: withTls, secure: false }, { path, setup: 'active' }, 'TCP/TLS/MSRP'],
    ['active, without TLS', { listen: withTls, tls: {}, secure: false }, { setup: 'passive' }, 'TCP/MSRP'],
    ['active, over TLS', { listen }, { path, setup: 'passive' }, 'TCP/TLS/MSRP'],
    ['over TLS of one who could only listen without', { listen }, { path, setup: 'actpass' }, 'TCP/TLS/MSRP'],
  ])('is in the answer what it is in the offer: %s', async (_, wishes, offer, protocol) => {
    const endpoint = new StubEndpoint('b')
    const answer = await new Negotiation(endpoint, wishes).answer(peerText(offer))
    expect(answer).toMatch(new RegExp(`^m=message \\d+ ${protocol} \\*\r$`, 'm'))
    expect(attributeOf(answer, 'path')).toMatch(protocol === 'TCP/MSRP' ? /^msrp:/ : /^msrps:/)
    expect(endpoint.completions).toHaveLength(1)
  })

  test.each<[string, MediaWishes, Parameters<typeof peerText>[0]]>([
    ['listens with a certificate', { listen: withTls }, { setup: 'active' }],
    ['listens with a certificate, and may connect', { listen: withTls }, { setup: 'passive' }],
    ['listens with a certificate, and connects', { listen: withTls, setup: 'active' }, { setup: 'actpass' }],
    ['has TLS to connect', { tls: {} }, { setup: 'passive' }],
    ['has TLS to connect to a relay', { tls: {} }, { path: `msrp://r.example:1/t;tcp ${path}`, setup: 'passive' }],
  ])('is not given up for an offer without it by one who %s, unless told to', async (_, wishes, offer) => {
    const endpoint = new StubEndpoint('b')
    const error = { code: 'not-acceptable', message: expect.stringContaining('`secure: false`') }
    expect(await failure(new Negotiation(endpoint, wishes).answer(peerText(offer)))).toMatchObject(error)
    expect(endpoint.prepared).toEqual([])
    await new Negotiation(endpoint, { ...wishes, secure: false }).answer(peerText(offer))
    expect(endpoint.prepared).toHaveLength(1)
  })

  test('is as in the offer on one m-line and not on another', async () => {
    const bob = new Negotiation(new StubEndpoint('b'), [
      { listen: withTls, secure: false },
      { listen: withTls, secure: false },
      { listen: withTls },
    ])
    const [plain, over] = [peerText({ setup: 'active' }), peerText({ path, setup: 'active' })]
    const sections = [plain, over, plain].map((text) => text.slice(text.indexOf('m=')))
    const answer = await bob.answer(plain.slice(0, plain.indexOf('m=')) + sections.join(''))
    expect(answer.match(/^m=.*(?=\r$)/gm)).toEqual([
      'm=message 5000 TCP/MSRP *',
      'm=message 5000 TCP/TLS/MSRP *',
      'm=message 0 TCP/MSRP *',
    ])
  })

  test('is as in the offer, also where a path was made before for another one', async () => {
    const endpoint = new StubEndpoint('a')
    const alice = new Negotiation(endpoint, { listen: withTls, secure: false })
    expect(await alice.offer()).toContain('TCP/TLS/MSRP')
    alice.rollback()
    expect(await alice.answer(peerText({ setup: 'active' }))).toContain('m=message 5000 TCP/MSRP *')
    expect(endpoint.prepared.map(({ isClosed }) => isClosed)).toEqual([true, false])
    const session = await alice.session
    // The transport of a medium may change later (RFC 3264 §8.3).
    const next = 'msrps://198.51.100.7:6000/peer2;tcp'
    expect(await alice.answer(peerText({ path: next, setup: 'active' }))).toContain('m=message 5000 TCP/TLS/MSRP *')
    expect(await alice.session).not.toBe(session)
  })

  test('is what a path through relays needs, whatever the offer has (RFC 4976 §11)', async () => {
    const behindRelay = `msrps://r.example:1/t;tcp ${path}`
    const answers = [
      await new Negotiation(new StubEndpoint('b'), { relay }).answer(peerText()),
      await new Negotiation(new StubEndpoint('b'), { listen }).answer(peerText({ path: behindRelay, setup: 'active' })),
    ]
    expect(answers.map((text) => /^m=.*(?=\r$)/m.exec(text)?.[0])).toEqual([
      'm=message 2855 TCP/TLS/MSRP *',
      'm=message 5000 TCP/MSRP *',
    ])
  })

  test('is offered by one who connects although he listens for it', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), { listen: withTls, setup: 'active' }).offer()
    expect(offer).toContain('m=message 9 TCP/TLS/MSRP *')
  })

  test('that is wanted is offered, and has to be there where one listens', async () => {
    const endpoint = new StubEndpoint('a')
    const alice = new Negotiation(endpoint, { secure: true })
    expect(attributeOf(await alice.offer(), 'path')).toMatch(/^msrps:/)
    expect(await failure(alice.accept(peerText({ setup: 'passive' })))).toMatchObject({ code: 'not-acceptable' })
    expect(endpoint.prepared[0]?.options).not.toHaveProperty('secure')
    const bare = new Negotiation(endpoint, { secure: true, listen })
    for (const trying of [() => bare.offer(), () => bare.answer(peerText())]) {
      expect(await failure(trying())).toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('listen.tls'),
      })
    }
  })

  test.each([
    ['only in its m-line', 'passive', 'msrp://198.51.100.7:6000/peer1;tcp'],
    ['only in its m-line, by one who connects', 'active', 'msrp://198.51.100.7:6000/peer1;tcp'],
    ['in its path, too', 'passive', path],
    ['only in its m-line, and a relay', 'passive', 'msrp://r.example:1/t;tcp msrps://198.51.100.7:6000/peer1;tcp'],
  ])('that we did not offer is in no answer: %s', async (_, setup, remote) => {
    const endpoint = new StubEndpoint('a')
    const alice = new Negotiation(endpoint, { listen })
    await alice.offer()
    const error = await failure(alice.accept(peerText({ setup, path: remote, protocol: 'TCP/TLS/MSRP' })))
    expect(error).toMatchObject({ code: 'not-acceptable', message: expect.stringContaining('TCP/TLS/MSRP') })
    expect(endpoint.completions).toEqual([])
  })

  test('that we did not offer may be on the way to the relay of the answerer (RFC 4976 §11)', async () => {
    const endpoint = new StubEndpoint('a')
    const alice = new Negotiation(endpoint, { listen })
    await alice.offer()
    await alice.accept(peerText({ setup: 'passive', path: `msrps://r.example:1/t;tcp ${path}` }))
    expect(endpoint.completions).toHaveLength(1)
  })

  test.each(['active', 'passive'])('that only the m-line of an offer has is none: %s', async (setup) => {
    const endpoint = new StubEndpoint('b')
    const bob = new Negotiation(endpoint, { listen })
    const error = await failure(bob.answer(peerText({ setup, protocol: 'TCP/TLS/MSRP' })))
    expect(error).toMatchObject({ code: 'not-acceptable', message: expect.stringContaining('its path is without TLS') })
    expect(endpoint.prepared).toEqual([])
  })

  test('that we offered is not left out by the answer', async () => {
    const alice = new Negotiation(new StubEndpoint('a'), { tls: {} })
    await alice.offer()
    expect(await failure(alice.accept(peerText({ setup: 'passive' })))).toMatchObject({ code: 'not-acceptable' })
  })
})
