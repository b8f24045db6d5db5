import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../src/session/options.ts'
import { MemoryFile } from './memory-platform.ts'
import { describe as describeSeen, type RawPeer, type Seen, type SendParts, settled } from './raw-peer.ts'
import { failure, nextMessage, passive, pattern, waiting } from './stage.ts'

const MIB = 1024 * 1024

async function reports(peer: RawPeer): Promise<Seen[]> {
  return (await peer.all()).filter(({ method }) => method === 'REPORT')
}

const ranges = (seen: Seen[]): (string | undefined)[] => seen.map((report) => report.field('Byte-Range'))

describe('A success REPORT', () => {
  test('goes the way back that the message came, says what it is about, and nothing about reports (RFC4975-7.1.2-1, RFC4975-7.1.2-2, RFC4975-7.1.2-7)', async () => {
    const from = 'msrps://relay.example:2855/token;tcp msrp://peer.example:9000/peersession;tcp'
    const { arrive, prepared } = await passive()
    void arrive
    const stage = await passive()
    stage.peer.transport.close()
    await stage.session.closed
    const peer = stage.arrive(from)
    peer.send({ messageId: 'hello1', body: 'hello', success: 'yes' })
    const session = (await stage.prepared.sessions().next()).value!
    await (await nextMessage(session)).text()
    const report = await peer.request('REPORT')
    expect(report.field('To-Path')).toBe(from)
    expect(report.field('From-Path')).toBe(stage.prepared.localPath)
    expect(report.field('Message-ID')).toBe('hello1')
    expect(report.field('Byte-Range')).toBe('1-5/5')
    expect(report.field('Status')).toBe('000 200 OK')
    expect(report.fieldNames).toEqual(['To-Path', 'From-Path', 'Message-ID', 'Byte-Range', 'Status'])
    expect(report).toMatchObject({ hasBody: false, flag: '$' })
    await prepared.close()
  })

  test.each([undefined, 'no'] as const)(
    'is not sent with Success-Report %s (RFC4975-7.1.3-5, RFC4975-7.1.1-9)',
    async (success) => {
      const { peer, session } = await passive()
      peer.send({ body: 'hello', ...(success === undefined ? {} : { success }) })
      await (await nextMessage(session)).text()
      expect(await reports(peer)).toEqual([])
    },
  )

  test('is sent with Failure-Report no as well, and has no body (RFC4975-7.1.2-4, RFC4975-7.1.2-6)', async () => {
    const { peer, session } = await passive()
    peer.send({ body: 'hello', success: 'yes', failure: 'no' })
    await (await nextMessage(session)).text()
    const seen = await peer.all()
    expect(seen.map(({ method }) => method)).toEqual(['REPORT'])
    expect(seen[0]).toMatchObject({ hasBody: false })
  })

  test('is one about all of a message that came in several chunks (RFC4975-7.1.3-1, RFC4975-7.1.3-2)', async () => {
    const { peer, session } = await passive()
    const chunk = (range: string, body: string, flag: '+' | '$'): string =>
      peer.send({ messageId: 'parts', body, range, flag, success: 'yes' })
    chunk('5-8/*', 'four', '+')
    chunk('1-*/*', 'also', '+')
    const reader = (await nextMessage(session)).stream().getReader()
    for (let taken = 0; taken < 8; ) taken += (await reader.read()).value!.length
    expect(await reports(peer)).toEqual([])
    chunk('9-*/*', 'last', '$')
    while (!(await reader.read()).done);
    expect(ranges(await reports(peer))).toEqual(['1-12/12'])
  })

  test('waits until the message is taken; one that nobody reads gets none', async () => {
    const { peer, session } = await passive()
    peer.send({ body: 'one', success: 'yes' })
    peer.send({ body: 'two', success: 'yes' })
    const message = await nextMessage(session)
    await message.complete
    expect(await reports(peer)).toEqual([])
    expect(await message.text()).toBe('one')
    expect(ranges(await reports(peer))).toEqual(['1-3/3'])
  })

  test('does not wait longer than 2 s for an application that is busy with an earlier message, unless it is a file or large', async () => {
    const { peer, session, platform } = await passive({ limits: { window: 10_000 } })
    const first = peer.send({ body: 'first', success: 'yes' })
    peer.send({ messageId: 'short', body: 'short', success: 'yes' })
    peer.send({ body: 'file', success: 'yes', fields: ['Content-Disposition: attachment; filename=x'] })
    peer.send({ body: pattern(20_000), success: 'yes' })
    await settled()
    await platform.clock.advance(10_000)
    expect(await reports(peer), 'before anybody asked for messages').toEqual([])
    const message = await nextMessage(session)
    await platform.clock.advance(0)
    const ids = async (): Promise<unknown[]> => (await reports(peer)).map((report) => report.field('Message-ID'))
    expect(await ids()).toEqual(['short'])
    peer.send({ messageId: 'soon1', body: 'soon', success: 'yes' })
    await settled()
    await platform.clock.advance(1_000)
    peer.send({ messageId: 'later', body: 'later', success: 'yes' })
    await settled()
    await platform.clock.advance(999)
    expect(await ids()).toEqual([])
    await platform.clock.advance(1)
    expect(await ids()).toEqual(['soon1'])
    await platform.clock.advance(999)
    expect(await ids()).toEqual([])
    await platform.clock.advance(1)
    expect(await ids()).toEqual(['later'])
    expect(await message.text()).toBe('first')
    expect((await peer.request('REPORT')).field('Message-ID')).toBe(`m${first}`)
    // Once only: not again when it is taken.
    expect(await (await nextMessage(session)).text()).toBe('short')
    expect(await reports(peer)).toEqual([])
    await session.close()
    expect(platform.clock.next ?? 10_000).toBeGreaterThan(5_000)
  })

  test("goes out as soon as the message has arrived with reportOn: 'received'", async () => {
    const { peer } = await passive({ reportOn: 'received' })
    peer.send({ body: 'one', success: 'yes' })
    expect(ranges(await reports(peer))).toEqual(['1-3/3'])
  })

  describe("with reportOn: 'received', of a message that has still to be decided on,", () => {
    const undecided = async () => {
      const { promise, resolve } = Promise.withResolvers<Verdict>()
      return { ...(await passive({ reportOn: 'received', onRequest: () => promise })), resolve }
    }
    const part = { messageId: 'part1', body: pattern(3_000), range: '1-*/9000', flag: '+', success: 'yes' } as const

    test('goes out when it is taken', async () => {
      const { peer, resolve } = await undecided()
      peer.send({ body: 'hello', success: 'yes' })
      expect(await peer.all()).toEqual([])
      resolve('accept')
      expect((await peer.all()).map(describeSeen)).toEqual(['200 raw00002', 'REPORT 1-5/5'])
    })

    test('covers what had arrived of it when it is taken, if one is due', async () => {
      const { peer, platform, resolve } = await undecided()
      peer.send(part)
      await settled()
      await platform.clock.advance(10_000)
      resolve('accept')
      expect((await peer.all()).map(describeSeen)).toEqual(['200 raw00002', 'REPORT 1-3000/9000'])
    })

    test('is never sent when it is refused, whole or not', async () => {
      const { peer, resolve } = await undecided()
      peer.send({ body: 'hello', success: 'yes' })
      peer.send(part)
      await settled()
      resolve(415)
      expect((await peer.all()).map(describeSeen)).toEqual(['415 raw00002', '415 raw00003'])
    })

    test('is never sent when too much goes wrong with it first', async () => {
      const { promise } = Promise.withResolvers<Verdict>()
      const { peer, platform } = await passive({ reportOn: 'received', onRequest: () => promise, limits: { gaps: 1 } })
      peer.send(part)
      await settled()
      await platform.clock.advance(10_000)
      peer.send({ ...part, body: 'behind a gap', range: '5001-*/9000' })
      expect((await peer.all()).map(describeSeen)).toEqual(['413 raw00002', '413 raw00003'])
    })
  })

  test('covers the last byte of a file only when the file has its name', async () => {
    const { peer, session } = await passive()
    const file = new MemoryFile('x')
    const finish = file.holdFinish()
    peer.send({ body: pattern(100), success: 'yes' })
    const saving = (await nextMessage(session)).saveTo(file)
    await settled()
    expect(file.bytes).toHaveLength(100)
    expect(await reports(peer)).toEqual([])
    finish()
    await saving
    expect(ranges(await reports(peer))).toEqual(['1-100/100'])
  })

  test('is not sent for a file that could not be finished; a failure REPORT says so', async () => {
    const { peer, session } = await passive()
    const file = new MemoryFile('x')
    const finish = file.holdFinish()
    peer.send({ body: pattern(100), success: 'yes' })
    const message = await nextMessage(session)
    const saving = failure(message.saveTo(file))
    await settled()
    file.failure = new Error('disk full')
    finish()
    expect(await saving).toMatchObject({ code: 'storage', cause: expect.objectContaining({ message: 'disk full' }) })
    expect(file.state).toBe('discarded')
    const seen = await reports(peer)
    expect(seen.map((report) => report.field('Status'))).toEqual([expect.stringMatching(/^000 413 /)])
    expect(ranges(seen)).toEqual(['1-100/100'])
  })

  test('answers a request without body that asks for one, so that a peer can see whether we are there', async () => {
    const { peer } = await passive()
    peer.send({ success: 'yes' })
    expect(ranges(await reports(peer))).toEqual(['1-0/0'])
  })
})

