import * as sdpTransform from 'sdp-transform'
import { describe, expect, test } from 'vitest'
import { cpimContainer } from '../../src/cpim/index.ts'
import {
  type MediaWishes,
  Negotiation,
  type OfferReason,
  type Preparing,
  SessionDescription,
} from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { settle } from '../transport/fake-clock.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

/** Both sides, after the first exchange. */
async function agreed(
  wishes: MediaWishes | readonly MediaWishes[] = { listen },
  theirs: MediaWishes | readonly MediaWishes[] = { listen },
): Promise<{ a: StubEndpoint; b: StubEndpoint; alice: Negotiation; bob: Negotiation; offer: string; answer: string }> {
  const [a, b] = [new StubEndpoint('a'), new StubEndpoint('b')]
  const [alice, bob] = [new Negotiation(a, wishes), new Negotiation(b, theirs)]
  const offer = await alice.offer()
  const answer = await bob.answer(offer)
  await Promise.all([alice.accept(answer), bob.session])
  return { a, b, alice, bob, offer, answer }
}

/** A later exchange, which Alice begins. */
async function again(alice: Negotiation, bob: Negotiation): Promise<{ offer: string; answer: string }> {
  const offer = await alice.offer()
  const answer = await bob.answer(offer)
  await alice.accept(answer).catch(() => {})
  await settle()
  return { offer, answer }
}

