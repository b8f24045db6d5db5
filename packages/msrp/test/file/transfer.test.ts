import { afterEach, describe, expect, test } from 'vitest'
import {
  type LocalFile,
  type ReceiveFileOptions,
  receiveFile,
  selectorOf,
  sendFile,
  withHashes,
} from '../../src/file/index.ts'
import { fileHash } from '../../src/node/index.ts'
import { settled } from '../session/raw-peer.ts'
import { type Both, both, failure, nextMessage, passive, pattern, stateOf } from '../session/stage.ts'
import { uncaught } from '../session/uncaught.ts'
import { MemoryTarget } from './memory-target.ts'

const bytes = pattern(300_000)
const from = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }

let stage: Both | undefined
afterEach(() => stage?.close())

async function sessions(options: Parameters<typeof both>[0] = {}): Promise<Both> {
  stage = await both(options)
  return stage
}

async function picture(more: Partial<LocalFile> = {}): Promise<LocalFile> {
  const file = { body: bytes, name: 'My cool picture.jpg', type: 'image/jpeg', ...more }
  return withHashes(file, { createHash: fileHash })
}

function receiving(file: LocalFile, more: Partial<ReceiveFileOptions> = {}): ReceiveFileOptions {
  return { selector: selectorOf(file), createHash: fileHash, ...more }
}

describe('a file over a session', () => {
  test.each([
    ['as it is', {}],
    ['in an envelope', { cpim: from }],
  ])(
    'arrives whole, is verified and gets its name: %s (RFC5547-8.7-8, RFC5547-8.7-10, RFC5547-8.3.1-7)',
    async (_, how) => {
      const { sender, receiver } = await sessions()
      const modification = new Date('2026-01-02T03:04:05Z')
      const file = await picture({ dates: { modification }, disposition: 'render' })
      const target = new MemoryTarget()
      const received = receiveFile(receiver, target, receiving(file))
      const sending = sendFile(sender, file, how)
      await sending.delivered
      expect(await received).toEqual({
        name: 'My cool picture.jpg',
        type: 'image/jpeg',
        size: bytes.length,
        hashes: file.hashes,
        dates: { modification },
        disposition: 'render',
        complete: true,
        result: 'memory',
      })
      expect(target.state).toBe('finished')
      expect(Buffer.compare(target.bytes, bytes)).toBe(0)
      expect(target.facts).toMatchObject({ dates: { modification } })
      expect(sending.confirmed).toBe(bytes.length)
    },
  )

  test('arrives although what its progress is told to throws', async () => {
    const thrown = uncaught()
    const { sender, receiver } = await sessions()
    const file = await picture()
    const mistake = new TypeError('label is null')
    const onProgress = (): never => {
      throw mistake
    }
    const received = receiveFile(receiver, new MemoryTarget(), receiving(file, { onProgress }))
    await sendFile(sender, file).delivered
    expect((await received).complete).toBe(true)
    expect(new Set(thrown)).toEqual(new Set([mistake]))
  })

  test('is one message, however many chunks it takes (RFC5547-8.7-5)', async () => {
    const { sender, receiver } = await sessions({ sender: { chunkSize: 20_000 } })
    const file = await picture()
    const received = receiveFile(receiver, new MemoryTarget(), receiving(file))
    const sending = sendFile(sender, file)
    await sending.delivered
    expect(sending.message.total).toBe(bytes.length)
    expect((await received).complete).toBe(true)
  })

  test('carries the facts of its description in Content-Disposition (RFC5547-6-3, RFC5547-6-7, RFC5547-6-10)', async () => {
    const { sender, receiver } = await sessions()
    sendFile(sender, await picture({ disposition: 'attachment' }))
    const message = await nextMessage(receiver)
    expect(message.disposition).toBe('attachment; filename="My cool picture.jpg"; size=300000')
    message.refuse()
  })

  test('carries its dates as file-date has them (RFC5547-6-14, RFC5547-6-17, RFC5547-6-20)', async () => {
    const { sender, receiver } = await sessions()
    const [creation, modification, read] = [1, 2, 3].map((day) => new Date(`2026-01-0${day}T00:00:00Z`))
    sendFile(sender, await picture({ dates: { creation, modification, read } as LocalFile['dates'] }))
    const message = await nextMessage(receiver)
    expect(message.disposition).toBe(
      'attachment; filename="My cool picture.jpg"; creation-date="Thu, 01 Jan 2026 00:00:00 +0000"; ' +
        'modification-date="Fri, 02 Jan 2026 00:00:00 +0000"; read-date="Sat, 03 Jan 2026 00:00:00 +0000"; size=300000',
    )
    message.refuse()
  })

  test('an empty one arrives, too', async () => {
    const { sender, receiver } = await sessions()
    const file = await picture({ body: new Uint8Array(0) })
    const target = new MemoryTarget()
    const received = receiveFile(receiver, target, receiving(file))
    await sendFile(sender, file).delivered
    expect(await received).toMatchObject({ size: 0, complete: true })
  })

  test('progress counts bytes of the file, on both sides and also in an envelope', async () => {
    const { sender, receiver } = await sessions()
    const file = await picture()
    const seen: { side: string; bytes: number }[] = []
    const note = (side: string) => (progress: { bytes: number }) => seen.push({ side, bytes: progress.bytes })
    const received = receiveFile(receiver, new MemoryTarget(), receiving(file, { onProgress: note('in') }))
    const half = { start: 1, stop: bytes.length }
    await sendFile(sender, file, { range: half, cpim: from, onProgress: note('out') }).delivered
    await received
    for (const side of ['in', 'out']) {
      const counts = seen.filter((one) => one.side === side).map((one) => one.bytes)
      expect(counts.at(-1)).toBe(bytes.length)
      expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    }
  })
})

