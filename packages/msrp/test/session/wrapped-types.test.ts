import { describe, expect, test } from 'vitest'
import { buildCpim, cpimContainer, cpimEnvelope } from '../../src/cpim/index.ts'
import { buildMultipart, multipartContainer } from '../../src/multipart/index.ts'
import type { PrepareOptions, SessionOptions } from '../../src/session/options.ts'
import { settled } from './raw-peer.ts'
import { active, both, failure, nextMessage, passive, waiting } from './stage.ts'

const containers = [cpimContainer, multipartContainer]
const parties = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }

/** A message for a test: how it is sent, and what it is. */
interface Wrapped {
  contentType: string
  body: Uint8Array
}

function cpim(contentType: string, content: Uint8Array | string = 'x'): Wrapped {
  return { contentType: 'message/cpim', body: buildCpim({ ...parties, contentType }, content) }
}

function multipart(kind: 'mixed' | 'alternative' | 'related' | 'signed', ...parts: (string | Wrapped)[]): Wrapped {
  const { contentType, body } = buildMultipart(
    kind,
    parts.map((part) =>
      typeof part === 'string'
        ? { contentType: part, content: 'x' }
        : { contentType: part.contentType, content: part.body },
    ),
  )
  return { contentType, body: body as Uint8Array }
}

const encodedImage: Wrapped = {
  contentType: 'message/cpim',
  body: Buffer.from('From: <sip:a@x.org>\r\n\r\nContent-Type: image/gif\r\nContent-Transfer-Encoding: x-own\r\n\r\nx'),
}

const GATEWAY: SessionOptions = {
  acceptTypes: ['message/cpim'],
  acceptWrappedTypes: ['text/*', 'image/png'],
  containers,
}

