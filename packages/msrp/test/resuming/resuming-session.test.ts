import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ResumingSession } from '../../src/resuming/index.ts'
import type { SendOptions } from '../../src/session/options.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { settled } from '../session/raw-peer.ts'
import { failure, nextMessage, stateOf } from '../session/stage.ts'
import { uncaught } from '../session/uncaught.ts'
import { FakeClock } from '../transport/fake-clock.ts'
import { collect, type ResumingStage, resumingStage } from './resuming-stage.ts'

/** The same bytes each time. */
const half = (size: number): Uint8Array => new Uint8Array(size).fill(0x80, 0, 1)

describe('Attempts to get the next session', () => {
  /** When attempts were made, in ms since the beginning, with a `next` that always fails. */
  async function attempts(
    options: ConstructorParameters<typeof ResumingSession>[0] | object,
    error: Error = new Error('busy'),
  ): Promise<{ at: number[]; session: ResumingSession; clock: FakeClock }> {
    const clock = new FakeClock()
    const at: number[] = []
    const began = clock.now()
    const session = new ResumingSession({
      clock,
      random: half,
      ...options,
      next: async () => {
        at.push(clock.now() - began)
        throw error
      },
    })
    await clock.advance(1_000_000)
    return { at, session, clock }
  }

  test('come after waits that double, up to a bound, each with its share of chance', async () => {
    const { at } = await attempts({ backOff: { first: 1_000, most: 5_000 }, attempts: 6 })
    // Of 1, 2, 4, 5, 5 s three quarters each, as the dice fall here.
    expect(at).toEqual([0, 750, 2_250, 5_250, 9_000, 12_750])
  })

  test('end after so many', async () => {
    const { session, clock } = await attempts({ attempts: 3 })
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'unreachable', message: /busy/ } })
    expect(await failure(session.opened)).toMatchObject({ code: 'unreachable' })
    expect([session.phase, session.state, clock.pending]).toEqual(['closed', 'closed', 0])
  })

  test('end after so long', async () => {
    const { at, session } = await attempts({ within: 20_000 })
    expect(at.at(-1)).toBeLessThanOrEqual(20_000)
    expect(session.state).toBe('closed')
  })

  test.each(['unauthorized', 'tls-authority', 'tls-name', 'tls-fingerprint', 'invalid-argument'] as const)(
    'end at once with an error that would come again: %s',
    async (code) => {
      const { at, session } = await attempts({}, new MsrpError(code, 'no'))
      expect(at).toEqual([0])
      expect(await session.closed).toMatchObject({ by: 'failure', error: { code } })
    },
  )

  test('are given up when one takes too long; a session that comes later is closed', async () => {
    const stage = resumingStage()
    await stage.alice.opened
    const clock = new FakeClock()
    const { promise, resolve } = Promise.withResolvers<ResumingSession>()
    const signals: AbortSignal[] = []
    const late = new ResumingSession({
      clock,
      random: half,
      within: 7_000,
      next: ({ signal }) => {
        signals.push(signal)
        return promise
      },
    })
    await clock.advance(7_000)
    expect(signals[0]?.aborted).toBe(true)
    await clock.advance(60_000)
    expect(await late.closed).toMatchObject({ by: 'failure', error: { code: 'timeout' } })
    resolve(stage.alice)
    expect(await stage.alice.closed).toEqual({ by: 'local' })
    await stage.close()
  })

  test('go on growing apart while sessions end as soon as they are there', async () => {
    const stage = resumingStage({
      alice: { backOff: { first: 1_000, most: 8_000 } },
      watch: (from, text) => (from === 'near' && text.includes('hello') ? 'cut' : undefined),
    })
    stage.alice.send('hello')
    await stage.clock.advance(60_000)
    const waits = stage.events.alice.flatMap((event) => (event.kind === 'waiting' ? [event.delay] : []))
    expect(waits.length).toBeLessThan(12)
    expect(waits.slice(4).every((wait) => wait >= 4_000)).toBe(true)
    await stage.close()
  })

  test('begin at once for the side that waits, and when the application says that the network is back', async () => {
    let down = false
    const stage = resumingStage({ bob: { backOff: { atOnce: true } }, down: () => down })
    await stage.alice.opened
    await stage.clock.advance(10_000)
    down = true
    stage.cut()
    await settled()
    expect(stage.events.bob.map(({ kind }) => kind)).toEqual(['open', 'lost'])
    await stage.clock.advance(100_000)
    expect(stage.alice.phase).toBe('reconnecting')
    down = false
    stage.alice.reconnect()
    await settled()
    expect(stage.alice.phase).toBe('open')
    await stage.close()
  })

  test('are told to the application, which learns of each step', async () => {
    let down = false
    const stage = resumingStage({ down: () => down, alice: { backOff: { first: 100, most: 100 } } })
    await stage.alice.opened
    down = true
    stage.cut()
    stage.alice.send('waits')
    await settled()
    await stage.clock.advance(100)
    down = false
    await stage.until(() => stage.alice.phase === 'open')
    expect(stage.events.alice.slice(1).map(({ kind }) => kind)).toEqual([
      'lost',
      'waiting',
      'failed',
      'waiting',
      'open',
    ])
    expect(stage.events.alice.at(-1)).toMatchObject({ resent: 1 })
    expect(stage.alice.losses).toBe(1)
    await stage.close()
  })

  test('go on whatever the application throws when it is told of them', async () => {
    const thrown = uncaught()
    const mistake = new Error('Mine')
    const { at } = await attempts({
      attempts: 2,
      onEvent: () => {
        throw mistake
      },
    })
    expect(at).toHaveLength(2)
    // Two attempts, the wait between them, and the end.
    expect(thrown).toEqual([mistake, mistake, mistake, mistake])
  })

  test.each([
    [{ first: 0 }, 'first'],
    [{ first: 5_000, most: 1_000 }, 'most'],
  ])('need waits that can be: %o', (backOff, word) => {
    const make = (): unknown => new ResumingSession({ next: async () => Promise.reject(new Error()), backOff })
    expect(make).toThrow(word)
  })
})

