import { describe, expect, test } from 'vitest'
import { ResumingSession } from '../../src/resuming/index.ts'
import type { IncomingMessage, OutgoingMessage, Session } from '../../src/session/api.ts'
import type { MessageBody } from '../../src/session/body.ts'
import type { FileSink } from '../../src/session/platform.ts'
import { MemoryFile } from '../session/memory-platform.ts'
import { settled } from '../session/raw-peer.ts'
import { failure, nextMessage, pattern, waiting } from '../session/stage.ts'
import { collect, type ResumingStage, resumingStage, type Watch } from './resuming-stage.ts'

const MIB = 1024 * 1024

/** Both send texts and a longer message; the connection is cut at the so many-th write of the side. */
async function conversation(side: 'near' | 'far', write: number): Promise<{ cuts: number; writes: number }> {
  let writes = 0
  let cuts = 0
  const watch: Watch = (from, _, cable) => {
    if (from !== side || cable > 0 || ++writes !== write) return undefined
    cuts++
    return 'cut'
  }
  const stage = resumingStage({ watch })
  const { alice, bob } = stage
  const heard = [collect(bob), collect(alice)] as const
  const long = 'long '.repeat(2_000)
  const texts = ['one', 'two', long, 'three', 'four']
  const sent = [alice, bob].flatMap((from) => texts.map((text) => from.send(text)))
  await stage.until(() => alice.statistics.unconfirmed.messages + bob.statistics.unconfirmed.messages === 0)
  await Promise.all(sent.map(({ delivered }) => delivered))
  await settled()
  expect(heard[0]).toEqual(texts)
  expect(heard[1]).toEqual(texts)
  await stage.close()
  expect(stage.clock.pending).toBe(0)
  return { cuts, writes }
}

/** Cuts each cable once so many bytes have gone over it from that side: the first after the first number, and so on. */
function cutAfter(side: 'near' | 'far', ...limits: number[]): Watch {
  const passed: number[] = []
  return (from, text, cable) => {
    if (from !== side) return undefined
    passed[cable] = (passed[cable] ?? 0) + text.length
    return passed[cable] > (limits[cable] ?? Number.POSITIVE_INFINITY) ? 'cut' : undefined
  }
}

/** Bytes that are one character each as text, so that they can be counted on the wire. */
function letters(size: number): Uint8Array {
  return pattern(size).map((byte) => 97 + (byte % 26))
}

/** Alice sends, Bob reads, and the cable is cut twice in the middle. */
async function transfer(
  body: MessageBody,
  read: (message: IncomingMessage) => Promise<Uint8Array>,
  watch: Watch = cutAfter('near', 1.3 * MIB, 0.7 * MIB),
): Promise<{ stage: ResumingStage; sent: OutgoingMessage; received: Uint8Array; ranges: string[] }> {
  const ranges: string[] = []
  const stage = resumingStage({
    watch: (from, text, cable) => {
      const [, range] =
        /^Byte-Range: (\S+)$/m.exec(from === 'near' && text.includes(' SEND\r\n') ? text.replaceAll('\r', '') : '') ??
        []
      if (range !== undefined && !range.endsWith('/0')) ranges.push(`${cable}: ${range}`)
      return watch(from, text, cable)
    },
  })
  const sent = stage.alice.send(body)
  let received: Uint8Array | undefined
  void nextMessage(stage.bob)
    .then(read)
    .then((bytes) => {
      received = bytes
    })
  await stage.until(() => received !== undefined)
  await stage.until(() => stage.alice.statistics.unconfirmed.messages === 0)
  await sent.delivered
  await stage.close()
  expect(stage.clock.pending).toBe(0)
  return { stage, sent, received: received!, ranges }
}

async function streamed(message: IncomingMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of message.stream()) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

async function saved(message: IncomingMessage): Promise<Uint8Array> {
  const file = new MemoryFile('saved')
  expect(await message.saveTo(file)).toBe(file.path)
  expect(file.state).toBe('finished')
  return file.bytes
}

async function asBlob(message: IncomingMessage): Promise<Uint8Array> {
  return new Uint8Array(await (await message.blob()).arrayBuffer())
}

describe('Whenever the connection is lost, every message arrives once and in order, and delivered resolves (RFC4975-5.4-16, RFC4975-5.4-18, RFC4975-5.4-21)', () => {
  test.each(['near', 'far'] as const)('at each write of the %s side', async (side) => {
    const { writes } = await conversation(side, Number.POSITIVE_INFINITY)
    expect(writes).toBeGreaterThan(10)
    for (let write = 1; write <= writes; write++) expect(await conversation(side, write)).toMatchObject({ cuts: 1 })
  })
})

