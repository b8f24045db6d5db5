import { describe, expect, test } from 'vitest'
import { type MediaWishes, Negotiation, type NegotiationOptions, type OfferReason } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

// RFC 6714: middleboxes that put their own address into c- and m-line.

const direct: MediaWishes = { listen, cema: true }
const relayed: MediaWishes = { relay, cema: true }

const behindRelay = 'msrps://relay.peer.example:2855/t1;tcp msrps://peer.invalid:2855/peer1;tcp'
const cema = ['a=msrp-cema']
/** The address of a middlebox. */
const box = { address: '203.0.113.99', port: 7000 }
const connectToBox = { connectTo: { host: '203.0.113.99', port: 7000 } }

async function accepted(
  wishes: MediaWishes,
  answer: string,
  options: NegotiationOptions = {},
): Promise<{ endpoint: StubEndpoint; negotiation: Negotiation; failed: (Error & { code?: string }) | undefined }> {
  const endpoint = new StubEndpoint('a')
  const negotiation = new Negotiation(endpoint, wishes, options)
  await negotiation.offer()
  const failed = await negotiation.accept(answer).then(
    () => undefined,
    (error: Error & { code?: string }) => error,
  )
  return { endpoint, negotiation, failed }
}

describe('An offer with msrp-cema', () => {
  test('says so, and has setup (RFC6714-4.2-1, RFC6714-4.2-2, RFC6714-4.5-1)', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), direct).offer()
    expect(attributeOf(offer, 'msrp-cema')).toBe('')
    expect(attributeOf(offer, 'setup')).toBe('actpass')
  })

  test('has the relay in c- and m-line, and actpass (RFC6714-4.2-3, RFC6714-4.2-4)', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), relayed).offer()
    expect(offer).toContain('c=IN IP4 relay.a.example\r\n')
    expect(offer).toContain('m=message 2855 TCP/TLS/MSRP *')
    expect(attributeOf(offer, 'setup')).toBe('actpass')
  })

  test('is not what those get who do not ask for it (RFC6714-3-1)', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), { listen }).offer()
    expect(attributeOf(offer, 'msrp-cema')).toBeUndefined()
  })
})

describe('The offerer who reads an answer', () => {
  test.each<[string, MediaWishes, Parameters<typeof peerText>[0], object]>([
    [
      'with msrp-cema connects to c- and m-line (RFC6714-4.2-9)',
      direct,
      { ...box, setup: 'passive', more: cema },
      connectToBox,
    ],
    ['with msrp-cema waits', direct, { ...box, setup: 'active', more: cema }, { active: false, connectTo: undefined }],
    [
      'without it, c- and m-line that do not fit: connects to them (RFC6714-4.2-9)',
      direct,
      { ...box, setup: 'passive' },
      connectToBox,
    ],
    [
      'without it, c- and m-line that fit: there',
      direct,
      { setup: 'passive' },
      { connectTo: { host: '198.51.100.7', port: 6000 } },
    ],
    [
      'without it, of a peer behind a relay whose c- and m-line fit: takes the path, and no other offer (RFC6714-4.2-8)',
      direct,
      { path: behindRelay, address: 'peer.invalid', port: 2855, setup: 'passive' },
      { active: true, connectTo: undefined },
    ],
    [
      'with msrp-cema, behind a relay, takes the path',
      relayed,
      { ...box, setup: 'active', more: cema },
      { active: false },
    ],
  ])('%s', async (_, wishes, answer, options) => {
    const { endpoint, failed } = await accepted(wishes, peerText(answer))
    expect(failed).toBeUndefined()
    expect(endpoint.completions.map((one) => ({ connectTo: undefined, ...one.options }))).toMatchObject([options])
  })

  test.each<[string, MediaWishes, Parameters<typeof peerText>[0]]>([
    ['who would come to us through a middlebox', direct, { ...box, setup: 'active' }],
    ['to whom our relay would have to go through it', relayed, { ...box, setup: 'passive' }],
    ['behind a relay, and a middlebox', direct, { ...box, path: behindRelay, setup: 'passive' }],
  ])(
    'without msrp-cema of one %s makes another offer without it (RFC6714-4.2-5, RFC6714-4.2-6)',
    async (_, wishes, answer) => {
      const due: OfferReason[] = []
      const { endpoint, negotiation, failed } = await accepted(wishes, peerText(answer), {
        onOfferDue: (why) => due.push(why),
      })
      expect(failed).toMatchObject({ code: 'offer-due' })
      expect(due).toMatchObject([{ reason: 'cema-fallback' }])
      expect(endpoint.completions).toEqual([])
      const offer = await negotiation.offer()
      expect(attributeOf(offer, 'msrp-cema')).toBeUndefined()
      expect(offer).toContain('o=- ')
      expect(offer).toMatch(/^o=- \d+ 2 /m)
      // Now the middlebox takes part, and its path is the one that counts.
      const path = 'msrp://203.0.113.99:7000/box;tcp'
      await negotiation.accept(peerText({ ...box, path, setup: 'passive' }))
      expect(endpoint.completions).toMatchObject([{ remotePath: path, options: { active: true } }])
      expect(endpoint.completions[0]?.options.connectTo).toBeUndefined()
    },
  )

  test('may break off instead: nothing has begun (RFC6714-4.2-7)', async () => {
    const { endpoint, negotiation } = await accepted(direct, peerText({ ...box, setup: 'active' }))
    await negotiation.close()
    expect(endpoint.prepared[0]?.isClosed).toBe(true)
  })
})