describe('While a long message is taken', () => {
  test('REPORTs cover it from the first byte on, at most one per MiB and per second (RFC4975-7.1.3-3)', async () => {
    const { peer, session, platform } = await passive()
    const size = 10 * MIB
    const bytes = pattern(size)
    const whole = Buffer.from(peer.bytesOf({ body: bytes, range: `1-*/${size}`, success: 'yes' }))
    for (let at = 0; at < whole.length; at += 100_000) peer.write(whole.subarray(at, at + 100_000))
    const message = await nextMessage(session)
    const times: number[] = []
    peer.onRequest = () => times.push(platform.clock.now())
    let taken = 0
    for await (const piece of message.stream()) {
      taken += piece.length
      if (taken % (128 * 1024) === 0) await platform.clock.advance(200)
    }
    const seen = ranges(await reports(peer))
      .map((range) => /^1-(\d+)\/10485760$/.exec(range!)![1]!)
      .map(Number)
    expect(seen.at(-1)).toBe(size)
    expect(seen.length).toBeGreaterThan(7)
    for (let index = 1; index < seen.length - 1; index++) {
      expect(seen[index]! - seen[index - 1]!).toBeGreaterThanOrEqual(MIB)
      expect(times[index]! - times[index - 1]!).toBeGreaterThanOrEqual(1_000)
    }
  })

  test('a quick reader gets the REPORT that is due a second later, when nothing more comes', async () => {
    const { peer, session, platform } = await passive()
    const body = pattern(2 * MIB)
    peer.send({ messageId: 'pause', body, range: `1-*/${4 * MIB}`, flag: '+', success: 'yes' })
    const reader = (await nextMessage(session)).stream().getReader()
    for (let taken = 0; taken < body.length; ) taken += (await reader.read()).value!.length
    expect(await reports(peer)).toEqual([])
    await platform.clock.advance(1_000)
    expect(ranges(await reports(peer))).toEqual([`1-${2 * MIB}/${4 * MIB}`])
  })

  test('a reader who has enough of it: what he has is reported before the message is refused', async () => {
    const { peer, session } = await passive()
    const whole = peer.bytesOf({ body: pattern(100_000), success: 'yes' })
    peer.write(whole.subarray(0, -5_000))
    const reader = (await nextMessage(session)).stream().getReader()
    const { value } = await reader.read()
    await reader.cancel()
    await settled()
    const [report, response] = peer.seen
    expect(report).toMatchObject({ kind: 'request', method: 'REPORT' })
    expect(report!.field('Byte-Range')).toBe(`1-${value!.length}/100000`)
    expect(response).toMatchObject({ kind: 'response', status: 413 })
  })

  test('a slow reader is heard of every ten seconds, so that the sender does not give up (RFC4975-7.1.3-3)', async () => {
    const { peer, session, platform } = await passive()
    peer.send({ messageId: 'slow1', body: pattern(500_000), range: '1-*/*', flag: '+', success: 'yes' })
    const reader = (await nextMessage(session)).stream().getReader()
    let taken = (await reader.read()).value!.length
    await platform.clock.advance(9_999)
    taken += (await reader.read()).value!.length
    expect(await reports(peer)).toEqual([])
    await platform.clock.advance(1)
    taken += (await reader.read()).value!.length
    expect(ranges(await reports(peer))).toEqual([`1-${taken}/*`])
  })

  test('what arrives out of order is reported when the gap is closed', async () => {
    const { peer, session } = await passive({ reportOn: 'received' })
    peer.send({ messageId: 'order', body: 'cd', range: '3-4/4', flag: '$', success: 'yes' })
    expect(await reports(peer)).toEqual([])
    peer.send({ messageId: 'order', body: 'ab', range: '1-2/4', flag: '+', success: 'yes' })
    expect(ranges(await reports(peer))).toEqual(['1-4/4'])
    expect(await (await nextMessage(session)).text()).toBe('abcd')
  })
})

