import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildMultipart, type PartInput, parseMultipart, type StreamedContent } from '../../src/multipart/index.ts'

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('A multipart is written', () => {
  test('with what each part says of itself, and contents as they are', () => {
    const { contentType, body } = buildMultipart(
      'mixed',
      [
        { content: 'Grüße' },
        {
          content: Uint8Array.of(0, 13, 10, 255),
          contentType: 'image/png',
          contentId: '1@example.com',
          fileName: 'Bär "1".png',
          fields: [['Content-Language', 'de']],
        },
        { content: '<p>', contentType: 'text/html', disposition: 'inline' },
      ],
      { random: (size) => new Uint8Array(size) },
    )
    const boundary = 'a'.repeat(26)
    expect(contentType).toBe(`multipart/mixed;boundary=${boundary}`)
    expect(Buffer.from(body).toString('latin1').split('\r\n')).toEqual([
      `--${boundary}`,
      'Content-Type: text/plain;charset=utf-8',
      '',
      Buffer.from('Grüße').toString('latin1'),
      `--${boundary}`,
      'Content-Type: image/png',
      'Content-ID: <1@example.com>',
      `Content-Disposition: attachment; filename="Bar \\"1\\".png"; filename*=UTF-8''B%C3%A4r%20%221%22.png`,
      'Content-Language: de',
      '',
      '\0',
      '\u00ff',
      `--${boundary}`,
      'Content-Type: text/html',
      'Content-Disposition: inline',
      '',
      '<p>',
      `--${boundary}--`,
      '',
    ])
  })

  test('with a boundary that does not occur in its contents', () => {
    let drawn = 0
    const random = (size: number): Uint8Array => new Uint8Array(size).fill(Math.floor(drawn++ / 2))
    const [first, second, third] = ['a', 'b', 'c'].map((letter) => letter.repeat(26))
    const content = new TextEncoder().encode(`x--${first}y`)
    const { contentType, body } = buildMultipart('mixed', [{ content: `--${second}` }, { content }], { random })
    expect(contentType).toBe(`multipart/mixed;boundary=${third}`)
    expect(parseMultipart(body, contentType).parts.map(({ content: it }) => decode(it))).toEqual([
      `--${second}`,
      `x--${first}y`,
    ])
  })

  test('of one kind inside of another, related with the type of its root (RFC 2387 §3.1)', () => {
    const html = { content: '<img src="cid:1@x">', contentType: 'text/html; charset=utf-8', contentId: 'root@x' }
    const image = { content: 'PNG', contentType: 'image/png', contentId: '1@x' }
    const related = buildMultipart('related', [html, image])
    expect(related.contentType).toMatch(/^multipart\/related;type="text\/html";boundary=/)
    const turned = buildMultipart('related', [image, html], { parameters: { start: '<root@x>' } })
    expect(turned.contentType).toMatch(/^multipart\/related;type="text\/html";start="<root@x>";boundary=/)
    const { contentType, body } = buildMultipart('alternative', [
      { content: 'text' },
      { content: related.body, contentType: related.contentType },
    ])
    const [, second] = parseMultipart(body, contentType).parts
    expect(second?.multipart().parts.map(({ contentId }) => contentId)).toEqual(['root@x', '1@x'])
  })

  test('with a part that is written already, byte for byte', () => {
    const whole = new TextEncoder().encode('content-type:text/plain\r\nX:  y\r\n\r\nsigned')
    const signature = { content: Uint8Array.of(48), contentType: 'application/pkcs7-signature' }
    const parameters = { protocol: 'application/pkcs7-signature', micalg: 'sha-256' }
    const { contentType, body } = buildMultipart('signed', [{ whole }, signature], { parameters })
    expect(contentType).toMatch(
      /^multipart\/signed;protocol="application\/pkcs7-signature";micalg=sha-256;boundary=\w+$/,
    )
    expect(parseMultipart(body, contentType).parts[0]?.whole).toEqual(whole)
  })

  test.each<[string, string, PartInput[], RegExp]>([
    ['no part', 'mixed', [], /needs a part/],
    ['a subtype that is none', 'a b', [{ content: '' }], /subtype "a b"/],
    ['a type that is none', 'mixed', [{ content: '', contentType: 'text' }], /contentType "text"/],
    ['an id in brackets', 'mixed', [{ content: '', contentId: '<a>' }], /contentId/],
    ['a line break in a field', 'mixed', [{ content: '', fields: [['X', 'a\r\nb']] }], /field "X"/],
    ['a second type', 'mixed', [{ content: '', fields: [['content-type', 'text/html']] }], /second Content-Type/],
    ['a transfer encoding', 'mixed', [{ content: '', fields: [['Content-Transfer-Encoding', 'base64']] }], /"base64"/],
    ['a file with another disposition', 'mixed', [{ content: '', fileName: 'a', disposition: 'inline' }], /both/],
  ])('but not with %s', (_, subtype, parts, message) => {
    expect(() => buildMultipart(subtype, parts)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    )
  })

  test('nor with a parameter that is none', () => {
    for (const parameters of [{ 'a b': 'x' }, { a: 'x\r\ny' }] as Record<string, string>[]) {
      expect(() => buildMultipart('mixed', [{ content: '' }], { parameters })).toThrow(/parameter/)
    }
  })

  test('so that it reads as what was meant', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 1, maxLength: 5 }), (contents) => {
        const { contentType, body } = buildMultipart(
          'mixed',
          contents.map((content) => ({ content })),
        )
        expect(parseMultipart(body, contentType).parts.map(({ content }) => content)).toEqual(contents)
      }),
    )
  })
})

