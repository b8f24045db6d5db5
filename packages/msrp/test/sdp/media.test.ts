import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Endpoint as BrowserEndpoint } from '../../src/browser/index.ts'
import { Endpoint } from '../../src/index.ts'
import {
  type MediaWishes,
  type Medium,
  Negotiation,
  type NegotiationOptions,
  type OfferedMedium,
  type Preparing,
  SessionDescription,
} from '../../src/sdp/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { failure, stateOf } from '../session/stage.ts'
import { FakeClock, settle } from '../transport/fake-clock.ts'
import { samples } from './descriptions.ts'
import { attributeOf, listen, peerText, relay, StubEndpoint } from './stub-endpoint.ts'

// Several media, media of others, and what becomes of a negotiation otherwise.

const audio = 'm=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n'
const video = 'm=video 51372 RTP/AVP 99\r\nb=AS:500\r\nk=clear:secret\r\n'
const session = 'v=0\r\no=app 123 17 IN IP4 10.0.0.1\r\ns=A call\r\nc=IN IP4 10.0.0.1\r\nb=CT:1000\r\nt=0 0\r\n'
const file: MediaWishes = {
  listen,
  direction: 'sendonly',
  attributes: [
    ['file-selector', 'name:"a.txt"'],
    ['file-transfer-id', 'x1'],
  ],
}

function start(
  wishes: MediaWishes | readonly MediaWishes[] = { listen },
  options: NegotiationOptions = {},
  name = 'a',
): { endpoint: StubEndpoint; negotiation: Negotiation } {
  const endpoint = new StubEndpoint(name)
  return { endpoint, negotiation: new Negotiation(endpoint, wishes, options) }
}

const portsOf = (text: string): number[] => SessionDescription.parse(text).media.map(({ port }) => port)
const kindsOf = (text: string): string[] => SessionDescription.parse(text).media.map(({ media }) => media)

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

describe('A kind of medium', () => {
  test('is not taken for a chat, and its refusal mirrors what it is', async () => {
    const alice = start([{ listen }, file])
    const bob = start([{ listen }, { listen }], {}, 'b')
    const answer = await bob.negotiation.answer(await alice.negotiation.offer())
    expect(portsOf(answer)).toEqual([5000, 0])
    expect(attributeOf(answer, 'file-selector', 1)).toBe('name:"a.txt"')
    expect(attributeOf(answer, 'file-transfer-id', 1)).toBe('x1')
  })

  test('that waits for an offer of ours is not what the peer’s new chat becomes', async () => {
    const { negotiation } = start()
    await negotiation.answer(peerText())
    const mine = negotiation.add(file)
    const later = peerText() + peerText({ path: 'msrp://198.51.100.7:6000/peer2;tcp' }).replace(/^.*?(?=m=)/s, '')
    expect(portsOf(await negotiation.answer(later))).toEqual([5000, 0])
    expect([mine.state, negotiation.offerDue]).toEqual(['new', true])
    negotiation.add({ listen })
    expect(attributeOf(await negotiation.answer(later), 'file-selector', 1)).toBeUndefined()
    expect(negotiation.media.map(({ state }) => state)).toEqual(['agreed', 'agreed', 'new'])
    expect(mine.index).toBeUndefined()
  })

  test('decides on each m-line, and gets the medium that comes of it', async () => {
    const seen: OfferedMedium[] = []
    let medium: Medium | undefined
    const bob = start(
      { listen },
      {
        onMedium: (offered) => {
          seen.push(offered)
          if (offered.description.attribute('file-selector') === undefined) return undefined
          if (offered.medium !== undefined) return { change: { attributes: [['file-range', '1-2']] } }
          return { take: { listen, attributes: [['file-selector', 'taken']] }, onTaken: (it) => (medium = it) }
        },
      },
    )
    const alice = start([file, { listen }])
    const offer = await alice.negotiation.offer()
    const answer = await bob.negotiation.answer(offer)
    expect(portsOf(answer)).toEqual([5000, 5000])
    expect(attributeOf(answer, 'file-selector', 0)).toBe('taken')
    expect(attributeOf(answer, 'recvonly', 0)).toBe('')
    expect(medium).toMatchObject({ index: 0, direction: 'recvonly' })
    expect((await medium?.session)?.localPath).toBe('msrp://192.0.2.1:5000/a1;tcp')
    expect(seen.map(({ description, medium: known }) => [description.index, known])).toEqual([
      [0, undefined],
      [1, undefined],
    ])
    await alice.negotiation.accept(answer)
    const second = await bob.negotiation.answer(await alice.negotiation.offer())
    expect(seen[2]?.medium).toBe(medium)
    expect(attributeOf(second, 'file-range', 0)).toBe('1-2')
  })

  test('can be refused, with attributes of its own', async () => {
    const onMedium: NegotiationOptions['onMedium'] = ({ description }) =>
      description.attribute('file-selector') === undefined
        ? undefined
        : { refuse: 'no files', attributes: [['x', 'y']] }
    const bob = start({ listen }, { onMedium })
    const answer = await bob.negotiation.answer(await start([file, { listen }]).negotiation.offer())
    expect(portsOf(answer)).toEqual([0, 5000])
    expect(attributeOf(answer, 'x', 0)).toBe('y')
    const alone = start([], { onMedium })
    const error = await failure(alone.negotiation.answer(await start([file]).negotiation.offer()))
    expect(error).toMatchObject({ code: 'not-acceptable', message: expect.stringContaining('no files') })
  })

  test('can take the place of another one, on a path of its own', async () => {
    let next = false
    const bob = start(
      [],
      { onMedium: () => (next ? { take: { listen, information: 'next' } } : { take: { listen } }) },
      'b',
    )
    const alice = start(file)
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    const [first] = bob.negotiation.media
    const ending = await first?.session
    next = true
    const answer = await bob.negotiation.answer(await alice.negotiation.offer())
    expect(answer).toContain('i=next')
    expect([ending?.state, first?.state]).toEqual(['closed', 'over'])
    await alice.negotiation.accept(answer)
    expect((await alice.negotiation.session).remotePath).toBe('msrp://192.0.2.1:5000/b2;tcp')
  })

  test('hears each time the peer says something of it', async () => {
    const alice = start()
    const bob = start({ listen }, {}, 'b')
    const said: (string | number)[] = []
    const both: string[] = []
    const [medium] = alice.negotiation.media
    const stop = medium?.onRemote(({ port, direction }) => said.push(port, direction))
    medium?.onRemote(({ direction }) => both.push(direction))
    await alice.negotiation.accept(await bob.negotiation.answer(await alice.negotiation.offer()))
    bob.negotiation.hold()
    await alice.negotiation.answer(await bob.negotiation.offer())
    expect(said).toEqual([5000, 'sendrecv', 5000, 'sendonly'])
    stop?.()
    bob.negotiation.resume()
    await alice.negotiation.answer(await bob.negotiation.offer())
    expect(said).toHaveLength(4)
    expect(both).toEqual(['sendrecv', 'sendonly', 'sendrecv'])
  })
})