describe('While there is no session', () => {
  async function without(
    options: Parameters<typeof resumingStage>[0] = {},
  ): Promise<ResumingStage & { up: () => void }> {
    let down = false
    const stage = resumingStage({ down: () => down, ...options })
    await stage.alice.opened
    down = true
    stage.cut()
    await settled()
    expect(stage.alice.phase).toBe('reconnecting')
    const up = (): void => {
      down = false
    }
    return { ...stage, up }
  }

  test('messages wait, and go out in order', async () => {
    const stage = await without()
    const heard = collect(stage.bob)
    const sent = ['a', 'b', 'c'].map((text) => stage.alice.send(text))
    expect(sent.map(({ total, sent: out }) => [total, out])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ])
    expect(stage.alice.statistics.unconfirmed).toEqual({ messages: 3, bytes: 0 })
    stage.up()
    await stage.until(() => heard.length === 3)
    await Promise.all(sent.map(({ delivered }) => delivered))
    expect(heard).toEqual(['a', 'b', 'c'])
    await stage.close()
  })

  test('only so many go out unconfirmed to a peer that confirms nothing', async () => {
    const stage = resumingStage({ alice: { queue: { messages: 3, bytes: 10 } } })
    await Promise.all([stage.alice.opened, stage.bob.opened])
    const [first, tooLarge, second] = ['12345', '123456', '12345'].map((text) => stage.alice.send(text))
    expect(await failure(tooLarge!.delivered)).toMatchObject({ code: 'queue-full' })
    // What is confirmed makes room.
    collect(stage.bob)
    await Promise.all([first!.delivered, second!.delivered])
    await stage.alice.send('1234567890').delivered
    await stage.close()
  })

  test('only so many wait, and so many bytes of them', async () => {
    const stage = await without({ alice: { queue: { messages: 3, bytes: 10 } } })
    const [first, tooLarge, second, third, tooMany] = ['12345', '1234567', '1', '1', '1'].map((text) =>
      stage.alice.send(text),
    )
    expect(await failure(tooLarge!.delivered)).toMatchObject({ code: 'queue-full' })
    expect(await failure(tooMany!.delivered)).toMatchObject({ code: 'queue-full' })
    const never = failure(stage.alice.send('12345678901').delivered)
    expect(await never).toMatchObject({ code: 'queue-full', message: expect.stringMatching(/Blob/) })
    for (const message of [first, second, third]) expect(await stateOf(message!.delivered)).toBe('pending')
    await stage.close()
    expect(await failure(first!.delivered)).toMatchObject({ code: 'closed' })
  })

  test('a message can be abandoned', async () => {
    const stage = await without()
    const controller = new AbortController()
    const sent = [stage.alice.send('one'), stage.alice.send('two', { signal: controller.signal })]
    sent[0]!.abort()
    controller.abort()
    for (const { delivered } of sent) expect(await failure(delivered)).toMatchObject({ code: 'aborted' })
    expect(stage.alice.statistics.unconfirmed.messages).toBe(0)
    await stage.close()
  })

  test('closing ends the attempts at once', async () => {
    const stage = await without()
    await stage.alice.close()
    expect(await stage.alice.closed).toEqual({ by: 'local' })
    expect((await stage.alice[Symbol.asyncIterator]().next()).done).toBe(true)
    expect(await failure(stage.alice.send('late').delivered)).toMatchObject({ code: 'closed' })
    await stage.close()
    expect(stage.clock.pending).toBe(0)
  })

  test('finishing waits until everything is delivered over the next one', async () => {
    const stage = await without()
    const heard = collect(stage.bob)
    stage.alice.send('last words')
    const finished = stage.alice.finish()
    expect(await failure(stage.alice.send('too late').delivered)).toMatchObject({ code: 'closed' })
    expect(stage.alice.state).toBe('closing')
    stage.up()
    await stage.until(() => stage.alice.state === 'closed')
    expect([await finished, heard]).toEqual([{ undelivered: [] }, ['last words']])
    await stage.close()
  })

  test('finishing waits no longer than its signal lets it, and says what was not delivered', async () => {
    const stage = await without()
    const controller = new AbortController()
    const sent = stage.alice.send('never')
    const finished = stage.alice.finish({ signal: controller.signal })
    controller.abort()
    expect(await finished).toEqual({ undelivered: [sent] })
    await stage.close()
  })

  test('as well as with one, finishing with incoming waits until what comes in has been read', async () => {
    const stage = resumingStage()
    await stage.alice.opened
    const sent = stage.bob.send('to be read')
    await stage.until(() => stage.bob.statistics.sent.messages === 1)
    const finished = stage.alice.finish({ incoming: true })
    expect(await stateOf(finished)).toBe('pending')
    expect(await (await nextMessage(stage.alice)).text()).toBe('to be read')
    await stage.until(() => stage.alice.state === 'closed')
    expect(await finished).toEqual({ undelivered: [] })
    await sent.delivered
    await stage.close()
  })

  test('a text in a charset that is not known here can still be read as bytes', async () => {
    const stage = resumingStage()
    stage.alice.send('hello', { contentType: 'text/plain;charset=x-unknown' })
    const message = await nextMessage(stage.bob)
    const { code } = await failure(message.text())
    expect(code).toBe('not-understood')
    expect(new TextDecoder().decode(await message.bytes())).toBe('hello')
    await stage.close()
  })

  test('each gives the key of its peer to every attempt, and no other has that one', async () => {
    const clock = new FakeClock()
    const keysOf = async (): Promise<Set<string>> => {
      const keys: string[] = []
      const session = new ResumingSession({
        clock,
        attempts: 3,
        next: async ({ resumeKey }) => {
          keys.push(resumeKey)
          throw new Error('no way to get there')
        },
      })
      await settled()
      await clock.advance(60_000)
      await session.closed
      expect(keys).toHaveLength(3)
      return new Set(keys)
    }
    const [one, other] = [await keysOf(), await keysOf()]
    expect(one.size).toBe(1)
    expect(other.size).toBe(1)
    expect(one).not.toEqual(other)
  })

  test('a session that comes in the moment of closing is closed', async () => {
    const stage = resumingStage()
    await stage.alice.opened
    const late = new ResumingSession({ clock: stage.clock, next: async () => stage.alice })
    await Promise.resolve()
    await late.close()
    expect(late.phase).toBe('closed')
    expect(await stage.alice.closed).toEqual({ by: 'local' })
    await stage.close()
  })

  test('no session from `next` is the end', async () => {
    const session = new ResumingSession({ clock: new FakeClock(), next: async () => undefined })
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'closed' } })
  })

  test('a stream that is read elsewhere is a mistake, as with one', async () => {
    for (const stage of [await without(), resumingStage()]) {
      const stream = new Blob(['x']).stream()
      stream.getReader()
      expect(() => stage.alice.send(stream)).toThrow(/locked/)
      await stage.close()
    }
  })

  test('what is not sent closes the stream that it would have read', async () => {
    const stage = await without({ alice: { queue: { messages: 1 } } })
    stage.alice.send('one')
    for (const options of [{ signal: AbortSignal.abort() }, {}]) {
      const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>()
      const stream = new ReadableStream<string>({ cancel })
      expect(await failure(stage.alice.send(stream, options).delivered)).toMatchObject({
        code: 'signal' in options ? 'aborted' : 'queue-full',
      })
      await cancelled
    }
    await stage.close()
  })

  test('what cannot be sent fails as soon as it could be', async () => {
    const stage = await without()
    const sent = stage.alice.send('x', { fields: [['Message-ID', 'own']] })
    stage.up()
    const error = failure(sent.delivered)
    await stage.until(() => stage.alice.phase === 'open')
    expect(await error).toMatchObject({ code: 'invalid-argument' })
    await stage.close()
  })
})