describe('a part of a file', () => {
  test('brings the bytes of the range, both ends included, as a message of its own (RFC5547-8.7-9)', async () => {
    const { sender, receiver } = await sessions()
    sendFile(sender, await picture(), { range: { start: 11, stop: 20 } })
    const message = await nextMessage(receiver)
    expect(message.size).toBe(10)
    expect(await message.bytes()).toEqual(bytes.slice(10, 20))
  })

  test.each([
    ['as it is', {}],
    ['in an envelope', { cpim: from }],
  ])('completes what is there already, and the hash is that of the whole: %s', async (_, how) => {
    const { sender, receiver } = await sessions()
    const file = await picture()
    const target = new MemoryTarget({ stored: bytes.slice(0, 100_000) })
    const range = { start: 100_001 }
    const received = receiveFile(receiver, target, receiving(file, { range }))
    await sendFile(sender, file, { range, ...how }).delivered
    expect(await received).toMatchObject({ complete: true, size: bytes.length, hashes: file.hashes })
    expect(Buffer.compare(target.bytes, bytes)).toBe(0)
  })

  test('of which something was there already replaces that', async () => {
    const { sender, receiver } = await sessions()
    const file = await picture()
    const target = new MemoryTarget({ stored: bytes.slice(0, 100_000) })
    const range = { start: 50_001 }
    const received = receiveFile(receiver, target, receiving(file, { range }))
    await sendFile(sender, file, { range }).delivered
    expect((await received).complete).toBe(true)
  })

  test('that completes something else is found out, and all of it goes', async () => {
    const { sender, receiver } = await sessions()
    const file = await picture()
    const target = new MemoryTarget({ stored: pattern(100_000, 7) })
    const range = { start: 100_001 }
    const received = receiveFile(receiver, target, receiving(file, { range }))
    const sending = sendFile(sender, file, { range })
    expect(await failure(received)).toMatchObject({ code: 'file-mismatch' })
    expect(await failure(sending.delivered)).toMatchObject({ code: 'refused', status: 413 })
    expect(target.state).toBe('discarded')
  })

  test('that ends in the middle is kept for the next one', async () => {
    const { sender, receiver } = await sessions()
    const file = await picture()
    const target = new MemoryTarget()
    const range = { start: 1, stop: 1000 }
    const received = receiveFile(receiver, target, receiving(file, { range }))
    await sendFile(sender, file, { range }).delivered
    expect(await received).toMatchObject({ complete: false, size: 1000, hashes: [] })
    expect(target.state).toBe('suspended')
  })

  test('that would leave a hole is not received', async () => {
    const { receiver } = await sessions()
    const target = new MemoryTarget({ stored: bytes.slice(0, 10) })
    const received = receiveFile(receiver, target, receiving(await picture(), { range: { start: 12 } }))
    expect(await failure(received)).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/only 10/),
    })
  })

  test('that the file does not have is not sent', async () => {
    const { sender } = await sessions()
    const file = await picture()
    expect(() => sendFile(sender, file, { range: { start: 300_002 } })).toThrow(/not in a file of 300000 bytes/)
    expect(() => sendFile(sender, file, { range: { start: 1, stop: 300_001 } })).toThrow(/not in a file/)
  })
})