const versionOf = (text: string): string => SessionDescription.parse(text).origin.version
describe('What is offered', () => {
  const full: MediaWishes = {
    listen: { host: '2001:db8::5', port: 5000 },
    direction: 'recvonly',
    acceptTypes: ['text/plain', 'message/cpim'],
    acceptWrappedTypes: ['text/html', 'Text/Plain', 'message/imdn+xml'],
    maxMessageSize: 20_000,
    chatroom: ['nickname'],
    information: 'My picture',
    attributes: [['file-selector', 'name:"a.txt"'], ['x']],
  }

  test('has everything, in the order of the examples (RFC4975-8.1-1, RFC4975-8.1-5, RFC4975-8.6-11)', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), full, { username: 'alice', sessionName: 'Chat' }).offer()
    expect(offer.replace(/(?<=^o=alice )\d+/m, 'ID')).toBe(
      [
        'v=0',
        'o=alice ID 1 IN IP6 2001:db8::5',
        's=Chat',
        'c=IN IP6 2001:db8::5',
        't=0 0',
        'm=message 5000 TCP/MSRP *',
        'i=My picture',
        'a=recvonly',
        'a=accept-types:text/plain message/cpim multipart/mixed multipart/alternative multipart/signed',
        'a=accept-wrapped-types:text/html Text/Plain message/imdn+xml',
        'a=max-size:20000',
        'a=path:msrp://[2001:db8::5]:5000/a1;tcp',
        'a=setup:actpass',
        'a=chatroom:nickname',
        'a=file-selector:name:"a.txt"',
        'a=x',
        '',
      ].join('\r\n'),
    )
  })

  test('is read by sdp-transform', async () => {
    const { media, origin } = sdpTransform.parse(await new Negotiation(new StubEndpoint('a'), full).offer())
    expect(media).toMatchObject([
      { type: 'message', port: 5000, protocol: 'TCP/MSRP', payloads: '*', direction: 'recvonly' },
    ])
    expect(origin).toMatchObject({ username: '-', sessionVersion: 1, netType: 'IN', ipVer: 6 })
  })

  test('is m=message over TCP, with a star (RFC4975-8.1-2, RFC4975-8.1-3, RFC4975-8.1-4)', async () => {
    const tls = { cert: 'c', key: 'k' }
    const lines: string[] = []
    for (const wishes of [{ listen }, { listen: { ...listen, tls } }, { relay }]) {
      const text = await new Negotiation(new StubEndpoint('a'), wishes).offer()
      lines.push(/^m=.*/m.exec(text)?.[0] ?? '')
    }
    expect(lines).toEqual([
      'm=message 5000 TCP/MSRP *',
      'm=message 5000 TCP/TLS/MSRP *',
      'm=message 2855 TCP/TLS/MSRP *',
    ])
  })

  test('has a path, in offer and answer (RFC4975-8.2-1)', async () => {
    const { offer, answer } = await agreed({ relay })
    expect(attributeOf(offer, 'path')).toBe('msrps://relay.a.example:2855/ta1;tcp msrps://a.invalid:2855/a1;tcp')
    expect(attributeOf(answer, 'path')).toBe('msrp://192.0.2.1:5000/b1;tcp')
  })

  test.each([
    [
      'that everybody takes are listed (RFC4975-8.6-3, RFC4975-8.6-4)',
      ['text/plain'],
      'text/plain message/cpim multipart/mixed multipart/alternative multipart/signed',
    ],
    ['that are covered by a star are not', ['message/cpim', '*'], 'message/cpim *'],
    ['that are covered by a type are not', ['multipart/*'], 'multipart/* message/cpim'],
    [
      'stay in their order, which is the preference (RFC4975-8.6-2)',
      ['text/html', 'text/*', '*'],
      'text/html text/* *',
    ],
    [
      'are all unless given, texts by name (FIELD-strict-15)',
      undefined,
      'text/plain message/cpim multipart/mixed multipart/alternative multipart/signed *',
    ],
  ])('types %s', async (_, acceptTypes, written) => {
    const offer = await new Negotiation(new StubEndpoint('a'), { listen, acceptTypes }).offer()
    expect(attributeOf(offer, 'accept-types')).toBe(written)
  })

  test.each([
    ['are listed (RFC4975-8.6-5)', ['message/cpim'], ['text/*'], 'text/*'],
    [
      'are listed again where they may also stand alone (RFC4975-8.6-6, FIELD-strict-16)',
      ['text/plain'],
      [],
      'text/plain',
    ],
    ['are listed once where another entry covers them', ['text/plain', 'image/png'], ['text/*'], 'text/* image/png'],
    ['are all unless given', undefined, [], '*'],
    ['are no containers', ['multipart/mixed'], [], undefined],
  ])('types inside of others %s', async (_, acceptTypes, acceptWrappedTypes, written) => {
    const offer = await new Negotiation(new StubEndpoint('a'), { listen, acceptTypes, acceptWrappedTypes }).offer()
    expect(attributeOf(offer, 'accept-wrapped-types')).toBe(written)
  })

  test('types inside of others are refused where containers show them', async () => {
    const endpoint = new StubEndpoint('a')
    const acceptWrappedTypes = ['text/html']
    await new Negotiation(endpoint, { listen, acceptWrappedTypes, containers: [cpimContainer] }).offer()
    await new Negotiation(endpoint, { listen, acceptWrappedTypes }).offer()
    expect(endpoint.prepared.map(({ options }) => options.acceptWrappedTypes)).toEqual([['text/html'], undefined])
  })

  test.each<[string, MediaWishes]>([
    ['acceptTypes', { acceptTypes: ['text'] }],
    ['acceptTypes', { acceptTypes: ['text/plain\r\na=evil'] }],
    ['acceptWrappedTypes', { acceptWrappedTypes: ['html'] }],
    ['attributes', { attributes: [['a b']] }],
    ['the attribute x', { attributes: [['x', 'y\nz']] }],
    ['information', { information: 'a\r\nb' }],
  ])('that cannot be written is an error that names %s', async (name, wishes) => {
    const error = await failure(new Negotiation(new StubEndpoint('a'), wishes).offer())
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining(name) })
  })

  test.each<[string, object]>([
    ['maxMessageSize', { maxMessageSize: -1 }],
    ['maxMessageSize', { maxMessageSize: 1.5 }],
    ['maxMessageSize', { maxMessageSize: '9' }],
    ['direction', { direction: 'both' }],
    ['setup', { setup: 'passive' }],
    ['secure', { secure: 'yes' }],
    ['cema', { cema: 1 }],
    ['acceptTypes', { acceptTypes: 'text/plain' }],
    ['acceptType', { acceptType: ['text/plain'] }],
    ['peerMaxMessageSize', { peerMaxMessageSize: 9 }],
    ['constructor', Object.fromEntries([['constructor', 1]])],
  ])('that makes no sense is refused at once, by its name: %s', async (name, wishes) => {
    const error = { code: 'invalid-argument', message: expect.stringContaining(`wishes: ${name}`) }
    const endpoint = new StubEndpoint('a')
    expect(() => new Negotiation(endpoint, wishes)).toThrow(expect.objectContaining(error))
    expect(() => new Negotiation(endpoint).add(wishes)).toThrow(expect.objectContaining(error))
    const taking = new Negotiation(endpoint, [], { onMedium: () => ({ take: wishes }) })
    expect(await failure(taking.answer(peerText()))).toMatchObject(error)
    expect(endpoint.prepared).toEqual([])
  })

  test.each<[string, object]>([
    ['direction', { direction: 'both' }],
    ['acceptTypes', { acceptTypes: ['text/plain'] }],
  ])('nor is it changed to what makes no sense, or cannot be changed: %s', (name, changes) => {
    const medium = new Negotiation(new StubEndpoint('a')).add({ listen })
    const error = { code: 'invalid-argument', message: expect.stringContaining(`change: ${name}`) }
    expect(() => medium.change(changes)).toThrow(expect.objectContaining(error))
  })

  test.each([{ username: 'a b' }, { sessionName: 'a\r\nb' }, { sessionName: '' }])(
    'nor do %o go in',
    async (options) => {
      expect(await failure(new Negotiation(new StubEndpoint('a'), {}, options).offer())).toMatchObject({
        code: 'invalid-argument',
      })
    },
  )

  test('on a WebSocket has ws in its path alone (RFC7977-5.2.2-1)', async () => {
    const endpoint = new StubEndpoint('a')
    const prepare = endpoint.prepare.bind(endpoint)
    endpoint.prepare = async (options) => {
      const prepared = await prepare(options)
      const [made] = endpoint.prepared
      if (made !== undefined) made.localPath = made.localPath.replace(/tcp$/, 'ws')
      return prepared
    }
    const offer = await new Negotiation(endpoint, { relay: { uri: 'wss://relay.example/msrp' } }).offer()
    expect(offer).toContain('m=message 2855 TCP/TLS/MSRP *\r\n')
    expect(attributeOf(offer, 'path')).toBe('msrps://relay.a.example:2855/ta1;tcp msrps://a.invalid:2855/a1;ws')
  })
})

