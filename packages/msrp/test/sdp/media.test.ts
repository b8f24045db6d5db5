import { describe, expect, test } from 'vitest'
import type { Medium } from '../../src/sdp/index.ts'
import { failure } from '../session/stage.ts'
import { portsOf, start } from './negotiations.ts'
import { attributeOf, listen, peerText } from './stub-endpoint.ts'

describe('A medium is refused', () => {
  test('of a first offer none of whose types is understood (RFC4975-8.6-7, RFC4975-8.6-8)', async () => {
    const { endpoint, negotiation } = start({ listen, acceptTypes: ['text/plain'] })
    const offer = peerText({ types: 'application/x-unknown multipart/mixed message/cpim' })
    const error = await failure(negotiation.answer(offer))
    expect(error).toMatchObject({ code: 'not-acceptable', message: expect.stringContaining('application/x-unknown') })
    expect(endpoint.prepared).toEqual([])
    expect(portsOf(negotiation.refuse(offer))).toEqual([0])
    // Nothing has come of it: another offer finds everything as it was.
    expect(portsOf(await negotiation.answer(peerText()))).toEqual([5000])
  })

  test.each<[string, string[], string, string[], boolean]>([
    ['text/plain', ['text/plain'], 'text/plain;charset=utf-8', [], true],
    ['text/*', ['text/*'], 'text/html', [], true],
    ['text/html', ['text/html'], 'text/*', [], true],
    ['text/plain', ['text/plain'], 'image/png *', [], true],
    ['what is wrapped', ['text/plain'], 'message/cpim', ['text/plain'], true],
    ['what is wrapped, and nothing else', ['text/plain'], 'message/cpim', ['image/png'], false],
    ['containers alone', ['text/plain'], 'message/cpim', [], true],
    ['other types', ['text/plain'], 'text/html image/*', [], false],
  ])('unless there is one in common: %s of %j for %s and %j is %s', async (_, ours, types, wrapped, taken) => {
    const { negotiation } = start({ listen, acceptTypes: ours })
    const more = wrapped.length === 0 ? [] : [`a=accept-wrapped-types:${wrapped.join(' ')}`]
    const answered = await negotiation.answer(peerText({ types, more })).then(
      () => true,
      () => false,
    )
    expect(answered).toBe(taken)
  })

  test.each<[string, Parameters<typeof peerText>[0], RegExp]>([
    ['is refused already', { port: 0 }, /section for MSRP is refused, or over \(line 6, port 0\)/],
    [
      'has another transport',
      { protocol: 'TCP/WSS/MSRP' },
      /line 6: the transport "TCP\/WSS\/MSRP" is none of TCP\/MSRP/,
    ],
    ['is another one', { protocol: 'RTP/AVP' }, /line 6: the transport "RTP\/AVP"/],
  ])('whose m-line %s, by saying so', async (_, offer, message) => {
    const { endpoint, negotiation } = start()
    const refused = { code: 'not-acceptable', message: expect.stringMatching(message) }
    expect(await failure(negotiation.answer(peerText(offer)))).toMatchObject(refused)
    expect(endpoint.prepared).toEqual([])
  })

  test('in an offer without any, by saying so', async () => {
    const offer = peerText().replace('m=message', 'm=audio').replace('TCP/MSRP *', 'RTP/AVP 0')
    const refused = { code: 'not-acceptable', message: expect.stringContaining('no section for MSRP') }
    expect(await failure(start().negotiation.answer(offer))).toMatchObject(refused)
  })

  test('alone, with port 0, when another one is taken (RFC4975-8.1-5)', async () => {
    const alice = start([{ listen, acceptTypes: ['image/x'] }, { listen }])
    const bob = start({ listen, acceptTypes: ['text/plain'] }, {}, 'b')
    const answer = await bob.negotiation.answer(await alice.negotiation.offer())
    expect(portsOf(answer)).toEqual([0, 5000])
    const taken = await alice.negotiation.accept(answer)
    expect(taken).toBe(await alice.negotiation.media[1]?.session)
    expect(await failure(alice.negotiation.media[0]?.session as Promise<unknown>)).toMatchObject({
      code: 'not-acceptable',
    })
    expect(alice.negotiation.media.map(({ state }) => state)).toEqual(['over', 'agreed'])
  })

  test('and the offerer hears it', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    const answer = 'v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\nm=message 0 TCP/MSRP *\r\n'
    expect(await failure(negotiation.accept(answer))).toMatchObject({ code: 'not-acceptable' })
    // Others may have been asked, too.
    expect(endpoint.prepared[0]?.isClosed).toBe(false)
    await negotiation.close()
    expect(endpoint.prepared[0]?.isClosed).toBe(true)
  })

  test('and stays where it was in later offers, with port 0', async () => {
    const alice = start([{ listen, acceptTypes: ['image/x'] }, { listen }])
    const bob = start({ listen, acceptTypes: ['text/plain'] }, {}, 'b')
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    expect(portsOf(await alice.negotiation.offer())).toEqual([0, 5000])
    alice.negotiation.rollback()
    expect(portsOf(await bob.negotiation.offer())).toEqual([0, 5000])
  })
})