describe('The end of a session', () => {
  test('in order, by the peer, is the end of all where nothing else says that it hangs up', async () => {
    const stage = resumingStage({ alice: { isLoss: ({ by }) => by === 'failure' } })
    await stage.alice.opened
    await stage.bob.close()
    expect(await stage.alice.closed).toEqual({ by: 'peer' })
    expect(stage.alice.losses).toBe(0)
    await stage.close()
  })

  test('in order, by the peer, is a loss otherwise: a process that dies leaves just so', async () => {
    const stage = resumingStage()
    await stage.alice.opened
    stage.cables[0]!.right.destroy()
    await settled()
    expect(stage.alice.phase).toBe('reconnecting')
    await stage.close()
  })

  test('here, such as by closing its endpoint, is the end of all', async () => {
    const stage = resumingStage()
    await stage.alice.opened
    const [opened] = stage.events.alice
    if (opened?.kind === 'open') await opened.session.close()
    expect(await stage.alice.closed).toEqual({ by: 'local' })
    await stage.close()
  })

  test('for a change of the network is no end for either side', async () => {
    const stage = resumingStage()
    const heard = collect(stage.bob)
    await stage.alice.opened
    stage.alice.send('one')
    stage.alice.send('long '.repeat(20_000))
    await settled(2)
    stage.alice.reconnect()
    stage.alice.send('three')
    await stage.until(() => heard.length === 3)
    expect(heard.map((text) => text.slice(0, 5))).toEqual(['one', 'long ', 'three'])
    expect(stage.cables.length).toBe(2)
    await stage.close()
  })

  test('in the middle of a message, over a line that still works, has the next session bring the rest', async () => {
    const stage = resumingStage()
    const heard = collect(stage.bob)
    await stage.alice.opened
    const goOn = Promise.withResolvers<void>()
    const body = async function* () {
      yield 'the beginning '.repeat(1_000)
      await goOn.promise
      yield 'and the end'
    }
    const sent = stage.alice.send(body())
    await settled()
    stage.alice.reconnect()
    goOn.resolve()
    await stage.until(() => heard.length === 1)
    expect(heard).toEqual([`${'the beginning '.repeat(1_000)}and the end`])
    await sent.delivered
    expect(stage.cables.length).toBe(2)
    await stage.close()
  })

  test('comes with the signal', async () => {
    const controller = new AbortController()
    const stage = resumingStage({ alice: { signal: controller.signal } })
    await stage.alice.opened
    controller.abort()
    expect(await stage.alice.closed).toEqual({ by: 'local' })
    await stage.close()
  })
})

