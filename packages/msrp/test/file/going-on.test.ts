import { afterEach, describe, expect, test } from 'vitest'
import {
  type FileSending,
  type LocalFile,
  type OfferedFile,
  type ReceivedFile,
  type ReceiveTransfer,
  receiveFile,
  type SendFileOptions,
  selectorOf,
  sendFile,
  withHashes,
} from '../../src/file/index.ts'
import { fileHash } from '../../src/node/index.ts'
import type { Session } from '../../src/session/api.ts'
import type { EndpointOptions, SessionOptions } from '../../src/session/options.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { type ResumingStage, resumingStage } from '../resuming/resuming-stage.ts'
import { settled } from '../session/raw-peer.ts'
import { failure, pattern } from '../session/stage.ts'
import { bytes, Call, giving, lines, picture, type SideOptions, taking } from './call.ts'
import { MemoryTarget } from './memory-target.ts'

let call: Call
afterEach(() => call.close())

describe('going on after a broken session', () => {
  /** A body whose second half comes only when it is let go. */
  function halting(): { body: LocalFile['body']; release: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      if (position >= 100_000) await promise
      return bytes.slice(position, Math.min(position + length, position < 100_000 ? 100_000 : bytes.length))
    }
    return { body: { size: bytes.length, read }, release: resolve }
  }

  async function broken(
    side: 'alice' | 'bob',
    {
      target = new MemoryTarget(),
      bob = {} as SideOptions,
      lose = (session: Session): unknown => session.close(),
    } = {},
  ): Promise<{ target: MemoryTarget; confirmed: number; file: LocalFile; receiving: ReceiveTransfer }> {
    const file = await picture()
    let receiving: ReceiveTransfer | undefined
    const { body } = halting()
    const begun = Promise.withResolvers<void>()
    const onProgress = ({ bytes: there }: { bytes: number }): void => void (there >= 90_000 && begun.resolve())
    const onOffered = (offer: OfferedFile): void => {
      receiving = offer.take(target, { onProgress })
    }
    call = new Call({ bob: { ...bob, onOffered } })
    const sending = await call.alice.files.offer(call.alice.negotiation, { ...file, body })
    await call.exchange()
    await begun.promise
    await settled()
    await lose(await call[side].negotiation.media[0]!.session)
    await failure(sending.done)
    await settled()
    expect(target.state).toBe('suspended')
    const { confirmed } = sending
    await call.close()
    return { target, confirmed, file, receiving: receiving! }
  }

  test.each(['alice', 'bob'] as const)(
    'the sender offers the rest under a new id, and the whole is verified; %s ended it (RFC5547-8.1-7, RFC5547-8.3.1-5)',
    async (side) => {
      const { target, confirmed, file } = await broken(side)
      const again = new MemoryTarget({ stored: target.bytes })
      const bob = taking(() => again)
      const first = call.alice.written[0]!
      call = new Call({ bob })
      const sending = await call.alice.files.offer(call.alice.negotiation, file, { range: { start: confirmed + 1 } })
      const { offer, answer } = await call.exchange()
      expect(lines(offer, 'file-range')).toEqual([`a=file-range:${confirmed + 1}-*`])
      expect(lines(answer, 'file-range')).toEqual(lines(offer, 'file-range'))
      expect(lines(offer, 'file-transfer-id')).not.toEqual(lines(first, 'file-transfer-id'))
      expect(lines(offer, 'file-selector')).toEqual(lines(first, 'file-selector'))
      await sending.done
      expect(await bob.taken[0]!.done).toMatchObject({ complete: true, hashes: file.hashes })
      expect(Buffer.compare(again.bytes, bytes)).toBe(0)
    },
  )

  // The rest comes as a message of its own, so the part is the target's and not the endpoint's.
  test.each<[string, (session: Session) => void]>([
    ['the connection broke', () => call.cut()],
    ['it was dropped here', (session) => session.drop()],
  ])('what is there stays with the target although the endpoint keeps parts of messages: %s', async (_, lose) => {
    for (const readable of [true, false]) {
      const target = new MemoryTarget({ readable })
      const { receiving } = await broken('bob', { target, bob: { endpoint: { resumeFor: 300_000 } }, lose })
      expect(await failure(receiving.done)).toMatchObject({ code: 'connection-lost' })
      expect(target.bytes.length).toBeGreaterThanOrEqual(90_000)
    }
  })

  test('the receiver asks for the rest, and the whole is verified (RFC5547-8.2.2-3, RFC5547-8.3.2-14)', async () => {
    const { target, file } = await broken('alice')
    const again = new MemoryTarget({ stored: target.bytes })
    call = new Call({ alice: giving(file) })
    const receiving = call.bob.files.request(call.bob.negotiation, selectorOf(file), again)
    const { offer, answer } = await call.exchange(call.bob)
    expect(lines(offer, 'file-range')).toEqual([`a=file-range:${target.bytes.length + 1}-*`])
    expect(lines(answer, 'file-range')).toEqual(lines(offer, 'file-range'))
    expect(await receiving.done).toMatchObject({ complete: true, hashes: file.hashes })
    expect(Buffer.compare(again.bytes, bytes)).toBe(0)
  })

  test.each([
    ['knows no ranges', 'a=file-range:1-*\r\n', ''],
    ['gives more than was asked for', 'a=file-range:50-*\r\n', 'a=file-range:50-*\r\n'],
  ])('a peer that %s is taken from where it begins, and the whole is verified', async (_, asked, answered) => {
    const file = await picture()
    const target = new MemoryTarget({ stored: bytes.slice(0, 100_000) })
    call = new Call({ bob: giving(file) })
    const progress: number[] = []
    const receiving = call.alice.files.request(call.alice.negotiation, selectorOf(file), target, {
      onProgress: ({ bytes: there }) => progress.push(there),
    })
    const replace = (text: string, by: string): string => text.replace(/a=file-range:.*\r\n/, by)
    await call.exchange(call.alice, {
      offer: (offer) => replace(offer, asked),
      answer: (answer) => replace(answer, answered),
    })
    expect(await receiving.done).toMatchObject({ complete: true, size: bytes.length, hashes: file.hashes })
    expect(Buffer.compare(target.bytes, bytes)).toBe(0)
    expect(target.state).toBe('finished')
    expect(progress.at(-1)).toBe(bytes.length)
  })

  test('a session that the receiver does not know any more is lost like one that broke', async () => {
    const file = await picture()
    const { body } = halting()
    call = new Call({ bob: taking() })
    const sending = await call.alice.files.offer(call.alice.negotiation, { ...file, body })
    await call.exchange()
    const session = await call.alice.negotiation.media[0]!.session
    await settled()
    session.drop(new MsrpError('refused', 'The message was refused: 481', { status: 481 }))
    expect(await failure(sending.done)).toMatchObject({ code: 'connection-lost', status: 481 })
  })

  test('an offer of the rest is refused where the beginning is not there (RFC5547-8.3.1-6)', async () => {
    call = new Call({ bob: taking() })
    await call.alice.files.offer(call.alice.negotiation, await picture(), { range: { start: 2 } })
    const offer = await call.alice.negotiation.offer()
    await expect(call.bob.negotiation.answer(offer)).rejects.toMatchObject({
      message: expect.stringMatching(/only 0 bytes/),
    })
  })

  test('a part that the file does not have is refused (RFC5547-8.3.2-15)', async () => {
    const file = await picture()
    call = new Call({ bob: giving(file) })
    const range = { start: 1, stop: bytes.length + 1 }
    call.alice.files.request(call.alice.negotiation, { hashes: file.hashes! }, new MemoryTarget(), { range })
    const offer = await call.alice.negotiation.offer()
    await expect(call.bob.negotiation.answer(offer)).rejects.toMatchObject({
      message: expect.stringMatching(/not in a file/),
    })
  })

  test('an answer with another range ends it', async () => {
    call = new Call({ bob: taking(() => new MemoryTarget({ stored: bytes.slice(0, 100) })) })
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture(), { range: { start: 101 } })
    await call.exchange(call.alice, { answer: (answer) => answer.replace(/a=file-range.*\r\n/, '') })
    expect(await failure(sending.done)).toMatchObject({ code: 'file-mismatch' })
  })
})

