import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { buildCpim, openCpim } from '../../src/cpim/index.ts'
import {
  type BuiltMultipart,
  buildMultipart,
  type OpenedPart,
  openMultipart,
  readMultipart,
} from '../../src/multipart/index.ts'
import { Arriving } from '../mime/arriving.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const three = buildMultipart('mixed', [
  { content: 'Grüße' },
  { content: new Uint8Array(5_000).fill(7), contentType: 'image/png', fileName: 'a.png' },
  { content: '<p>', contentType: 'text/html' },
])

describe('A multipart that arrives is opened', () => {
  test.each([1, 7, 100_000])('part by part, whatever the size of the pieces: %i', async (pieceSize) => {
    const source = new Arriving(three, pieceSize)
    const opened = openMultipart(source)
    expect([opened.type, opened.parameters.has('boundary')]).toEqual(['multipart/mixed', true])
    const seen: unknown[] = []
    for await (const part of opened) {
      seen.push([part.contentType, part.fileName])
      if (seen.length === 3) expect((await part.bytes()).length).toBe(5_000)
      else seen.push(await part.text())
    }
    expect(seen).toEqual([
      ['text/plain;charset=utf-8', undefined],
      'Grüße',
      ['image/png', 'a.png'],
      ['text/html', undefined],
      '<p>',
    ])
    expect([source.drained, source.cancelled, source.refused]).toEqual([true, false, undefined])
  })

  test('and passes over what nobody reads, or reads to the end', async () => {
    const source = new Arriving(three)
    const types: string[] = []
    for await (const part of openMultipart(source)) {
      types.push(part.contentType)
      if (types.length === 2) {
        const reader = part.stream().getReader()
        await reader.read()
        await reader.cancel()
      }
    }
    expect(types).toHaveLength(3)
    expect([source.drained, source.cancelled]).toEqual([true, false])
  })

  describe('until its signal says that it takes too long:', () => {
    /** The message as far as this text; nothing more comes. */
    function stalledBehind(text: string): Arriving {
      const at = Buffer.from(three.body).indexOf(text) + text.length
      const source = new Arriving(three)
      source.stream = () =>
        new ReadableStream({
          start: (controller) => controller.enqueue(three.body.subarray(0, at)),
          cancel: () => {
            source.cancelled = true
          },
        })
      return source
    }

    const aborted = { code: 'aborted', status: 413, cause: 'too slow' }

    test.each([
      ['for the head of a part', 'Content-Type: image'],
      ['for the rest of a part', 'filename="a.png"\r\n\r\n'],
    ])('while it waits %s', async (_, text) => {
      const source = stalledBehind(text)
      const controller = new AbortController()
      const { signal } = controller
      const seen: string[] = []
      const reading = (async () => {
        for await (const part of openMultipart(source, { signal })) {
          seen.push(part.contentType)
          await part.bytes()
        }
      })()
      setImmediate(() => controller.abort('too slow'))
      await expect(reading).rejects.toMatchObject(aborted)
      expect(seen[0]).toBe('text/plain;charset=utf-8')
      expect([source.refused?.[0], source.cancelled]).toEqual([413, true])
      expect(getEventListeners(signal, 'abort')).toEqual([])
    })

    test('while it comes into memory', async () => {
      const source = stalledBehind('Grüße')
      const controller = new AbortController()
      const reading = readMultipart(source, { signal: controller.signal })
      controller.abort('too slow')
      await expect(reading).rejects.toMatchObject(aborted)
      expect([source.refused?.[0], source.cancelled]).toEqual([413, true])
    })

    test('before anything is read of it', async () => {
      const source = new Arriving(three)
      const signal = AbortSignal.abort('too slow')
      await expect(openMultipart(source, { signal })[Symbol.asyncIterator]().next()).rejects.toMatchObject(aborted)
      expect([source.refused?.[0], source.cancelled]).toEqual([413, true])
    })

    test('which is too late once all of it is here', async () => {
      const controller = new AbortController()
      const source = new Arriving(three)
      for await (const _ of openMultipart(source, { signal: controller.signal }));
      controller.abort('too slow')
      expect([source.refused, source.cancelled]).toEqual([undefined, false])
    })
  })

  test('and fetches nothing before it is asked for', async () => {
    const source = new Arriving(three)
    const parts = openMultipart(source)[Symbol.asyncIterator]()
    expect(source.pulled).toBe(0)
    const { value: first } = await parts.next()
    await (first as OpenedPart).text()
    const { value: image } = await parts.next()
    const reader = (image as OpenedPart).stream().getReader()
    await reader.read()
    expect(source.pulled).toBeLessThan(8)
  })

  test('and whoever leaves early stops the sender', async () => {
    const source = new Arriving(three)
    for await (const part of openMultipart(source)) {
      expect(await part.text()).toBe('Grüße')
      break
    }
    expect(source.cancelled).toBe(true)
    expect(source.pulled).toBeLessThan(8)
  })

  test('and what is still being read when the iteration is left fails', async () => {
    const source = new Arriving(three)
    let reading: Promise<unknown> = Promise.resolve()
    for await (const part of openMultipart(source)) {
      reading = part.bytes()
      break
    }
    await expect(reading).rejects.toMatchObject({ code: 'closed' })
    expect([source.cancelled, source.refused]).toEqual([true, undefined])
  })

  test('and each part can be read once, and until the next', async () => {
    const parts: OpenedPart[] = []
    for await (const part of openMultipart(new Arriving(three))) {
      if (parts.length === 1) {
        await part.bytes()
        await expect(part.bytes()).rejects.toMatchObject({ code: 'invalid-argument' })
      }
      parts.push(part)
    }
    await expect(parts[0]?.text()).rejects.toMatchObject({ code: 'closed' })
  })

  test('and a text whose charset is not known can still be read as bytes', async () => {
    const strange = buildMultipart('mixed', [{ content: 'x', contentType: 'text/plain; charset=klingon' }])
    for await (const part of openMultipart(new Arriving(strange))) {
      await expect(part.text()).rejects.toMatchObject({ code: 'not-understood' })
      expect(await part.bytes()).toEqual(encode('x'))
    }
  })

  test('with transfer encodings undone but in raw', async () => {
    const body = encode('--b\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVs\r\nbG8=\r\n--b--')
    const read = async (way: (part: OpenedPart) => Promise<unknown>): Promise<unknown> => {
      for await (const part of openMultipart(new Arriving({ contentType: 'multipart/mixed; boundary=b', body }, 3)))
        return await way(part)
      return undefined
    }
    expect(await read((part) => part.text())).toBe('Hello')
    expect(await read((part) => new Response(part.stream()).text())).toBe('Hello')
    expect(await read((part) => new Response(part.raw()).text())).toBe('SGVs\r\nbG8=')
  })

  test('down to what its parts contain, envelopes too', async () => {
    const inner = buildMultipart('alternative', [{ content: 'text' }, { content: '<p>', contentType: 'text/html' }])
    const parties = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }
    const envelope = buildCpim({ ...parties, contentType: inner.contentType }, inner.body)
    const outer = buildMultipart('mixed', [{ content: envelope, contentType: 'message/cpim' }, { content: 'behind' }])
    const texts: string[] = []
    for await (const part of openMultipart(new Arriving(outer, 11))) {
      if (part.contentType !== 'message/cpim') texts.push(await part.text())
      else for await (const piece of openMultipart(await openCpim(part))) texts.push(await piece.text())
    }
    expect(texts).toEqual(['text', '<p>', 'behind'])
  })
})

