import { setTimeout as delay } from 'node:timers/promises'
import { nodeRandom } from 'msrp/node'
import { newTransactionId } from 'msrp/wire'
import { beforeAll, expect, test } from 'vitest'
import type { RawClient } from './support/raw-client.ts'
import { newAuthority, startRelay, type TestRelay } from './support/relay.ts'
import { Texts } from './support/texts.ts'
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

test('one receiver that does not read fails alone; the sessions that share its connection keep their pace', async () => {
  const watched = new Watched(far.program)
  const stalled = await pair()
  const pairs = []
  for (let index = 0; index < SESSIONS; index++) pairs.push(await pair())
  const texts = pairs.map(({ sender, path, receiver }) => new Texts(sender, path, receiver))
  await Promise.all(texts.map((each) => each.more(2)))
  // Its clients, and one connection with the other relay.
  expect(watched.filesMore).toBe(SESSIONS + 2)

  const pace = async (): Promise<number[]> => {
    const before = texts.map(({ count }) => count)
    await delay(1_000)
    return texts.map(({ count }, index) => count - (before[index] ?? 0))
  }
  const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0)
  const undisturbed = await pace()

  const { sender, receiver, path } = stalled
  receiver.pause()
  const transactionId = newTransactionId(nodeRandom)
  const fields = [
    ['Message-ID', 'message1'],
    ['Byte-Range', '1-*/*'],
  ] as const
  sender.write(sender.head('SEND', { transactionId, toPath: path, fields, body: '' }))
  let failed: number | undefined
  const sending = (async () => {
    const block = Buffer.alloc(MiB / 4, 'x')
    for (let sent = 0; sent < 64 * MiB && failed === undefined; sent += block.byteLength) {
      await sender.write(block)
      failed = sender.responses.find(({ head }) => head.transactionId === transactionId)?.head.status
    }
  })()
  await sending
  // The far relay has said so itself: it does not read on for the sake of one, nor keep what does not fit.
  expect((await sender.response(transactionId)).head.status).toBe(413)

  const beside = await pace()
  for (const [index, count] of beside.entries()) expect(count, `texts of session ${index}`).toBeGreaterThan(0)
  expect(sum(beside)).toBeGreaterThan(sum(undisturbed) / 3)
  await Promise.all(texts.map((each) => each.more()))
  expect(watched.filesMore).toBe(SESSIONS + 2)
  expect(watched.peak, watched.figures).toBeLessThan(240 * MiB)

  // It may go on as well once it reads.
  sender.write(`\r\n-------${transactionId}$\r\n`)
  receiver.resume()
  const again = sender.send(path, 'better now?')
  expect((await sender.response(again)).head.status).toBe(200)
  await receiver.nextRequest(({ body }) => String(body) === 'better now?')
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