describe('a file over a session that outlives its connections', () => {
  const whole = pattern(3 * 1024 * 1024)

  /** Alice sends to Bob, and two of three MiB are there when the connection breaks. */
  async function overLoss(
    target: MemoryTarget,
    {
      send = {} as SendFileOptions,
      endpoint = {} as EndpointOptions,
      session = {} as SessionOptions,
      spool = true,
    } = {},
  ): Promise<{ received: Promise<ReceivedFile>; sending: FileSending; stage: ResumingStage }> {
    const stage = resumingStage({ endpoint, session })
    // As in a browser.
    if (!spool) Object.defineProperty(stage.far, 'openSpool', { value: undefined })
    const { clock, alice, bob } = stage
    const file = await withHashes({ body: whole, name: 'a' }, { createHash: fileHash })
    const { promise: more, resolve } = Promise.withResolvers<void>()
    const read = async (at: number, length: number): Promise<Uint8Array> => {
      if (at >= 2 * 1024 * 1024) await more
      return whole.slice(at, at + length)
    }
    const received = receiveFile(bob, target, { selector: selectorOf(file), createHash: fileHash, clock })
    received.catch(() => {})
    const sending = sendFile(alice, { ...file, body: { size: whole.length, read } }, send)
    await stage.until(() => sending.confirmed > 1024 * 1024)
    stage.cut()
    resolve()
    await stage.until(() => alice.statistics.unconfirmed.messages === 0)
    return { received, sending, stage }
  }

  test('arrives whole and is verified, in a target that can be read', async () => {
    const target = new MemoryTarget()
    const { received, sending, stage } = await overLoss(target)
    expect(stage.alice.losses).toBe(1)
    expect(stage.alice.statistics.resentBytes).toBeLessThan(1024 * 1024)
    await sending.delivered
    expect(await received).toMatchObject({ complete: true, size: whole.length, hashes: [{}, {}] })
    expect(target.state).toBe('finished')
    expect(Buffer.compare(target.bytes, whole)).toBe(0)
    await stage.close()
  })

  test('arrives whole where it cannot wait outside of memory, when what is there is no more than a window', async () => {
    const target = new MemoryTarget()
    const session = { limits: { window: whole.length } }
    const { received, sending, stage } = await overLoss(target, { session, spool: false })
    await sending.delivered
    expect(await received).toMatchObject({ complete: true, size: whole.length, hashes: [{}, {}] })
    expect(Buffer.compare(target.bytes, whole)).toBe(0)
    await stage.close()
  })

  test('is not read back into memory where it is more than that', async () => {
    const target = new MemoryTarget()
    let readBack = 0
    const read = target.read!
    target.read = (position, length) => {
      readBack += length
      return read(position, length)
    }
    const { received, stage } = await overLoss(target, { spool: false })
    expect(await failure(received)).toMatchObject({ code: 'connection-lost' })
    expect(readBack).toBe(0)
    await stage.close()
  })

  test.each<[string, ConstructorParameters<typeof MemoryTarget>[0], Parameters<typeof overLoss>[1]]>([
    ['the target cannot be read', { readable: false }, {}],
    ['it comes in an envelope', {}, { send: { cpim: { from: 'sip:alice@example.com', to: 'sip:bob@example.com' } } }],
    ['the endpoint keeps nothing', {}, { endpoint: { resumeFor: 0 } }],
    ['the endpoint has no room for it', {}, { session: { limits: { spool: 100_000 } } }],
    ['the endpoint has only memory for it', {}, { spool: false }],
  ])('is lost with the connection, and its target keeps what is there, where %s', async (_, how, more) => {
    const target = new MemoryTarget(how)
    const { received, sending, stage } = await overLoss(target, more)
    expect(await failure(received)).toMatchObject({
      code: expect.stringMatching(/^(connection-lost|storage|too-large)$/),
    })
    expect(await failure(sending.delivered)).toMatchObject({ code: 'refused' })
    expect(target.state).toBe('suspended')
    expect(Buffer.compare(target.bytes, whole.subarray(0, target.bytes.length))).toBe(0)
    expect(target.bytes.length).toBeGreaterThan(1024 * 1024)
    await stage.close()
  })
})