describe('A message', () => {
  test('that nobody answers shows that the connection is dead: it goes out again over another one', async () => {
    // Alice gets the place of her old connection only when Bob has found that one dead.
    const stage = resumingStage({ listen: { keepAlive: 20_000 } })
    await stage.bob.opened
    const heard = collect(stage.bob)
    stage.cables[0]!.blackhole()
    const sent = stage.alice.send('hello')
    await stage.until(() => heard.length === 1)
    await sent.delivered
    expect(stage.events.alice[1]).toMatchObject({ kind: 'lost', error: { code: 'timeout' } })
    expect(stage.alice.statistics.failures).toEqual({ 408: 1 })
    await stage.close()
  })

  test('that ends every connection is given up', async () => {
    const stage = resumingStage({
      alice: { resends: 2, within: 600_000 },
      watch: (from, text) => (from === 'near' && text.includes('poison') ? 'cut' : undefined),
    })
    const heard = collect(stage.bob)
    const poison = stage.alice.send('poison')
    const after = stage.alice.send('fine')
    const error = failure(poison.delivered)
    await stage.until(() => heard.length === 1)
    expect(await error).toMatchObject({ code: 'connection-lost' })
    expect(stage.cables.length).toBe(4)
    await after.delivered
    await stage.close()
  })

  test('that is refused is not sent again', async () => {
    const stage = resumingStage({ listen: { acceptTypes: ['text/plain'] } })
    const sent = stage.alice.send('<p>', { contentType: 'text/html' })
    const error = failure(sent.delivered)
    await stage.until(() => stage.alice.statistics.unconfirmed.messages === 0)
    expect(await error).toMatchObject({ code: 'refused', status: 415 })
    expect([stage.cables.length, stage.alice.statistics.failures]).toEqual([1, { 415: 1 }])
    await stage.close()
  })

  test('without success REPORTs goes out whole again: a 200 is the next hop’s word only', async () => {
    const stage = resumingStage()
    const bytes = new TextEncoder().encode('x'.repeat(3_000))
    const { promise, resolve } = Promise.withResolvers<void>()
    const starts: number[] = []
    const read = async (at: number, length: number): Promise<Uint8Array> => {
      starts.push(at)
      if (at >= 2_048) await promise
      return bytes.subarray(at, at < 2_048 ? Math.min(at + length, 2_048) : at + length)
    }
    const sent = stage.alice.send({ size: 3_000, read }, { successReport: false, chunkSize: 2_048 })
    await stage.until(() => sent.confirmed.contiguous === 2_048)
    stage.cut()
    starts.length = 0
    resolve()
    await stage.until(() => stage.cables.length === 2)
    await sent.delivered
    expect(starts).toContain(0)
    await stage.close()
  })

  test('with the id of one that is under way is a mistake', async () => {
    const stage = resumingStage()
    stage.alice.send('one', { messageId: 'abcd1234' })
    expect(() => stage.alice.send('two', { messageId: 'abcd1234' })).toThrow('abcd1234')
    await stage.close()
  })

  test.each<[string, SendOptions]>([
    ['an option that cannot be', { contentType: 'text' }],
    ['a field of the library’s own', { fields: [['Message-ID', 'own']] }],
  ])('with %s leaves nothing behind: the same stream can be sent as it should be', async (_, wrong) => {
    const stage = resumingStage()
    await Promise.all([stage.alice.opened, stage.bob.opened])
    const { signal } = new AbortController()
    const stream = new Blob(['as it should be']).stream()
    const options = { messageId: 'again1', signal }
    const send = (): unknown => stage.alice.send(stream, { ...options, ...wrong })
    expect(send).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(stream.locked).toBe(false)
    expect(stage.alice.statistics.unconfirmed.messages).toBe(0)
    const sent = stage.alice.send(stream, { messageId: 'again1', signal })
    expect(await (await nextMessage(stage.bob)).text()).toBe('as it should be')
    await sent.delivered
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await stage.close()
  })
})

