import { queryObjects } from 'node:v8'
import { describe, expect, test } from 'vitest'
import type { RequestFacts, Verdict } from '../../src/session/options.ts'
import { ReceivedMessage } from '../../src/session/received-message.ts'
import { type SendParts, settled } from './raw-peer.ts'
import { failure, nextMessage, passive, pattern, stateOf, waiting } from './stage.ts'

describe('A SEND that is wrong', () => {
  test.each([
    [undefined, 1],
    ['yes', 1],
    ['partial', 1],
  ] as const)(
    'with Failure-Report %s is answered so, and no REPORT follows (RFC4975-7.1.4-1, RFC4975-7.2-2)',
    async (failureReport, count) => {
      const { peer } = await passive({ acceptTypes: ['text/plain'], maxMessageSize: 100 })
      const more = failureReport === undefined ? {} : { failure: failureReport }
      const cases: [SendParts, number][] = [
        [{ type: 'image/png' }, 415],
        [{ body: 'x'.repeat(101) }, 413],
        [{ range: '9-1/5' }, 400],
        [{ to: peer.to.replace(/\/[a-z0-9]+;/, '/guessed;') }, 481],
      ]
      for (const [parts, status] of cases) {
        peer.send({ body: 'x', success: 'yes', ...parts, ...more })
        const seen = await peer.all()
        expect(seen).toHaveLength(count)
        expect(seen[0]).toMatchObject({ kind: 'response', status })
      }
    },
  )

  test('with Failure-Report no is not answered, by response or REPORT, whenever it turns out (RFC4975-7.1.4-3)', async () => {
    const { peer, session } = await passive({ acceptTypes: ['text/plain'] })
    peer.send({ body: 'x', type: 'image/png', failure: 'no' })
    peer.send({ body: 'taken', failure: 'no' })
    ;(await nextMessage(session)).refuse(403)
    peer.send({ messageId: 'half1', body: 'half', range: '1-*/8', flag: '+', failure: 'no' })
    ;(await nextMessage(session)).refuse(413)
    peer.send({ messageId: 'half1', body: 'more', range: '5-*/8', failure: 'no' })
    expect(await peer.all()).toEqual([])
    expect(session.state).toBe('open')
  })

  test('of a type that is not taken is answered 415 but with Failure-Report no (RFC4975-7.3.1-7)', async () => {
    for (const [failureReport, statuses] of [
      ['yes', [415]],
      ['partial', [415]],
      ['no', []],
    ] as const) {
      const { peer } = await passive({ acceptTypes: ['text/plain'] })
      peer.send({ body: 'x', type: 'image/png', failure: failureReport })
      expect((await peer.all()).map(({ status }) => status)).toEqual(statuses)
    }
  })
})

describe('Failure-Report decides what is answered (RFC4975-7.1.4-4, RFC4975-7.1.4-5)', () => {
  type Case = [SendParts['failure'], good: number[], bad: number[]]
  const cases: Case[] = [
    [undefined, [200], [415]],
    ['yes', [200], [415]],
    ['partial', [], [415]],
    ['no', [], []],
  ]
  test.each(cases)('%s: a good SEND is answered %j, a bad one %j (RFC4975-7.2-1)', async (failureReport, good, bad) => {
    const { peer } = await passive({ acceptTypes: ['text/plain'] })
    const more = failureReport === undefined ? {} : { failure: failureReport }
    peer.send({ body: 'x', ...more })
    expect((await peer.all()).map(({ status }) => status)).toEqual(good)
    peer.send({ body: 'x', type: 'image/png', ...more })
    expect((await peer.all()).map(({ status }) => status)).toEqual(bad)
  })

  test('is honoured on the other errors as well, and never answered with both a response and a REPORT', async () => {
    for (const [failureReport, count] of [
      ['yes', 1],
      ['partial', 1],
      ['no', 0],
    ] as const) {
      const { peer, session } = await passive({ maxMessageSize: 10 })
      const bad: SendParts[] = [
        { body: 'eleven byte', range: '1-11/11' },
        { body: 'eleven byte', range: '1-*/*' },
        { body: 'x', range: '12-12/*', flag: '+' },
        { body: 'x', range: 'what', failure: failureReport },
        { body: 'x', to: peer.to.replace(/\/[a-z0-9]+;/, '/guessed;') },
      ]
      for (const parts of bad) {
        peer.send({ ...parts, failure: failureReport, success: 'yes' })
        const seen = await peer.all()
        expect(seen.map(({ kind }) => kind)).toEqual(Array(count).fill('response'))
        for (const { status } of seen) expect(status).toBeGreaterThanOrEqual(400)
      }
      expect(session.state).toBe('open')
    }
  })
})

