import { describe, expect, test } from 'vitest'
import type { OutgoingMessage } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { TraceEvent } from '../../src/session/platform.ts'
import { memoryPair } from '../transport/memory-transport.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { settled } from './raw-peer.ts'
import {
  active,
  both,
  dialledPeer,
  failure,
  nextMessage,
  PEER,
  passive,
  pattern,
  type Stage,
  stateOf,
} from './stage.ts'
import { uncaught } from './uncaught.ts'

const MIB = 1024 * 1024

describe('finish', () => {
  test('takes no further message, waits until those that were sent are delivered, and closes', async () => {
    const { sender, receiver, clock, close } = await both()
    const sent = sender.send(pattern(100_000))
    const finished = sender.finish()
    expect(sender.state).toBe('closing')
    expect(await failure(sender.send('too late').delivered)).toMatchObject({ code: 'closed' })
    await clock.advance(10_000)
    expect(await stateOf(finished)).toBe('pending')
    await (await nextMessage(receiver)).bytes()
    expect(await finished).toEqual({ undelivered: [] })
    await sent.delivered
    expect(await sender.closed).toEqual({ by: 'local' })
    await close()
    expect(clock.pending).toBe(0)
  })

  test('still takes in what comes, and with incoming waits for that as well', async () => {
    const { sender, receiver, close } = await both()
    receiver.send('to be read')
    await settled()
    const finished = sender.finish({ incoming: true })
    receiver.send('and this')
    await settled()
    const first = await nextMessage(sender)
    expect(await first.text()).toBe('to be read')
    expect(await stateOf(finished)).toBe('pending')
    expect(await (await nextMessage(sender)).text()).toBe('and this')
    expect(await finished).toEqual({ undelivered: [] })
    await close()
  })

  test('says what was not delivered: refused, or not in time', async () => {
    const { sender, receiver, close } = await both()
    const sent = [sender.send('refused'), sender.send('read'), sender.send('never read')]
    ;(await nextMessage(receiver)).refuse(413)
    await (await nextMessage(receiver)).text()
    await settled()
    const controller = new AbortController()
    const finished = sender.finish({ signal: controller.signal })
    await settled()
    controller.abort()
    const { undelivered } = await finished
    // What had failed before is not under way any more.
    expect(undelivered).toEqual([sent[2]])
    await close()
  })

  test('is over when the session is', async () => {
    const { session, peer } = await active()
    const sent = session.send('lost')
    const finished = session.finish()
    peer.transport.destroy()
    expect(await finished).toEqual({ undelivered: [sent] })
  })
})

describe('drop', () => {
  test('ends the session as a broken connection does, and what has arrived is kept for the next one', async () => {
    const { session, peer, arrive, prepared, endpoint } = await passive({}, { resumeFor: 60_000 })
    peer.send({ messageId: 'resumed', body: '12345', range: '1-*/10', flag: '+' })
    await settled()
    session.drop()
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'connection-lost' } })
    const again = arrive()
    again.send({ messageId: 'resumed', body: '67890', range: '6-10/10' })
    const next = (await prepared.sessions().next()).value!
    expect(await (await nextMessage(next)).text()).toBe('1234567890')
    await endpoint.close()
  })

  test('leaves what was going out for the next session: its chunk does not end with #', async () => {
    const { session, peer } = await active()
    const sent = session.send(neverEnding())
    await settled()
    session.drop()
    expect(await failure(sent.delivered)).toMatchObject({ code: 'connection-lost' })
    expect((await peer.all()).map(({ flag }) => flag)).toEqual(['+'])
    expect(peer.closed).toBe(true)
  })

  test('so do a response and a REPORT that say that the peer has no such session', async () => {
    for (const way of ['response', 'REPORT']) {
      const { session, peer } = await active()
      const asked = session.send('are you there?')
      const chunk = await peer.request('SEND')
      const sent = session.send(neverEnding())
      await settled()
      if (way === 'response') peer.respond(chunk, 481, 'No such session')
      else peer.report(sent.messageId, '1-1/*', '000 481 No such session')
      for (const { delivered } of [asked, sent]) expect(await failure(delivered)).toMatchObject({ status: 481 })
      expect((await peer.all()).map(({ flag }) => flag)).toEqual(['+'])
    }
  })

  test('but what was abandoned before still ends with #', async () => {
    const { session, peer } = await active()
    const sent = session.send(neverEnding())
    await settled()
    sent.abort()
    session.drop()
    expect(await failure(sent.delivered)).toMatchObject({ code: 'aborted' })
    expect((await peer.all()).map(({ flag }) => flag)).toEqual(['#'])
  })
})

/** A body whose rest does not come. */
async function* neverEnding(): AsyncGenerator<Uint8Array> {
  yield pattern(10_000)
  await new Promise(() => {})
}