describe('What is inside of a message has to be in accept-types or accept-wrapped-types (RFC 4975 §8.6):', () => {
  test.each<[string, Wrapped, number]>([
    ['a text in an envelope', cpim('text/plain'), 200],
    ['an image in an envelope', cpim('Image/PNG; name=x'), 200],
    ['another image in an envelope', cpim('image/gif'), 415],
    ['content without type in an envelope', cpim('text/plain'), 200],
    ['a text in an envelope in an envelope', cpim('message/cpim', cpim('text/html').body), 200],
    ['a sound in an envelope in an envelope', cpim('message/cpim', cpim('audio/x').body), 415],
    ['an image in an unknown transfer encoding in an envelope', encodedImage, 415],
    ['parts that are all taken', multipart('mixed', 'text/plain', 'image/png'), 200],
    ['parts of which one is not', multipart('mixed', 'text/plain', 'image/gif', 'image/png'), 415],
    ['a part of a part that is not', multipart('mixed', 'text/plain', multipart('mixed', 'audio/x')), 415],
    ['a part of an envelope that is not', multipart('mixed', cpim('audio/x')), 415],
    [
      'a part in an envelope that is not',
      cpim('multipart/mixed; boundary=b', '--b\r\nContent-Type: audio/x\r\n\r\n'),
      415,
    ],
    ['an alternative with one that is taken', multipart('alternative', 'text/plain', 'audio/x'), 200],
    ['an alternative with none', multipart('alternative', 'audio/x', 'audio/y'), 415],
    ['a signature beside what is taken', multipart('signed', 'text/plain', 'application/pkcs7-signature'), 200],
    ['a signature beside what is not', multipart('signed', 'audio/x', 'application/pkcs7-signature'), 415],
  ])('%s', async (_, { contentType, body }, status) => {
    const { peer, session } = await passive(GATEWAY)
    const response = await peer.response(peer.send({ type: contentType, body, failure: 'yes' }))
    expect(response.status).toBe(status)
    if (status === 200) expect(await (await nextMessage(session)).bytes()).toEqual(body)
    else expect(response.comment).toMatch(/"(?:audio|image)\/\w+" is not taken inside of "[a-z]+\/[a-z]+"$/)
  })

  test('what is listed for the inside is refused outside', async () => {
    const { peer } = await passive(GATEWAY)
    expect((await peer.response(peer.send({ type: 'text/plain', body: 'x', failure: 'yes' }))).status).toBe(415)
  })

  test('the answer comes before the rest of a long message, and once', async () => {
    const { peer } = await passive(GATEWAY)
    const { contentType, body } = cpim('image/gif', new Uint8Array(100_000))
    const all = Buffer.from(peer.bytesOf({ type: contentType, body, failure: 'yes', transactionId: 'long0001' }))
    peer.write(all.subarray(0, 4_000))
    expect((await peer.response('long0001')).status).toBe(415)
    peer.write(all.subarray(4_000))
    expect((await peer.response(peer.send({ ...asked(cpim('text/plain')) }))).status).toBe(200)
  })

  test('what the first 2048 bytes do not show passes', async () => {
    const { peer } = await passive(GATEWAY)
    const late = multipart('mixed', { contentType: 'text/plain', body: new Uint8Array(4_000) }, 'audio/x')
    expect((await peer.response(peer.send(asked(late)))).status).toBe(200)
  })

  const long = 'x'.repeat(2_500)
  const longHead: Wrapped = {
    contentType: 'message/cpim',
    body: buildCpim({ ...parties, contentType: 'text/plain', subject: long }, 'x'),
  }
  const longPreamble: Wrapped = {
    contentType: 'multipart/mixed; boundary=b',
    body: Buffer.from(`${long}\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n`),
  }
  const encrypted: Wrapped = {
    contentType: 'multipart/encrypted; protocol=application/pgp-encrypted; boundary=b',
    body: Buffer.from(`--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n${long}\r\n--b--\r\n`),
  }
  test.each<[string, Wrapped, number]>([
    ['a head that is longer', longHead, 415],
    ['a preamble that is longer', longPreamble, 415],
    ['a part with a longer head', multipart('mixed', longHead), 415],
    ['something seen before such a part', multipart('mixed', 'text/plain', longHead), 200],
    ['a long part', multipart('mixed', { contentType: 'text/plain', body: new Uint8Array(4_000) }), 200],
    ['something encrypted', encrypted, 200],
  ])('of which the first 2048 bytes show %s', async (_, wrapped, status) => {
    const { peer } = await passive({ ...GATEWAY, acceptTypes: ['message/cpim', 'multipart/*'] })
    const response = await peer.response(peer.send(asked(wrapped)))
    expect(response.status).toBe(status)
    if (status === 415) expect(response.comment).toMatch(/does not show in its first 2048 bytes/)
  })

  test('what lies deeper than anybody looks is refused', async () => {
    const { peer } = await passive(GATEWAY)
    const nested = (depth: number): Wrapped => {
      let wrapped = cpim('text/plain')
      for (let count = 1; count < depth; count++) wrapped = cpim(wrapped.contentType, wrapped.body)
      return wrapped
    }
    expect((await peer.response(peer.send(asked(nested(8))))).status).toBe(200)
    expect((await peer.response(peer.send(asked(nested(9))))).status).toBe(415)
  })

  describe('in whatever order its bytes come,', () => {
    /** Sends parts of a message one after another, each once the one before is answered; gives the statuses. */
    async function inParts(
      { peer }: Awaited<ReturnType<typeof passive>>,
      { contentType, body }: Wrapped,
      parts: readonly (readonly [from: number, until: number])[],
    ): Promise<number[]> {
      const statuses: number[] = []
      for (const [from, until] of parts) {
        const flag = until === body.length ? '$' : '+'
        const range = `${from + 1}-${until}/${body.length}`
        const part = {
          ...asked({ contentType, body: body.slice(from, until) }),
          messageId: 'parts1',
          range,
          flag,
        } as const
        statuses.push((await peer.response(peer.send(part))).status)
      }
      return statuses
    }

    const ends = (size: number): [string, [number, number][]][] => [
      [
        'its beginning last',
        [
          [50, size],
          [0, 50],
        ],
      ],
      [
        'its first byte alone',
        [
          [0, 1],
          [1, size],
        ],
      ],
      [
        'a gap in its beginning',
        [
          [0, 20],
          [60, size],
          [20, 60],
        ],
      ],
    ]
    const [taken, other] = [cpim('image/png', new Uint8Array(200)), cpim('image/gif', new Uint8Array(200))]
    test.each(ends(taken.body.length))('what is taken comes with %s', async (_, parts) => {
      const stage = await passive(GATEWAY)
      expect(await inParts(stage, taken, parts)).toEqual(parts.map(() => 200))
      expect(await (await nextMessage(stage.session)).bytes()).toEqual(taken.body)
    })

    test.each(ends(other.body.length))('what is not taken is refused with %s', async (_, parts) => {
      const stage = await passive(GATEWAY)
      expect(await inParts(stage, other, parts)).toEqual(
        parts.map((_, index) => (index === parts.length - 1 ? 415 : 200)),
      )
      await stage.session.close()
      expect(await stage.session[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
    })

    test('what was looked at is what the application gets', async () => {
      const stage = await passive(GATEWAY)
      const send = (body: Uint8Array, from: number, until: number, flag: '+' | '$') => {
        const range = `${from + 1}-${until}/${body.length}`
        return stage.peer.send({
          ...asked({ ...taken, body: body.slice(from, until) }),
          messageId: 'again1',
          range,
          flag,
        })
      }
      send(taken.body, 0, 90, '+')
      send(other.body, 0, 100, '+')
      const last = send(taken.body, 90, taken.body.length, '$')
      expect((await stage.peer.response(last)).status).toBe(200)
      expect(await (await nextMessage(stage.session)).bytes()).toEqual(taken.body)
    })

    test('the application is asked once the beginning is there', async () => {
      const seen: number[] = []
      const onRequest: SessionOptions['onRequest'] = (_, { length }) => {
        seen.push(length)
        return 'accept'
      }
      const size = taken.body.length
      expect(
        await inParts(await passive({ ...GATEWAY, onRequest }), taken, [
          [50, size],
          [0, 50],
        ]),
      ).toEqual([200, 200])
      expect(seen).toEqual([size])
    })
  })

  test('the application is asked about the rest alone', async () => {
    const types: string[] = []
    const onRequest: SessionOptions['onRequest'] = ({ contentType }) => {
      types.push(contentType)
      return 480
    }
    const { peer } = await passive({ ...GATEWAY, onRequest })
    expect((await peer.response(peer.send(asked(cpim('audio/x'))))).status).toBe(415)
    expect((await peer.response(peer.send(asked(cpim('text/plain'))))).status).toBe(480)
    expect(types).toEqual(['message/cpim'])
  })

  test.each<[string, PrepareOptions, number]>([
    ['with accept-types alone', { acceptTypes: ['message/cpim', 'text/plain'], containers }, 415],
    ['where accept-types has *', { acceptTypes: ['message/cpim', '*'], containers }, 200],
    ['where accept-wrapped-types has *', { acceptTypes: ['message/cpim'], acceptWrappedTypes: ['*'], containers }, 200],
    ['where containers alone are listed', { acceptTypes: ['message/cpim', 'multipart/*'], containers }, 200],
    ['where nobody can look', { acceptTypes: ['message/cpim', 'text/plain'] }, 200],
  ])('%s, an image in an envelope', async (_, options, status) => {
    const { peer } = await passive(options)
    expect((await peer.response(peer.send(asked(cpim('image/gif'))))).status).toBe(status)
  })

  test('whoever lists types for the inside has to say how to look there', async () => {
    const error = await failure(waiting({ acceptWrappedTypes: ['text/plain'] }))
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('containers') })
  })
})

