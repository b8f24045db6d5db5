import { describe, expect, test } from 'vitest'
import type { SendOptions } from '../../src/session/options.ts'
import { type Seen, settled } from './raw-peer.ts'
import { active, both, failure, nextMessage, passive, pattern, stateOf } from './stage.ts'

// RFC 4975 §7.1.1, from what an endpoint writes and from what its peers may write.

describe('The Message-ID', () => {
  test('is another one for each message, and the same in all chunks of one (RFC4975-7.1.1-1, RFC4975-7.1.1-2)', async () => {
    const { session, peer } = await active()
    for (const size of [0, 5, 5000]) session.send(pattern(size), { chunkSize: 2048 })
    const ids = (await peer.all()).map((chunk) => chunk.field('Message-ID'))
    expect(ids).toHaveLength(5)
    expect(ids).not.toContain(undefined)
    expect(new Set(ids).size).toBe(3)
    expect(new Set(ids.slice(-3)).size).toBe(1)
  })
})

describe('What is asked to be reported', () => {
  const answers = [true, false].flatMap((success) =>
    (['yes', 'partial', 'no'] as const).map((failureReport) => [success, failureReport] as const),
  )

  test.each(answers)(
    'stands in every chunk: Success-Report %s, Failure-Report %s (RFC4975-7.1.1-3, RFC4975-7.1.1-4)',
    async (successReport, failureReport) => {
      const { session, peer } = await active()
      const sent = session.send(pattern(5000), { chunkSize: 2048, successReport, failureReport })
      const chunks = await peer.all()
      expect(chunks).toHaveLength(3)
      for (const chunk of chunks) {
        expect(chunk.field('Success-Report')).toBe(successReport ? 'yes' : 'no')
        expect(chunk.field('Failure-Report')).toBe(failureReport)
      }
      sent.delivered.catch(() => {})
    },
  )

  test('is a response where there is no Failure-Report, as with yes (RFC4975-7.1.1-10)', async () => {
    const { session, peer } = await passive()
    const statuses = []
    for (const failureValue of [undefined, 'yes'] as const) {
      const parts = failureValue === undefined ? {} : { failure: failureValue }
      const good = peer.send({ body: 'hello', ...parts })
      const bad = peer.send({ body: 'hello', range: '9-1/1', ...parts })
      statuses.push([(await peer.response(good)).status, (await peer.response(bad)).status])
      await (await nextMessage(session)).text()
    }
    expect(statuses).toEqual([
      [200, 400],
      [200, 400],
    ])
  })
})

describe('A message whose success REPORT has not come', () => {
  test.each(['ours', 'the peer’s'])(
    'when the session ends fails, so that its sender knows: the end is %s (RFC4975-7.1.1-6)',
    async (whose) => {
      const { session, peer } = await active()
      const sent = session.send('hello')
      peer.respond(await peer.request('SEND'))
      await settled()
      expect(await stateOf(sent.delivered)).toBe('pending')
      const ended = failure(sent.delivered)
      if (whose === 'ours') await session.close()
      else peer.transport.close()
      expect((await ended).code).toMatch(/^(closed|connection-lost)$/)
    },
  )
})