describe('a file that its sender describes in other words with its bytes', () => {
  test('is taken where its hash decides', async () => {
    const { sender, receiver } = await sessions()
    const file = await picture()
    const received = receiveFile(receiver, new MemoryTarget(), receiving(file))
    await sendFile(sender, { ...file, name: 'renamed.jpg', type: 'image/jpg' }).delivered
    expect(await received).toMatchObject({ name: 'My cool picture.jpg', complete: true })
  })

  test.each([
    ['percent signs', 'My%20cool%20picture.jpg'],
    ['Base64 (RFC 2047)', '=?UTF-8?B?TXkgY29vbCA=?= =?utf-8?b?cGljdHVyZS5qcGc=?='],
    ['Q (RFC 2047)', '=?utf-8?Q?My_cool_pictur=65=2Ejpg?='],
  ])('is taken without a hash when only its name is spelt with %s', async (_, name) => {
    const { sender, receiver } = await sessions()
    const file = { body: bytes, name: 'My cool picture.jpg', type: 'image/jpeg' }
    const received = receiveFile(receiver, new MemoryTarget(), receiving(file))
    await sendFile(sender, { ...file, name }).delivered
    expect(await received).toMatchObject({ name: 'My cool picture.jpg', complete: true })
  })
})

describe('what is not the file that was described is refused with 413 and does not get its name', () => {
  const other = { algorithm: 'sha-1', digest: '0'.repeat(40) }
  test.each<[string, Partial<ReceiveFileOptions['selector']>, RegExp]>([
    [
      'another hash (RFC5547-8.2.2-6, RFC5547-8.2.2-7, RFC5547-8.3.1-8)',
      { hashes: [other] },
      /its sha-1 is [0-9a-f]{40}, not 0{40}/,
    ],
    ['a smaller size (RFC5547-8.2.2-8, RFC5547-8.3.1-9, RFC5547-8.3.1-10)', { size: 299_999 }, /300000/],
    ['a larger size', { size: 300_001 }, /300000/],
    ['another type', { type: 'image/png', hashes: [] }, /its type is image\/jpeg, not image\/png/],
    ['another name', { name: 'budget.xls', hashes: [] }, /another name/],
  ])('%s', async (_, wrong, message) => {
    for (const how of [{}, { cpim: from }]) {
      const { sender, receiver } = await sessions()
      const file = await picture()
      const target = new MemoryTarget()
      const received = receiveFile(receiver, target, receiving(file, { selector: { ...selectorOf(file), ...wrong } }))
      const sending = sendFile(sender, file, how)
      expect(await failure(received)).toMatchObject({ code: 'file-mismatch', message: expect.stringMatching(message) })
      expect(await failure(sending.delivered)).toMatchObject({ code: 'refused', status: 413 })
      expect(target.state).not.toBe('finished')
      expect(target.bytes).toHaveLength(0)
    }
  })

  test('and found out before a byte of it was stored, it leaves what an earlier transfer brought', async () => {
    const { sender, receiver } = await sessions()
    const file = await picture()
    const target = new MemoryTarget({ stored: bytes.slice(0, 1000) })
    const range = { start: 1001 }
    const received = receiveFile(receiver, target, receiving(file, { range }))
    sendFile(sender, { ...file, body: bytes.slice(1) }, { range })
    expect(await failure(received)).toMatchObject({ code: 'file-mismatch' })
    expect(target.state).toBe('suspended')
    expect(target.bytes).toEqual(bytes.slice(0, 1000))
  })

  test('more bytes than were described are not even stored', async () => {
    const { session, peer } = await passive()
    const target = new MemoryTarget()
    const received = receiveFile(session, target, { selector: { size: 10 }, createHash: fileHash })
    const chunk = { messageId: 'toolong1', body: 'x'.repeat(11), type: 'application/octet-stream', flag: '+' } as const
    peer.send({ ...chunk, range: '1-*/*' })
    expect(await failure(received)).toMatchObject({ code: 'file-mismatch' })
    expect(await peer.response(peer.send({ ...chunk, range: '12-*/*' }))).toMatchObject({ status: 413 })
    expect(target.bytes).toHaveLength(0)
  })

  test('of a file whose size nobody said, only so much is taken (RFC5547-10-6)', async () => {
    const { sender, receiver } = await sessions()
    const target = new MemoryTarget()
    const received = receiveFile(receiver, target, { createHash: fileHash, maxSize: 1000 })
    const sending = sendFile(sender, { body: bytes })
    expect(await failure(received)).toMatchObject({ status: 413 })
    expect(await failure(sending.delivered)).toMatchObject({ status: 413 })
  })

  test('a file that is described as too large is not waited for', async () => {
    const { receiver } = await sessions()
    const received = receiveFile(receiver, new MemoryTarget(), {
      selector: { size: 11 },
      createHash: fileHash,
      maxSize: 10,
    })
    expect(await failure(received)).toMatchObject({ code: 'too-large' })
  })

  test('a hash function that is not known here cannot be compared and does no harm', async () => {
    const { sender, receiver } = await sessions()
    const unknown = { algorithm: 'sha3-512', digest: 'ab' }
    const received = receiveFile(receiver, new MemoryTarget(), {
      selector: { hashes: [unknown] },
      createHash: fileHash,
    })
    await sendFile(sender, await picture()).delivered
    expect(await received).toMatchObject({ hashes: [], complete: true })
  })

  test('a name that a peer spells in ASCII is the same', async () => {
    const { session, peer } = await passive()
    const target = new MemoryTarget()
    const received = receiveFile(session, target, { selector: { name: 'Grüße.txt' }, createHash: fileHash })
    peer.send({ body: 'hello', fields: ['Content-Disposition: attachment; filename="Gr__e.txt"'] })
    expect((await received).name).toBe('Grüße.txt')
  })
})