describe('One more medium', () => {
  test('comes behind the others in a later offer', async () => {
    const alice = start()
    const bob = start([{ listen }, { listen }], {}, 'b')
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    const added = alice.negotiation.add({ listen, information: 'second' })
    expect([added.index, added.state]).toEqual([undefined, 'new'])
    const offer = await alice.negotiation.offer()
    expect(offer).toContain('i=second')
    await alice.negotiation.accept(await bob.negotiation.answer(offer))
    expect([added.index, added.state]).toEqual([1, 'agreed'])
    expect((await added.session).localPath).toBe('msrp://192.0.2.1:5000/a2;tcp')
    expect(alice.endpoint.completions).toHaveLength(2)
  })

  test('that is removed has port 0, and its session ends once that is agreed', async () => {
    const alice = start([{ listen }, { listen }])
    const bob = start([{ listen }, { listen }], {}, 'b')
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    const [kept, removed] = alice.negotiation.media as [Medium, Medium]
    const ending = await removed.session
    removed.remove([['file-transfer-id', 'x1']])
    const offer = await alice.negotiation.offer()
    expect(portsOf(offer)).toEqual([5000, 0])
    expect(attributeOf(offer, 'file-transfer-id', 1)).toBe('x1')
    expect(ending.state).toBe('open')
    const answer = await bob.negotiation.answer(offer)
    expect(portsOf(answer)).toEqual([5000, 0])
    await alice.negotiation.accept(answer)
    expect([ending.state, removed.state, (await kept.session).state]).toEqual(['closed', 'over', 'open'])
    expect(bob.negotiation.media[1]?.state).toBe('over')
    expect(portsOf(await bob.negotiation.offer())).toEqual([5000, 0])
  })
})

describe('An m-line whose medium is over', () => {
  test('is taken by the next new one, so that a dialog goes on for as long as it likes', async () => {
    const alice = start([{ listen }, { listen }])
    const bob = start([], { onMedium: ({ medium }) => (medium === undefined ? { take: { listen } } : undefined) }, 'b')
    const exchange = async (): Promise<string> => {
      const offer = await alice.negotiation.offer()
      await alice.negotiation.accept(await bob.negotiation.answer(offer))
      return offer
    }
    await exchange()
    for (let round = 0; round < 80; round++) {
      alice.negotiation.media[1]?.remove()
      expect(portsOf(await exchange())).toEqual([5000, 0])
      const next = alice.negotiation.add({ listen })
      expect(portsOf(await exchange())).toEqual([5000, 5000])
      expect([next.index, next.state, (await next.session).state]).toEqual([1, 'agreed', 'open'])
    }
  })

  test('stays as it was when the offer is taken back', async () => {
    const alice = start([{ listen, acceptTypes: ['image/x'] }, { listen }])
    const bob = start({ listen, acceptTypes: ['text/plain'] }, {}, 'b')
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    const [refused] = alice.negotiation.media
    const next = alice.negotiation.add({ listen })
    await alice.negotiation.offer()
    expect(alice.negotiation.media[0]).toBe(next)
    alice.negotiation.rollback()
    expect([alice.negotiation.media[0], next.state, next.index]).toEqual([refused, 'new', undefined])
    expect(portsOf(await alice.negotiation.offer())).toEqual([5000, 5000])
  })

  test('is not taken while the peer does not know that it is over', async () => {
    const alice = start([{ tls: {} }, { listen }])
    await alice.negotiation.offer()
    const two = peerText({ setup: 'passive' })
    await alice.negotiation.accept(two + two.slice(two.indexOf('m='))).catch(() => {})
    alice.negotiation.add({ listen })
    expect(portsOf(await alice.negotiation.offer())).toEqual([0, 5000, 5000])
  })
})

test('A medium that is removed before any offer has had it keeps no other from being taken', async () => {
  const { negotiation } = start([{ listen }, { listen }])
  const [removed, other] = negotiation.media
  removed?.remove()
  expect(portsOf(await negotiation.answer(peerText()))).toEqual([5000])
  expect([removed?.state, other?.state]).toEqual(['new', 'agreed'])
})

test('More media than a description can have are not added', () => {
  const { negotiation } = start(Array.from({ length: 64 }, () => ({ listen })))
  expect(() => negotiation.add({ listen })).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
})

test('A medium that is removed while its offer is out goes with the next one', async () => {
  const alice = start()
  const bob = start({ listen }, {}, 'b')
  const offer = await alice.negotiation.offer()
  alice.negotiation.media[0]?.remove()
  const session = await alice.negotiation.accept(await bob.negotiation.answer(offer))
  expect([session.state, alice.negotiation.media[0]?.state]).toEqual(['open', 'agreed'])
  expect(portsOf(await alice.negotiation.offer())).toEqual([0])
})