describe('The statistics of a session', () => {
  test('count messages, chunks, bytes and REPORTs in both directions, and what is not confirmed', async () => {
    const { sender, receiver, clock, close } = await both({ sender: { chunkSize: 2048 } })
    const sent = sender.send(pattern(5_000))
    receiver.send('hello', { successReport: false })
    await settled()
    expect(sender.statistics).toMatchObject({
      sent: { messages: 1, chunks: 3, bytes: 5_000, reports: 0 },
      received: { messages: 1, chunks: 1, bytes: 5, reports: 0 },
      unconfirmed: { messages: 1, bytes: 5_000 },
      resentBytes: 0,
      failures: {},
    })
    await (await nextMessage(receiver)).bytes()
    await sent.delivered
    await clock.advance(7_000)
    expect(sender.statistics).toMatchObject({ unconfirmed: { messages: 0, bytes: 0 }, age: 7_000, idle: 7_000 })
    expect(sender.statistics.received.reports).toBe(1)
    expect(receiver.statistics.sent.reports).toBe(1)
    await close()
  })

  test('smooth the time from a chunk to its response, and count failures by status', async () => {
    const { session, peer, platform } = await active()
    const times = [800, 1_600]
    for (const time of times) {
      session.send('text', { successReport: false })
      const chunk = await peer.request('SEND')
      await platform.clock.advance(time)
      peer.respond(chunk)
      await settled()
    }
    // The connection's first request was answered at once.
    expect(session.statistics.roundTrip).toBe(0 * (7 / 8) ** 2 + 800 * (1 / 8) * (7 / 8) + 1_600 / 8)
    session.send('no')
    peer.respond(await peer.request('SEND'), 413)
    session.send('nobody answers')
    await peer.request('SEND')
    await platform.clock.advance(31_000)
    expect(session.statistics.failures).toEqual({ 408: 1, 413: 1 })
  })

  test('are a picture: they do not change afterwards', async () => {
    const { session, peer } = await active()
    const before = session.statistics
    session.send('text')
    peer.respond(await peer.request('SEND'))
    await settled()
    expect(before.sent).toEqual({ messages: 0, chunks: 0, bytes: 0, reports: 0 })
    expect(session.statistics.sent).toEqual({ messages: 1, chunks: 1, bytes: 4, reports: 0 })
  })

  test('count what has to go out again', async () => {
    const { session, peer } = await active()
    session.send(pattern(10_000), { chunkSize: 8_192 })
    const chunk = await peer.request('SEND')
    peer.respond(chunk, 501)
    await settled()
    expect(session.statistics).toMatchObject({ resentBytes: 8_192, failures: { 501: 1 } })
  })
})

describe('A connection on which bytes wait', () => {
  async function stalled(
    stallTimeout: number | undefined,
  ): Promise<Pick<Stage, 'peer' | 'session'> & { sent: OutgoingMessage; clock: MemoryPlatform['clock'] }> {
    const platform = new MemoryPlatform()
    platform.pairOptions = { capacity: 1_000 }
    const endpoint = new MsrpEndpoint(platform, stallTimeout === undefined ? {} : { stallTimeout })
    const connecting = endpoint.connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    const session = await connecting
    peer.transport.pause()
    const sent = session.send(pattern(600_000))
    await settled()
    return { session, peer, sent, clock: platform.clock }
  }

  test('is given up when the far side neither takes nor sends anything for the stallTimeout', async () => {
    const { session, sent, clock } = await stalled(60_000)
    await clock.advance(59_000)
    expect(session.state).toBe('open')
    // It looks four times in that time.
    await clock.advance(16_000)
    expect(await session.closed).toMatchObject({
      by: 'failure',
      error: { code: 'connection-lost', message: /60000 ms/ },
    })
    expect(await failure(sent.delivered)).toMatchObject({ code: 'connection-lost' })
    expect(clock.pending).toBe(0)
  })

  test('is not while the far side takes a little now and then', async () => {
    const { session, peer, clock } = await stalled(60_000)
    for (let minute = 0; minute < 10; minute++) {
      peer.transport.resume()
      await settled(2)
      peer.transport.pause()
      await clock.advance(50_000)
    }
    expect(session.state).toBe('open')
  })

  test('is not while the far side sends, although it reads nothing', async () => {
    const { session, peer, clock } = await stalled(60_000)
    for (let minute = 0; minute < 10; minute++) {
      peer.send({ failure: 'no', body: 'still here' })
      await clock.advance(50_000)
    }
    expect(session.state).toBe('open')
  })

  test('is not unless asked for: a far side may stop reading for as long as it likes', async () => {
    const { session, clock } = await stalled(undefined)
    await clock.advance(3_600_000)
    expect(session.state).toBe('open')
  })
})

