// Tests of sessions that run in Node and in a browser, over WebSockets through a real relay: see ../everywhere.test.ts and
// ../everywhere.long.test.ts. Nothing is imported here but types, so that a page can load this file as it is, types stripped.

import type {
  Endpoint as BrowserEndpoint,
  IncomingMessage,
  OutgoingMessage,
  Session,
  SessionOptions,
} from 'msrp/browser'

/** What a test gets. */
export interface Place {
  /** That of `msrp` or of `msrp/browser`. */
  readonly Endpoint: typeof BrowserEndpoint
  /** The relay's URL, and two of its users. */
  readonly url: string
  readonly users: readonly [User, User]
}

export interface User {
  readonly username: string
  readonly password: string
}

const KiB = 1024

/** Each test, by a sentence. It throws when it fails. */
export const tests: Record<string, (place: Place) => Promise<void>> = {
  'texts arrive in both directions, in order, and their delivery is confirmed': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      for (const [from, to] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        const texts = ['Grüße', 'どうも', '', 'x'.repeat(2048), 'x'.repeat(2049)]
        const sent = texts.map((text) => from.send(text))
        for (const text of texts) {
          const message = await next(to)
          equal(message.contentType, 'text/plain;charset=utf-8')
          equal(await message.text(), text)
        }
        await Promise.all(sent.map(({ delivered }) => delivered))
      }
    }),

  'a large body arrives whole, and its progress is shown': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const bytes = pattern(3000 * KiB)
      const seen: { sent: number; confirmed: number; total: number | undefined }[] = []
      const sent = alice.send(bytes, { onProgress: (progress) => seen.push(progress) })
      const message = await next(bob)
      equal(message.size, bytes.length)
      same(await message.bytes(), bytes)
      await sent.delivered
      equal(seen.at(-1), { sent: bytes.length, confirmed: bytes.length, total: bytes.length })
      const confirmed = seen.map((progress) => progress.confirmed)
      equal(
        confirmed,
        confirmed.toSorted((one, other) => one - other),
      )
    }),

  'a text overtakes a large body': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const bytes = pattern(4000 * KiB)
      const overtaken = Promise.withResolvers<void>()
      const read = async (from: number, length: number): Promise<Uint8Array> => {
        if (from >= 2000 * KiB) await overtaken.promise
        return bytes.subarray(from, from + length)
      }
      const large = alice.send({ size: bytes.length, read })
      const reading = (await next(bob)).bytes()
      const text = alice.send('now')
      equal(await (await next(bob)).text(), 'now')
      await text.delivered
      equal(large.confirmed.contiguous < bytes.length, true)
      overtaken.resolve()
      equal((await reading).length, bytes.length)
      await large.delivered
    }),

  'a file arrives with its name, as a Blob with its type': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const bytes = pattern(300 * KiB)
      const file = new File([bytes.subarray(0, 1000), bytes.subarray(1000)], 'Straße "1".png', { type: 'image/png' })
      const sent = alice.send(file, { fileName: file.name })
      const message = await next(bob)
      equal(message.fileName, file.name)
      const blob = await message.blob()
      equal(blob.type, 'image/png')
      same(new Uint8Array(await blob.arrayBuffer()), bytes)
      await sent.delivered
    }),

  'a stream of unknown size comes out as a stream': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const bytes = pattern(500 * KiB)
      let given = 0
      const stream = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const piece = bytes.subarray(given, given + 7001)
          given += piece.length
          if (piece.length === 0) controller.close()
          else controller.enqueue(piece)
        },
      })
      const sent = alice.send(stream)
      const received: number[] = []
      const reader = (await next(bob)).stream().getReader()
      for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        if (value !== undefined) for (const byte of value) received.push(byte)
      }
      same(Uint8Array.from(received), bytes)
      await sent.delivered
      equal(sent.total, bytes.length)
    }),

  'a reader that takes its time loses nothing': (place) =>
    withSessions(place, { limits: { window: 64 * KiB } }, async (alice, bob) => {
      const sent = alice.send(pattern(1000 * KiB))
      let size = 0
      const reader = (await next(bob)).stream().getReader()
      for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        size += value?.length ?? 0
        if (size % 5 === 0) await new Promise((resolve) => setTimeout(resolve))
      }
      equal(size, 1000 * KiB)
      await sent.delivered
    }),

  'a body is written to a sink, and is delivered once that has it': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const bytes = pattern(200 * KiB)
      const written = new Uint8Array(bytes.length)
      let finished = false
      const sent = alice.send(bytes)
      const confirmed = sent.delivered.then(() => equal(finished, true))
      await (await next(bob)).saveTo({
        write: async (position, piece) => written.set(piece, position),
        finish: async () => {
          finished = true
        },
        discard: async () => {},
      })
      same(written, bytes)
      await confirmed
    }),

  'a message that its receiver refuses fails with the status': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const sent = alice.send(pattern(2000 * KiB))
      const message = await next(bob)
      message.refuse(413)
      await fails(sent.delivered, 'refused', 413)
      await fails(message.bytes(), 'aborted')
    }),

  'a type that is not taken, and a message that the application does not want, are refused': (place) =>
    withSessions(
      place,
      { acceptTypes: ['text/plain'], onRequest: (_, bytes) => (bytes[0] === 33 ? 403 : 'accept') },
      async (alice, bob) => {
        await fails(alice.send('<p>', { contentType: 'text/html' }).delivered, 'refused', 415)
        await fails(alice.send('!').delivered, 'refused', 403)
        const sent = alice.send('?')
        equal(await (await next(bob)).text(), '?')
        await sent.delivered
      },
    ),

  'a message that its sender abandons fails on both sides, and the session goes on': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const controller = new AbortController()
      const sent = alice.send(endless(), { signal: controller.signal })
      const reading = (await next(bob)).bytes()
      controller.abort()
      await fails(sent.delivered, 'aborted')
      await fails(reading, 'aborted')
      const text = alice.send('still here')
      equal(await (await next(bob)).text(), 'still here')
      await text.delivered
    }),

  'a session that is closed ends in order, and takes nothing more': (place) =>
    withSessions(place, {}, async (alice, bob) => {
      const last: OutgoingMessage = alice.send('bye')
      const received = next(bob).then((message) => message.text())
      await last.delivered
      await alice.close()
      equal(await received, 'bye')
      equal(await alice.closed, { by: 'local' })
      equal(alice.state, 'closed')
      await fails(alice.send('too late').delivered, 'closed')
      for await (const _ of alice) throw new Error('a message came out of a session that has ended')
    }),

  'a wrong password is told as such': async ({ Endpoint, url, users: [{ username }] }) => {
    const endpoint = new Endpoint()
    const relay = { uri: url, username, password: 'wrong' }
    await fails(endpoint.prepare({ relay }), 'unauthorized')
    await endpoint.close()
  },

  'a peer that is not there is told as such': async ({ Endpoint, url, users: [user] }) => {
    const endpoint = new Endpoint()
    const prepared = await endpoint.prepare({ relay: { uri: url, ...user } })
    const gone = prepared.localPath
    await prepared.close()
    await fails(endpoint.connect({ relay: { uri: url, ...user }, path: gone }), 'refused', 481)
    await endpoint.close()
  },
}

