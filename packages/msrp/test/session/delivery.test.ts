import { describe, expect, test } from 'vitest'
import type { SendOptions } from '../../src/session/options.ts'
import { type Seen, settled } from './raw-peer.ts'
import { active, failure, pattern, type Stage, stateOf } from './stage.ts'

describe('delivered, when success REPORTs are asked for,', () => {
  test.each<[string, number, (string | undefined)[]]>([
    ['one REPORT over all', 100, ['1-100/100']],
    ['parts in any order', 100, ['51-100/100', '1-50/100']],
    ['parts that overlap and grow', 100, ['1-10/100', '1-60/100', '40-100/100']],
    ['a gap that is filled last', 100, ['1-10/100', '12-100/100', '11-11/100']],
    ['an end that is left open', 100, ['1-*/100']],
    ['a total that is left open', 100, ['1-100/*']],
    ['a total that is odd', 100, ['1-100/5']],
    ['an end behind the message', 100, ['1-1000/1000']],
    ['no Byte-Range at all', 100, [undefined]],
    ['an empty message', 0, ['1-0/0']],
  ])('resolves with %s (RFC4975-7.3.2-1, RFC4975-7.1.1-27)', async (_, size, ranges) => {
    const { session, peer } = await active()
    const sent = session.send(pattern(size))
    const chunk = await peer.request('SEND')
    peer.respond(chunk)
    for (const [index, range] of ranges.entries()) {
      await settled()
      expect(await stateOf(sent.delivered), `before REPORT ${index + 1}`).toBe('pending')
      peer.report(sent.messageId, range)
    }
    await sent.delivered
    expect(sent.confirmed).toEqual({
      contiguous: size,
      bytes: size,
      ranges: size === 0 ? [] : [{ start: 1, end: size }],
    })
  })

  test('tells what is confirmed so far, counted as in Byte-Range', async () => {
    const { session, peer } = await active()
    const sent = session.send(pattern(100))
    peer.respond(await peer.request('SEND'))
    peer.report(sent.messageId, '1-10/100')
    peer.report(sent.messageId, '21-30/100')
    await settled()
    expect(sent.confirmed).toEqual({
      contiguous: 10,
      bytes: 20,
      ranges: [
        { start: 1, end: 10 },
        { start: 21, end: 30 },
      ],
    })
  })

  test('takes a REPORT that bears the transaction id of the SEND itself', async () => {
    const { session, peer } = await active()
    const sent = session.send('hello')
    const chunk = await peer.request('SEND')
    peer.respond(chunk)
    peer.report(sent.messageId, '1-5/5', '000 200 OK', chunk.transactionId)
    await sent.delivered
  })

  test('does not believe a REPORT about bytes that are not out yet', async () => {
    const { session, peer } = await active()
    const bytes = pattern(300_000)
    const sent = session.send(bytes, { chunkSize: 2048 })
    await settled()
    peer.report(sent.messageId, '1-300000/300000')
    await settled()
    expect(sent.confirmed.contiguous).toBe(64 * 2048)
    expect(await stateOf(sent.delivered)).toBe('pending')
  })

  test('ignores REPORTs of other namespaces, of unknown messages and without any sense', async () => {
    const { session, peer } = await active()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'))
    peer.report(sent.messageId, '1-5/5', '001 200 OK')
    peer.report('unknown', '1-5/5')
    peer.report(sent.messageId, '1-5/5', 'fine')
    await settled()
    expect(await stateOf(sent.delivered)).toBe('pending')
    expect(await peer.all()).toEqual([])
    expect(session.state).toBe('open')
  })

  test.each(['000 200 OK', '000 413 Enough', '000 481 Nobody'])(
    'is not touched by a REPORT about another Message-ID, which nothing follows: %s (RFC4975-7.1.2-3, RFC4975-7.1.1-11)',
    async (status) => {
      const { session, peer } = await active()
      const sent = session.send('hello')
      peer.respond(await peer.request('SEND'))
      peer.report('unknown1', '1-5/5', status)
      expect(await peer.all()).toEqual([])
      expect(await stateOf(sent.delivered)).toBe('pending')
      expect(session.state).toBe('open')
      peer.report(sent.messageId, '1-5/5')
      await sent.delivered
    },
  )

  test('ignores a REPORT that would leave more gaps than a message may have', async () => {
    const { session, peer } = await active({ limits: { gaps: 3 } })
    const sent = session.send(pattern(100))
    peer.respond(await peer.request('SEND'))
    for (const range of ['10-10/*', '20-20/*', '30-30/*', '40-40/*', '5-5/*', '11-19/*', '50-50/*']) {
      peer.report(sent.messageId, range)
    }
    await settled()
    const ranges = [10, 30, 50].map((at) => ({ start: at, end: at === 10 ? 20 : at }))
    expect(sent.confirmed).toEqual({ contiguous: 0, bytes: 13, ranges })
    peer.report(sent.messageId, '1-100/100')
    await sent.delivered
  })

  test('takes a REPORT with a body like one without (RFC4975-7.1.2-5)', async () => {
    const { session, peer } = await active()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'))
    peer.send({
      method: 'REPORT',
      messageId: sent.messageId,
      range: '1-5/5',
      fields: ['Status: 000 200 OK'],
      type: 'text/plain',
      body: 'It was a pleasure',
    })
    await sent.delivered
    expect(session.state).toBe('open')
  })

  test('a 200 of the next hop alone is not enough, and a REPORT alone is', async () => {
    const { session, peer } = await active()
    const [one, two] = [session.send('one'), session.send('two')]
    peer.respond(await peer.request('SEND'))
    await settled()
    expect(await stateOf(one.delivered)).toBe('pending')
    await peer.request('SEND')
    peer.report(two.messageId, '1-3/3')
    await two.delivered
  })

  test('rejects with report-timeout after 60 s without news, once all is out (RFC4975-7.1.1-5)', async () => {
    const { session, peer, platform } = await active()
    const sent = session.send(pattern(100))
    peer.respond(await peer.request('SEND'))
    await settled()
    await platform.clock.advance(59_000)
    peer.report(sent.messageId, '1-10/100')
    await settled()
    await platform.clock.advance(44_000)
    expect(await stateOf(sent.delivered)).toBe('pending')
    await platform.clock.advance(16_000)
    const error = await failure(sent.delivered)
    expect(error).toMatchObject({ code: 'report-timeout' })
    expect(error.message).toContain('10 of 100')
    expect(session.state).toBe('open')
  })

  test('the wait for a REPORT begins anew when a part has to be sent again', async () => {
    const { session, peer, platform } = await active()
    const sent = session.send(pattern(10_000), { chunkSize: 4_096 })
    for (let n = 0; n < 3; n++) peer.respond(await peer.request('SEND'))
    await settled()
    await platform.clock.advance(46_000)
    peer.report(sent.messageId, '4097-8192/10000', '000 501 Too large')
    for (let n = 0; n < 2; n++) peer.respond(await peer.request('SEND'))
    await settled()
    await platform.clock.advance(59_000)
    expect(await stateOf(sent.delivered)).toBe('pending')
    await platform.clock.advance(1_000)
    expect(await failure(sent.delivered)).toMatchObject({ code: 'report-timeout' })
  })

  test('the wait for a REPORT is an option, and does not begin before the last byte is out', async () => {
    const { session, peer, platform } = await active({ reportTimeout: 1_000 })
    let more = (): void => {}
    const stream = (async function* () {
      yield 'a'
      await new Promise<void>((resolve) => {
        more = resolve
      })
      yield 'b'
    })()
    const sent = session.send(stream)
    await settled()
    await platform.clock.advance(5_000)
    expect(await stateOf(sent.delivered)).toBe('pending')
    more()
    peer.respond(await peer.request('SEND'))
    await settled()
    await platform.clock.advance(999)
    expect(await stateOf(sent.delivered)).toBe('pending')
    await platform.clock.advance(1)
    expect(await failure(sent.delivered)).toMatchObject({ code: 'report-timeout' })
  })

  test('the wait stands still while our own bytes are held up', async () => {
    const { session, peer, platform } = await active({}, (machine) => {
      machine.pairOptions = { capacity: 100 }
    })
    peer.transport.pause()
    const sent = session.send('hello', { failureReport: 'partial' })
    await settled()
    await platform.clock.advance(300_000)
    expect(await stateOf(sent.delivered)).toBe('pending')
    peer.transport.resume()
    await settled()
    await platform.clock.advance(60_000)
    expect(await failure(sent.delivered)).toMatchObject({ code: 'report-timeout' })
  })
})

