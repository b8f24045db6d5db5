import { afterEach, describe, expect, test } from 'vitest'
import { type LocalFile, type RequestedFile, selectorOf } from '../../src/file/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { settled } from '../session/raw-peer.ts'
import { failure } from '../session/stage.ts'
import { bytes, Call, giving, lines, picture } from './call.ts'
import { MemoryTarget } from './memory-target.ts'

let call: Call
afterEach(() => call.close())

describe('a file that is asked for', () => {
  test('and given arrives (RFC5547-8.2.2-1, RFC5547-8.3.2-2)', async () => {
    const file = await picture()
    const bob = giving({ body: 'other', name: 'other.txt' }, file)
    call = new Call({ bob })
    const target = new MemoryTarget()
    const receiving = call.alice.files.request(call.alice.negotiation, { hashes: file.hashes! }, target)
    await call.exchange()
    expect(await receiving.done).toMatchObject({ name: 'picture.jpg', type: 'image/jpeg', complete: true })
    await bob.given[0]?.done
    expect(Buffer.compare(target.bytes, bytes)).toBe(0)
  })

  test('is asked for by selector, id and range alone (RFC5547-8.2.2-2, RFC5547-8.2.2-4, RFC5547-8.2.2-5)', async () => {
    call = new Call({ bob: giving() })
    call.alice.files.request(call.alice.negotiation, { name: 'picture.jpg' }, new MemoryTarget())
    const offer = await call.alice.negotiation.offer()
    expect(offer.match(/a=(file-[a-z-]+|\w+only)\b.*/g)?.map((line) => line.trim())).toEqual([
      'a=recvonly',
      'a=file-selector:name:"picture.jpg"',
      expect.stringMatching(/^a=file-transfer-id:/),
    ])
  })

  test('is answered with type and SHA-1; the rest comes with the file (RFC5547-8.3.2-7, RFC5547-8.3.2-8, RFC5547-8.3.2-11)', async () => {
    const file = { body: bytes, name: 'picture.jpg', type: 'image/jpeg', disposition: 'render' as const }
    call = new Call({ bob: giving(file) })
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'picture.jpg' }, new MemoryTarget())
    const { offer, answer } = await call.exchange()
    expect(lines(answer, 'sendonly', 'file-selector', 'file-transfer-id', 'file-disposition', 'file-date')).toEqual([
      'a=sendonly',
      expect.stringMatching(/^a=file-selector:type:image\/jpeg hash:sha-1:[0-9A-F:]{59}$/),
      ...lines(offer, 'file-transfer-id'),
      'a=file-disposition:render',
    ])
    expect((await receiving.done).hashes).toHaveLength(1)
  })

  test('says in the answer what it is, which transfer it is, and what shall become of it (RFC5547-8.3.2-4, RFC5547-8.3.2-9, RFC5547-8.3.2-10)', async () => {
    call = new Call({ bob: giving(await picture({ disposition: 'attachment' })) })
    call.alice.files.request(call.alice.negotiation, { name: 'picture.jpg' }, new MemoryTarget())
    const { offer, answer } = await call.exchange()
    expect(lines(answer, 'file-selector')[0]).toContain('type:image/jpeg')
    expect(lines(answer, 'file-transfer-id')).toEqual(lines(offer, 'file-transfer-id'))
    expect(lines(answer, 'file-disposition')).toEqual(['a=file-disposition:attachment'])
  })

  test.each<[string, LocalFile[]]>([
    ['nothing that fits (RFC5547-8.3.2-6)', [{ body: 'x', name: 'other.jpg', type: 'image/jpeg' }]],
    [
      'several that fit (RFC5547-8.3.2-13)',
      [
        { body: 'x', name: 'a.jpg' },
        { body: 'y', name: 'a.jpg' },
      ],
    ],
  ])('is refused when there is %s (RFC5547-8.3.2-4, RFC5547-8.3.2-5)', async (_, files) => {
    call = new Call({ bob: giving(...files) })
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'a.jpg' }, new MemoryTarget())
    const { offer, answer } = await call.exchange()
    expect(lines(answer, 'm', 'file-transfer-id')).toEqual([
      'm=message 0 TCP/MSRP *',
      ...lines(offer, 'file-transfer-id'),
    ])
    expect(await failure(receiving.done)).toMatchObject({ code: 'not-acceptable' })
  })

  test('may be chosen by the application among several (RFC5547-8.3.2-12)', async () => {
    const files = [
      { body: 'first', name: 'a.txt' },
      { body: 'second', name: 'a.txt' },
    ]
    call = new Call({ bob: { onRequested: async (request: RequestedFile) => void (await request.give(files[1]!)) } })
    const target = new MemoryTarget()
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'a.txt' }, target)
    await call.exchange()
    await receiving.done
    expect(new TextDecoder().decode(target.bytes)).toBe('second')
  })

  test.each<[string, Omit<LocalFile, 'body'>]>([
    ['has', { type: 'video/mp4' }],
    ['does not have, too,', {}],
  ])('by one who does not know its type is given with the type that it %s', async (_, { type }) => {
    const body = 'abc'
    const file: LocalFile = { body, name: 'film', ...(type === undefined ? {} : { type }) }
    call = new Call({ bob: giving(file) })
    const selector = selectorOf({ body, name: 'film' })
    expect(selector).toEqual({ name: 'film', size: 3 })
    const receiving = call.alice.files.request(call.alice.negotiation, selector, new MemoryTarget())
    const { answer } = await call.exchange()
    expect(lines(answer, 'file-selector')[0]).toContain(`type:${type ?? 'application/octet-stream'} hash:`)
    expect(await receiving.done).toMatchObject({ type: type ?? 'application/octet-stream' })
  })

  test('by the type that stands for none is one without type', async () => {
    call = new Call({ bob: giving({ body: 'abc', name: 'film' }) })
    const selector = { name: 'film', type: 'application/octet-stream' }
    const receiving = call.alice.files.request(call.alice.negotiation, selector, new MemoryTarget())
    await call.exchange()
    expect(await receiving.done).toMatchObject({ complete: true })
  })

  test('for a part of it is not given where it is a stream', async () => {
    const errors: unknown[] = []
    const onRequested = async (request: RequestedFile): Promise<void> => {
      await request.give({ body: new Blob(['abcdef']).stream(), name: 'a' })
    }
    call = new Call({ bob: { onRequested, onError: (error) => errors.push(error) } })
    const target = new MemoryTarget({ stored: new Uint8Array(2) })
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'a' }, target)
    await call.exchange()
    expect(await failure(receiving.done)).toMatchObject({ code: 'not-acceptable' })
    expect(errors).toMatchObject([{ code: 'invalid-argument' }])
  })

  test('and is not the one that is given, is not given (RFC5547-10-2)', async () => {
    call = new Call({
      bob: { onRequested: async (request: RequestedFile) => void (await request.give(await picture())) },
    })
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'else.jpg' }, new MemoryTarget())
    const offer = await call.alice.negotiation.offer()
    await expect(call.bob.negotiation.answer(offer)).rejects.toMatchObject({
      message: expect.stringMatching(/not the one/),
    })
    receiving.abort()
  })

  test('and refused while the file to be given is hashed is not given', async () => {
    const { promise: readable, resolve } = Promise.withResolvers<void>()
    const outcomes: Promise<unknown>[] = []
    const closed: string[] = []
    const body = {
      size: 6,
      read: () => readable.then(() => new TextEncoder().encode('secret')),
      close: () => void closed.push('closed'),
    }
    const onRequested = (request: RequestedFile): void => {
      outcomes.push(failure(request.give({ body, name: 'a.txt' })))
      request.refuse('Not after all')
    }
    call = new Call({ bob: { onRequested } })
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'a.txt' }, new MemoryTarget())
    await call.exchange()
    expect(await failure(receiving.done)).toMatchObject({ code: 'not-acceptable' })
    resolve()
    expect(await outcomes[0]).toMatchObject({ code: 'aborted', message: expect.stringMatching(/Not after all/) })
    expect(closed).toContain('closed')
    expect(call.bob.files.active.size).toBe(0)
  })

  test('and refused while its application awaits that it is given is not given either', async () => {
    const { promise: readable, resolve } = Promise.withResolvers<void>()
    const body = { size: 6, read: () => readable.then(() => new TextEncoder().encode('secret')) }
    const onRequested = async (request: RequestedFile): Promise<void> => {
      const giving = request.give({ body, name: 'a.txt' })
      request.refuse('Not after all')
      resolve()
      await giving
    }
    call = new Call({ bob: { onRequested } })
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'a.txt' }, new MemoryTarget())
    await call.exchange()
    expect(await failure(receiving.done)).toMatchObject({ code: 'not-acceptable' })
  })

  test.each([
    ['awaits it', true],
    ['does not', false],
  ])('and cannot be given is refused, and the application that %s hears why', async (_, awaits) => {
    const errors: unknown[] = []
    const closed: string[] = []
    const read = (): Promise<never> => Promise.reject(new MsrpError('file-unreadable', 'gone'))
    const body = { size: 10, read, close: () => void closed.push('closed') }
    const onRequested = async (request: RequestedFile): Promise<void> => {
      const giving = request.give({ body, name: 'a' })
      if (awaits) await giving
    }
    call = new Call({ bob: { onRequested, onError: (error) => errors.push(error) } })
    const receiving = call.alice.files.request(call.alice.negotiation, { name: 'a' }, new MemoryTarget())
    await call.exchange()
    expect(await failure(receiving.done)).toMatchObject({ code: 'not-acceptable' })
    expect(errors).toEqual([expect.objectContaining({ code: 'file-unreadable' })])
    expect(closed).toContain('closed')
  })

  test.each([
    ['image/jpg', 'image/jpeg'],
    ['image/jpeg', 'image/jpg'],
    ['application/x-zip-compressed', 'application/zip'],
    ['audio/mp3', 'audio/mpeg'],
  ])('as %s may be called %s by its owner', async (asked, type) => {
    call = new Call({ bob: giving({ body: 'x', name: 'a', type }) })
    const receiving = call.alice.files.request(call.alice.negotiation, { type: asked }, new MemoryTarget())
    await call.exchange()
    expect(await receiving.done).toMatchObject({ type, complete: true })
  })

  test('has to be asked for by something (RFC5547-6-2)', () => {
    call = new Call()
    expect(() => call.alice.files.request(call.alice.negotiation, {}, new MemoryTarget())).toThrow(
      /name, type, size or hash/,
    )
  })

  test('whose answer is about another file is not received (RFC5547-8.2.2-8)', async () => {
    const file = await picture()
    call = new Call({ bob: giving(file) })
    const target = new MemoryTarget()
    const receiving = call.alice.files.request(call.alice.negotiation, selectorOf(file), target)
    const other = `hash:sha-1:${Array(20).fill('00').join(':')}`
    const change = { answer: (answer: string) => answer.replace(/hash:sha-1:[0-9A-F:]+/, other) }
    await call.exchange(call.alice, change)
    expect(await failure(receiving.done)).toMatchObject({ code: 'file-mismatch' })
    await settled()
    expect(target.state).toBe('suspended')
    expect(call.alice.due).toEqual([receiving])
  })
})