describe('The 30 s for an answer', () => {
  test('do not fail a transfer whose receiver neither takes nor gives for ten minutes (RFC4975-7.1.1-7)', async () => {
    const { session, peer, platform } = await active({}, (machine) => {
      machine.pairOptions = { capacity: 1000 }
    })
    peer.transport.pause()
    const bytes = pattern(600_000)
    const sent = session.send(bytes, { chunkSize: 2048, successReport: false })
    await settled()
    for (let minute = 0; minute < 10; minute++) await platform.clock.advance(60_000)
    expect(await stateOf(sent.delivered)).toBe('pending')
    peer.onRequest = (chunk) => peer.respond(chunk)
    peer.transport.resume()
    await sent.delivered
    expect(session.state).toBe('open')
  })

  test('do not fail a file that both ends pass on slowly, in both directions at once (RFC4975-7.1.1-7)', async () => {
    const { sender, receiver, clock, close } = await both({
      setUp: (near) => {
        near.pairOptions = { capacity: 1000 }
      },
    })
    const bytes = pattern(400_000)
    const sent = [sender.send(bytes), receiver.send(bytes)]
    const readers = [
      (await nextMessage(receiver)).stream().getReader(),
      (await nextMessage(sender)).stream().getReader(),
    ]
    const taken = [0, 0]
    for (let reading = true; reading; ) {
      reading = false
      for (const [index, reader] of readers.entries()) {
        const { done, value } = await reader.read()
        taken[index] = (taken[index] ?? 0) + (value?.length ?? 0)
        reading ||= !done
      }
      await clock.advance(20_000)
    }
    expect(taken).toEqual([400_000, 400_000])
    for (const { delivered } of sent) await delivered
    await close()
  })

  test.each([
    ['yes', 'rejected'],
    ['partial', 'resolved'],
    ['no', 'resolved'],
  ] as const)(
    'are waited for with Failure-Report %s: %s (RFC4975-7.1.1-7, RFC4975-7.1.1-8)',
    async (failureReport, outcome) => {
      const { session, peer, platform } = await active()
      const sent = session.send('hello', { failureReport, successReport: false })
      sent.delivered.catch(() => {})
      await peer.request('SEND')
      await platform.clock.advance(30_000)
      await settled()
      expect(await stateOf(sent.delivered)).toBe(outcome)
    },
  )
})

describe('Byte-Range', () => {
  test('begins with 1 where there is no content (RFC4975-7.1.1-19)', async () => {
    const { session, peer, platform } = await active({ keepAlive: 1000 })
    session.send('')
    session.send(new Blob([]))
    session.send([])
    const chunks = await peer.all()
    for (const chunk of chunks) peer.respond(chunk)
    await settled()
    await platform.clock.advance(1000)
    chunks.push(...(await peer.all()))
    expect(chunks.map((chunk) => chunk.field('Byte-Range'))).toEqual(['1-0/0', '1-0/0', '1-0/0', '1-0/0'])
  })

  test('has no total in any chunk of a stream, whose size is not known (RFC4975-7.1.1-17)', async () => {
    const { session, peer } = await active()
    session.send([pattern(2048), pattern(2048), pattern(904)], { chunkSize: 2048 })
    const ranges = (await peer.all()).map((chunk) => chunk.field('Byte-Range'))
    expect(ranges.length).toBeGreaterThanOrEqual(3)
    for (const range of ranges) expect(range).toMatch(/^\d+-\S+\/\*$/)
  })

  test('without a total is taken (RFC4975-7.1.1-17)', async () => {
    const { session, peer } = await passive()
    peer.send({ messageId: 'long', range: '1-5/*', body: 'hello', flag: '+' })
    peer.send({ messageId: 'long', range: '6-*/*', body: ' world' })
    expect(await (await nextMessage(session)).text()).toBe('hello world')
  })
})

