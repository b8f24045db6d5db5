import { expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { Parts } from '../../src/session/parts.ts'
import { PARTS_AT_HAND } from '../../src/session/parts-at-hand.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { settled } from './raw-peer.ts'
import { nextMessage, passive } from './stage.ts'

const OTHER = 'msrp://other.example:9000/othersession;tcp'
const notLoaded = new MsrpError('internal', 'A part of the library could not be loaded')

test('A local path whose sessions are to ask for signs of life is not made when what does that cannot be loaded', async () => {
  const platform = new MemoryPlatform()
  platform.parts = { ...PARTS_AT_HAND, options: () => Promise.reject(notLoaded) }
  const endpoint = new MsrpEndpoint(platform, {})
  await expect(endpoint.prepare({ listen: {}, keepAlive: 1_000 })).rejects.toBe(notLoaded)
  expect(platform.ports).toEqual([])
  await (await endpoint.prepare({ listen: {} })).close()
})

test('What newcomers send before it is loaded what knows of them is read in its order; meanwhile they are not read', async () => {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Parts['newcomers']>>>()
  const { peer, arrive, prepared } = await passive({}, {}, (platform) => {
    platform.parts = { ...PARTS_AT_HAND, newcomers: () => promise }
  })
  const other = arrive(OTHER)
  const one = other.bytesOf({ transactionId: 'one00001', body: 'one' })
  const two = other.bytesOf({ transactionId: 'two00001', body: 'two' })
  const both = new Uint8Array([...one, ...two.subarray(0, -20)])
  other.write(both)
  await settled()
  other.write(two.subarray(-20))
  const three = other.send({ body: 'three' })
  await settled()
  expect([peer.seen.length, other.seen]).toEqual([0, []])
  resolve(await PARTS_AT_HAND.newcomers())
  const probe = await peer.request('SEND')
  peer.respond(probe)
  peer.report(probe.field('Message-ID')!, undefined, '000 481 No such session')
  for (const id of ['one00001', 'two00001', three]) expect((await other.response(id)).status).toBe(200)
  const session = (await prepared.sessions().next()).value!
  const texts = [await nextMessage(session), await nextMessage(session), await nextMessage(session)]
  expect(await Promise.all(texts.map((message) => message.text()))).toEqual(['one', 'two', 'three'])
})

test('A newcomer gets its place when that cannot be loaded, if it is free by then', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  const { peer, arrive, prepared, session } = await passive({}, {}, (platform) => {
    platform.parts = { ...PARTS_AT_HAND, newcomers: () => promise }
  })
  const other = arrive(OTHER)
  const requests = ['one', 'two'].map((body) => other.send({ body }))
  await settled()
  peer.transport.close()
  await session.closed
  reject(notLoaded)
  for (const id of requests) expect((await other.response(id)).status).toBe(200)
  expect(await (await nextMessage((await prepared.sessions().next()).value!)).text()).toBe('one')
})

test('A newcomer whose connection has been given up when that is there gets no place', async () => {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Parts['newcomers']>>>()
  const limits = { unboundTimeout: 1_000 }
  const { peer, arrive, platform, prepared, session } = await passive({}, { limits }, (memory) => {
    memory.parts = { ...PARTS_AT_HAND, newcomers: () => promise }
  })
  const gone = arrive(OTHER)
  gone.send({ body: 'gone' })
  await platform.clock.advance(1_000)
  peer.transport.close()
  await session.closed
  resolve(await PARTS_AT_HAND.newcomers())
  await settled()
  const other = arrive('msrp://third.example:9000/third;tcp')
  expect((await other.response(other.send({ body: 'Hello' }))).status).toBe(200)
  expect(await (await nextMessage((await prepared.sessions().next()).value!)).text()).toBe('Hello')
})

test('A newcomer is refused after 5 s when that takes longer, and its connection is read again; so are others at once', async () => {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Parts['newcomers']>>>()
  const { peer, arrive, platform } = await passive({}, {}, (memory) => {
    memory.parts = { ...PARTS_AT_HAND, newcomers: () => promise }
  })
  const other = arrive(OTHER)
  const [one, two] = ['one', 'two'].map((body) => other.send({ body }))
  await platform.clock.advance(5_000 - 1)
  expect(other.seen).toEqual([])
  await platform.clock.advance(1)
  for (const id of [one!, two!, other.send({ body: 'three' })]) expect((await other.response(id)).status).toBe(506)
  resolve(await PARTS_AT_HAND.newcomers())
  await settled()
  expect(await peer.all()).toEqual([])
  // Now the peer is asked.
  other.send({ body: 'four' })
  expect((await peer.request('SEND')).hasBody).toBe(false)
})

test('A newcomer finds its place taken when nobody can be asked because that cannot be loaded', async () => {
  const { peer, arrive, session } = await passive({}, {}, (platform) => {
    platform.parts = { ...PARTS_AT_HAND, newcomers: () => Promise.reject(notLoaded) }
  })
  const other = arrive(OTHER)
  for (const body of ['at once', 'once more']) expect((await other.response(other.send({ body }))).status).toBe(506)
  expect([session.state, await peer.all()]).toEqual(['open', []])
})