describe('Content types', () => {
  test.each<[string[], string, number]>([
    [['text/plain'], 'text/plain', 200],
    [['text/plain'], 'Text/Plain; charset=utf-8', 200],
    [['text/plain'], 'text/html', 415],
    [['text/*'], 'text/html', 200],
    [['text/*'], 'image/png', 415],
    [['*'], 'application/x-unheard-of', 200],
    [['*'], 'multipart/mixed; boundary=x', 200],
    [['*'], 'multipart/alternative; boundary=x', 200],
    [['multipart/*', 'text/plain'], 'multipart/alternative; boundary=x', 200],
    // What every endpoint has to take: see containers.test.ts.
    [['text/plain'], 'multipart/mixed; boundary=x', 200],
    [['text/plain'], 'multipart/related; boundary=x', 415],
    [['message/cpim'], 'message/cpim', 200],
  ])('accept-types %j, a message of %s: %i (RFC4975-7.3.1-7)', async (acceptTypes, type, status) => {
    const { peer } = await passive({ acceptTypes })
    expect((await peer.response(peer.send({ body: 'x', type }))).status).toBe(status)
  })

  test('are refused with the header already, before a long body has come (RFC4975-5.3-1)', async () => {
    const { peer, session } = await passive({ acceptTypes: ['text/plain'] })
    const bytes = Buffer.from(
      peer.bytesOf({ body: pattern(100_000), type: 'image/png', transactionId: 'long0001', messageId: 'long1' }),
    )
    peer.write(bytes.subarray(0, 400))
    expect((await peer.response('long0001')).status).toBe(415)
    peer.write(bytes.subarray(400))
    peer.send({ body: 'then this' })
    expect(await (await nextMessage(session)).text()).toBe('then this')
    expect((await peer.response(peer.send({ messageId: 'long1', body: 'more', type: 'image/png' }))).status).toBe(415)
  })
})

describe('Too large a message is refused with 413', () => {
  test('as soon as its size is announced', async () => {
    const { peer } = await passive({ maxMessageSize: 1_000 })
    peer.write(peer.bytesOf({ body: 'x', range: '1-*/1001', transactionId: 'size0001' }).slice(0, -15))
    expect((await peer.response('size0001')).status).toBe(413)
  })

  test('as soon as it shows, when its size was not announced', async () => {
    const { peer, session } = await passive({ maxMessageSize: 1_000 })
    const bytes = Buffer.from(peer.bytesOf({ body: pattern(1_100), range: '1-*/*', transactionId: 'size0001' }))
    const start = bytes.indexOf('\r\n\r\n') + 4
    peer.write(bytes.subarray(0, start + 1_000))
    const message = await nextMessage(session)
    await settled()
    expect(peer.seen).toEqual([])
    peer.write(bytes.subarray(start + 1_000))
    expect((await peer.response('size0001')).status).toBe(413)
    expect(await failure(message.bytes())).toMatchObject({ code: 'too-large', status: 413 })
  })

  test('and one of exactly that size is not', async () => {
    const { peer } = await passive({ maxMessageSize: 1_000 })
    expect((await peer.response(peer.send({ body: pattern(1_000) }))).status).toBe(200)
  })
})