describe('A keep-alive', () => {
  test('goes out when nothing has come for a while, although we send', async () => {
    const { session, peer, platform } = await active({ keepAlive: 20_000 })
    for (let second = 0; second < 4; second++) {
      session.send('no answer wanted', { failureReport: 'no', successReport: false })
      await platform.clock.advance(5_000)
    }
    expect((await peer.all()).filter(({ hasBody }) => !hasBody)).toHaveLength(1)
  })

  test('that stays unanswered twice ends the session, within twice its time and a minute', async () => {
    const { session, platform } = await active({ keepAlive: 20_000 })
    await platform.clock.advance(2 * 20_000 + 60_000)
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'timeout' } })
  })
})

describe('A large message to a far side behind deep buffers that are emptied slowly', () => {
  /** The far side answers a MiB every `seconds`, and a whole chunk at its end. */
  async function slow(chunkSize: number | undefined): Promise<'delivered' | string> {
    const platform = new MemoryPlatform()
    const { left, right } = memoryPair({ capacity: 64 * MIB })
    platform.dial = async () => {
      platform.dialled.push({ target: { host: '', port: 0, secure: false }, far: right })
      return left
    }
    const endpoint = new MsrpEndpoint(platform, {})
    const connecting = endpoint.connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    const session = await connecting
    const options = chunkSize === undefined ? {} : { chunkSize }
    const sent = session.send(pattern(8 * MIB), { successReport: false, ...options })
    let how: string | undefined
    sent.delivered.then(
      () => {
        how = 'delivered'
      },
      (error) => {
        how = error.code
      },
    )
    while (how === undefined) {
      const chunk = await peer.take(({ hasBody }) => hasBody).catch(() => undefined)
      for (let bytes = 0; chunk !== undefined && bytes < chunk.body.length; bytes += MIB) {
        await platform.clock.advance(10_000)
      }
      if (chunk !== undefined) peer.respond(chunk)
      await settled(3)
    }
    await endpoint.close()
    return how
  }

  test('comes through: each MiB of it is answered in time (RFC4975-7.1.1-7)', async () => {
    expect(await slow(undefined)).toBe('delivered')
  })

  test('does not as one chunk, which is what the chunks are for', async () => {
    expect(await slow(8 * MIB)).toBe('timeout')
  })
})

describe('The trace', () => {
  test('that throws is a mistake for the application to see, and what was traced goes on', async () => {
    const thrown = uncaught()
    const platform = new MemoryPlatform()
    const trace = ({ direction }: TraceEvent): void => {
      throw new Error(`the trace of what goes ${direction}`)
    }
    const connecting = new MsrpEndpoint(platform, { trace }).connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    const session = await connecting
    peer.from = session.remotePath
    peer.to = session.localPath
    expect((await peer.response(peer.send({ body: 'hello' }))).status).toBe(200)
    expect(await (await nextMessage(session)).text()).toBe('hello')
    expect(new Set(thrown.map(String))).toEqual(
      new Set(['Error: the trace of what goes out', 'Error: the trace of what goes in']),
    )
  })

  test('names connection, direction, session, transaction and time of each request and response, and their ends', async () => {
    const events: TraceEvent[] = []
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, { trace: (event) => events.push(event) })
    const connecting = endpoint.connect({ path: PEER })
    const peer = await dialledPeer(platform)
    peer.respond(await peer.request('SEND'))
    const session = await connecting
    events.length = 0
    session.send('hello', { successReport: false })
    const request = await peer.request('SEND')
    const { transactionId } = request
    await platform.clock.advance(250)
    peer.respond(request)
    await settled()
    const id = /\/(\w+);tcp$/.exec(session.localPath)![1]
    const began = platform.clock.now() - 250
    const common = { connection: 'memory left', number: 1, session: id, transactionId }
    expect(events).toEqual([
      {
        ...common,
        direction: 'out',
        kind: 'head',
        at: began,
        bodyBytes: 0,
        text: expect.stringMatching(/^MSRP \w+ SEND\r\n/),
      },
      {
        ...common,
        direction: 'out',
        kind: 'end',
        at: began,
        bodyBytes: 5,
        text: `(5 bytes of body)\r\n-------${transactionId}$`,
      },
      {
        ...common,
        direction: 'in',
        kind: 'head',
        at: began + 250,
        bodyBytes: 0,
        text: expect.stringMatching(/^MSRP \w+ 200 OK\r\n/),
      },
      { ...common, direction: 'in', kind: 'end', at: began + 250, bodyBytes: 0, text: `-------${transactionId}$` },
    ])
    await endpoint.close()
  })
})