describe('The answerer', () => {
  test('refuses an offer without msrp-cema whose c- and m-line do not fit (RFC6714-4.3-1)', async () => {
    const negotiation = new Negotiation(new StubEndpoint('b'), direct)
    const offer = peerText({ ...box, setup: 'actpass' })
    expect(await failure(negotiation.answer(offer))).toMatchObject({ code: 'not-acceptable' })
    expect(negotiation.refuse(offer)).toContain('m=message 0 TCP/MSRP *')
  })

  test('takes it when msrp-cema is not wished for', async () => {
    const negotiation = new Negotiation(new StubEndpoint('b'), { listen })
    const answer = await negotiation.answer(peerText({ ...box, setup: 'actpass', more: cema }))
    expect(attributeOf(answer, 'msrp-cema')).toBeUndefined()
  })

  test.each<[string, MediaWishes, Parameters<typeof peerText>[0]]>([
    ['both have relays', relayed, { path: behindRelay, setup: 'actpass', more: cema }],
    ['the offerer has a relay and connects', direct, { path: behindRelay, setup: 'active', more: cema }],
    ['the answerer has a relay and has to connect', relayed, { setup: 'passive', more: cema }],
    ['the offer has none', direct, { setup: 'actpass' }],
  ])('leaves msrp-cema out when %s (RFC6714-4.3-2, RFC6714-4.3-3)', async (_, wishes, offer) => {
    const endpoint = new StubEndpoint('b')
    const answer = await new Negotiation(endpoint, wishes).answer(peerText(offer))
    expect(attributeOf(answer, 'msrp-cema')).toBeUndefined()
    expect(endpoint.completions[0]?.options.connectTo).toBeUndefined()
  })

  test('says msrp-cema and setup, and waits (RFC6714-4.3-4, RFC6714-4.3-5)', async () => {
    const endpoint = new StubEndpoint('b')
    const answer = await new Negotiation(endpoint, direct).answer(peerText({ ...box, setup: 'active', more: cema }))
    expect(attributeOf(answer, 'msrp-cema')).toBe('')
    expect(attributeOf(answer, 'setup')).toBe('passive')
    expect(endpoint.completions).toMatchObject([{ options: { active: false } }])
  })

  test('behind a relay has it in c- and m-line, and is passive (RFC6714-4.3-6, RFC6714-4.3-7)', async () => {
    const answer = await new Negotiation(new StubEndpoint('b'), { ...relayed, setup: 'active' }).answer(
      peerText({ setup: 'actpass', more: cema }),
    )
    expect(attributeOf(answer, 'msrp-cema')).toBe('')
    expect(answer).toContain('c=IN IP4 relay.b.example\r\n')
    expect(answer).toContain('m=message 2855 TCP/TLS/MSRP *')
    expect(attributeOf(answer, 'setup')).toBe('passive')
  })

  test.each<[string, MediaWishes, Parameters<typeof peerText>[0]]>([
    ['that can only connect', { cema: true }, { ...box, setup: 'actpass', more: cema }],
    ['of an offerer behind a relay', direct, { ...box, path: behindRelay, setup: 'actpass', more: cema }],
  ])('%s connects to c- and m-line (RFC6714-4.3-8)', async (_, wishes, offer) => {
    const endpoint = new StubEndpoint('b')
    const answer = await new Negotiation(endpoint, wishes).answer(peerText(offer))
    expect(attributeOf(answer, 'msrp-cema')).toBe('')
    expect(attributeOf(answer, 'setup')).toBe('active')
    expect(endpoint.completions).toMatchObject([{ options: connectToBox }])
  })
})

describe('c- and m-line fit a path', () => {
  const lookup = async (name: string): Promise<string[]> => {
    if (name === 'nowhere.example') throw new Error('ENOTFOUND')
    return name === 'peer.example' ? ['2001:DB8:0::7', '198.51.100.7'] : ['192.0.2.200']
  }
  test.each<[string, Parameters<typeof peerText>[0], boolean, NegotiationOptions?]>([
    ['when both are the same', {}, true],
    ['when the port is another one', { port: 6001 }, false],
    ['when the address is another one', { address: '198.51.100.8' }, false],
    ['however IPv6 is spelled', { address: '2001:DB8:0:0::7', path: 'msrp://[2001:db8::7]:6000/p;tcp' }, true],
    ['when they name the same host', { address: 'Peer.Example', path: 'msrp://peer.example:6000/p;tcp' }, true],
    ['when one is a name that nobody can look up here', { address: 'peer.example' }, true],
    ['when the name has that address', { address: 'peer.example' }, true, { lookup }],
    ['when the name has other addresses', { address: 'box.example' }, false, { lookup }],
    ['when the name has none', { address: 'nowhere.example' }, false, { lookup }],
    ['with port 9 of one who connects', { port: 9, setup: 'active' }, true],
    [
      'when they are those of the endpoint behind a relay',
      { path: behindRelay, address: 'peer.invalid', port: 2855 },
      true,
    ],
    ['when they are those of the relay', { path: behindRelay, address: 'relay.peer.example', port: 2855 }, true],
  ])('%s', async (_, offer, fits, options = {}) => {
    const negotiation = new Negotiation(new StubEndpoint('b'), direct, options)
    const answered = await negotiation.answer(peerText({ setup: 'actpass', ...offer })).then(
      () => true,
      () => false,
    )
    expect(answered).toBe(fits)
  })
})