describe('bytes that come out of order', () => {
  async function shuffled(target: MemoryTarget, wrong = false): Promise<unknown> {
    const { session, peer } = await passive()
    const body = pattern(3000)
    const file = await withHashes({ body, name: 'a' }, { createHash: fileHash })
    const received = receiveFile(session, target, { selector: selectorOf(file), createHash: fileHash })
    received.catch(() => {})
    const chunk = (start: number, flag: '+' | '$'): string =>
      peer.send({
        messageId: 'shuffled1',
        type: 'application/octet-stream',
        body: wrong ? pattern(1000, start) : body.slice(start, start + 1000),
        range: `${start + 1}-${start + 1000}/3000`,
        flag,
      })
    for (const [start, flag] of [
      [2000, '$'],
      [0, '+'],
      [1000, '+'],
    ] as const) {
      chunk(start, flag)
      await settled()
    }
    return received.catch((error: unknown) => error)
  }

  test('are put where they belong, and the hash is taken from the whole', async () => {
    const target = new MemoryTarget()
    expect(await shuffled(target)).toMatchObject({ complete: true, size: 3000 })
    expect(Buffer.compare(target.bytes, pattern(3000))).toBe(0)
  })

  test('and are wrong are found out', async () => {
    expect(await shuffled(new MemoryTarget(), true)).toMatchObject({ code: 'file-mismatch' })
  })

  test('cannot be verified where nothing can be read back, so they are not taken', async () => {
    expect(await shuffled(new MemoryTarget({ readable: false }))).toMatchObject({ code: 'storage' })
  })
})

describe('giving up', () => {
  const slow = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.slice(0, 5000)
    await new Promise(() => {})
  }

  async function underWay(more: Partial<ReceiveFileOptions>) {
    const { sender, receiver } = await sessions()
    const target = new MemoryTarget()
    const begun = Promise.withResolvers<void>()
    const received = receiveFile(receiver, target, {
      createHash: fileHash,
      onProgress: () => begun.resolve(),
      ...more,
    })
    received.catch(() => {})
    const sending = sendFile(sender, { body: slow(), name: 'a' })
    await begun.promise
    return { sender, receiver, target, received, sending }
  }

  test('a receiver that cancels answers 413, and nothing stays', async () => {
    const cancel = new AbortController()
    const { received, sending, target } = await underWay({ signal: cancel.signal })
    cancel.abort()
    expect(await failure(received)).toMatchObject({ code: 'aborted' })
    expect(await failure(sending.delivered)).toMatchObject({ code: 'refused', status: 413 })
    expect(target.state).toBe('discarded')
  })

  test('a receiver that suspends keeps what is there', async () => {
    const suspend = new AbortController()
    const { received, sending, target } = await underWay({ suspend: suspend.signal })
    suspend.abort()
    expect(await failure(received)).toMatchObject({ code: 'aborted' })
    expect(await failure(sending.delivered)).toMatchObject({ status: 413 })
    expect(target.state).toBe('suspended')
    expect(target.bytes).toEqual(bytes.slice(0, target.bytes.length))
    expect(target.bytes.length).toBeGreaterThan(0)
  })

  test('a sender that gives up sends #, and what has come is kept', async () => {
    const { received, sending, target } = await underWay({})
    sending.abort()
    expect(await failure(received)).toMatchObject({ code: 'aborted' })
    expect(await failure(sending.delivered)).toMatchObject({ code: 'aborted' })
    expect(target.state).toBe('suspended')
  })

  test('a session that ends leaves what has come, too', async () => {
    const { sender, received, target } = await underWay({})
    await sender.close()
    await failure(received)
    expect(target.state).toBe('suspended')
  })

  test('one that ends before the file comes says so', async () => {
    const { sender, receiver } = await sessions()
    const received = receiveFile(receiver, new MemoryTarget(), { createHash: fileHash })
    await sender.close()
    expect(await failure(received)).toMatchObject({ code: 'closed' })
  })

  test('a receiver that cancels while it waits refuses what comes then', async () => {
    const { sender, receiver } = await sessions()
    const cancel = new AbortController()
    const received = receiveFile(receiver, new MemoryTarget(), { createHash: fileHash, signal: cancel.signal })
    cancel.abort()
    expect(await failure(received)).toMatchObject({ code: 'aborted' })
    expect(await failure(sendFile(sender, await picture()).delivered)).toMatchObject({ status: 413 })
  })
})