describe('A message that is cut in the middle of a chunk, twice,', () => {
  const bytes = letters(3 * MIB)
  const readers: [string, (message: IncomingMessage) => Promise<Uint8Array>][] = [
    ['read whole', (message) => message.bytes()],
    ['streamed', streamed],
    ['saved', saved],
    ['as a Blob', asBlob],
  ]
  test.each(readers)('comes through to one reader: %s (RFC4975-5.4-22)', async (_, read) => {
    const { received, stage } = await transfer(bytes, read)
    expect(Buffer.compare(received, bytes)).toBe(0)
    expect(stage.cables.length).toBe(3)
  })

  test('goes on after what is confirmed, with the same Message-ID (RFC4975-5.4-19)', async () => {
    const reads: number[] = []
    const body = {
      size: bytes.length,
      read: async (position: number, length: number) => {
        reads.push(position)
        return bytes.slice(position, position + length)
      },
    }
    const slow: Watch = cutAfter('near', 2.5 * MIB)
    const { received, ranges, stage, sent } = await transfer(body, streamed, slow)
    expect(Buffer.compare(received, bytes)).toBe(0)
    const [first, second = ''] = ranges.filter((range, index) => range[0] !== ranges[index - 1]?.[0])
    expect(first).toBe(`0: 1-*/${bytes.length}`)
    expect(second).toMatch(/^1: /)
    expect(sent.confirmed.contiguous).toBe(bytes.length)
    expect(stage.alice.statistics.resentBytes).toBeGreaterThan(0)
  })

  test('closes its body once, at the very end', async () => {
    let closed = 0
    const body = {
      size: bytes.length,
      read: async (at: number, length: number) => {
        expect(closed).toBe(0)
        return bytes.slice(at, at + length)
      },
      close: () => void closed++,
    }
    await transfer(body, streamed)
    expect(closed).toBe(1)
  })

  test.each([
    ['a stream', (size: number) => stream(bytes.subarray(0, size))],
    ['a stream of known size', (size: number) => ({ stream: stream(bytes.subarray(0, size)), size })],
  ])('may be %s, while what is not confirmed can be held', async (_, body) => {
    const { received } = await transfer(body(3 * MIB), streamed)
    expect(Buffer.compare(received, bytes)).toBe(0)
  })

  test('fails when it is a stream of which more than that is not confirmed, and the next message goes out', async () => {
    const stage = resumingStage({ watch: cutAfter('near', 2 * MIB), alice: { streamMemory: MIB } })
    const sent = stage.alice.send(stream(bytes))
    const reading = failure(nextMessage(stage.bob).then((message) => message.bytes()))
    const error = failure(sent.delivered)
    await stage.until(() => stage.cables.length === 2)
    expect(await error).toMatchObject({ code: 'connection-lost', message: expect.stringContaining('streamMemory') })
    await stage.clock.advance(60_000)
    expect(await reading).toMatchObject({ code: 'connection-lost' })
    const next = stage.alice.send('next')
    expect(await (await nextMessage(stage.bob)).text()).toBe('next')
    await next.delivered
    await stage.close()
  })

  test('goes on in both directions at once', async () => {
    const stage = resumingStage({ watch: cutAfter('near', MIB, 1.5 * MIB) })
    const sent = [stage.alice.send(bytes), stage.bob.send(bytes)]
    const received: Uint8Array[] = []
    for (const side of [stage.alice, stage.bob]) {
      void nextMessage(side).then(async (message) => received.push(await message.bytes()))
    }
    await stage.until(() => received.length === 2)
    await stage.until(
      () => stage.alice.statistics.unconfirmed.messages + stage.bob.statistics.unconfirmed.messages === 0,
    )
    await Promise.all(sent.map(({ delivered }) => delivered))
    expect(received.every((it) => Buffer.compare(it, bytes) === 0)).toBe(true)
    await stage.close()
  })
})

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000)
}