describe('Other media', () => {
  test('stand around an offer as they are, byte for byte', async () => {
    const around = session + audio + video
    const { negotiation } = start()
    const offer = await negotiation.offer({ around })
    expect(offer.startsWith(around)).toBe(true)
    expect(kindsOf(offer)).toEqual(['audio', 'video', 'message'])
    // The session's c-line is another one than ours.
    expect(offer.slice(around.length)).toContain('c=IN IP4 192.0.2.1\r\n')
  })

  test('may end in LF, or not at all', async () => {
    const around = (session + audio).replaceAll('\r\n', '\n').trimEnd()
    const offer = await start().negotiation.offer({ around })
    expect(offer.startsWith(`${around}\nm=message 5000 TCP/MSRP *\n`)).toBe(true)
    expect(offer).not.toContain('\r')
  })

  test('stay where they were, and ours too; the version counts on', async () => {
    const { negotiation } = start()
    const first = await negotiation.offer({ around: session + audio })
    const bob = start({ listen }, {}, 'b')
    await negotiation.accept(await bob.negotiation.answer(first, { around: () => session + audio }))
    expect(await negotiation.offer({ around: session + audio })).toBe(first)
    negotiation.rollback()
    expect(await negotiation.offer()).toBe(first)
    const more = await negotiation.offer({ around: session + audio + video })
    expect(kindsOf(more)).toEqual(['audio', 'message', 'video'])
    expect(SessionDescription.parse(more).origin).toMatchObject({ username: 'app', sessionId: '123', version: '18' })
    expect(await failure(negotiation.offer({ around: session }))).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('0 m-lines'),
    })
  })

  test('get the offer without ours, and answer it', async () => {
    const { negotiation } = start()
    const offer = session + audio + peerText().slice(peerText().indexOf('m=')) + video
    let asked = ''
    const theirs = `${session}${audio.replace('49170', '4')}${video.replace('51372', '0')}`
    const answer = await negotiation.answer(offer, {
      around: async (text) => {
        asked = text
        return theirs
      },
    })
    expect(asked).toBe(session + audio + video)
    expect(kindsOf(answer)).toEqual(['audio', 'message', 'video'])
    expect(portsOf(answer)).toEqual([4, 5000, 0])
    expect(answer.startsWith(session + audio.replace('49170', '4'))).toBe(true)
    expect(negotiation.remoteAround).toBe(session + audio + video)
  })

  test('are refused without anybody who looks after them', async () => {
    const { negotiation } = start()
    const answer = await negotiation.answer(session + audio + peerText().slice(peerText().indexOf('m=')))
    expect(answer).toContain('m=audio 0 RTP/AVP 0 8\r\n')
    expect(portsOf(answer)).toEqual([0, 5000])
  })

  test.each([
    ['has another number of m-lines', session, /0 m-lines, and the offer has 1/],
    [
      'has a section for MSRP',
      session + audio + peerText().slice(peerText().indexOf('m=')),
      /line 10: sections for MSRP/,
    ],
    ['has no o-line', audio, /no o-line/],
    ['is none', 'hello', /line 1/],
  ])('whose answer %s are an error', async (_, theirs, message) => {
    const { negotiation } = start()
    const offer = session + audio + peerText().slice(peerText().indexOf('m='))
    const error = await failure(negotiation.answer(offer, { around: () => theirs }))
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringMatching(message) })
  })

  test('alone are taken without us', async () => {
    const { negotiation } = start()
    const answer = await negotiation.answer(session + audio, { around: (text) => text })
    expect(answer).toBe(session + audio)
  })
})