describe('What goes out piece by piece is not read before:', () => {
  const file = (
    text: string,
    log: string[],
  ): { size: number; read(at: number, length: number): Promise<Uint8Array>; close(): void } => ({
    size: text.length,
    read: async (at, length) => {
      log.push(`read ${text}`)
      return new TextEncoder().encode(text.slice(at, at + Math.min(length, 2)))
    },
    close: () => {
      log.push(`close ${text}`)
    },
  })

  async function collect(stream: StreamedContent['stream']): Promise<string> {
    let text = ''
    for await (const piece of stream as AsyncIterable<Uint8Array | string>) {
      text += typeof piece === 'string' ? piece : decode(piece)
    }
    return text
  }

  test('Blobs become a Blob', async () => {
    const { contentType, body } = buildMultipart('mixed', [
      { content: new Blob(['<p>'], { type: 'text/html' }) },
      { content: 'x' },
    ])
    const bytes = new Uint8Array(await (body as Blob).arrayBuffer())
    const { parts } = parseMultipart(bytes, contentType)
    expect(parts.map((part) => [part.contentType, part.text()])).toEqual([
      ['text/html', '<p>'],
      ['text/plain;charset=utf-8', 'x'],
    ])
  })

  test('files, Blobs and text become something that can be read at any place', async () => {
    const log: string[] = []
    const { contentType, body } = buildMultipart('mixed', [
      { content: file('first', log) },
      { content: new Blob(['second']) },
      { content: 'third' },
      { content: file('', log) },
    ])
    const { size, read, close } = body as {
      size: number
      read(at: number, length: number): Promise<Uint8Array>
      close(): Promise<void>
    }
    expect(log).toEqual([])
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      const piece = await read(at, 7)
      expect(piece.length).toBeGreaterThan(0)
      bytes.set(piece, at)
      at += piece.length
    }
    expect(parseMultipart(bytes, contentType).parts.map((part) => part.text())).toEqual([
      'first',
      'second',
      'third',
      '',
    ])
    await close()
    expect(log.filter((line) => line.startsWith('close'))).toEqual(['close first', 'close '])
  })

  test('with a stream among them they become a stream, whose size is known when that of all is', async () => {
    const log: string[] = []
    const sized = buildMultipart('mixed', [
      { content: { stream: new Blob(['abc']).stream(), size: 3 } },
      { content: file('file', log) },
      { content: new Blob(['blob']) },
    ])
    const { stream, size } = sized.body as StreamedContent
    expect(log).toEqual([])
    const text = await collect(stream)
    expect(size).toBe(text.length)
    expect(log.at(-1)).toBe('close file')
    const { parts } = parseMultipart(new TextEncoder().encode(text), sized.contentType)
    expect(parts.map((part) => part.text())).toEqual(['abc', 'file', 'blob'])
    const open = buildMultipart('mixed', [{ content: ['a', 'b'] }, { content: new Blob(['c']).stream() }])
    expect((open.body as StreamedContent).size).toBeUndefined()
    expect(await collect((open.body as StreamedContent).stream)).toContain('\r\n\r\nab\r\n--')
  })

  test('what is behind is let go when nobody wants the rest', async () => {
    const log: string[] = []
    const waiting = new ReadableStream<Uint8Array>({
      cancel: () => {
        log.push('cancelled')
      },
    })
    const { body } = buildMultipart('mixed', [
      { content: ['a', 'b'] },
      { content: waiting },
      { content: file('file', log) },
    ])
    for await (const piece of (body as StreamedContent).stream as AsyncIterable<Uint8Array | string>)
      if (piece === 'a') break
    expect(log).toEqual(['cancelled', 'close file'])
  })
})
