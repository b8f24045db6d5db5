import { setTimeout as delay } from 'node:timers/promises'
import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { RawClient } from './support/raw-client.ts'
import { newAuthority, startRelay, type TestRelay } from './support/relay.ts'
import { Texts } from './support/texts.ts'
import { until } from './support/transfer.ts'
import { Watched } from './support/watched.ts'

// Two relays between which one connection serves all sessions, as both are told to.

const SESSIONS = 20
const MiB = 1024 * 1024

let near: TestRelay
let far: TestRelay

beforeAll(async () => {
  const authority = await newAuthority()
  const names = ['relay-a.localhost', 'relay-b.localhost'] as const
  const [one, other] = await Promise.all(
    names.map((name) => {
      const shared = names.filter((another) => another !== name)
      return startRelay({ name, authority, lifetime: 'file', settings: { shared_connections_to: shared } })
    }),
  )
  near = one as TestRelay
  far = other as TestRelay
})

/** A client of each relay, and the path from the first to the second. */
async function pair(): Promise<{ sender: RawClient; receiver: RawClient; path: string[] }> {
  const [sender, receiver] = [await near.login(near.alice), await far.login(far.bob)]
  return { sender, receiver, path: [sender.token, ...receiver.path] }
}

/** Answers what arrives, as a receiver does; what is complete is kept. */
function answerAll(receiver: RawClient): void {
  let answered = 0
  const answering = setInterval(() => {
    for (; answered < receiver.requests.length; answered++) {
      const request = receiver.requests[answered]
      if (request?.head.method === 'SEND') receiver.respond(request)
    }
  }, 5)
  onTestFinished(() => clearInterval(answering))
}

/** Sends messages without end until it is told to stop; gives the statuses they were refused with. */
async function sendMuch(
  sender: RawClient,
  path: readonly string[],
  over: () => boolean,
): Promise<(number | undefined)[]> {
  const block = Buffer.alloc(MiB / 4, 'x')
  const statuses: (number | undefined)[] = []
  while (!over()) {
    const transactionId = newTransactionId(nodeRandom)
    const fields = [
      ['Message-ID', newTransactionId(nodeRandom)],
      ['Byte-Range', '1-*/*'],
    ] as const
    const response = () => sender.responses.find(({ head }) => head.transactionId === transactionId)
    await sender.write(sender.head('SEND', { transactionId, toPath: path, fields, body: '' }))
    while (response() === undefined && !over()) await sender.write(block)
    // What comes after the end is the answer to that: 200 where nothing was refused until then.
    const refusal = response()
    await sender.write(`\r\n-------${transactionId}#\r\n`)
    if (refusal !== undefined) statuses.push(refusal.head.status)
  }
  return statuses
}

test('receivers that do not read fail alone; the sessions that share their connection keep their pace meanwhile', async () => {
  const watched = new Watched(far.program)
  const stalled = [await pair(), await pair(), await pair()]
  const pairs = []
  for (let index = 0; index < SESSIONS; index++) pairs.push(await pair())
  const texts = pairs.map(({ sender, path, receiver }) => new Texts(sender, path, receiver))
  await Promise.all(texts.map((each) => each.more(2)))
  // Its clients, and one connection with the other relay.
  const clients = SESSIONS + stalled.length
  expect(watched.filesMore).toBe(clients + 1)

  const pace = async (): Promise<number[]> => {
    const before = texts.map(({ count }) => count)
    await delay(1_500)
    return texts.map(({ count }, index) => count - (before[index] ?? 0))
  }
  const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0)
  for (const { receiver } of stalled) answerAll(receiver)

  // The same bytes, with receivers that read and with receivers that do not.
  let over = false
  let sending = stalled.map(({ sender, path }) => sendMuch(sender, path, () => over))
  const undisturbed = await pace()
  over = true
  await Promise.all(sending)

  over = false
  for (const { receiver } of stalled) receiver.pause()
  sending = stalled.map(({ sender, path }) => sendMuch(sender, path, () => over))
  const beside = await pace()
  over = true
  // The far relay has said so itself: it does not read on for the sake of one, nor keep what does not fit.
  for (const statuses of await Promise.all(sending)) expect(new Set(statuses)).toEqual(new Set([413]))

  for (const [index, count] of beside.entries()) {
    expect(count, `texts of session ${index}`).toBeGreaterThan((undisturbed[index] ?? 0) / 4)
  }
  expect(sum(beside)).toBeGreaterThan(sum(undisturbed) / 2)
  await Promise.all(texts.map((each) => each.more()))
  expect(watched.filesMore).toBe(clients + 1)
  expect(watched.peak, watched.figures).toBeLessThan(240 * MiB)

  // They may go on as well once they read; until what waits for them is out, more of it is refused.
  for (const { sender, receiver, path } of stalled) {
    receiver.resume()
    const arrived = () => receiver.requests.some(({ body }) => String(body) === 'better now?')
    while (!arrived()) {
      const again = sender.send(path, 'better now?')
      const reported = () => sender.requests.some(({ head }) => head.method === 'REPORT')
      expect((await sender.response(again)).head.status).toBe(200)
      await until(() => arrived() || reported(), 'text or REPORT')
      sender.requests.length = 0
    }
  }
})

test('a session that begins while the only other one is stalled is not kept waiting', async () => {
  const stalled = await pair()
  stalled.receiver.pause()
  const transactionId = newTransactionId(nodeRandom)
  const fields = [
    ['Message-ID', 'message1'],
    ['Byte-Range', '1-*/*'],
  ] as const
  const head = stalled.sender.head('SEND', { transactionId, toPath: stalled.path, fields, body: '' })
  stalled.sender.write(Buffer.concat([head, Buffer.alloc(16 * MiB, 'x')]))
  const { sender, receiver, path } = await pair()
  const sent = sender.send(path, 'hello')
  expect((await sender.response(sent)).head.status).toBe(200)
  await receiver.nextRequest(({ body }) => String(body) === 'hello')
})