describe('What comes twice', () => {
  test('is acknowledged, and not shown (RFC4975-5.4-20)', async () => {
    // The connection is lost just before the REPORT.
    const stage = resumingStage({
      watch: (from, text, cable) => (from === 'far' && cable === 0 && text.includes(' REPORT\r\n') ? 'cut' : undefined),
    })
    const heard = collect(stage.bob)
    const sent = stage.alice.send('once')
    await stage.until(() => stage.alice.statistics.unconfirmed.messages === 0)
    await sent.delivered
    stage.alice.send('and again')
    await stage.until(() => heard.length === 2)
    expect(heard).toEqual(['once', 'and again'])
    expect(stage.bob.statistics.received.messages).toBe(3)
    await stage.close()
  })
})

describe('Its statistics', () => {
  test('are those of all its sessions together', async () => {
    const stage = resumingStage()
    const heard = collect(stage.bob)
    await stage.alice.opened
    stage.alice.send('one')
    await stage.until(() => heard.length === 1)
    stage.cut()
    await stage.clock.advance(5_000)
    stage.alice.send('three')
    await stage.until(() => heard.length === 2)
    await settled()
    const { sent, received, age } = stage.alice.statistics
    expect(sent).toEqual({ messages: 2, chunks: 2, bytes: 8, reports: 0 })
    expect(received).toMatchObject({ messages: 0, reports: 2 })
    expect(age).toBeGreaterThanOrEqual(5_000)
    await stage.close()
  })
})

describe('Paths', () => {
  test('are those of the latest session: the old ones are not counted on (RFC4975-5.4-24)', async () => {
    const stage = resumingStage()
    expect([stage.alice.localPath, stage.alice.secure]).toEqual(['', false])
    await stage.alice.opened
    const first = stage.alice.localPath
    stage.cut()
    await settled()
    await stage.until(() => stage.alice.phase === 'open')
    expect(stage.alice.localPath).not.toBe(first)
    expect(stage.alice.remotePath).toBe(stage.bob.localPath)
    const sent = stage.bob.send('to the new one')
    expect(await (await nextMessage(stage.alice)).text()).toBe('to the new one')
    await sent.delivered
    await stage.close()
  })
})
