import * as sdpTransform from 'sdp-transform'
import { describe, expect, test } from 'vitest'
import { cpimContainer } from '../../src/cpim/index.ts'
import { type MediaWishes, Negotiation, type Preparing, SessionDescription } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { again, agreed } from './negotiations.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

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
    ['maxMessageSize', { maxMessageSize: 0 }],
    ['maxMessageSize', { maxMessageSize: 1.5 }],
    ['maxMessageSize', { maxMessageSize: '9' }],
    ['direction', { direction: 'both' }],
    ['setup', { setup: 'passive' }],
    ['secure', { secure: 'yes' }],
    ['cema', { cema: 1 }],
    ['acceptTypes', { acceptTypes: 'text/plain' }],
    ['acceptTypes', { acceptTypes: [] }],
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

describe('a=chatroom', () => {
  test('stands in offer and answer, each for itself (RFC7701-8-1, RFC7701-8-2)', async () => {
    const { offer, answer, alice } = await agreed({ listen }, { listen, chatroom: ['nickname', 'private-messages'] })
    expect(attributeOf(offer, 'chatroom')).toBeUndefined()
    expect(attributeOf(answer, 'chatroom')).toBe('nickname private-messages')
    expect(alice.media[0]?.remote?.chatroom).toEqual(['nickname', 'private-messages'])
  })

  test('of a room that takes message/cpim stands beside no other type (RFC7701-5.2-2, RFC7701-5.2-4)', async () => {
    const room = { listen, acceptTypes: ['message/cpim'], acceptWrappedTypes: ['text/plain'] }
    const { offer, answer } = await agreed(room, { ...room, chatroom: [] })
    expect(attributeOf(offer, 'accept-types')).toBe(
      'message/cpim multipart/mixed multipart/alternative multipart/signed',
    )
    expect(attributeOf(answer, 'accept-types')).toBe('message/cpim')
    expect(attributeOf(answer, 'accept-wrapped-types')).toBe('text/plain')
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
