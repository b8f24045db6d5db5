import { describe, expect, test } from 'vitest'
import { type MediaWishes, Negotiation } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

describe('What the peer says', () => {
  test('becomes options of its session', async () => {
    const endpoint = new StubEndpoint('b')
    const more = ['a=accept-wrapped-types:text/plain', 'a=max-size:1000']
    await new Negotiation(endpoint, { listen }).answer(peerText({ types: 'message/cpim text/html', more }))
    expect(endpoint.completions).toMatchObject([
      {
        remotePath: 'msrp://198.51.100.7:6000/peer1;tcp',
        options: {
          peerAcceptTypes: ['message/cpim', 'text/html'],
          peerAcceptWrappedTypes: ['text/plain'],
          peerMaxMessageSize: 1000,
        },
      },
    ])
  })

  test('with a size of 0 is no limit', async () => {
    const endpoint = new StubEndpoint('b')
    await new Negotiation(endpoint, { listen }).answer(peerText({ more: ['a=max-size:0'] }))
    expect(endpoint.completions[0]?.options).not.toHaveProperty('peerMaxMessageSize')
  })

  const path = 'msrps://198.51.100.7:6000/peer1;tcp'
  const strong = `a=fingerprint:sha-256 ${'AB:'.repeat(31)}AB`
  const weak = `a=fingerprint:SHA-1 ${'AB:'.repeat(19)}AB`
  test.each<[string, MediaWishes, Parameters<typeof peerText>[0], boolean]>([
    ['is checked when we connect', {}, { path, setup: 'passive', more: [strong] }, true],
    [
      'is checked when the peer connects',
      { listen: { ...listen, tls: { cert: 'c', key: 'k' } } },
      { path, setup: 'active', more: [strong] },
      true,
    ],
    ['counts beside a weak one', {}, { path, setup: 'passive', more: [weak, strong] }, true],
    ['alone that is weak leaves names and authority to count', {}, { path, setup: 'passive', more: [weak] }, false],
    ['means nothing without TLS', {}, { setup: 'passive', more: [strong] }, false],
    ['means nothing behind our relay', { relay }, { path, setup: 'passive', more: [strong] }, false],
    [
      'means nothing behind its relay',
      {},
      { path: `msrps://r.example:1/t;tcp ${path}`, setup: 'passive', more: [strong] },
      false,
    ],
  ])('of a fingerprint %s', async (_, wishes, offer, checked) => {
    const endpoint = new StubEndpoint('b')
    await new Negotiation(endpoint, wishes).answer(peerText(offer))
    expect(endpoint.completions[0]?.options.peerFingerprint !== undefined).toBe(checked)
  })

  const overTls: MediaWishes = { listen: { ...listen, tls: { cert: 'c', key: 'k' } } }
  const md5 = `a=fingerprint:md5 ${'AB:'.repeat(15)}AB`
  const unknown = `a=fingerprint:sha3-256 ${'AB:'.repeat(31)}AB`
  test.each([
    ['SHA-1', [weak]],
    ['MD5 and SHA-1', [md5, weak]],
    ['something unknown', [unknown]],
  ])('by %s alone lets nobody in who comes over TLS', async (_, more) => {
    const refused = { code: 'not-acceptable', message: expect.stringContaining('fingerprints') }
    const answerer = new Negotiation(new StubEndpoint('b'), overTls)
    expect(await failure(answerer.answer(peerText({ path, setup: 'active', more })))).toMatchObject(refused)
    const endpoint = new StubEndpoint('a')
    const offerer = new Negotiation(endpoint, overTls)
    await offerer.offer()
    expect(await failure(offerer.accept(peerText({ path, setup: 'active', more })))).toMatchObject(refused)
    expect(endpoint.completions).toEqual([])
  })

  test.each([
    ['alone', ['a=fingerprint:sha-256 AB:AB']],
    ['beside a right one', [strong, 'a=fingerprint:sha-512 AB:AB']],
  ])('of a fingerprint of another length, %s, is no session without a check', async (_, more) => {
    for (const setup of ['active', 'passive']) {
      const endpoint = new StubEndpoint('a')
      const malformed = { code: 'malformed', message: expect.stringContaining('a=fingerprint') }
      const answerer = new Negotiation(endpoint, overTls)
      expect(await failure(answerer.answer(peerText({ path, setup, more })))).toMatchObject(malformed)
      const offerer = new Negotiation(endpoint, overTls)
      await offerer.offer()
      expect(await failure(offerer.accept(peerText({ path, setup, more })))).toMatchObject(malformed)
      expect(endpoint.completions).toEqual([])
    }
  })

  test.each([
    ['weak', [weak]],
    ['strong', [strong]],
  ])('of a fingerprint that is %s is about other media where we listen without TLS', async (_, more) => {
    const endpoint = new StubEndpoint('b')
    const negotiation = new Negotiation(endpoint, { ...overTls, secure: false })
    const answer = await negotiation.answer(peerText({ setup: 'active', more }))
    expect(attributeOf(answer, 'path')).toMatch(/^msrp:/)
    // On the way back, too: our path stays what it is.
    await negotiation.offer()
    const next = 'msrp://198.51.100.7:6000/peer2;tcp'
    await negotiation.accept(peerText({ path: next, setup: 'active', more }))
    expect(endpoint.completions.map(({ options }) => options.peerFingerprint)).toEqual([undefined, undefined])
  })

  test('of a fingerprint counts where we listen with TLS, whatever its own path says', async () => {
    const endpoint = new StubEndpoint('a')
    const offerer = new Negotiation(endpoint, { ...overTls, secure: false })
    await offerer.offer()
    await offerer.accept(peerText({ setup: 'active', more: [strong] }))
    expect(endpoint.completions[0]?.options.peerFingerprint).toHaveLength(1)
    const other = new Negotiation(new StubEndpoint('a'), { ...overTls, secure: false })
    await other.offer()
    expect(await failure(other.accept(peerText({ setup: 'active', more: [weak] })))).toMatchObject({
      code: 'not-acceptable',
    })
  })

  test('our certificate’s fingerprints go out with the offer', async () => {
    const endpoint = new StubEndpoint('a')
    const [one, other] = [`sha-256 ${'AA:'.repeat(31)}AA`, `sha-512 ${'CC:'.repeat(63)}CC`]
    endpoint.fingerprints = [one, other]
    const offer = await new Negotiation(endpoint, { listen: { ...listen, tls: { cert: 'c', key: 'k' } } }).offer()
    expect(offer).toContain(`a=fingerprint:${one}\r\na=fingerprint:${other}\r\n`)
  })
})