describe('delivered, when no success REPORTs are asked for,', () => {
  test('resolves when every chunk was answered 200', async () => {
    const { session, peer } = await active()
    const sent = session.send(pattern(5000), { successReport: false, chunkSize: 2048 })
    const chunks = [await peer.request('SEND'), await peer.request('SEND'), await peer.request('SEND')]
    expect(chunks[0]!.field('Success-Report')).toBe('no')
    peer.respond(chunks[2]!)
    peer.respond(chunks[0]!)
    await settled()
    expect(await stateOf(sent.delivered)).toBe('pending')
    expect(sent.confirmed).toEqual({
      contiguous: 2048,
      bytes: 2952,
      ranges: [
        { start: 1, end: 2048 },
        { start: 4097, end: 5000 },
      ],
    })
    peer.respond(chunks[1]!)
    await sent.delivered
  })

  test('resolves for an empty message when it was answered', async () => {
    const { session, peer } = await active()
    const sent = session.send('', { successReport: false })
    const chunk = await peer.request('SEND')
    expect(await stateOf(sent.delivered)).toBe('pending')
    peer.respond(chunk)
    await sent.delivered
  })

  test.each(['partial', 'no'] as const)(
    'resolves when it was handed over, with Failure-Report %s (RFC4975-7.1.1-8)',
    async (failureReport) => {
      const { session, peer, platform } = await active()
      const sent = session.send(pattern(5000), { successReport: false, failureReport })
      expect((await peer.request('SEND')).field('Failure-Report')).toBe(failureReport)
      await sent.delivered
      await platform.clock.advance(120_000)
      expect(session.state).toBe('open')
      expect(platform.clock.pending).toBe(0)
    },
  )
})

