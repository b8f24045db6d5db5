import { MsrpError, type Session } from 'msrp'
import { afterEach, expect, test } from 'vitest'
import { type Both, both, failure } from '../../msrp/test/session/stage.ts'
import { FakeClock } from '../../msrp/test/transport/fake-clock.ts'
import { verdictOn } from '../src/failure.ts'
import { LastingSession } from '../src/outgoing/lasting-session.ts'
import type { Output } from '../src/terminal/output.ts'

const output = { json: true } as Output
const stages: Both[] = []
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close()
})

async function sessions(): Promise<Both> {
  const stage = await both()
  stages.push(stage)
  return stage
}

const CUT = new MsrpError('connection-lost', 'the cable was pulled')

/** A call whose session is lost while a message is under way, and what comes of the message. */
async function lost(
  call: () => Promise<Session>,
  within = 60_000,
  why = CUT,
): Promise<{ error: unknown; calls: number }> {
  const clock = new FakeClock()
  let calls = 0
  const { sender } = await sessions()
  const counted = (): Promise<Session> => {
    calls++
    return call()
  }
  const lasting = new LastingSession(sender, { call: counted, within, output, clock })
  await lasting.session.opened
  const sent = lasting.session.send('hello')
  sender.drop(why)
  const outcome = failure(sent.delivered)
  for (let seconds = 0; seconds < 2 * (within / 1000); seconds++) await clock.advance(1000)
  return { error: lasting.explain(await outcome), calls }
}

test('says what to do when more of standard input was on its way than is held', async () => {
  const [first, second] = [await sessions(), await sessions()]
  const call = async (): Promise<Session> => second.sender
  const clock = new FakeClock()
  const lasting = new LastingSession(first.sender, { call, within: 60_000, output, clock, streamMemory: 10 })
  await lasting.session.opened
  const { promise: read, resolve } = Promise.withResolvers<void>()
  const sent = lasting.session.send(
    (async function* () {
      yield 'more than ten bytes'
      yield 'and then some'
      resolve()
      await new Promise(() => {})
    })(),
  )
  const outcome = failure(sent.delivered)
  await read
  first.sender.drop()
  await clock.advance(1000)
  const { exitCode, message } = verdictOn(lasting.explain(await outcome))
  expect(exitCode).toBe(12)
  expect(message).toMatch(/is not held any more: store it in a file first, and send that$/)
})

const refused = (): Promise<Session> => {
  const cause = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
  return Promise.reject(new MsrpError('unreachable', 'nothing listens there', { cause }))
}

test('goes on over another connection', async () => {
  const clock = new FakeClock()
  const [first, second] = [await sessions(), await sessions()]
  const lasting = new LastingSession(first.sender, {
    call: async () => second.sender,
    within: 60_000,
    output,
    clock,
  })
  await lasting.session.opened
  const sent = lasting.session.send('hello')
  first.sender.drop()
  await clock.advance(1000)
  const { value } = await second.receiver[Symbol.asyncIterator]().next()
  expect(await value.text()).toBe('hello')
  await sent.delivered
  await lasting.session.close()
})

test('is given up for the loss when nobody listens any more', async () => {
  const { error, calls } = await lost(refused)
  expect(error).toMatchObject({
    code: 'connection-lost',
    message: 'the cable was pulled, and there was no other connection: nothing listens there',
  })
  expect(calls).toBe(2)
})

test('is given up for the loss when there is no way for long enough', async () => {
  const { error, calls } = await lost(() => Promise.reject(new MsrpError('unreachable', 'no route')), 20_000)
  expect(error).toMatchObject({ code: 'connection-lost', message: expect.stringMatching(/cable.*no route$/) })
  expect(calls).toBeGreaterThan(3)
})

test.each([
  ['the path is not known any more', 'refused', 481],
  ['the relay takes the password no more', 'unauthorized', 401],
] as const)('is given up at once when %s', async (_, code, status) => {
  const { error, calls } = await lost(() => Promise.reject(new MsrpError(code, 'no', { status })))
  expect(error).toMatchObject({ code, status })
  expect(calls).toBe(1)
})

test('is given up at once when a report says that the path is not known, and nothing has arrived there', async () => {
  const gone = new MsrpError('refused', 'no such session', { status: 481 })
  const { error, calls } = await lost(async () => (await sessions()).sender, 60_000, gone)
  expect(error).toBe(gone)
  expect(calls).toBe(0)
})

test('goes on when a hop behind the relay is lost in the middle, which says the same', async () => {
  const clock = new FakeClock()
  const [first, second] = [await sessions(), await sessions()]
  const call = async (): Promise<Session> => second.sender
  const lasting = new LastingSession(first.sender, { call, within: 60_000, output, clock })
  await lasting.session.opened
  const before = lasting.session.send('hello')
  const text = async ({ receiver }: Both): Promise<string> =>
    (await receiver[Symbol.asyncIterator]().next()).value.text()
  expect(await text(first)).toBe('hello')
  await before.delivered
  const sent = lasting.session.send('are you there?')
  first.sender.drop(new MsrpError('refused', 'the next hop cannot be reached', { status: 481 }))
  await clock.advance(1000)
  expect(await text(second)).toBe('are you there?')
  await sent.delivered
  await lasting.session.close()
})

test('tries again while the other side still has the old session', async () => {
  const { error, calls } = await lost(() => Promise.reject(new MsrpError('refused', 'taken', { status: 506 })), 20_000)
  expect(error).toMatchObject({ code: 'connection-lost' })
  expect(calls).toBeGreaterThan(3)
})

test('a connection that is lost when there is no time left to make another one is just lost', async () => {
  const { error, calls } = await lost(async () => expect.unreachable(), 1)
  expect(calls).toBe(0)
  expect(verdictOn(error)).toMatchObject({ exitCode: 12, message: 'the cable was pulled' })
})