describe('a session that is for a file', () => {
  /** A file whose second half comes when it is let go. */
  async function halting(): Promise<{ file: LocalFile; release: () => void }> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      if (position >= 150_000) await promise
      return bytes.slice(position, position < 150_000 ? Math.min(position + length, 150_000) : position + length)
    }
    return { file: { ...(await picture()), body: { size: bytes.length, read } }, release: resolve }
  }

  test('brings one: other messages are refused, beside it and afterwards', async () => {
    const { sender, receiver } = await sessions()
    const { file, release } = await halting()
    const received = receiveFile(receiver, new MemoryTarget(), receiving(file))
    const sending = sendFile(sender, file)
    await settled()
    expect(await failure(sender.send('beside it').delivered)).toMatchObject({ code: 'refused', status: 403 })
    release()
    await sending.delivered
    expect(await received).toMatchObject({ complete: true })
    expect(await failure(sender.send('afterwards').delivered)).toMatchObject({ code: 'refused', status: 403 })
  })

  test('keeps nothing of them while what is there of the file is hashed', async () => {
    const { sender, receiver } = await sessions()
    const { file, release } = await halting()
    const target = new MemoryTarget({ stored: bytes.slice(0, 1000) })
    const { promise: hashed, resolve } = Promise.withResolvers<void>()
    const { read } = target
    target.read = async (position, length) => {
      await hashed
      return read!(position, length)
    }
    const range = { start: 1001 }
    const received = receiveFile(receiver, target, receiving(file, { range }))
    const sending = sendFile(sender, file, { range })
    await settled()
    expect(await failure(sender.send('more').delivered)).toMatchObject({ status: 403 })
    resolve()
    release()
    await sending.delivered
    expect(await received).toMatchObject({ complete: true })
  })

  test('refuses them also when no file is taken in the end', async () => {
    const { sender, receiver } = await sessions()
    const selector = { size: 11 }
    await failure(receiveFile(receiver, new MemoryTarget(), { selector, createHash: fileHash, maxSize: 10 }))
    expect(await failure(sendFile(sender, await picture()).delivered)).toMatchObject({ status: 413 })
    expect(await failure(sender.send('and this').delivered)).toMatchObject({ status: 403 })
  })

  test.each([
    [undefined, 60_000],
    [5_000, 5_000],
  ])('waits for it for so long: %s', async (beginsWithin, milliseconds) => {
    const { sender, receiver, clock } = await sessions()
    const target = new MemoryTarget()
    const received = receiveFile(receiver, target, { createHash: fileHash, clock, beginsWithin })
    await clock.advance(milliseconds - 1)
    expect(await stateOf(received)).toBe('pending')
    await clock.advance(1)
    expect(await failure(received)).toMatchObject({ code: 'timeout' })
    expect(target.state).toBe('suspended')
    expect(await failure(sendFile(sender, await picture()).delivered)).toMatchObject({ status: 413 })
  })

  test('measures no time once the file has begun', async () => {
    const { sender, receiver, clock } = await sessions()
    const { file, release } = await halting()
    const received = receiveFile(receiver, new MemoryTarget(), receiving(file, { clock, beginsWithin: 1000 }))
    const sending = sendFile(sender, file)
    await settled()
    await clock.advance(1000)
    release()
    await sending.delivered
    expect(await received).toMatchObject({ complete: true })
  })
})