describe('A message fails', () => {
  test.each<[number, string]>([
    [400, 'refused'],
    [403, 'refused'],
    [408, 'timeout'],
    [413, 'refused'],
    [415, 'refused'],
    [423, 'refused'],
    [501, 'refused'],
    [999, 'refused'],
  ])('when a chunk is answered %i; the session goes on', async (status, code) => {
    const { session, peer } = await active()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'), status, 'Because')
    const error = await failure(sent.delivered)
    expect(error).toMatchObject({ code, status })
    expect(session.state).toBe('open')
    session.send('next', { contentType: 'text/html' })
    expect((await peer.request('SEND')).text).toBe('next')
  })

  test('with the words of the standard, where the far side has none', async () => {
    const { session, peer } = await active()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'), 403, '')
    expect((await failure(sent.delivered)).message).toMatch(/403 \w+/)
  })

  test.each([
    [481, 'The session has ended, or there is none: 481 No'],
    [506, 'The message was refused: 506 No'],
  ])('when a chunk is answered %i, and the session ends with it (RFC 4975 §10)', async (status, message) => {
    const { session, peer } = await active()
    const [sent, other] = [session.send('hello'), session.send('other')]
    peer.respond(await peer.request('SEND'), status, 'No')
    expect(await failure(sent.delivered)).toMatchObject({ code: 'refused', status, message })
    expect(await failure(other.delivered)).toMatchObject({ code: 'refused', status, message })
    expect(await session.closed).toMatchObject({ by: 'failure', error: { status, message } })
    await settled()
    expect(peer.closed).toBe(true)
  })

  test.each<SendOptions['failureReport']>(['partial', 'no'])(
    'also by a late answer, with Failure-Report %s (RFC4975-7.1.1-8)',
    async (failureReport) => {
      const { session, peer } = await active()
      const sent = session.send('hello', { failureReport })
      const chunk = await peer.request('SEND')
      await settled()
      peer.respond(chunk, 403, 'Forbidden')
      expect(await failure(sent.delivered)).toMatchObject({ status: 403 })
    },
  )

  test.each([400, 403, 408, 413, 415, 423, 481, 501, 506, 999])(
    'by a failure REPORT as by a response, with the same consequences: %i (RFC4975-7.3.2-2)',
    async (status) => {
      const outcomes = []
      for (const way of ['response', 'REPORT'] as const) {
        const { session, peer } = await active()
        const sent = session.send('hello')
        const chunk = await peer.request('SEND')
        if (way === 'response') peer.respond(chunk, status, 'Because')
        else {
          peer.respond(chunk)
          peer.report(sent.messageId, '1-5/5', `000 ${status} Because`)
        }
        const { code, message } = await failure(sent.delivered)
        const again = session.send('hello')
        const more = await peer.all()
        outcomes.push({ code, message, state: session.state, sent: more.length, again: await stateOf(again.delivered) })
      }
      expect(outcomes[1]).toEqual(outcomes[0])
    },
  )

  test.each(['response', 'REPORT'])(
    'but what a 501 says in a %s is sent again in smaller chunks (RFC4975-7.3.2-2)',
    async (way) => {
      const { session, peer } = await active()
      const sent = session.send(pattern(10_000))
      const large = await peer.request('SEND')
      if (way === 'response') peer.respond(large, 501, 'Too large')
      else {
        peer.respond(large)
        peer.report(sent.messageId, '1-10000/10000', '000 501 Too large')
      }
      const chunks = [await peer.request('SEND'), await peer.request('SEND')]
      expect(chunks.map((chunk) => chunk.field('Byte-Range'))).toEqual(['1-*/10000', '5001-*/10000'])
      expect(Buffer.concat(chunks.map(({ body }) => body)).equals(Buffer.from(pattern(10_000)))).toBe(true)
      expect(await stateOf(sent.delivered)).toBe('pending')
    },
  )

  test.each([
    ['our own clock', async ({ platform }: Stage) => platform.clock.advance(30_000)],
    ['a response of 408', async ({ peer }: Stage, chunk: Seen) => peer.respond(chunk, 408, 'Late')],
    ['a REPORT of 408', async ({ peer }: Stage, _: Seen, id: string) => peer.report(id, '1-5/5', '000 408 Late')],
  ])('with timeout, and the session goes on, by %s (RFC4975-10-1, RFC4975-7.3.2-4)', async (_, happen) => {
    const stage = await active()
    const { session, peer } = stage
    const sent = session.send('hello')
    await happen(stage, await peer.request('SEND'), sent.messageId)
    expect(await failure(sent.delivered)).toMatchObject({ code: 'timeout' })
    expect(session.state).toBe('open')
    session.send('next')
    expect((await peer.request('SEND')).text).toBe('next')
  })

  test.each([481, 506])(
    'and the session with it, when a REPORT says %i (RFC4975-7.3.2-4, RFC4975-7.3.2-5)',
    async (status) => {
      const { session, peer } = await active()
      const [sent, other] = [session.send('hello'), session.send('other')]
      peer.respond(await peer.request('SEND'))
      peer.report(sent.messageId, '1-5/5', `000 ${status} Nobody`)
      expect(await failure(sent.delivered)).toMatchObject({ code: 'refused', status })
      expect(await session.closed).toMatchObject({ by: 'failure', error: { status } })
      expect(await failure(other.delivered)).toMatchObject({ status })
      // What is left of it needs another session.
      expect(await failure(session.send('hello', { messageId: sent.messageId }).delivered)).toMatchObject({
        code: 'closed',
      })
      expect((await peer.all()).filter(({ text }) => text === 'hello')).toEqual([])
    },
  )

  test.each([
    [400, 403],
    [413, 415],
  ])('alone, when a REPORT says that the receiver did not want it: %i, %i (RFC4975-7.3.2-4)', async (...statuses) => {
    for (const status of statuses) {
      const { session, peer } = await active()
      const [sent, other] = [session.send('hello'), session.send('other', { contentType: 'text/html' })]
      peer.respond(await peer.request('SEND'))
      peer.report(sent.messageId, '1-5/5', `000 ${status} No`)
      expect(await failure(sent.delivered)).toMatchObject({ status })
      peer.respond(await peer.request('SEND'))
      peer.report(other.messageId, '1-5/5')
      await other.delivered
      expect(session.state).toBe('open')
    }
  })

  test.each([
    ['response', 413],
    ['REPORT', 413],
    ['response', 403],
    ['REPORT', 403],
  ])(
    'in the middle of a chunk, which a %s of %i interrupts with # (RFC4975-10-3, RFC4975-7.3.2-3)',
    async (way, status) => {
      const { session, peer } = await active({}, (machine) => {
        machine.pairOptions = { capacity: 20_000 }
      })
      let stop = false
      const stream = (async function* () {
        while (!stop) {
          yield pattern(3000)
          await settled(1)
        }
      })()
      const sent = session.send(stream)
      const id = await peer.underWay()
      if (way === 'REPORT') peer.report(sent.messageId, '1-3000/*', `000 ${status} Enough`)
      else
        peer.write(`MSRP ${id} ${status} Enough\r\nTo-Path: ${peer.to}\r\nFrom-Path: ${peer.from}\r\n-------${id}$\r\n`)
      expect(await failure(sent.delivered)).toMatchObject({ code: 'refused', status })
      const chunk = await peer.request('SEND')
      expect(chunk.flag).toBe('#')
      expect(chunk.transactionId).toBe(id)
      stop = true
      expect(await peer.all()).toEqual([])
    },
  )

  test('between two chunks, where an empty one with # says that no more comes', async () => {
    const { session, peer } = await active()
    const sent = session.send(pattern(1_000_000), { chunkSize: 2048 })
    await settled()
    peer.report(sent.messageId, '1-2048/1000000', '000 403 No')
    expect(await failure(sent.delivered)).toMatchObject({ status: 403 })
    const seen = await peer.all()
    expect(seen).toHaveLength(65)
    expect(seen.at(-1)).toMatchObject({ flag: '#', text: '' })
  })

  test.each(['response', 'REPORT'])(
    'between two chunks, where after a %s of 413 no chunk of it follows, nor later in the session (RFC4975-10-2)',
    async (way) => {
      const { session, peer } = await active()
      const sent = session.send(pattern(1_000_000), { chunkSize: 2048 })
      const first = await peer.request('SEND')
      expect(await peer.all()).toHaveLength(63)
      if (way === 'response') peer.respond(first, 413, 'Enough')
      else peer.report(sent.messageId, '1-2048/1000000', '000 413 Enough')
      expect(await failure(sent.delivered)).toMatchObject({ status: 413 })
      expect(await peer.all()).toEqual([])
      const again = session.send(pattern(1_000_000), { messageId: sent.messageId, resumeFrom: 4096 })
      expect(await failure(again.delivered)).toMatchObject({ code: 'refused', status: 413 })
      expect(await peer.all()).toEqual([])
      expect(session.state).toBe('open')
    },
  )

  test('when a chunk is not answered within 30 s, with Failure-Report yes (RFC4975-7.1.1-7, FIELD-endpoint-9)', async () => {
    const { session, peer, platform } = await active()
    const sent = session.send('hello')
    await peer.request('SEND')
    await platform.clock.advance(29_999)
    expect(await stateOf(sent.delivered)).toBe('pending')
    await platform.clock.advance(1)
    expect(await failure(sent.delivered)).toMatchObject({ code: 'timeout' })
    expect(session.state).toBe('open')
  })

  test('when the connection breaks, or the peer closes it', async () => {
    for (const end of ['destroy', 'close'] as const) {
      const { session, peer } = await active()
      const sent = session.send('hello')
      await peer.request('SEND')
      peer.transport[end]()
      expect(await failure(sent.delivered)).toMatchObject({ code: 'connection-lost' })
      expect(await failure(session.send('more').delivered)).toMatchObject({ code: 'closed' })
    }
  })

  test('without ending the process when nobody looks', async () => {
    const { session, peer } = await active()
    session.send('hello')
    peer.respond(await peer.request('SEND'), 400, 'No')
    await settled()
    expect(session.state).toBe('open')
  })
})

