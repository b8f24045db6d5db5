import { describe, expect, test } from 'vitest'
import { settled } from '../session/raw-peer.ts'
import { active, nextMessage, PEER, passive, pattern, waiting } from '../session/stage.ts'

// Mistakes of other endpoints, and of relays where an endpoint could make them as well: not ours.

const EVERY_BYTE = Uint8Array.from({ length: 512 }, (_, index) => index)

describe('An endpoint', () => {
  test('takes and sends bytes of any kind, whatever their type says (FIELD-endpoint-2)', async () => {
    const { session, peer } = await passive()
    for (const type of ['text/plain', 'application/octet-stream', 'image/png']) {
      peer.send({ body: EVERY_BYTE, type })
      expect(await (await nextMessage(session)).bytes()).toEqual(EVERY_BYTE)
      session.send(EVERY_BYTE, { contentType: type })
      expect((await peer.request('SEND')).body).toEqual(EVERY_BYTE)
    }
  })

  test('takes the last chunk of a message before its first (FIELD-endpoint-3)', async () => {
    const { session, peer } = await passive()
    peer.send({ messageId: 'parts', range: '8-10/10', body: 'end' })
    peer.send({ messageId: 'parts', range: '4-7/10', body: 'then', flag: '+' })
    peer.send({ messageId: 'parts', range: '1-3/10', body: 'now', flag: '+' })
    expect(await (await nextMessage(session)).text()).toBe('nowthenend')
  })

  test.each([undefined, 'yes', 'partial', 'no'] as const)(
    'reports success where that is asked for, with Failure-Report %s (FIELD-endpoint-4)',
    async (failure) => {
      const { session, peer } = await passive()
      peer.send({ body: 'hello', success: 'yes', ...(failure === undefined ? {} : { failure }) })
      await (await nextMessage(session)).text()
      expect((await peer.request('REPORT')).field('Status')).toBe('000 200 OK')
    },
  )

  test('answers to the first URI of From-Path, the hop that the message came from (FIELD-endpoint-5)', async () => {
    const { arrive } = await waiting()
    const relay = 'msrp://relay.example:2855/token;tcp'
    const peer = arrive(`${relay} ${PEER}`)
    const { status, field } = await peer.response(peer.send())
    expect([status, field('To-Path')]).toEqual([200, relay])
  })

  test('answers no REPORT, neither one it expected nor any other (FIELD-endpoint-7)', async () => {
    const { session, peer } = await active()
    const sent = session.send('hello')
    peer.respond(await peer.request('SEND'))
    peer.report('nobodys', '1-5/5')
    peer.report(sent.messageId, '1-5/5')
    peer.report(sent.messageId, '1-5/5', '000 413 Enough')
    peer.report(sent.messageId, '1-5/5', 'what')
    expect(await peer.all()).toEqual([])
  })

  test('gives a REPORT an id of its own, not that of the SEND (FIELD-endpoint-13)', async () => {
    const { session, peer } = await passive()
    const transactionId = peer.send({ body: 'hello', success: 'yes' })
    await (await nextMessage(session)).text()
    const report = await peer.request('REPORT')
    expect(report.transactionId).not.toBe(transactionId)
    expect(report.transactionId).toMatch(/^[a-z2-7]{16}$/)
  })

  test('gives each chunk an id of its own (FIELD-endpoint-14)', async () => {
    const { session, peer } = await active()
    session.send(pattern(20_000), { chunkSize: 2048 })
    const ids = (await peer.all()).map(({ transactionId }) => transactionId)
    expect(ids).toHaveLength(10)
    expect(new Set(ids).size).toBe(10)
  })

  test('does not answer 200 where Failure-Report is partial or no (FIELD-relay-16, FIELD-endpoint-15)', async () => {
    const { session, peer } = await passive()
    for (const failure of ['partial', 'no'] as const) {
      peer.send({ body: failure, failure })
      expect(await (await nextMessage(session)).text()).toBe(failure)
      peer.send({ failure })
    }
    expect(await peer.all()).toEqual([])
    // An error is told with `partial`, and not with `no`.
    const refused = peer.send({ failure: 'partial', to: 'msrp://127.0.0.1:5000/nobody;tcp' })
    peer.send({ failure: 'no', to: 'msrp://127.0.0.1:5000/nobody;tcp' })
    expect((await peer.all()).map(({ status, transactionId }) => `${status} ${transactionId}`)).toEqual([
      `481 ${refused}`,
    ])
  })

  test('hands on what has come of a chunk before its end has (FIELD-relay-12)', async () => {
    const { session, peer } = await passive()
    const head = Buffer.from(peer.bytesOf({ body: '', range: '1-*/10000000', transactionId: 'large001' }))
    peer.write(head.subarray(0, head.indexOf('\r\n\r\n') + 4))
    peer.write(pattern(30_000))
    await settled()
    const reader = (await nextMessage(session)).stream().getReader()
    let taken = 0
    while (taken < 30_000) taken += (await reader.read()).value!.length
    expect(taken).toBe(30_000)
    await session.close()
  })
})
