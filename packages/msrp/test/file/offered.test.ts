import { afterEach, describe, expect, test } from 'vitest'
import {
  type FileTransfersOptions,
  type LocalFile,
  type OfferedFile,
  type ReceiveTransfer,
  type SendTransfer,
  selectorOf,
} from '../../src/file/index.ts'
import { Negotiation } from '../../src/sdp/index.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { settled } from '../session/raw-peer.ts'
import { failure, nextMessage, pattern } from '../session/stage.ts'
import { bytes, Call, giving, lines, picture, type Side, taking } from './call.ts'
import { MemoryTarget } from './memory-target.ts'

let call: Call
afterEach(() => call.close())

describe('a file that is offered', () => {
  test('and taken arrives, one m-line for it alone (RFC5547-8.2-1, RFC5547-8.7-1, RFC5547-8.7-2)', async () => {
    const bob = taking()
    call = new Call({ bob })
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    await call.exchange()
    await sending.done
    expect(await bob.taken[0]?.done).toMatchObject({ name: 'picture.jpg', complete: true, size: bytes.length })
    expect(Buffer.compare(bob.targets[0]?.bytes ?? new Uint8Array(), bytes)).toBe(0)
    expect(call.alice.files.active.size + call.bob.files.active.size).toBe(0)
  })

  test('is described with selector, id and direction beside what MSRP wants (RFC5547-5-2, RFC5547-8.2-2, RFC5547-8.2.1-3)', async () => {
    call = new Call()
    await call.alice.files.offer(call.alice.negotiation, await picture())
    const { offer } = await call.exchange()
    expect(lines(offer, 'sendonly', 'accept-types', 'path', 'file-selector', 'file-transfer-id')).toEqual([
      'a=sendonly',
      'a=accept-types:text/plain message/cpim multipart/mixed multipart/alternative multipart/signed *',
      expect.stringMatching(/^a=path:msrp:/),
      expect.stringMatching(/^a=file-selector:name:"picture.jpg" type:image\/jpeg size:200000 hash:sha-1:/),
      expect.stringMatching(/^a=file-transfer-id:[a-z2-7]{32}$/),
    ])
  })

  test('and refused is read no more, stream or not', async () => {
    call = new Call()
    const cancelled = Promise.withResolvers<string>()
    const stream = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve('cancelled') })
    const sending = await call.alice.files.offer(call.alice.negotiation, { body: stream })
    await call.exchange()
    expect(await failure(sending.done)).toMatchObject({ code: 'not-acceptable' })
    expect(await cancelled.promise).toBe('cancelled')
  })

  test('is described by its type at least, under an id of its own (RFC5547-8.2.1-1, RFC5547-8.2.1-2)', async () => {
    const written: string[] = []
    for (let times = 0; times < 2; times++) {
      call = new Call()
      const stream = (async function* (): AsyncGenerator<string> {
        yield 'x'
      })()
      await call.alice.files.offer(call.alice.negotiation, { body: stream })
      const { offer } = await call.exchange()
      expect(lines(offer, 'file-selector')).toEqual(['a=file-selector:type:application/octet-stream'])
      written.push(...lines(offer, 'file-transfer-id'))
      if (times === 0) await call.close()
    }
    expect(new Set(written).size).toBe(2)
  })

  test('brings dates, disposition, icon, a text and a range, if it has them (RFC5547-8.2.1-4, RFC5547-8.2.1-5)', async () => {
    const offers: OfferedFile[] = []
    call = new Call({ bob: { onOffered: (offer) => void offers.push(offer) } })
    const modification = new Date('2026-01-02T03:04:05Z')
    const file = await picture({ dates: { modification }, disposition: 'render' })
    const how = { icon: 'icon1@example.com', information: 'Look at this', range: { start: 101 } }
    await call.alice.files.offer(call.alice.negotiation, file, how)
    const { offer } = await call.exchange()
    expect(lines(offer, 'i', 'file-disposition', 'file-date', 'file-icon', 'file-range')).toEqual([
      'a=file-disposition:render',
      'a=file-date:modification:"Fri, 02 Jan 2026 03:04:05 +0000"',
      'a=file-icon:cid:icon1@example.com',
      'a=file-range:101-*',
    ])
    expect(offer).toContain('\r\ni=Look at this\r\n')
    expect(offers[0]?.description).toMatchObject({
      selector: selectorOf(file),
      disposition: 'render',
      dates: { modification },
      icon: 'icon1@example.com',
      range: { start: 101 },
    })
  })

  test('is answered with what was offered, and no more than that (RFC5547-8.3.1-1, RFC5547-8.3.1-2, RFC5547-8.3.1-3)', async () => {
    call = new Call({ bob: taking() })
    const dates = { modification: new Date(0) }
    await call.alice.files.offer(call.alice.negotiation, await picture({ dates }), { icon: 'a@b' })
    const { offer, answer } = await call.exchange()
    const repeated = ['m', 'file-selector', 'file-transfer-id']
    expect(lines(answer, ...repeated).slice(1)).toEqual(lines(offer, ...repeated).slice(1))
    expect(lines(answer, 'recvonly', 'sendonly')).toEqual(['a=recvonly'])
  })

  test('is not described by hashes without SHA-1, but taken from those who do so (RFC5547-6-8)', async () => {
    const bob = taking()
    call = new Call({ bob })
    const file = await picture()
    const hashes = file.hashes!.filter(({ algorithm }) => algorithm === 'sha-256')
    const wrong = call.alice.files.offer(call.alice.negotiation, { ...file, hashes })
    expect(await failure(wrong)).toMatchObject({ message: expect.stringMatching(/sha-1/) })
    const sending = await call.alice.files.offer(call.alice.negotiation, file)
    await call.exchange(call.alice, { offer: (offer) => offer.replace(/hash:sha-1:\S+ /, '') })
    await sending.done
    expect((await bob.taken[0]!.done).hashes).toEqual(hashes)
  })

  test.each<[string, LocalFile['body']]>([
    ['bytes', bytes],
    ['a Blob', new Blob([bytes as Uint8Array<ArrayBuffer>])],
    ['what can be read at any place', { size: bytes.length, read: async (at, length) => bytes.slice(at, at + length) }],
  ])('is hashed for the offer when it can be read twice: %s', async (_, body) => {
    const bob = taking()
    call = new Call({ bob })
    const sending = await call.alice.files.offer(call.alice.negotiation, {
      body,
      name: 'picture.jpg',
      type: 'image/jpeg',
    })
    const { hashes } = await picture()
    expect(sending.description.selector.hashes).toEqual(hashes)
    await call.exchange()
    await sending.done
    expect((await bob.taken[0]!.done).hashes).toEqual(hashes)
  })

  test('is not hashed when that is not wanted, when it has hashes, or when it is a stream', async () => {
    call = new Call()
    const read = (): Promise<Uint8Array> => Promise.reject(new Error('nobody shall read it'))
    const body = { size: 10, read }
    const stream = (async function* (): AsyncGenerator<string> {})()
    const hashes = [{ algorithm: 'sha-1', digest: '0'.repeat(40) }]
    const { files, negotiation } = call.alice
    const offered = [
      await files.offer(negotiation, { body }, { hash: false }),
      await files.offer(negotiation, { body, hashes }),
      await files.offer(negotiation, { body: stream }),
    ]
    expect(offered.map(({ description }) => description.selector.hashes)).toEqual([undefined, hashes, undefined])
  })

  test('and cannot be read is not offered', async () => {
    call = new Call()
    const closed: string[] = []
    const body = {
      size: 10,
      read: () => Promise.reject(new MsrpError('file-unreadable', 'gone')),
      close: () => void closed.push('closed'),
    }
    expect(await failure(call.alice.files.offer(call.alice.negotiation, { body }))).toMatchObject({
      code: 'file-unreadable',
    })
    expect(closed).toEqual(['closed'])
    expect(call.alice.files.active.size).toBe(0)
    expect(call.alice.negotiation.media).toEqual([])
  })

  test.each<[string, LocalFile['body'], number]>([
    ['a part of a stream', new Blob(['abcdef']).stream(), 3],
    ['a part of a stream of known size', { stream: new Blob(['abcdef']).stream(), size: 6 }, 3],
    ['a part that it does not have', 'abc', 9],
  ])('is not offered where that is %s', async (_, body, start) => {
    call = new Call()
    const offering = call.alice.files.offer(call.alice.negotiation, { body }, { range: { start } })
    expect(await failure(offering)).toMatchObject({ code: 'invalid-argument' })
    expect(call.alice.negotiation.media).toEqual([])
  })

  test('is answered without icon, disposition and date (RFC5547-8.3.1-4)', async () => {
    call = new Call({ bob: taking() })
    const dates = { modification: new Date(0) }
    await call.alice.files.offer(call.alice.negotiation, await picture({ dates, disposition: 'render' }), {
      icon: 'a@b',
    })
    const { offer, answer } = await call.exchange()
    expect(lines(offer, 'file-icon', 'file-disposition', 'file-date')).toHaveLength(3)
    expect(lines(answer, 'file-icon', 'file-disposition', 'file-date')).toEqual([])
  })

  test.each<[string, Partial<FileTransfersOptions>]>([
    ['nobody decides', {}],
    ['the application refuses', { onOffered: (offer: OfferedFile) => offer.refuse('Not now') }],
    ['there are too many already (RFC5547-10-6)', { ...taking(), most: 0 }],
    [
      'it is larger than what is taken (RFC5547-10-6)',
      { onOffered: (offer) => void offer.take(new MemoryTarget(), { maxSize: 9 }) },
    ],
  ])('is refused before a byte of it flows when %s (RFC5547-8.3-1, RFC5547-8.1-8)', async (_, bob) => {
    call = new Call({ bob })
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    const { offer, answer } = await call.exchange()
    expect(lines(answer, 'm')).toEqual(['m=message 0 TCP/MSRP *'])
    expect(lines(answer, 'file-selector', 'file-transfer-id')).toEqual(
      lines(offer, 'file-selector', 'file-transfer-id'),
    )
    expect(await failure(sending.done)).toMatchObject({ code: 'not-acceptable' })
  })

  test.each<[string, (offer: OfferedFile, target: MemoryTarget) => void]>([
    ['before', () => {}],
    ['after', (offer, target) => void offer.take(target)],
  ])('and whose application fails %s it was taken is refused, and the application hears why', async (_, act) => {
    const errors: [unknown, string][] = []
    const targets: MemoryTarget[] = []
    const onOffered = (offer: OfferedFile): void => {
      const target = new MemoryTarget()
      targets.push(target)
      if (offer.name === 'good') return void offer.take(target)
      act(offer, target)
      throw new Error(`no room for ${offer.name}`)
    }
    call = new Call({ bob: { onOffered, onError: (error, file) => errors.push([error, file.selector.name ?? '']) } })
    const bad = await call.alice.files.offer(call.alice.negotiation, await picture({ name: 'bad' }))
    const good = await call.alice.files.offer(call.alice.negotiation, await picture({ name: 'good' }))
    await call.exchange()
    await good.done
    expect(await failure(bad.done)).toMatchObject({ code: 'not-acceptable' })
    expect(errors).toEqual([[new Error('no room for bad'), 'bad']])
    expect(targets[0]?.state).toBe(_ === 'before' ? 'open' : 'suspended')
  })

  test('and whose application fails for a fault of its own without hearing of it, fails as a whole', async () => {
    const onOffered = (): void => {
      throw new TypeError('a mistake')
    }
    call = new Call({ bob: { onOffered } })
    await call.alice.files.offer(call.alice.negotiation, await picture())
    const offer = await call.alice.negotiation.offer()
    await expect(call.bob.negotiation.answer(offer)).rejects.toThrow(TypeError)
  })

  test('and taken and then refused leaves what was there of it', async () => {
    const target = new MemoryTarget({ stored: bytes.slice(0, 10) })
    let receiving: ReceiveTransfer | undefined
    const onOffered = (offer: OfferedFile): void => {
      receiving = offer.take(target)
      offer.refuse('Not after all')
    }
    call = new Call({ bob: { onOffered } })
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    await call.exchange()
    expect(await failure(sending.done)).toMatchObject({ code: 'not-acceptable' })
    expect(await failure(receiving!.done)).toMatchObject({ code: 'aborted' })
    expect(target.state).toBe('suspended')
  })

  test('counts among those that are too many while the application decides on it (RFC5547-10-6)', async () => {
    const { promise: decided, resolve } = Promise.withResolvers<void>()
    const asked: string[] = []
    const onOffered = async (offer: OfferedFile): Promise<void> => {
      asked.push(offer.name)
      await decided
      offer.take(new MemoryTarget())
    }
    call = new Call({ bob: { onOffered, most: 1 } })
    const onMedium = call.bob.files.onMedium
    const other = new Negotiation(new MsrpEndpoint(call.bob.platform, {}), [], { onMedium })
    await call.alice.files.offer(call.alice.negotiation, await picture())
    const offer = await call.alice.negotiation.offer()
    const first = call.bob.negotiation.answer(offer)
    await settled()
    const second = offer.replace(/(a=file-transfer-id:).*/, '$1another')
    expect(await failure(other.answer(second))).toMatchObject({ message: expect.stringMatching(/Too many files/) })
    resolve()
    await first
    expect(asked).toEqual(['picture.jpg'])
    await other.close()
  })

  test.each<[string, string, (bob: Side, controller: AbortController) => unknown]>([
    ['before there will be no answer', 'aborted', (_, controller) => controller.abort()],
    ['when there will be no answer', 'closed', (_, controller) => controller.abort()],
    ['when the negotiation is closed', 'closed', ({ negotiation }) => void negotiation.close()],
  ])('and taken %s is let go of, and counts no more', async (when, code, end) => {
    const { promise: decided, resolve } = Promise.withResolvers<void>()
    const target = new MemoryTarget()
    const offers: OfferedFile[] = []
    const outcomes: Promise<unknown>[] = []
    const errors: unknown[] = []
    const onOffered = async (offer: OfferedFile): Promise<void> => {
      offers.push(offer)
      if (when.startsWith('when')) await decided
      outcomes.push(failure((async () => offer.take(target).done)()))
      await decided
    }
    call = new Call({ bob: { onOffered, onError: (error) => errors.push(error), most: 1 } })
    await call.alice.files.offer(call.alice.negotiation, await picture())
    const controller = new AbortController()
    const offer = await call.alice.negotiation.offer()
    const answering = failure(call.bob.negotiation.answer(offer, { signal: controller.signal }))
    await settled()
    expect(offers.map(({ signal }) => signal.aborted)).toEqual([false])
    end(call.bob, controller)
    await answering
    expect(offers.map(({ signal }) => signal.aborted)).toEqual([true])
    const other = new Negotiation(new MsrpEndpoint(call.bob.platform, {}), [], { onMedium: call.bob.files.onMedium })
    void failure(other.answer(offer.replace(/(a=file-transfer-id:).*/, '$1another')))
    await settled()
    expect(offers).toHaveLength(2)
    await other.close()
    resolve()
    await settled()
    expect(await outcomes[0]).toMatchObject({ code })
    expect(target.state).toBe('suspended')
    expect(errors).toEqual([])
    expect(call.bob.files.active.size).toBe(0)
  })

  test('again, since the first answer was given up, is decided on again', async () => {
    const targets: MemoryTarget[] = []
    const onOffered = (offer: OfferedFile): Promise<void> | undefined => {
      targets.push(new MemoryTarget())
      if (targets.length === 1) return new Promise(() => {})
      offer.take(targets[1]!)
      return undefined
    }
    call = new Call({ bob: { onOffered } })
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    const controller = new AbortController()
    const offer = await call.alice.negotiation.offer()
    const answering = failure(call.bob.negotiation.answer(offer, { signal: controller.signal }))
    await settled()
    controller.abort()
    await answering
    call.alice.negotiation.rollback()
    await call.exchange()
    await sending.done
    expect(targets.map(({ state }) => state)).toEqual(['open', 'finished'])
  })

  test('cannot be taken when the answer is out', async () => {
    const target = new MemoryTarget()
    const offers: OfferedFile[] = []
    call = new Call({ bob: { onOffered: (offer) => void offers.push(offer) } })
    await call.alice.files.offer(call.alice.negotiation, await picture())
    await call.exchange()
    expect(() => offers[0]!.take(target)).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(target.state).toBe('suspended')
  })

  test('of several, some can be taken and others not, each by its own id (RFC5547-8.1-4)', async () => {
    const targets: MemoryTarget[] = []
    const take = (offer: OfferedFile): void => {
      if (offer.name === 'b.txt') return
      targets.push(new MemoryTarget())
      offer.take(targets.at(-1)!)
    }
    call = new Call({ bob: { onOffered: take } })
    const names = ['a.txt', 'b.txt', 'c.txt']
    const sent: SendTransfer[] = []
    for (const name of names) {
      sent.push(await call.alice.files.offer(call.alice.negotiation, { body: name, name, type: 'text/plain' }))
    }
    const { offer, answer } = await call.exchange()
    expect(new Set(lines(offer, 'file-transfer-id')).size).toBe(3)
    expect(lines(answer, 'm').map((line) => line.split(' ')[1] === '0')).toEqual([false, true, false])
    await Promise.all([sent[0]?.done, sent[2]?.done])
    expect(await failure(sent[1]!.done)).toMatchObject({ code: 'not-acceptable' })
    expect(targets.map((target) => new TextDecoder().decode(target.bytes))).toEqual(['a.txt', 'c.txt'])
  })

  test('has an id that nothing before it in the call had, also when it is the same file again (RFC5547-8.1-4)', async () => {
    const file = await picture()
    const bob = giving(file)
    const carried: unknown[] = []
    const onOffered = (offer: OfferedFile): void => {
      // Every other one, so that some are refused.
      if (carried.push(offer) % 2 === 0) offer.take(new MemoryTarget())
    }
    call = new Call({ bob: { ...bob, onOffered }, alice: { wishes: [{ listen: {} }] } })
    const ids: string[] = []
    for (let round = 0; round < 6; round++) {
      const transfer =
        round % 3 === 2
          ? call.alice.files.request(call.alice.negotiation, { hashes: file.hashes! }, new MemoryTarget())
          : await call.alice.files.offer(call.alice.negotiation, file)
      await call.exchange()
      await transfer.done.catch(() => {})
      ids.push(transfer.description.transferId!)
    }
    expect(carried).toHaveLength(4)
    expect(new Set(ids).size).toBe(6)
    const written = lines(call.alice.written.join(''), 'file-transfer-id').map((line) => line.slice(19))
    expect(new Set(written)).toEqual(new Set(ids))
  })

  test('goes on beside a chat, on an m-line that is added (RFC5547-8.7-3, RFC5547-8.7-4)', async () => {
    const bob = taking()
    const chat = { listen: {}, acceptTypes: ['text/plain'] }
    call = new Call({ alice: { wishes: [chat] }, bob: { ...bob, wishes: [chat] } })
    await call.exchange()
    const [first] = lines(call.alice.written[0]!, 'path')
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    const { offer } = await call.exchange()
    expect(lines(offer, 'm')).toHaveLength(2)
    expect(lines(offer, 'path')[0]).toBe(first)
    await sending.done
    const chatting = await call.bob.negotiation.media[0]!.session
    ;(await call.alice.negotiation.media[0]!.session).send('still here')
    expect(await (await nextMessage(chatting)).text()).toBe('still here')
    expect(await bob.taken[0]!.done).toMatchObject({ complete: true })
  })

  test('goes in an envelope to a peer that takes it in no other way', async () => {
    const bob = taking()
    const media = { listen: {}, acceptTypes: ['message/cpim'], acceptWrappedTypes: ['*'] }
    call = new Call({ bob: { ...bob, media } })
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    await call.exchange()
    await sending.done
    expect(sending.confirmed).toBe(bytes.length)
    expect(await bob.taken[0]!.done).toMatchObject({ type: 'image/jpeg', complete: true })
  })

  test('is all that its session brings, in either direction', async () => {
    const bob = taking()
    call = new Call({ bob })
    const { promise: rest, resolve } = Promise.withResolvers<void>()
    const read = async (position: number, length: number): Promise<Uint8Array> => {
      if (position > 0) await rest
      return bytes.slice(position, position + length)
    }
    const sending = await call.alice.files.offer(call.alice.negotiation, { body: { size: bytes.length, read } })
    await call.exchange()
    const [ours, theirs] = [call.alice, call.bob].map(({ negotiation }) => negotiation.media[0]!.session)
    for (const session of [await ours!, await theirs!]) {
      expect(await failure(session.send(pattern(3_000_000)).delivered)).toMatchObject({ status: 403 })
    }
    resolve()
    await sending.done
    expect(await failure((await ours!).send('afterwards').delivered)).toBeInstanceOf(Error)
    expect(await bob.taken[0]!.done).toMatchObject({ complete: true })
  })

  test('has to begin within a minute', async () => {
    const bob = taking()
    call = new Call({ bob })
    const read = (): Promise<Uint8Array> => new Promise(() => {})
    const sending = await call.alice.files.offer(
      call.alice.negotiation,
      { body: { size: bytes.length, read } },
      { hash: false },
    )
    await call.exchange()
    await call.bob.negotiation.media[0]!.session
    await call.bob.platform.clock.advance(60_000)
    expect(await failure(bob.taken[0]!.done)).toMatchObject({ code: 'timeout' })
    await failure(sending.done)
    expect(bob.targets[0]?.state).toBe('suspended')
  })

  test('that is larger than the max-size of the peer is not sent (RFC5547-8.7-6, RFC5547-8.7-7)', async () => {
    const bob = taking()
    call = new Call({ bob: { ...bob, media: { listen: {}, maxMessageSize: 1000 } } })
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    const { answer } = await call.exchange()
    expect(lines(answer, 'max-size')).toEqual(['a=max-size:1000'])
    expect(await failure(sending.done)).toMatchObject({ code: 'too-large' })
  })

  test('and taken where no path can be had does not come about', async () => {
    const bob = taking()
    call = new Call({ bob: { ...bob, media: { listen: { port: 7777 } } } })
    await call.bob.platform.listen({ port: 7777 }, () => {})
    await call.alice.files.offer(call.alice.negotiation, await picture())
    const offer = await call.alice.negotiation.offer()
    expect(await failure(call.bob.negotiation.answer(offer))).toMatchObject({ code: 'unreachable' })
    expect(await failure(bob.taken[0]!.done)).toMatchObject({ code: 'unreachable' })
    expect(bob.targets[0]?.state).toBe('suspended')
  })

  test('goes to an endpoint that knows nothing of files, as an ordinary message', async () => {
    call = new Call()
    const { Negotiation } = await import('../../src/sdp/index.ts')
    const plain = new Negotiation(
      new (await import('../../src/session/endpoint.ts')).MsrpEndpoint(call.bob.platform, {}),
      { listen: {} },
    )
    const sending = await call.alice.files.offer(call.alice.negotiation, await picture())
    const offer = (await call.alice.negotiation.offer()).replaceAll(/a=file-.*\r\n/g, '')
    await call.alice.negotiation.accept(await plain.answer(offer))
    const message = await nextMessage(await plain.session)
    expect(message.fileName).toBe('picture.jpg')
    expect(await message.bytes()).toHaveLength(bytes.length)
    await sending.done
    await plain.close()
  })
})