describe('Types that the peer does not take', () => {
  test.each([
    [['text/plain'], 'text/plain;charset=utf-8', true],
    [['TEXT/*'], 'text/html', true],
    [['*'], 'x/y', true],
    [['text/*'], 'image/png', false],
    [['text/plain'], 'text/plainer', false],
    [['message/cpim', 'text/plain'], 'message/cpim', true],
    // Every endpoint can receive these; they are sent only to those that list them.
    [['text/plain'], 'message/cpim', false],
    [['text/plain'], 'multipart/mixed;boundary=x', false],
    [['text/plain;format=flowed'], 'text/plain', true],
  ])('%j and %s: %s (RFC4975-8.6-9, RFC4975-8.6-10)', async (peerAcceptTypes, contentType, taken) => {
    const { session, peer } = await active({ peerAcceptTypes })
    const sent = session.send('hello', { contentType })
    if (taken) expect((await peer.request('SEND')).text).toBe('hello')
    else expect(await failure(sent.delivered)).toMatchObject({ code: 'type-not-accepted' })
    expect(await peer.all()).toEqual([])
  })

  test('are remembered after a 415, whatever their parameters (RFC 4975 §10.6)', async () => {
    const { session, peer } = await active()
    session.send('hello', { contentType: 'text/html' })
    peer.respond(await peer.request('SEND'), 415, 'No')
    await settled()
    const again = session.send('hello', { contentType: 'Text/HTML; charset=utf-8' })
    expect(await failure(again.delivered)).toMatchObject({ code: 'type-not-accepted', status: 415 })
    expect(await peer.all()).toEqual([])
    session.send('hello')
    expect((await peer.request('SEND')).text).toBe('hello')
  })

  test("as messages larger than the peer's max-size fail before anything is sent (RFC4975-8.6-12)", async () => {
    const { session, peer } = await active({ peerMaxMessageSize: 10 })
    expect(await failure(session.send('eleven byte').delivered)).toMatchObject({ code: 'too-large' })
    session.send('ten bytes!')
    expect((await peer.request('SEND')).text).toBe('ten bytes!')
  })
})
