import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildCpim, type CpimParts, parseCpim } from '../../src/cpim/index.ts'

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const ALICE = 'sip:alice@example.com'
const BOB = 'sip:bob@example.com'
const parties = { from: ALICE, to: BOB }

/** Any characters, those of ASCII often. */
const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0x10ffff)), { minLength: 1 })
  .map((characters) => String.fromCodePoint(...characters))

async function collect(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  let text = ''
  for await (const piece of stream) text += typeof piece === 'string' ? piece : decode(piece)
  return text
}

describe('A message/cpim is written', () => {
  test('with From and To always, and cc, in that order (RFC4975-13-10, RFC3862-2.2-10, RFC3862-2.4-1)', () => {
    const bytes = buildCpim(
      {
        from: { uri: ALICE, name: 'Alice' },
        to: [`Bob <${BOB}>`, 'tel:+123'],
        cc: 'im:carol@example.com',
        dateTime: new Date('2026-01-02T03:04:05Z'),
        subject: { text: 'Wetter', language: 'de' },
        namespaces: { imdn: 'urn:ietf:params:imdn', x: 'urn:example:x' },
        require: ['x.Vital', 'imdn.Disposition-Notification'],
        headers: [
          ['imdn.Message-ID', '34jk324j'],
          ['imdn.Disposition-Notification', 'positive-delivery, display'],
          ['x.Vital', 'yes'],
          ['x.Vital', 'again'],
        ],
        contentFields: [['Content-Disposition', 'notification']],
      },
      'Grüße',
    )
    expect(decode(bytes).split('\r\n')).toEqual([
      'From: Alice <sip:alice@example.com>',
      'To: Bob <sip:bob@example.com>',
      'To: <tel:+123>',
      'cc: <im:carol@example.com>',
      'DateTime: 2026-01-02T03:04:05.000Z',
      'Subject:;lang=de Wetter',
      'NS: imdn <urn:ietf:params:imdn>',
      'NS: x <urn:example:x>',
      'Require: x.Vital,imdn.Disposition-Notification',
      'imdn.Message-ID: 34jk324j',
      'imdn.Disposition-Notification: positive-delivery, display',
      'x.Vital: yes',
      'x.Vital: again',
      '',
      'Content-Type: text/plain;charset=utf-8',
      'Content-Disposition: notification',
      '',
      'Grüße',
    ])
  })

  test.each<[string, Partial<Record<keyof CpimParts, unknown>>]>([
    ['no sender', { from: '' }],
    ['a sender without URI', { from: 'Alice' }],
    ['no recipient', { to: [] }],
    ['a recipient that is none', { to: [BOB, 'a b'] }],
  ])('but not with %s (RFC4975-13-10)', (_, parts) => {
    expect(() => buildCpim({ ...parties, ...parts } as CpimParts, 'x')).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(/From|To|recipient/) }),
    )
  })

  test.each(['multipart/signed; boundary=x', 'application/pkcs7-mime', 'multipart/encrypted'])(
    'with DateTime when the content is %s (RFC4975-13-11)',
    (contentType) => {
      const content = new Uint8Array(3)
      expect(() => buildCpim({ ...parties, contentType }, content)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('dateTime') }),
      )
      const dateTime = '2026-01-02T03:04:05+02:00'
      expect(decode(buildCpim({ ...parties, contentType, dateTime }, content))).toContain(`DateTime: ${dateTime}\r\n`)
    },
  )

  test.each(['From', 'DateTime', 'Subject', 'Require', 'subject', 'Content-Type', 'c.From', 'c.Subject'])(
    'with %s once, because it is no extension header (RFC4975-13-12)',
    (name) => {
      const namespaces = { c: 'urn:ietf:params:cpim-headers:' }
      expect(() => buildCpim({ ...parties, namespaces, headers: [[name, 'x']] }, 'x')).toThrow(
        expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(name) }),
      )
    },
  )

  test('line by line, each ended by CRLF, none with a blank at either end (RFC3862-2.2-2, RFC3862-2.2-3, RFC3862-2.2-7)', () => {
    const text = 'one\r\nTo: <sip:eve@example.com>\n'
    const parts = { ...parties, subject: text, namespaces: { x: 'urn:x:y' }, headers: [['x.Y', `${text}.`]] as const }
    const [head = ''] = decode(buildCpim(parts, '')).split('\r\n\r\n')
    expect(head.split('\r\n')).toEqual([
      'From: <sip:alice@example.com>',
      'To: <sip:bob@example.com>',
      String.raw`Subject: one\r\nTo: <sip:eve@example.com>`,
      'NS: x <urn:x:y>',
      String.raw`x.Y: one\r\nTo: <sip:eve@example.com>\n.`,
    ])
  })

  test('with no blank at the end of a line, since none can be escaped (RFC3862-2.2-5)', () => {
    const { head } = parseCpim(buildCpim({ ...parties, subject: ' x ', from: `Alice  <${ALICE}>` }, ''))
    expect([head.subject(), head.from?.name]).toEqual(['x', 'Alice'])
    expect(() => buildCpim({ ...parties, namespaces: { x: 'urn:x:y' }, headers: [['x.Y', 'y ']] }, '')).toThrow(/blank/)
  })

  test('with parameters, in quotes where they are no token (RFC 3862 §3.6)', () => {
    const parameters = { lang: 'fr', note: 'a "b"; c' }
    const bytes = buildCpim({ ...parties, namespaces: { x: 'urn:x:y' }, headers: [['x.Y', 'Bonjour', parameters]] }, '')
    expect(decode(bytes)).toContain(String.raw`x.Y:;lang=fr;note="a \"b\"; c" Bonjour`)
    const header = parseCpim(bytes).head.find('urn:x:y', 'Y')
    expect([header?.value, header?.language, header?.parameters.get('note')]).toEqual(['Bonjour', 'fr', 'a "b"; c'])
  })

  test('with a namespace of any absolute URI, before it is used (RFC3862-3.4-1, RFC3862-3.4-4)', () => {
    const namespaces = { a: 'mid:MessageFeatures@id.foo.com', b: 'http://id.acme.widgets/wily-headers/', c: 'urn:x:y' }
    const headers = [
      ['c.Z', '1'],
      ['a.Z', '2'],
    ] as const
    const lines = decode(buildCpim({ ...parties, namespaces, require: ['b.Z'], headers }, '')).split('\r\n')
    for (const [prefix, uri] of Object.entries(namespaces)) {
      const declared = lines.indexOf(`NS: ${prefix} <${uri}>`)
      const used = lines.findIndex((line) => !line.startsWith('NS') && line.includes(`${prefix}.Z`))
      expect(declared).toBeGreaterThan(-1)
      expect(used).toBeGreaterThan(declared)
    }
  })

  test.each(['x/y', '//x/y', '#y', 'http://x/#y', 'urn:x y'])(
    'but not with the namespace %s, which is relative or has a fragment (RFC3862-3.4-2, RFC3862-3.4-3)',
    (uri) => {
      expect(() => buildCpim({ ...parties, namespaces: { a: uri } }, '')).toThrow(
        expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('absolute URI') }),
      )
    },
  )

  test('with a feature required that is no header (RFC3862-3.5-2)', () => {
    const bytes = buildCpim({ ...parties, namespaces: { Locale: 'urn:x:l' }, require: ['Locale.MustRenderKanji'] }, '')
    expect(decode(bytes)).toContain('Require: Locale.MustRenderKanji\r\n')
    expect(parseCpim(bytes).head.notUnderstood()).toEqual([{ namespace: 'urn:x:l', name: 'MustRenderKanji' }])
  })

  test('with a default namespace behind all that belongs to RFC 3862', () => {
    const parts = {
      ...parties,
      subject: 'x',
      namespaces: { '': 'urn:example:d' },
      headers: [['Subject', 'y']] as const,
    }
    const { head } = parseCpim(buildCpim(parts, 'z'))
    expect(head.subjects).toEqual([{ text: 'x', language: undefined }])
    expect(head.find('urn:example:d', 'Subject')?.value).toBe('y')
  })

  test.each<[string, Partial<CpimParts>]>([
    ['a prefix that is not declared', { headers: [['imdn.Message-ID', 'x']] }],
    ['a prefix that is none', { namespaces: { 'a b': 'urn:x:y' } }],
    ['a namespace that is relative', { namespaces: { a: 'x/y' } }],
    ['a namespace with a fragment', { namespaces: { a: 'http://x/#y' } }],
    ['a header name that is none', { headers: [['a b', 'x']] }],
    ['an empty header', { headers: [['X', '']] }],
    ['a header that ends in a blank', { headers: [['X', 'y ']] }],
    ['an empty subject', { subject: ' ' }],
    ['a language that is none', { subject: { text: 'x', language: 'a b' } }],
    ['a time that is none', { dateTime: '2026-13-01T00:00:00Z' }],
    ['a time without zone', { dateTime: '2026-01-01T00:00:00' }],
    ['a Date that is none', { dateTime: new Date(Number.NaN) }],
    ['something required without declared prefix', { require: ['a.b'] }],
    ['something required in the default namespace', { require: ['b'], namespaces: { '': 'urn:x:y' } }],
    ['a media type that is none', { contentType: 'text' }],
    ['a line break in a field', { contentFields: [['Content-ID', 'a\r\nb']] }],
    ['a second Content-Type', { contentFields: [['content-type', 'text/html']] }],
    ['content in base64', { contentFields: [['Content-Transfer-Encoding', 'base64']] }],
  ])('but not with %s', (_, parts) => {
    expect(() => buildCpim({ ...parties, ...parts }, 'x')).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  test('with escapes where they are needed and nowhere else (RFC3862-2.3.1-1, RFC3862-2.3.1-5, RFC3862-2.3.1-6)', () => {
    const parts = {
      from: { uri: ALICE, name: 'A "B" \\ <C>\t' },
      to: { uri: BOB, name: 'Bob der Größte' },
      subject: 'tab\there "quoted" \\ \u0007\u007f ü\u0085😀\ud800!',
    }
    const [from, to, subject] = decode(buildCpim(parts, '')).split('\r\n')
    expect(from).toBe(String.raw`From: "A \"B\" \\ <C>" <sip:alice@example.com>`)
    expect(to).toBe('To: Bob der Größte <sip:bob@example.com>')
    expect(subject).toBe(`Subject: ${String.raw`tab\there "quoted" \\ \u0007\u007f`} ü\u0085😀\ufffd!`)
  })

  test('in UTF-8 alone, with no control character and no half of a character (RFC3862-2.2-6, RFC3862-2.2-8, RFC3862-3.6-2)', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0xd800, max: 0xdfff }), (text, half) => {
        const value = `.${text}${String.fromCharCode(half)}.`
        const parts = { from: { uri: ALICE, name: value }, to: BOB, subject: value, namespaces: { x: 'urn:x:y' } }
        const bytes = buildCpim({ ...parts, headers: [['x.Y', value]] }, '')
        const written = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what may not be there
        expect(written.replaceAll('\r\n', '')).not.toMatch(/[\u0000-\u001f\u007f]/)
      }),
    )
  })

  test.each([...Array.from({ length: 32 }, (_, code) => code), 0x7f])(
    'with the control character %i escaped (RFC3862-2.2-9, RFC3862-2.3-1, RFC3862-3.2-1)',
    (code) => {
      const character = String.fromCharCode(code)
      const bytes = buildCpim({ ...parties, namespaces: { x: 'urn:x:y' }, headers: [['x.Y', `a${character}b`]] }, '')
      expect(decode(bytes)).toMatch(/x\.Y: a\\(?:[btnr]|u[0-9a-f]{4})b\r\n/)
      expect(parseCpim(bytes).head.find('urn:x:y', 'Y')?.value).toBe(`a${character}b`)
    },
  )

  test.each([
    ['say "hi" <x>', String.raw`"say \"hi\" <x>"`],
    ["O'Neil", "O'Neil"],
    ["'a' <b>", `"'a' <b>"`],
  ])(
    'with the name %s in quotes that are not escaped themselves, and never in single ones (RFC3862-2.3.1-2, RFC3862-2.3.1-3, RFC3862-2.3.1-4)',
    (name, written) => {
      const bytes = buildCpim({ from: { uri: ALICE, name }, to: BOB }, '')
      expect(decode(bytes).split('\r\n')[0]).toBe(`From: ${written} <${ALICE}>`)
    },
  )

  test.each([
    [String.raw`CORP\bob <${BOB}>`, String.raw`"CORP\\bob" <${BOB}>`],
    [String.raw`"Bob \"B\" \\" <${BOB}>`, String.raw`"Bob \"B\" \\" <${BOB}>`],
    [`Bob <${BOB}>`, `Bob <${BOB}>`],
    [` ${BOB} `, `<${BOB}>`],
  ])('with the sender %s as it is given', (from, line) => {
    expect(decode(buildCpim({ from, to: ALICE }, '')).split('\r\n')[0]).toBe(`From: ${line}`)
  })

  test('so that it reads as what was meant', () => {
    const text = anyText.map((string) => string.toWellFormed().trim()).filter((string) => string !== '')
    fc.assert(
      fc.property(text, text, text, fc.uint8Array(), (name, subject, value, content) => {
        const parts = { from: { uri: ALICE, name }, to: BOB, subject, namespaces: { x: 'urn:x:y' } }
        const message = parseCpim(buildCpim({ ...parts, headers: [['x.Y', value]] }, content))
        expect(message.head.from?.name).toBe(name)
        expect(message.head.subject()).toBe(subject)
        expect(message.head.find('urn:x:y', 'Y')?.value).toBe(value)
        expect(message.content).toEqual(content)
      }),
    )
  })
})

