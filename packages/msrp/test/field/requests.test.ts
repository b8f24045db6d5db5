import { describe, expect, test } from 'vitest'
import { settled } from '../session/raw-peer.ts'
import { nextMessage, PEER, passive, stateOf } from '../session/stage.ts'
import { settle } from '../transport/fake-clock.ts'
import { inEveryWay } from './arrivals.ts'
import { bodyOf, namedRequests, textOf, transactionIdOf } from './sent-by-peers.ts'

describe('An endpoint takes, however it arrives,', () => {
  test.each(namedRequests)('%s', async (_, request) => {
    const { session, peer, prepared } = await passive()
    const paths = { to: [prepared.localPath], from: PEER }
    const answers: string[] = []
    await inEveryWay(
      (attempt) => textOf(request, paths, attempt),
      async (piece) => {
        peer.write(piece)
        await settle()
      },
      async (attempt) => {
        answers.push(transactionIdOf(request, attempt))
        if (request.body === undefined) return
        const message = await nextMessage(session)
        expect(await message.text()).toBe(bodyOf(request, attempt))
      },
    )
    const responses = await peer.all()
    expect(responses.map(({ status, transactionId }) => `${status} ${transactionId}`)).toEqual(
      answers.map((transactionId) => `200 ${transactionId}`),
    )
    expect(session.state).toBe('open')
  })
})

test('What only keeps a connection alive is answered and not shown as a message (FIELD-endpoint-8)', async () => {
  const { session, peer } = await passive()
  const next = nextMessage(session)
  for (const range of ['1-0/0', undefined, '1-*/*']) {
    const transactionId = peer.send({ range })
    expect((await peer.response(transactionId)).status).toBe(200)
  }
  await settled()
  expect(await stateOf(next)).toBe('pending')
  peer.send({ body: 'a message' })
  expect(await (await next).text()).toBe('a message')
})

test('The session-id is compared exactly, everything before it is not (FIELD-liberal-15)', async () => {
  const { peer, prepared } = await passive()
  const [, authority, sessionId] = /^(.*\/)(\w+);tcp$/.exec(String(prepared.localPath))!
  const wrong = peer.send({ to: `${authority}${sessionId!.toUpperCase()};tcp` })
  expect((await peer.response(wrong)).status).toBe(481)
  const right = peer.send({ to: `${authority!.toUpperCase()}${sessionId};TCP` })
  expect((await peer.response(right)).status).toBe(200)
})

test('A file without Content-Disposition is a message without name (FIELD-liberal-10)', async () => {
  const { session, peer } = await passive()
  peer.send({ body: new Uint8Array([0, 255, 10]), type: 'application/octet-stream' })
  const message = await nextMessage(session)
  expect(message.fileName).toBeUndefined()
  expect([...(await message.bytes())]).toEqual([0, 255, 10])
})

test('Chunks of one message may all have the same transaction id, each is answered (FIELD-liberal-20)', async () => {
  const { session, peer } = await passive()
  const chunk = (range: string, body: string, flag: '+' | '$'): Uint8Array =>
    peer.bytesOf({ transactionId: 'always1', messageId: 'parts', range, body, flag })
  peer.write(Buffer.concat([chunk('1-3/9', 'one', '+'), chunk('4-6/9', 'two', '+'), chunk('7-9/9', 'end', '$')]))
  expect(await (await nextMessage(session)).text()).toBe('onetwoend')
  expect((await peer.all()).map(({ status, transactionId }) => `${status} ${transactionId}`)).toEqual(
    Array(3).fill('200 always1'),
  )
})

test('A message with a UUID as Message-ID is reported on under that (FIELD-liberal-9)', async () => {
  const { session, peer } = await passive()
  const messageId = 'b79c9965-ffa8-533c-8b2e-0242ac120002'
  peer.send({ messageId, body: 'hello', success: 'yes' })
  expect(await (await nextMessage(session)).text()).toBe('hello')
  expect((await peer.request('REPORT')).field('Message-ID')).toBe(messageId)
})