describe('Several answers to one offer (RFC 4975 §8.8)', () => {
  test('are several sessions on one path of ours', async () => {
    const { endpoint, negotiation } = start({ listen })
    await negotiation.offer()
    const other = negotiation.fork()
    const [first, second] = await Promise.all([
      negotiation.accept(peerText({ setup: 'passive' })),
      other.accept(peerText({ setup: 'passive', path: 'msrp://198.51.100.8:6000/peer2;tcp' })),
    ])
    expect(first.localPath).toBe(second.localPath)
    expect([first.remotePath, second.remotePath]).toEqual([
      'msrp://198.51.100.7:6000/peer1;tcp',
      'msrp://198.51.100.8:6000/peer2;tcp',
    ])
    expect(endpoint.prepared).toHaveLength(1)
    await negotiation.close()
    expect([first.state, second.state, endpoint.prepared[0]?.isClosed]).toEqual(['closed', 'open', false])
    await other.close()
    expect([second.state, endpoint.prepared[0]?.isClosed]).toEqual(['closed', true])
  })

  test('may come after the first was taken, and go on for themselves', async () => {
    const { negotiation } = start({ listen })
    const offer = await negotiation.offer()
    await negotiation.accept(peerText({ setup: 'passive' }))
    const other = negotiation.fork()
    await other.accept(peerText({ setup: 'passive', path: 'msrp://198.51.100.8:6000/peer2;tcp' }))
    expect(await other.offer()).toBe(offer)
    other.hold()
    expect(await other.offer()).toMatch(/^o=- \d+ 2 /m)
    expect(await negotiation.offer()).toBe(offer)
  })

  const refusal = 'v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\nm=message 0 TCP/MSRP *\r\n'

  test('do not suffer from one who refuses first', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    expect(await failure(negotiation.accept(refusal))).toMatchObject({ code: 'not-acceptable' })
    const other = negotiation.fork()
    expect((await other.accept(peerText({ setup: 'passive' }))).localPath).toBe('msrp://192.0.2.1:5000/a1;tcp')
    await negotiation.close()
    expect(endpoint.prepared[0]?.isClosed).toBe(false)
    await other.close()
    expect(endpoint.prepared[0]?.isClosed).toBe(true)
  })

  test('find the path when each has a fork, and the first is closed', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    const first = negotiation.fork()
    await first.accept(peerText({ setup: 'passive' }))
    await first.close()
    const path = 'msrp://198.51.100.7:6000/peer2;tcp'
    const second = negotiation.fork()
    expect((await second.accept(peerText({ setup: 'passive', path }))).remotePath).toBe(path)
    await Promise.all([second.close(), negotiation.close()])
    expect(endpoint.prepared[0]?.isClosed).toBe(true)
  })

  test('want to be told apart: another answer needs a fork', async () => {
    const { negotiation } = start({ listen })
    await negotiation.offer()
    await negotiation.accept(peerText({ setup: 'passive' }))
    const error = await failure(negotiation.accept(peerText({ path: 'msrp://198.51.100.8:6000/peer2;tcp' })))
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('fork()') })
    await negotiation.answer(peerText({ setup: 'passive' }))
    expect(() => negotiation.fork()).toThrow(/offer of ours/)
  })
})