describe('What is wrapped stays what it is:', () => {
  const head = decode(buildCpim({ ...parties, contentType: 'application/octet-stream' }, new Uint8Array()))

  test('a Blob', async () => {
    const blob = buildCpim(parties, new Blob(['<p>'], { type: 'text/html' }))
    expect(await blob.text()).toMatch(/\r\n\r\nContent-Type: text\/html\r\n\r\n<p>$/)
  })

  test('a file, read at any place and closed at the end', async () => {
    let closed = false
    const bytes = new TextEncoder().encode('0123456789')
    const file = buildCpim(parties, {
      size: 10,
      read: async (position, length) => bytes.slice(position, position + length),
      close: () => {
        closed = true
      },
    })
    expect(file.size).toBe(head.length + 10)
    expect(decode(await file.read(0, 1000))).toBe(head)
    expect(decode(await file.read(head.length - 2, 1))).toBe('\r')
    expect(decode(await file.read(head.length + 3, 4))).toBe('3456')
    await file.close?.()
    expect(closed).toBe(true)
  })

  test('an ArrayBuffer, streams and iterables', async () => {
    const bytes = new TextEncoder().encode('abc')
    expect(decode(buildCpim(parties, bytes.slice().buffer as ArrayBuffer))).toBe(`${head}abc`)
    const sized = buildCpim(parties, { stream: new Blob([bytes]).stream(), size: 3 })
    expect(sized.size).toBe(head.length + 3)
    expect(await collect(sized.stream as AsyncIterable<Uint8Array>)).toBe(`${head}abc`)
    for (const content of [['a', bytes], new Blob(['a', bytes]).stream()]) {
      const { stream, size } = buildCpim(parties, content)
      expect(size).toBeUndefined()
      expect(await collect(stream as AsyncIterable<Uint8Array | string>)).toBe(`${head}aabc`)
    }
  })

  test('a stream that can only be read by a reader, and is told when nobody wants the rest', async () => {
    let cancelled = false
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array([0x61])),
      cancel: () => {
        cancelled = true
      },
    })
    const bare = { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>
    for await (const piece of buildCpim(parties, bare).stream as AsyncIterable<Uint8Array | string>) {
      if (piece.length === 1) break
    }
    expect(cancelled).toBe(true)
  })
})