describe('A multipart is refused', () => {
  const whole = (text: string): BuiltMultipart<Uint8Array> => ({
    contentType: 'multipart/mixed; boundary=b',
    body: encode(text),
  })

  async function openingOf(source: Arriving, options = {}): Promise<unknown> {
    for await (const part of openMultipart(source, options)) await part.bytes()
    return undefined
  }

  test.each<[string, string, object, number, string]>([
    ['that ends too early', '--b\r\n\r\nHello', {}, 400, 'malformed'],
    ['with a line that is no field', '--b\r\nHello\r\n\r\n--b--', {}, 400, 'malformed'],
    ['with too many parts', '--b\r\n\r\n--b\r\n\r\n--b--', { parts: 1 }, 413, 'limit-exceeded'],
    ['with too many fields', `--b\r\nX: ${'y'.repeat(100)}`, { headBytes: 50 }, 413, 'limit-exceeded'],
    ['with too large a part', `--b\r\n\r\n${'y'.repeat(100)}\r\n--b--`, { contentBytes: 60 }, 413, 'too-large'],
  ])('%s', async (_, text, options, status, code) => {
    const source = new Arriving(whole(text))
    await expect(openingOf(source, options)).rejects.toMatchObject({ code })
    expect(source.refused).toEqual([status, expect.any(String)])
    expect(source.cancelled || source.drained).toBe(true)
  })

  test('without a boundary, before anything is read', () => {
    const source = new Arriving({ contentType: 'multipart/mixed', body: encode('x') })
    expect(() => openMultipart(source)).toThrow(expect.objectContaining({ code: 'malformed' }))
    expect([source.refused?.[0], source.pulled]).toEqual([400, 0])
    const other = new Arriving({ contentType: 'text/plain', body: encode('x') })
    expect(() => openMultipart(other)).toThrow(expect.objectContaining({ code: 'type-not-accepted' }))
    expect(other.refused).toBeUndefined()
  })

  test('in the part that is being read', async () => {
    const source = new Arriving(whole(`--b\r\n\r\n${'y'.repeat(100)}`))
    const parts = openMultipart(source)[Symbol.asyncIterator]()
    const { value: part } = await parts.next()
    await expect((part as OpenedPart).bytes()).rejects.toMatchObject({ code: 'malformed' })
    await expect(parts.next()).rejects.toMatchObject({ code: 'malformed' })
  })

  test('nested without end', async () => {
    let message: { contentType: string; body: Uint8Array } = { contentType: 'text/plain', body: encode('deep') }
    for (let depth = 0; depth < 9; depth++) {
      message = buildMultipart('mixed', [{ content: message.body, contentType: message.contentType }])
    }
    const open = async (opened: Arriving | OpenedPart): Promise<void> => {
      for await (const part of openMultipart(opened)) if (part.contentType.startsWith('multipart')) await open(part)
    }
    const source = new Arriving(message)
    await expect(open(source)).rejects.toMatchObject({ code: 'limit-exceeded' })
    expect(source.refused?.[0]).toBe(413)
  })

  test('but not when the message itself fails', async () => {
    const broken = {
      contentType: 'multipart/mixed; boundary=b',
      stream: () => new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error('lost')) }),
    }
    const parts = openMultipart(broken)[Symbol.asyncIterator]()
    await expect(parts.next()).rejects.toThrow('lost')
  })
})

describe('A multipart is read as a whole', () => {
  test('into memory', async () => {
    const { parts } = await readMultipart(new Arriving(three))
    expect(parts.map((part) => part.contentType)).toEqual(['text/plain;charset=utf-8', 'image/png', 'text/html'])
  })

  test('when it is not too large: before anything is read where its size is known (413)', async () => {
    const source = new Arriving(three)
    await expect(readMultipart(source, { contentBytes: 5_000 })).rejects.toMatchObject({
      code: 'too-large',
      status: 413,
    })
    expect([source.pulled, source.refused?.[0]]).toEqual([0, 413])
  })

  test('or as soon as it shows', async () => {
    const source = new Arriving(three)
    const { contentType } = source
    const unsized = { contentType, stream: () => source.stream(), refuse: (status?: number) => source.refuse(status) }
    await expect(readMultipart(unsized, { contentBytes: 200 })).rejects.toMatchObject({
      code: 'too-large',
      status: 413,
    })
    expect(source.pulled).toBeLessThan(7)
    expect([source.cancelled, source.refused?.[0]]).toEqual([true, 413])
  })
})