describe('A negotiation', () => {
  test('gives the same session for the same answer, as SIP brings it in 183 and 200', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    const session1 = await negotiation.accept(peerText({ setup: 'passive' }))
    expect(await negotiation.accept(peerText({ setup: 'passive' }))).toBe(session1)
    expect(endpoint.completions).toHaveLength(1)
  })

  test('says when both have made an offer, and lets one be taken back', async () => {
    const { negotiation } = start()
    const ours = await negotiation.offer()
    expect(await failure(negotiation.answer(peerText()))).toMatchObject({ code: 'glare' })
    expect(negotiation.media[0]).toMatchObject({ index: 0, state: 'offered' })
    negotiation.rollback()
    expect(negotiation.media[0]).toMatchObject({ index: undefined, state: 'new' })
    expect(portsOf(await negotiation.answer(peerText()))).toEqual([5000])
    expect(ours).toContain('a1;tcp')
  })

  test('makes an offer again that got no answer, the same one', async () => {
    const { endpoint, negotiation } = start()
    const first = await negotiation.offer()
    expect(await negotiation.offer()).toBe(first)
    expect(endpoint.prepared).toHaveLength(1)
    expect(negotiation.media).toHaveLength(1)
  })

  test('takes no answer without an offer, nor one of another shape', async () => {
    const { negotiation } = start([{ listen }, { listen }])
    expect(await failure(negotiation.accept(peerText()))).toMatchObject({ code: 'invalid-argument' })
    await negotiation.offer()
    expect(await failure(negotiation.accept(peerText()))).toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/1 m-lines.*2/),
    })
    const wrong = `${peerText()}m=audio 0 RTP/AVP 0\r\n`
    expect(await failure(negotiation.accept(wrong))).toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('line 9'),
    })
  })

  test('is not changed by an answer that is wrong', async () => {
    const { endpoint, negotiation } = start()
    await negotiation.offer()
    const wrong = peerText().replace('a=path', 'a=puth')
    expect(await failure(negotiation.accept(wrong))).toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('a=path'),
    })
    await negotiation.accept(peerText({ setup: 'passive' }))
    expect(endpoint.completions).toHaveLength(1)
  })

  test('without media has nothing to offer', async () => {
    expect(await failure(start([]).negotiation.offer())).toMatchObject({ code: 'invalid-argument' })
  })

  test('makes offers later although it began with an answer', async () => {
    const { negotiation } = start()
    const answer = await negotiation.answer(peerText({ setup: 'actpass' }))
    const offer = await negotiation.offer()
    expect(attributeOf(offer, 'path')).toBe(attributeOf(answer, 'path'))
    expect(attributeOf(offer, 'setup')).toBe('actpass')
    const before = await negotiation.session
    expect(await negotiation.accept(peerText({ setup: 'active' }))).toBe(before)
  })

  test('connects again when the offerer has not read the answer yet', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    const tooEarly = new MsrpError('refused', 'There is no such session', { status: 481 })
    endpoint.completions[0]?.fail(tooEarly)
    await settle()
    expect(endpoint.completions).toHaveLength(1)
    await clock.advance(100)
    expect(endpoint.completions).toHaveLength(2)
    endpoint.completions[1]?.open()
    expect((await negotiation.session).remotePath).toBe('msrp://198.51.100.7:6000/peer1;tcp')
  })

  test('goes on trying for as long as the answer may take to be carried', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock, patience: 60_000 })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    for (let at = 0; at < 20; at++) {
      endpoint.completions[at]?.fail(new MsrpError('refused', 'There is no such session', { status: 481 }))
      await settle()
      await clock.advance(3200)
    }
    expect(endpoint.completions).toHaveLength(21)
    endpoint.completions[20]?.open()
    await negotiation.session
  })

  test('and behind a relay, where the refusal comes after the session seemed to be open', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock, patience: 60_000 })
    const path = 'msrps://relay.example:2855/t1;tcp msrps://peer.invalid:2855/peer1;tcp'
    await negotiation.answer(peerText({ setup: 'actpass', path, protocol: 'TCP/TLS/MSRP' }))
    await settle()
    endpoint.completions[0]?.session.end('failure', new MsrpError('refused', 'There is none', { status: 481 }))
    await settle()
    await clock.advance(100)
    expect(endpoint.completions).toHaveLength(2)
    await clock.advance(1000)
    expect(await negotiation.session).toBe(endpoint.completions[1]?.session)
  })

  test('that is closed connects no more', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    endpoint.completions[0]?.fail(new MsrpError('refused', 'There is no such session', { status: 481 }))
    await settle()
    expect(clock.pending).toBe(1)
    await negotiation.close()
    await settle()
    expect(clock.pending).toBe(0)
    expect(endpoint.completions).toHaveLength(1)
  })

  test('waits with connecting until the peer has the answer, if told when', async () => {
    const { endpoint, negotiation } = start({})
    const acknowledged = Promise.withResolvers<void>()
    await negotiation.answer(peerText({ setup: 'actpass' }), { connectAfter: acknowledged.promise })
    await settle()
    expect(endpoint.completions).toEqual([])
    acknowledged.resolve()
    await negotiation.session
    expect(endpoint.completions).toHaveLength(1)
  })

  test('does not wait with waiting', async () => {
    const { endpoint, negotiation } = start({ listen })
    await negotiation.answer(peerText({ setup: 'active' }), { connectAfter: new Promise(() => {}) })
    await negotiation.session
    expect(endpoint.completions).toHaveLength(1)
  })

  test('takes the endpoints of Node and of browsers', async () => {
    const endpoints: Preparing[] = [new Endpoint(), new BrowserEndpoint()]
    for (const endpoint of endpoints) {
      const negotiation = new Negotiation(endpoint, { relay: { uri: 'no:relay' } })
      expect(await failure(negotiation.offer())).toMatchObject({ code: 'invalid-argument' })
    }
  })

  test('tells in the end that nobody knows the session', async () => {
    const clock = new FakeClock()
    const { endpoint, negotiation } = start({}, { clock })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'actpass' }))
    for (let at = 0; at < 7; at++) {
      endpoint.completions[at]?.fail(new MsrpError('refused', 'There is no such session', { status: 481 }))
      await settle()
      await clock.advance(4000)
    }
    expect(await failure(negotiation.session)).toMatchObject({ status: 481 })
    expect(endpoint.completions).toHaveLength(7)
  })

  test('ends its sessions and gives up its paths when it is closed', async () => {
    const { endpoint, negotiation } = start({ relay })
    await negotiation.offer()
    const open = await negotiation.accept(peerText({ setup: 'passive' }))
    await negotiation.close()
    expect([open.state, endpoint.prepared[0]?.isClosed]).toEqual(['closed', true])
    for (const call of [negotiation.offer(), negotiation.accept(''), negotiation.answer('')]) {
      expect(await failure(call)).toMatchObject({ code: 'closed' })
    }
  })

  test('that is closed while a path is being made gives that one up too', async () => {
    const { endpoint, negotiation } = start()
    const offering = failure(negotiation.offer())
    await negotiation.close()
    expect(await offering).toMatchObject({ code: 'closed' })
    expect(endpoint.prepared.map(({ isClosed }) => isClosed)).toEqual([true])
  })

  test('that waits for a peer gives up when it is closed', async () => {
    const { endpoint, negotiation } = start()
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'active' }))
    const { session: waiting } = negotiation
    expect(await stateOf(waiting)).toBe('pending')
    await negotiation.close()
    expect(await failure(waiting)).toMatchObject({ code: 'closed' })
    expect(endpoint.completions[0]?.options.signal?.aborted).toBe(true)
  })

  test('gives up when its signal says so', async () => {
    const controller = new AbortController()
    const { endpoint, negotiation } = start({ listen }, { signal: controller.signal })
    endpoint.opensAtOnce = false
    await negotiation.answer(peerText({ setup: 'active' }))
    controller.abort(new Error('enough'))
    expect(await failure(negotiation.session)).toMatchObject({ code: 'aborted' })
  })
})

test('Whatever comes as offer or answer, it is answered, or fails with an error of its own', async () => {
  const change = fc.record({
    at: fc.nat(),
    length: fc.nat({ max: 20 }),
    by: fc.oneof(fc.string(), fc.constantFrom('\r\n', ':', ' ', 'm=message 1 TCP/MSRP *\r\n')),
  })
  const changed = fc.tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 4 })).map(([{ text }, changes]) =>
    changes.reduce((now, { at, length, by }) => {
      const from = at % (now.length + 1)
      return now.slice(0, from) + by + now.slice(from + length)
    }, text),
  )
  const noError = async (call: Promise<unknown>): Promise<void> => {
    try {
      await call
    } catch (error) {
      expect(error).toBeInstanceOf(MsrpError)
    }
  }
  await fc.assert(
    fc.asyncProperty(changed, async (text) => {
      await noError(start({ listen, cema: true }).negotiation.answer(text))
      const { negotiation } = start([{ relay }, { listen }])
      await negotiation.offer()
      await noError(negotiation.accept(text))
      await negotiation.close()
    }),
    { numRuns: 200 },
  )
})
