import { describe, expect, test } from 'vitest'
import { buildCpim, CPIM_TYPE, openCpim, passingSink } from '../../src/cpim/index.ts'
import type { IncomingMessage, Session } from '../../src/session/api.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { settled } from '../session/raw-peer.ts'
import { active, both, failure, nextMessage, passive, stateOf } from '../session/stage.ts'

const parties = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a gateway does with a message: opens it, and passes it on to whom its head names. */
function pass(message: IncomingMessage, sessions: ReadonlyMap<string, Session>): Promise<void> {
  return message.saveTo(
    passingSink(async (stream) => {
      const opened = await openCpim({ contentType: message.contentType, stream: () => stream })
      const far = sessions.get(opened.head.to[0]?.uri ?? '')
      if (far === undefined) throw new MsrpError('refused', 'Nobody of that name is here', { status: 404 })
      await far.send(opened.whole(), { contentType: CPIM_TYPE }).delivered
    }),
  )
}

describe('what is passed on', () => {
  test('is reported when the far side has it, byte for byte as it was', async () => {
    const near = await both()
    const { session: far, peer } = await active()
    const body = buildCpim(parties, 'x'.repeat(100_000))
    const sent = near.sender.send(body, { contentType: CPIM_TYPE })
    const passing = pass(await nextMessage(near.receiver), new Map([[parties.to, far]]))
    const received: Uint8Array[] = []
    let last = await peer.request('SEND')
    for (;;) {
      received.push(last.body)
      peer.respond(last)
      if (last.flag === '$') break
      last = await peer.request('SEND')
    }
    expect(Buffer.concat(received).equals(body)).toBe(true)
    await settled()
    expect(await stateOf(sent.delivered)).toBe('pending')
    peer.report(last.field('Message-ID')!, `1-${body.length}/${body.length}`)
    await Promise.all([passing, sent.delivered])
    await near.close()
  })

  test('fails where the far side refuses it, with its status', async () => {
    const near = await both()
    const { session: far, peer } = await active()
    const sent = near.sender.send(buildCpim(parties, 'x'), { contentType: CPIM_TYPE })
    const passing = pass(await nextMessage(near.receiver), new Map([[parties.to, far]]))
    peer.respond(await peer.request('SEND'), 403, 'Forbidden')
    expect(await failure(passing)).toMatchObject({ status: 403 })
    expect(await failure(sent.delivered)).toMatchObject({ code: 'refused', status: 403 })
    const nobody = near.sender.send(buildCpim({ ...parties, to: 'sip:x@y.z' }, 'x'), { contentType: CPIM_TYPE })
    await failure(pass(await nextMessage(near.receiver), new Map()))
    expect(await failure(nobody.delivered)).toMatchObject({ code: 'refused', status: 404 })
    await near.close()
  })

  test('ends for the far side, too, when its sender gives it up', async () => {
    const { session, peer } = await passive()
    const far = await both()
    const body = buildCpim(parties, 'x'.repeat(5000))
    const first = { type: CPIM_TYPE, body: body.subarray(0, 3000), messageId: 'big', range: `1-*/${body.length}` }
    peer.send({ ...first, flag: '+' })
    const passing = pass(await nextMessage(session), new Map([[parties.to, far.sender]]))
    const atFar = await nextMessage(far.receiver)
    const reading = atFar.bytes()
    peer.send({ ...first, body: '', range: `3001-*/${body.length}`, flag: '#' })
    expect(await failure(passing)).toMatchObject({ code: 'aborted' })
    expect(await failure(reading)).toMatchObject({ code: 'aborted' })
    await far.close()
  })
})

describe('a sink that passes on', () => {
  const text = 'The quick brown fox jumps over the lazy dog'
  const pieceAt = (start: number, end: number): [number, Uint8Array] => [start, encode(text.slice(start, end))]

  test.each<[string, [number, number][]]>([
    [
      'in order',
      [
        [0, 10],
        [10, 20],
        [20, 43],
      ],
    ],
    [
      'backwards',
      [
        [30, 43],
        [20, 30],
        [10, 20],
        [0, 10],
      ],
    ],
    [
      'twice, and each over parts of others',
      [
        [5, 20],
        [0, 10],
        [0, 10],
        [15, 43],
        [30, 40],
        [5, 20],
      ],
    ],
    [
      'with gaps that are filled across others',
      [
        [40, 43],
        [5, 8],
        [6, 41],
        [0, 9],
      ],
    ],
  ])('gives the bytes that come %s in order', async (_, pieces) => {
    let passed = ''
    const sink = passingSink(async (stream) => {
      passed = await new Response(stream).text()
    })
    await Promise.all(pieces.map(([start, end]) => sink.write(...pieceAt(start, end))))
    await sink.finish()
    expect(passed).toBe(text)
  })

  test('fetches no more than is read', async () => {
    const { promise: never } = Promise.withResolvers<void>()
    const sink = passingSink(() => never)
    const writing = sink.write(0, encode('x'))
    await settled()
    expect(await stateOf(writing)).toBe('pending')
    await sink.discard()
    await failure(writing)
  })

  test('keeps 1 MiB of what comes before its time', async () => {
    const sink = passingSink((stream) => new Response(stream).text())
    await sink.write(1, new Uint8Array(1_000_000))
    expect(await failure(sink.write(2_000_000, new Uint8Array(100_000)))).toMatchObject({
      code: 'limit-exceeded',
      status: 413,
    })
    await sink.discard()
  })

  test('takes no more when nobody wants the rest', async () => {
    const sink = passingSink(async () => {})
    await settled()
    expect(await failure(sink.write(0, encode('x')))).toMatchObject({ code: 'aborted', status: 413 })
    await sink.discard()
  })
})