describe('Chunks', () => {
  test('of 2048 bytes each are sent where that is asked for (RFC4975-7.1.1-22, RFC4975-7.1.1-24)', async () => {
    const { session, peer } = await active()
    session.send(pattern(20_000), { chunkSize: 2048 })
    const sizes = (await peer.all()).map(({ body }) => body.length)
    expect(sizes).toEqual([...Array(9).fill(2048), 20_000 - 9 * 2048])
    expect(() => session.send('x', { chunkSize: 2047 })).toThrow(/chunkSize/)
  })

  test('are as few as can be, though the body comes in small pieces (RFC4975-7.1.1-21, RFC4975-7.1.1-24)', async () => {
    const { session, peer } = await active()
    for (const body of [pattern(500_000), Array.from({ length: 100 }, () => pattern(100))]) {
      session.send(body)
      expect((await peer.all()).map(({ flag }) => flag)).toEqual(['$'])
    }
  })

  test.each([0, 1, 2047, 2048, 2049, 100_000, 1_000_000])(
    'of any size are taken: %d bytes (RFC4975-7.1.1-23)',
    async (size) => {
      const { session, peer } = await passive()
      const bytes = pattern(size)
      const whole = peer.send({ body: bytes, type: 'x/y' })
      expect(Buffer.compare(await (await nextMessage(session)).bytes(), bytes)).toBe(0)
      expect((await peer.response(whole)).status).toBe(200)
    },
  )

  test('are interrupted by a response that waits, and go on where they stopped (RFC4975-7.1.1-25)', async () => {
    const { session, peer } = await active({}, (platform) => {
      platform.pairOptions = { capacity: 10_000 }
    })
    const bytes = pattern(900_000)
    peer.transport.pause()
    session.send(bytes)
    await settled(5)
    const asked = peer.send({ body: 'hello' })
    await settled(5)
    peer.transport.resume()
    const seen: Seen[] = []
    while (seen.at(-1)?.flag !== '$' || seen.at(-1)?.kind !== 'request') seen.push(await peer.take())
    const answer = seen.findIndex(({ transactionId }) => transactionId === asked)
    const chunks = seen.filter(({ method }) => method === 'SEND')
    expect(answer).toBeGreaterThan(0)
    expect(answer).toBeLessThan(seen.length - 1)
    expect(seen[answer - 1]?.flag).toBe('+')
    let position = 1
    for (const chunk of chunks) {
      expect(chunk.field('Byte-Range')).toBe(`${position}-*/900000`)
      position += chunk.body.length
    }
    expect(Buffer.compare(Buffer.concat(chunks.map(({ body }) => body)), bytes)).toBe(0)
  })

  test('may arrive cut otherwise than they were sent: REPORTs count by their bytes (RFC4975-7.1.1-27)', async () => {
    const { session, peer } = await active()
    const sent = session.send(pattern(6000), { chunkSize: 2048 })
    for (const chunk of await peer.all()) peer.respond(chunk)
    for (const range of ['1-100/6000', '101-5000/6000', '5001-6000/6000']) {
      expect(await stateOf(sent.delivered)).toBe('pending')
      peer.report(sent.messageId, range)
      await settled()
    }
    await sent.delivered
  })
})

describe('A transfer encoding', () => {
  test.each(['base64', 'quoted-printable', 'binary'])('is never named: %s (RFC4975-7.1.1-30)', async (encoding) => {
    const { session, peer } = await active()
    for (const name of ['Content-Transfer-Encoding', 'content-transfer-encoding']) {
      expect(() => session.send('hello', { fields: [[name, encoding]] })).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
    session.send(Uint8Array.of(0, 13, 10, 255), { fileName: 'a.bin', contentType: 'x/y' })
    const seen = await peer.all()
    expect(seen.map(({ body }) => [...body])).toEqual([[0, 13, 10, 255]])
    for (const { fieldNames } of seen) expect(fieldNames.filter((name) => /encoding/i.test(name))).toEqual([])
  })
})

describe('Content-Disposition', () => {
  test.each(['render', 'inline', 'attachment; filename=a.txt', 'icon', 'session', 'x-new; a=b'])(
    'is what is asked for: %s (RFC4975-7.1.1-28, RFC4975-7.1.1-29)',
    async (disposition) => {
      const { sender, receiver, close } = await both()
      const options: SendOptions = { disposition }
      const sent = sender.send('hello', options)
      const message = await nextMessage(receiver)
      expect(message.disposition).toBe(disposition)
      expect(await message.text()).toBe('hello')
      await sent.delivered
      await close()
    },
  )

  test('is there once: it is asked for in one way', async () => {
    const { session, peer } = await active()
    const fields: NonNullable<SendOptions['fields']> = [['content-disposition', 'inline']]
    for (const options of [
      { fields, fileName: 'a.txt' },
      { fields, disposition: 'render' },
      { disposition: 'render', fileName: 'a.txt' },
      { fields: [...fields, ...fields] },
    ]) {
      expect(() => session.send('hello', options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
    session.send('hello', { fields })
    const { fieldNames } = await peer.request('SEND')
    expect(fieldNames.filter((name) => /disposition/i.test(name))).toHaveLength(1)
  })

  test('is not there unless asked for, on a short message (RFC4975-7.1.1-28)', async () => {
    const { session, peer } = await active()
    session.send('hello')
    expect((await peer.request('SEND')).field('Content-Disposition')).toBeUndefined()
  })
})