describe('A REPORT that comes', () => {
  test.each<[string, SendParts]>([
    ['of success', {}],
    ['of failure', { fields: ['Status: 000 413 No'] }],
    ['that asks for reports', { success: 'yes', failure: 'yes' }],
    ['without Message-ID', { messageId: '' }],
    ['without Status', { fields: [] }],
    ['with a Status that is none', { fields: ['Status: fine'] }],
    ['with a Byte-Range that is none', { range: 'all of it' }],
    ['with a line that is no field', { fields: ['Status: 000 200 OK', 'no colon'] }],
    ['with a body', { body: 'x', type: 'text/plain' }],
    ['about nothing that we know', { messageId: 'unknown1' }],
    ['to a session that is not there', { to: 'msrp://127.0.0.1:7000/guessed;tcp' }],
    ['from another peer', { from: 'msrp://other.example:9000/othersession;tcp' }],
    ['from ourselves', { from: 'msrp://127.0.0.1:7000/guessed;tcp' }],
  ])(
    '%s is answered by neither response nor REPORT (RFC4975-7.1.2-8, RFC4975-7.1.2-9, RFC4975-7.3.2-6)',
    async (_, parts) => {
      const { peer, session } = await passive()
      const sent = session.send('hello')
      peer.respond(await peer.request('SEND'))
      const { messageId } = sent
      peer.send({ method: 'REPORT', messageId, range: '1-5/5', fields: ['Status: 000 200 OK'], ...parts })
      expect(await peer.all()).toEqual([])
      expect(session.state).toBe('open')
    },
  )

  test('over a connection that belongs to no session is not answered either (RFC4975-7.1.2-9)', async () => {
    const { arrive } = await waiting()
    const peer = arrive()
    peer.send({ method: 'REPORT', range: '1-5/5', fields: ['Status: 000 200 OK'] })
    expect(await peer.all()).toEqual([])
    expect(peer.closed).toBe(false)
  })
})

describe('No REPORT is sent', () => {
  test('about a message that is taken when its session is over, though the connection is still there (RFC4975-7.1.2-10, RFC4975-7.1.2-11)', async () => {
    const { endpoint, peer, session } = await passive()
    const other = await endpoint.prepare({ listen: {}, remotePath: 'first' })
    const { localPath } = other
    await peer.response(peer.send({ to: localPath }))
    peer.send({ body: 'hello', success: 'yes' })
    const sent = session.send('bye')
    peer.respond(await peer.request('SEND'), 481, 'No such session')
    await session.closed
    expect(await failure(sent.delivered)).toMatchObject({ status: 481 })
    await peer.all()
    expect(await (await nextMessage(session)).text()).toBe('hello')
    expect(await peer.all()).toEqual([])
    expect((await peer.response(peer.send({ to: localPath, body: 'still here' }))).status).toBe(200)
  })

  test('about a message that fails when the connection is gone (RFC4975-7.1.2-10)', async () => {
    const { peer, session } = await passive()
    peer.send({ body: 'hello', success: 'yes' })
    await peer.all()
    const message = await nextMessage(session)
    peer.transport.close()
    await session.closed
    message.refuse(415)
    expect(await peer.all()).toEqual([])
  })
})