describe('Nothing goes out with something inside that the peer has not listed (RFC4975-8.6-9):', () => {
  const peerTypes = { peerAcceptTypes: ['message/cpim', 'multipart/*'], peerAcceptWrappedTypes: ['text/plain'] }

  test.each<[string, Wrapped, boolean]>([
    ['a text in an envelope', cpim('text/plain'), true],
    ['HTML in an envelope', cpim('text/html'), false],
    ['a text among parts', multipart('mixed', 'text/plain'), true],
    ['HTML among parts', multipart('mixed', 'text/plain', 'text/html'), false],
    ['HTML beside a text', multipart('alternative', 'text/plain', 'text/html'), true],
  ])('%s', async (_, { contentType, body }, taken) => {
    const { session, peer } = await active({ ...peerTypes, containers })
    const sent = session.send(body, { contentType })
    if (taken) expect((await peer.request('SEND')).body).toEqual(body)
    else
      expect(await failure(sent.delivered)).toMatchObject({
        code: 'type-not-accepted',
        message: expect.stringContaining('text/html inside'),
      })
    expect(await peer.all()).toEqual([])
  })

  test('of what the session wraps by itself, and of what the application names, nobody has to look', async () => {
    const { session, peer } = await active({ ...peerTypes, envelope: cpimEnvelope(parties) })
    const refused = { code: 'type-not-accepted', message: expect.stringContaining('text/html inside of message/cpim') }
    expect(await failure(session.send('<p>', { contentType: 'text/html' }).delivered)).toMatchObject(refused)
    const body = new Blob(['anything'])
    const options = { contentType: 'message/cpim', wrappedTypes: ['text/plain', 'text/html'] }
    expect(await failure(session.send(body, options).delivered)).toMatchObject(refused)
    session.send('Hello')
    expect((await peer.request('SEND')).text).toContain('Hello')
  })

  test('a peer that lists containers alone, and nothing for the inside, gets anything inside', async () => {
    const { session, peer } = await active({ peerAcceptTypes: ['message/cpim'], envelope: cpimEnvelope(parties) })
    session.send('Hello')
    expect((await peer.request('SEND')).text).toContain('Hello')
  })

  test('a 415 to an envelope is about what was inside (RFC 4975 §10.6)', async () => {
    const { session, peer } = await active({ peerAcceptTypes: ['message/cpim', '*'], envelope: cpimEnvelope(parties) })
    session.send('<p>', { contentType: 'text/html' })
    peer.respond(await peer.request('SEND'), 415, 'No')
    await settled()
    session.send('Hello')
    expect((await peer.request('SEND')).text).toContain('Hello')
    const again = session.send('<p>', { contentType: 'text/html' })
    expect(await failure(again.delivered)).toMatchObject({ code: 'type-not-accepted', status: 415 })
  })

  const html = cpim('multipart/alternative; boundary=b', '--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n')
  test.each<[string, SessionOptions, Wrapped, Wrapped, boolean]>([
    ['HTML, and another one of text', { containers }, cpim('text/html'), cpim('text/plain'), true],
    ['HTML, and another one of HTML', { containers }, cpim('text/html'), cpim('Text/HTML'), false],
    ['HTML in parts, and another one of parts', { containers }, html, html, false],
    ['HTML in parts, and another one of text', { containers }, html, cpim('text/plain'), true],
    ['what nobody sees, and another one', {}, cpim('text/html'), cpim('text/plain'), true],
    ['envelopes alone, and another one', { containers }, cpim('message/cpim'), cpim('message/cpim'), true],
  ])('a 415 to an envelope that the application has made: of %s', async (_, options, refused, next, goesOut) => {
    const { session, peer } = await active({ peerAcceptTypes: ['message/cpim', '*'], ...options })
    const sent = session.send(refused.body, { contentType: refused.contentType })
    peer.respond(await peer.request('SEND'), 415, 'No')
    expect(await failure(sent.delivered)).toMatchObject({ code: 'refused', status: 415 })
    const again = session.send(next.body, { contentType: next.contentType })
    if (goesOut) expect((await peer.request('SEND')).body).toEqual(next.body)
    else expect(await failure(again.delivered)).toMatchObject({ code: 'type-not-accepted', status: 415 })
  })

  test('both sides agree', async () => {
    const types = { acceptTypes: ['message/cpim'], acceptWrappedTypes: ['text/plain'] }
    const { sender, receiver, close } = await both({
      sender: { peerAcceptTypes: types.acceptTypes, peerAcceptWrappedTypes: types.acceptWrappedTypes, containers },
      receiver: { ...types, containers },
    })
    const sent = sender.send(buildCpim(parties, 'Hello'), { contentType: 'message/cpim' })
    expect(await (await nextMessage(receiver)).text()).toContain('Hello')
    await sent.delivered
    await close()
  })
})

function asked({ contentType, body }: Wrapped): { type: string; body: Uint8Array; failure: 'yes' } {
  return { type: contentType, body, failure: 'yes' }
}