describe('What is none at all is refused by its name:', () => {
  test.each<unknown>([null, 5, 'listen'])('wishes that are %j', (given) => {
    const wishes = given as MediaWishes
    const message = expect.stringContaining(`wishes has to be an object, not "${given}"`)
    const error = { code: 'invalid-argument', message }
    expect(() => new Negotiation(new StubEndpoint('a'), wishes)).toThrow(expect.objectContaining(error))
    expect(() => new Negotiation(new StubEndpoint('a')).add(wishes)).toThrow(expect.objectContaining(error))
  })

  test.each([undefined, null, 'msrp', {}])('an endpoint that is %j', (endpoint) => {
    const error = { code: 'invalid-argument', message: expect.stringContaining('endpoint has to be an Endpoint') }
    expect(() => new Negotiation(endpoint as Preparing)).toThrow(expect.objectContaining(error))
  })

  test.each([undefined, null, 5, {}])('a description that is %j', async (given) => {
    const text = given as string
    const message = expect.stringContaining(`session description has to be a text, not "${given}"`)
    const error = { code: 'invalid-argument', message }
    const endpoint = new StubEndpoint('a')
    const negotiation = new Negotiation(endpoint, { listen })
    expect(() => SessionDescription.parse(text)).toThrow(expect.objectContaining(error))
    expect(() => negotiation.refuse(text)).toThrow(expect.objectContaining(error))
    expect(await failure(negotiation.answer(text))).toMatchObject(error)
    expect(endpoint.prepared).toEqual([])
    const offer = await negotiation.offer()
    expect(await failure(negotiation.accept(text))).toMatchObject(error)
    // The offer still waits for its answer.
    const bob = new Negotiation(new StubEndpoint('b'), { listen })
    await negotiation.accept(await bob.answer(offer))
    expect(await failure(bob.accept(text))).toMatchObject({ code: 'invalid-argument' })
  })
})

describe('a=chatroom', () => {
  test('stands in offer and answer, each for itself (RFC7701-8-1, RFC7701-8-2)', async () => {
    const { offer, answer, alice } = await agreed({ listen }, { listen, chatroom: ['nickname', 'private-messages'] })
    expect(attributeOf(offer, 'chatroom')).toBeUndefined()
    expect(attributeOf(answer, 'chatroom')).toBe('nickname private-messages')
    expect(alice.media[0]?.remote?.chatroom).toEqual(['nickname', 'private-messages'])
  })

  test('may say something else later (RFC7701-8-3)', async () => {
    const { alice, bob } = await agreed({ listen, chatroom: ['nickname'] })
    alice.media[0]?.change({ chatroom: [] })
    const { offer } = await again(alice, bob)
    expect(attributeOf(offer, 'chatroom')).toBe('')
    alice.media[0]?.change({ chatroom: undefined })
    await again(alice, bob)
    expect(bob.media[0]?.remote?.chatroom).toBeUndefined()
  })

  test.each([
    ['a token twice (RFC7701-8-4)', ['nickname', 'nickname']],
    ['what is no token', ['nick name']],
    ['what is no token, of one’s own (RFC7701-8-6)', ['com.example."x"']],
  ])('is not written with %s', async (_, chatroom) => {
    const negotiation = new Negotiation(new StubEndpoint('a'), { chatroom })
    expect(await failure(negotiation.offer())).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('chatroom'),
    })
  })

  test('may have tokens of one’s own (RFC7701-8-6)', async () => {
    const offer = await new Negotiation(new StubEndpoint('a'), { chatroom: ['com.example.polls'] }).offer()
    expect(attributeOf(offer, 'chatroom')).toBe('com.example.polls')
  })
})

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
  const cut = 'a=fingerprint:sha-256 AB:AB'
  test.each([
    ['SHA-1', [weak]],
    ['MD5 and SHA-1', [md5, weak]],
    ['sha-256, of another length', [cut]],
    ['sha-256, one of another length', [strong, cut]],
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
    endpoint.fingerprints = ['sha-256 AA:BB', 'sha-512 CC:DD']
    const offer = await new Negotiation(endpoint, { listen: { ...listen, tls: { cert: 'c', key: 'k' } } }).offer()
    expect(offer).toContain('a=fingerprint:sha-256 AA:BB\r\na=fingerprint:sha-512 CC:DD\r\n')
  })
})

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

  test('that we offered is not left out by the answer', async () => {
    const alice = new Negotiation(new StubEndpoint('a'), { tls: {} })
    await alice.offer()
    expect(await failure(alice.accept(peerText({ setup: 'passive' })))).toMatchObject({ code: 'not-acceptable' })
  })
})

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