describe('The application decides with onRequest:', () => {
  const verdicts: [string, Verdict, number, string][] = [
    ['accept', 'accept', 200, 'OK'],
    ['403', 403, 403, 'Forbidden'],
    ['404', 404, 404, 'Not Found'],
    [
      '428 with words of its own',
      { status: 428, comment: 'No private messages here' },
      428,
      'No private messages here',
    ],
  ]
  test.each(verdicts)('%s, at once or later', async (_, verdict, status, comment) => {
    for (const later of [false, true]) {
      const { peer, session } = await passive({ onRequest: () => (later ? settled(3).then(() => verdict) : verdict) })
      const response = await peer.response(peer.send({ body: 'hello', success: 'yes' }))
      expect(response.status).toBe(status)
      // Nobody is told more than the application has said.
      expect(response.comment).toBe(comment)
      if (status === 200) expect(await (await nextMessage(session)).text()).toBe('hello')
      expect((await peer.all()).filter(({ method }) => method === 'REPORT')).toHaveLength(status === 200 ? 1 : 0)
    }
  })

  test('it sees the header fields and the first bytes, up to 2048, of the first chunk', async () => {
    const seen: { facts: RequestFacts; bytes: Uint8Array }[] = []
    const { peer } = await passive(
      {
        onRequest: (facts, bytes) => {
          seen.push({ facts, bytes })
          return 'accept'
        },
      },
      {},
      (platform) => {
        platform.pairOptions = { split: 700 }
      },
    )
    const body = pattern(5_000)
    const messageId = 'facts1'
    await peer.response(
      peer.send({
        messageId,
        body,
        range: '1-*/9000',
        flag: '+',
        type: 'a/b',
        fields: ['Content-Disposition: render', 'X-Own: yes'],
      }),
    )
    await peer.response(peer.send({ messageId, body, range: '5001-*/9000', flag: '+' }))
    expect(seen).toHaveLength(1)
    const { facts, bytes } = seen[0]!
    expect(facts).toMatchObject({
      messageId,
      contentType: 'a/b',
      contentDisposition: 'render',
      size: 9000,
      fromPath: [peer.from],
    })
    expect(facts.field('x-own')).toBe('yes')
    expect(Buffer.compare(bytes, body.slice(0, 2048))).toBe(0)
    await peer.response(peer.send({ body: 'short' }))
    expect(Buffer.from(seen[1]!.bytes).toString()).toBe('short')
    await peer.response(peer.send({ body: '' }))
    expect(seen[2]!.bytes).toHaveLength(0)
  })

  test('it may refuse a message while its first chunk is still arriving', async () => {
    const { peer } = await passive({ onRequest: () => 403 })
    peer.write(peer.bytesOf({ body: pattern(100_000), transactionId: 'refused1' }).slice(0, 5_000))
    expect((await peer.response('refused1')).status).toBe(403)
  })

  test('chunks that come before the decision wait for it, and are answered like the first', async () => {
    for (const verdict of ['accept', 403] as const) {
      let decide = (_: Verdict): void => {}
      const { peer, session } = await passive({
        onRequest: () =>
          new Promise((resolve) => {
            decide = resolve
          }),
      })
      const ids = [
        peer.send({ messageId: 'wait1', body: 'one ', range: '1-4/7', flag: '+' }),
        peer.send({ messageId: 'wait1', body: 'two', range: '5-7/7' }),
      ]
      await settled()
      expect(peer.seen).toEqual([])
      decide(verdict)
      for (const id of ids) expect((await peer.response(id)).status).toBe(verdict === 'accept' ? 200 : 403)
      if (verdict === 'accept') expect(await (await nextMessage(session)).text()).toBe('one two')
    }
  })

  test('it is asked at once about a message whose beginning has not come', async () => {
    const asked: number[] = []
    const { peer } = await passive({
      onRequest: (_, bytes) => {
        asked.push(bytes.length)
        return 404
      },
    })
    expect((await peer.response(peer.send({ body: 'late', range: '5-8/8' }))).status).toBe(404)
    expect(asked).toEqual([0])
  })

  test('more chunks than may wait for it refuse the message', async () => {
    const { peer } = await passive({ limits: { undecidedChunks: 2 }, onRequest: () => new Promise(() => {}) })
    const ids = [0, 1, 2].map((index) =>
      peer.send({ messageId: 'many1', body: 'x', range: `${index + 1}-*/9`, flag: '+' }),
    )
    for (const id of ids) expect((await peer.response(id)).status).toBe(413)
  })

  test('a decision that fails refuses with 403, and one that comes after the session is over does nothing', async () => {
    const { peer } = await passive({ onRequest: () => Promise.reject(new Error('database gone')) })
    expect((await peer.response(peer.send({ body: 'x' }))).status).toBe(403)
    let decide = (_: Verdict): void => {}
    const late = await passive({
      onRequest: () =>
        new Promise((resolve) => {
          decide = resolve
        }),
    })
    late.peer.send({ body: 'x', range: '1-*/9', flag: '+' })
    await settled()
    late.peer.transport.destroy()
    await late.session.closed
    decide('accept')
    expect(await late.session[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })
})

describe('Refusing a message', () => {
  test('that is arriving answers the open chunk at once, and later ones too', async () => {
    const { peer, session } = await passive()
    const bytes = peer.bytesOf({
      messageId: 'no001',
      body: pattern(100_000),
      range: '1-*/200000',
      flag: '+',
      transactionId: 'chunk001',
    })
    peer.write(bytes.slice(0, 50_000))
    const message = await nextMessage(session)
    message.refuse(403, 'Not this one')
    const response = await peer.response('chunk001')
    expect(response.status).toBe(403)
    expect(response.comment).toBe('Not this one')
    peer.write(bytes.slice(50_000))
    expect((await peer.response(peer.send({ messageId: 'no001', body: 'x', range: '100001-*/200000' }))).status).toBe(
      403,
    )
    expect(await failure(message.bytes())).toMatchObject({ code: 'aborted', status: 403 })
  })

  test.each([400, 403, 408, 413, 415, 423, 428, 481, 501, 506])(
    'that was answered 200 is told by a REPORT with status %i, made like one of success (RFC4975-7.1.4-2, RFC4975-7.1.4-6, RFC4975-7.1.4-7)',
    async (status) => {
      const from = 'msrp://relay.example:1/r;tcp msrp://peer.example:9000/peersession;tcp'
      const { prepared, arrive } = await waiting()
      const peer = arrive(from)
      expect((await peer.response(peer.send({ messageId: 'late1', body: 'hello' }))).status).toBe(200)
      const session = (await prepared.sessions().next()).value!
      ;(await nextMessage(session)).refuse(status, 'Too late')
      const seen = await peer.all()
      expect(seen).toHaveLength(1)
      const [report] = seen
      expect(report).toMatchObject({ method: 'REPORT', hasBody: false, flag: '$' })
      expect(report?.fieldNames).toEqual(['To-Path', 'From-Path', 'Message-ID', 'Byte-Range', 'Status'])
      expect(report?.field('To-Path')).toBe(from)
      expect(report?.field('From-Path')).toBe(prepared.localPath)
      expect(report?.field('Message-ID')).toBe('late1')
      expect(report?.field('Status')).toMatch(new RegExp(`^000 ${status} `))
    },
  )

  test.each(['1-5/5', '1-3/3', '1-99/99', '1-*/*', undefined])(
    'that said %s of itself is reported with the range that came (RFC4975-7.1.4-8, RFC4975-7.1.4-9)',
    async (range) => {
      const { peer, session } = await passive()
      await peer.response(peer.send({ messageId: 'late1', body: 'hello', range }))
      ;(await nextMessage(session)).refuse(415)
      const seen = await peer.all()
      expect(seen.map((report) => report.field('Byte-Range')?.split('/')[0])).toEqual(['1-5'])
    },
  )

  test('that is complete can only be told by a REPORT (FIELD-relay-14)', async () => {
    for (const [failureReport, count] of [
      ['yes', 1],
      ['partial', 1],
      ['no', 0],
    ] as const) {
      const { peer, session } = await passive()
      peer.send({ messageId: 'late1', body: 'hello', failure: failureReport, success: 'yes' })
      await settled()
      await peer.all()
      ;(await nextMessage(session)).refuse(415)
      const seen = await peer.all()
      expect(seen.map((it) => it.field('Status'))).toEqual(Array(count).fill(expect.stringMatching(/^000 415 /)))
      for (const report of seen) {
        expect(report.field('Byte-Range')).toBe('1-5/5')
        expect(report.field('Message-ID')).toBe('late1')
      }
    }
  })

  test.each([0, 200, 399, 1000, 4.5])('cannot be done with %d', async (status) => {
    const { peer, session } = await passive()
    peer.send({ body: 'hello' })
    const message = await nextMessage(session)
    expect(() => message.refuse(status)).toThrow(/400/)
    expect(await message.text()).toBe('hello')
  })
})

describe('What was decided on is what the application gets,', () => {
  const bodies = [
    ['all at once', 'From: mallory;', 'x'.repeat(20)],
    ['beyond what fits into a small body', 'From: mallory;', 'x'.repeat(100_000)],
  ] as const
  test.each(bodies)('when its sender sends those bytes again and others: %s', async (_, front, rest) => {
    const shown: string[] = []
    const { peer, session } = await passive({
      onRequest: (_request, firstBytes) => {
        shown.push(new TextDecoder().decode(firstBytes))
        return 'accept'
      },
    })
    const size = front.length + rest.length
    peer.send({ messageId: 'again', body: front, range: `1-${front.length}/${size}`, flag: '+' })
    peer.send({ messageId: 'again', body: `From: bob;    ${rest}`, range: `1-${size}/${size}` })
    expect(await (await nextMessage(session)).text()).toBe(front + rest)
    expect(shown).toEqual([front])
  })

  test('when it is sent again before the decision', async () => {
    const { promise, resolve } = Promise.withResolvers<Verdict>()
    const { peer, session } = await passive({ onRequest: () => promise })
    peer.send({ messageId: 'again', body: 'a'.repeat(3_000), range: '1-3000/3001', flag: '+' })
    peer.send({ messageId: 'again', body: 'b'.repeat(3_001), range: '1-3001/3001' })
    resolve('accept')
    // Beyond the first 2048 bytes nobody has seen anything yet.
    expect(await (await nextMessage(session)).text()).toBe('a'.repeat(2_048) + 'b'.repeat(953))
  })

  test('when its session breaks before the decision: nothing is kept of it then', async () => {
    const stage = await passive({ onRequest: () => new Promise(() => {}) }, { resumeFor: 60_000 })
    stage.peer.send({ messageId: 'again', body: 'From: bob;', range: '1-10/20', flag: '+' })
    await settled()
    stage.peer.transport.destroy()
    await stage.session.closed
    expect(stage.platform.clock.pending).toBe(0)
  })
})

describe('NICKNAME', () => {
  const ask = (peer: Awaited<ReturnType<typeof passive>>['peer'], nickname: string): string =>
    peer.send({ method: 'NICKNAME', messageId: '', range: undefined, fields: [`Use-Nickname: ${nickname}`] })

  test('is answered by the application, with the whole way back (RFC 7701 §7)', async () => {
    const asked: string[] = []
    const { peer } = await passive({
      onNickname: async (nickname) => {
        asked.push(nickname)
        await settled(2)
        return nickname === 'taken' ? { status: 425, comment: 'In use' } : 'accept'
      },
    })
    expect((await peer.response(ask(peer, '"Alice the \\"great\\""'))).status).toBe(200)
    expect((await peer.response(ask(peer, '"taken"'))).status).toBe(425)
    expect(asked).toEqual(['Alice the "great"', 'taken'])
    expect((await peer.response(ask(peer, '""'))).status).toBe(200)
    expect(asked.at(-1)).toBe('')
  })

  test('is answered one after the other, and refused when too many wait', async () => {
    const asked: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const { peer } = await passive({
      onNickname: async (nickname) => {
        asked.push(nickname)
        await promise
        return 'accept' as const
      },
    })
    const ids = Array.from({ length: 18 }, (_, index) => ask(peer, `"n${index}"`))
    for (const id of ids.slice(16)) expect((await peer.response(id)).status).toBe(403)
    expect(asked).toEqual(['n0'])
    resolve()
    for (const id of ids.slice(0, 16)) expect((await peer.response(id)).status).toBe(200)
    expect(asked).toEqual(Array.from({ length: 16 }, (_, index) => `n${index}`))
    expect((await peer.response(ask(peer, '"later"'))).status).toBe(200)
  })

  test.each(['no quotes', '"a', `"${'é'.repeat(512)}"`])('of %s is malformed (RFC7701-7.1-10)', async (value) => {
    const { peer } = await passive({ onNickname: () => 'accept' })
    expect(await peer.response(ask(peer, value))).toMatchObject({ status: 424, comment: 'Malformed Nickname' })
  })

  test('is an unknown method when the application does not care, and refused when it fails', async () => {
    const careless = await passive()
    expect((await careless.peer.response(ask(careless.peer, '"x"'))).status).toBe(501)
    const failing = await passive({
      onNickname: () => {
        throw new Error('no')
      },
    })
    expect((await failing.peer.response(ask(failing.peer, '"x"'))).status).toBe(403)
    expect(await stateOf(failing.session.closed)).toBe('pending')
  })
})

test('a refused message is let go of, with all that its error remembers in its stack', async () => {
  const { session, peer } = await passive()
  const before = queryObjects(ReceivedMessage, { format: 'count' })
  for (let count = 0; count < 5; count++) {
    peer.send({ body: 'hello', flag: '+', range: '1-*/10' })
    const message = await nextMessage(session)
    message.refuse()
  }
  await settled()
  // The loop's last one may still lie on the stack.
  expect(queryObjects(ReceivedMessage, { format: 'count' }) - before).toBeLessThanOrEqual(1)
})