describe('A message that is coming in when the connection is lost', () => {
  /** Half of a message is there, and the rest waits for `more`. */
  async function half(
    options: Parameters<typeof resumingStage>[0] = {},
  ): Promise<{ stage: ResumingStage; message: IncomingMessage; sent: OutgoingMessage; more: () => void }> {
    const stage = resumingStage(options)
    const { promise, resolve } = Promise.withResolvers<void>()
    let waits = true
    const more = (): void => {
      waits = false
      resolve()
    }
    const sent = stage.alice.send({
      size: 100_000,
      read: async (at, length) => {
        if (at >= 50_000) await promise
        return letters(100_000).subarray(at, waits ? Math.min(at + length, 50_000) : at + length)
      },
    })
    const message = await nextMessage(stage.bob)
    await stage.until(() => message.received === 50_000)
    return { stage, message, sent, more }
  }

  test('can be read first when it has come back', async () => {
    const { stage, message, more } = await half()
    stage.cut()
    await stage.until(() => stage.cables.length === 2)
    more()
    await stage.until(() => message.received === 100_000)
    expect(await message.text()).toBe(Buffer.from(letters(100_000)).toString())
    await message.complete
    await stage.close()
  })

  test.each([
    ['kept', 600_000],
    ['not kept, so that they come again', 0],
  ])('has no bytes twice for a reader who had some, which are %s', async (_, resumeFor) => {
    const { stage, message, more } = await half({ endpoint: { resumeFor } })
    const reader = message.stream().getReader()
    let text = ''
    const read = async (): Promise<void> => {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        text += Buffer.from(piece.value).toString()
      }
    }
    const reading = read()
    await settled()
    stage.cut()
    more()
    await stage.until(() => text.length >= 100_000)
    await reading
    expect(text).toBe(Buffer.from(letters(100_000)).toString())
    await stage.close()
  })

  test('is refused when it comes back to somebody who does not want it any more', async () => {
    const { stage, message, sent, more } = await half()
    stage.cut()
    await settled()
    message.refuse(413, 'no longer')
    more()
    expect(await failure(message.complete)).toMatchObject({ code: 'aborted' })
    await stage.until(() => stage.cables.length === 2)
    expect(await failure(sent.delivered)).toMatchObject({ code: 'refused', status: 413 })
    await stage.close()
  })

  test('is given up when its rest does not come in time', async () => {
    const { stage, message, sent } = await half({ bob: { continueWithin: 5_000 } })
    const reading = failure(message.text())
    sent.abort()
    stage.cut()
    await settled()
    await stage.until(() => stage.cables.length === 2)
    await stage.clock.advance(5_000)
    expect(await reading).toMatchObject({ code: 'connection-lost', message: expect.stringContaining('5000 ms') })
    await stage.close()
  })

  test('is given up when saving it is, and nothing of it stays', async () => {
    const { stage, message } = await half()
    const controller = new AbortController()
    const file = new MemoryFile('half')
    const saving = failure(message.saveTo(file, { signal: controller.signal }))
    await settled()
    stage.cut()
    await settled()
    expect(file.state).toBe('open')
    controller.abort()
    expect(await saving).toMatchObject({ code: 'aborted' })
    expect(file.state).toBe('discarded')
    await stage.close()
  })

  test('fails when the session is closed before it comes back', async () => {
    const { stage, message } = await half()
    const reading = failure(message.bytes())
    stage.cut()
    await settled()
    await stage.bob.close()
    expect(await reading).toMatchObject({ code: 'closed' })
    await stage.close()
  })

  test('fails, and its sender is told, when nothing was kept of what was confirmed', async () => {
    const bytes = letters(3 * MIB)
    const stage = resumingStage({ endpoint: { resumeFor: 0 }, watch: cutAfter('near', 2.8 * MIB) })
    let more = false
    const sent = stage.alice.send({
      size: bytes.length,
      read: async (at, length) => {
        while (!more && at >= 2 * MIB) await settled(1)
        return bytes.slice(at, at + length)
      },
    })
    const reading = failure(nextMessage(stage.bob).then(streamed))
    await stage.until(() => sent.confirmed.contiguous > 0)
    more = true
    await stage.until(() => stage.cables.length === 2)
    const refused = failure(sent.delivered)
    await stage.until(() => stage.alice.statistics.unconfirmed.messages === 0)
    expect(await reading).toMatchObject({ code: 'connection-lost', message: expect.stringContaining('resumeFor') })
    expect(await refused).toMatchObject({ code: 'refused', status: 413 })
    await stage.close()
  })

  test('fails when it comes back with another Content-Type, under which nobody has looked at it', async () => {
    const stage = await waiting({}, { resumeFor: 60_000 })
    const { clock, random } = stage.platform
    const next = async (): Promise<Session> => (await stage.prepared.sessions().next()).value as Session
    const session = new ResumingSession({ clock, random, next })
    const peer = stage.arrive()
    peer.send({ messageId: 'disguised', type: 'message/cpim', body: '12345', range: '1-5/10', flag: '+' })
    const reading = failure((await nextMessage(session)).bytes())
    peer.transport.destroy()
    await settled()
    const again = stage.arrive()
    again.send({ messageId: 'disguised', type: 'text/plain', body: '1234567890' })
    await clock.advance(5_000)
    expect((await again.request('REPORT')).field('Status')).toMatch(/^000 413/)
    expect(await reading).toMatchObject({ code: 'connection-lost', message: expect.stringContaining('text/plain') })
    again.send({ body: 'Hello' })
    expect(await (await nextMessage(session)).text()).toBe('Hello')
    await session.close()
    await stage.endpoint.close()
  })

  test('goes on in the sink of somebody else, if that can be read', async () => {
    const bytes = letters(3 * MIB)
    const file = new MemoryFile('own')
    const sink: FileSink = {
      write: (at, piece) => file.write(at, piece),
      read: (at, length) => file.read(at, length),
      finish: () => file.finish(),
      discard: () => file.discard(),
    }
    await transfer(bytes, async (message) => {
      await message.saveTo(sink)
      return file.bytes
    })
    expect([file.state, Buffer.compare(file.bytes, bytes)]).toEqual(['finished', 0])
  })
})
