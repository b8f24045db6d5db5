import { expect, test } from 'vitest'
import { settled } from './raw-peer.ts'
import { active, both, failure, pattern } from './stage.ts'

// A receiver takes so many unfinished messages at once and no more: the sender must not begin them all.

test('more files than a receiver takes at once all arrive', async () => {
  const { sender, receiver, close } = await both()
  const read: Promise<Uint8Array>[] = []
  const reading = (async () => {
    for await (const message of receiver) read.push(message.bytes())
  })()
  const sent = Array.from({ length: 100 }, (_, seed) => sender.send(pattern(300_000, seed)))
  await Promise.all(sent.map(({ delivered }) => delivered))
  await close()
  await reading
  expect((await Promise.all(read)).map(({ length }) => length)).toEqual(sent.map(() => 300_000))
})

test('a text does not wait for files, and a file that waits can be abandoned without a byte of it', async () => {
  const { session, peer } = await active({ limits: { unfinishedMessages: 1 } })
  const endless = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(pattern(5000)) })
  const first = session.send(endless)
  const waiting = session.send(pattern(5000))
  await settled()
  const text = session.send('hello')
  expect((await peer.take((seen) => seen.text === 'hello')).field('Message-ID')).toBe(text.messageId)
  waiting.abort()
  expect(await failure(waiting.delivered)).toMatchObject({ code: 'aborted' })
  const last = session.send(pattern(3000))
  first.abort()
  const file = await peer.take((seen) => seen.flag === '$')
  expect(file.field('Message-ID')).toBe(last.messageId)
})

test('what still waits when the session ends fails with it', async () => {
  const { session, peer } = await active({ limits: { unfinishedMessages: 1 } })
  const endless = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(pattern(5000)) })
  const sent = [session.send(endless), session.send(pattern(5000)), session.send(pattern(5000))]
  await settled()
  peer.transport.destroy()
  for (const { delivered } of sent) expect(await failure(delivered)).toMatchObject({ code: 'connection-lost' })
})