/** A session of one user with the other, whose side of it has the options. */
async function withSessions(
  { Endpoint, url, users }: Place,
  options: SessionOptions,
  test: (alice: Session, bob: Session) => Promise<void>,
): Promise<void> {
  const endpoints = [new Endpoint(), new Endpoint()] as const
  const [toAlice, toBob] = users.map((user) => ({ uri: url, ...user }))
  if (toAlice === undefined || toBob === undefined) throw new Error('two users are needed')
  try {
    const prepared = await endpoints[1].prepare({ ...options, relay: toBob, remotePath: 'first' })
    const alice = await endpoints[0].connect({ relay: toAlice, path: prepared.localPath })
    const { value: bob } = await prepared.sessions().next()
    await test(alice, bob)
  } finally {
    await Promise.all(endpoints.map((endpoint) => endpoint.close()))
  }
}

async function next(session: Session): Promise<IncomingMessage> {
  const { value, done } = await session[Symbol.asyncIterator]().next()
  if (done) throw new Error('the session ended before a message came')
  return value
}

/** Bytes that show when they are in the wrong place. */
function pattern(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8) * 17) & 0xff)
}

/** A body that goes on until nobody wants it any more. */
async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield pattern(10 * KiB)
    await new Promise((resolve) => setTimeout(resolve))
  }
}

function equal(actual: unknown, expected: unknown): void {
  const [one = '', other = ''] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (one !== other) throw new Error(`${one.slice(0, 200)} came, where ${other.slice(0, 200)} was expected`)
}

function same(actual: Uint8Array, expected: Uint8Array): void {
  equal(actual.length, expected.length)
  const wrong = actual.findIndex((byte, index) => byte !== expected[index])
  if (wrong !== -1) throw new Error(`the byte at ${wrong} is another one`)
}

async function fails(promise: Promise<unknown>, code: string, status?: number): Promise<void> {
  const error: { code?: string; status?: number } = await promise.then(
    () => ({ code: 'none' }),
    (reason) => reason,
  )
  equal([error.code, status === undefined ? undefined : error.status], [code, status])
}
