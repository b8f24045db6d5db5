import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CPIM_NAMESPACE, type CpimHead, CpimHeadReader, parseCpim } from '../../src/cpim/index.ts'
import { MsrpError } from '../../src/wire/index.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const crlf = (...lines: string[]): string => lines.join('\r\n')
const parse = (...lines: string[]): ReturnType<typeof parseCpim> => parseCpim(encode(crlf(...lines)))

/** The example of RFC 3862 §5.1. */
const EXAMPLE = crlf(
  'From: MR SANDERS <im:piglet@100akerwood.com>',
  'To: Depressed Donkey <im:eeyore@100akerwood.com>',
  'DateTime: 2000-12-13T13:40:00-08:00',
  'Subject: the weather will be fine today',
  "Subject:;lang=fr beau temps prevu pour aujourd'hui",
  'NS: MyFeatures <mid:MessageFeatures@id.foo.com>',
  'Require: MyFeatures.VitalMessageOption',
  'MyFeatures.VitalMessageOption: Confirmation-requested',
  'MyFeatures.WackyMessageOption: Use-silly-font',
  '',
  'Content-type: text/xml; charset=utf-8',
  'Content-ID: <1234567890@foo.com>',
  '',
  '<body>',
  'Here is the text of my message.',
  '</body>',
)
const MILLION = 1_000_000
const FEATURES = 'mid:MessageFeatures@id.foo.com'

describe('A message/cpim is read', () => {
  test('with who sends it to whom and when, and what has to be understood (RFC4975-13-5, RFC4975-13-7)', () => {
    const { head, text } = parseCpim(encode(EXAMPLE))
    expect(head.from).toEqual({ uri: 'im:piglet@100akerwood.com', name: 'MR SANDERS' })
    expect(head.to).toEqual([{ uri: 'im:eeyore@100akerwood.com', name: 'Depressed Donkey' }])
    expect(head.dateTime).toEqual(new Date('2000-12-13T21:40:00Z'))
    expect(head.required).toEqual([{ namespace: FEATURES, name: 'VitalMessageOption' }])
    expect(head.contentType).toBe('text/xml; charset=utf-8')
    expect(head.contentField('content-id')).toBe('<1234567890@foo.com>')
    expect(text()).toBe('<body>\r\nHere is the text of my message.\r\n</body>')
  })

  test('with copies and subjects in several languages (RFC4975-13-8)', () => {
    const { head } = parse(
      'To: <im:a@x.org>',
      'To: <im:b@x.org>',
      'cc: <im:c@x.org>',
      'CC: D <im:d@x.org>',
      'Subject: weather',
      'Subject:;lang=fr temps',
      'Subject:;lang=de-AT Wetter',
      '',
      'Content-Type: text/plain',
      '',
      '',
    )
    expect(head.to.map(({ uri }) => uri)).toEqual(['im:a@x.org', 'im:b@x.org'])
    expect(head.cc).toEqual([{ uri: 'im:c@x.org' }, { uri: 'im:d@x.org', name: 'D' }])
    expect([head.subject(), head.subject('FR'), head.subject('de-at'), head.subject('it')]).toEqual([
      'weather',
      'temps',
      'Wetter',
      'weather',
    ])
  })

  test('with namespaces, by prefix and by default, from their declaration on (RFC4975-13-9, RFC4975-13-14)', () => {
    const { head } = parse(
      'From: <im:a@x.org>',
      'early.Option: before its prefix',
      'NS: early <urn:x:one>',
      'early.Option: 1',
      'NS: tight<urn:x:two>',
      'tight.Option: 2',
      'NS: <urn:x:three>',
      'Option: 3',
      'From: not the sender',
      'NS: c <urn:ietf:params:cpim-headers:>',
      'c.To: <im:b@x.org>',
      '',
      'Content-Type: text/plain',
      '',
      '',
    )
    expect(head.from?.uri).toBe('im:a@x.org')
    expect(head.to).toEqual([{ uri: 'im:b@x.org' }])
    expect(
      head.headers.filter(({ name }) => name === 'Option').map(({ namespace, value }) => [namespace, value]),
    ).toEqual([
      [undefined, 'before its prefix'],
      ['urn:x:one', '1'],
      ['urn:x:two', '2'],
      ['urn:x:three', '3'],
    ])
    expect(head.find('urn:x:three', 'From')?.value).toBe('not the sender')
    expect(head.all(CPIM_NAMESPACE, 'NS')).toHaveLength(4)
  })

  test('with several things required, and says which of them are not understood (RFC4975-13-7, RFC4975-13-13)', () => {
    const { head } = parse(
      'NS: a <urn:x:a>',
      'Require: a.One,a.Two, unknown.Three,Subject',
      '',
      'Content-Type: text/plain',
      '',
      '',
    )
    expect(head.notUnderstood()).toEqual([
      { namespace: 'urn:x:a', name: 'One' },
      { namespace: 'urn:x:a', name: 'Two' },
      { namespace: undefined, name: 'Three' },
    ])
    expect(head.notUnderstood(({ namespace, name }) => `${namespace} ${name}` === 'urn:x:a One')).toHaveLength(2)
  })

  test('with extension headers that come again (RFC4975-13-15)', () => {
    const { head } = parse('NS: a <urn:x:a>', 'a.Step: 1', 'a.Step: 2', '', 'Content-Type: text/plain', '', '')
    expect(head.all('urn:x:a', 'Step').map(({ value }) => value)).toEqual(['1', '2'])
    expect(head.find('urn:x:a', 'step')).toBeUndefined()
  })

  test.each([
    ['From', 'From: <im:a@x.org>', 'From: <im:b@x.org>'],
    ['DateTime', 'DateTime: 2000-12-13T13:40:00Z', 'DateTime: 2001-12-13T13:40:00Z'],
  ])('but not when %s comes twice (RFC4975-13-12)', (name, ...lines) => {
    expect(() => parse(...lines, '', 'Content-Type: text/plain', '', '')).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining(`more than one ${name}`) }),
    )
  })

  test('with a name of RFC 3862 in its own case alone (RFC3862-2.2-11, RFC3862-3-1, RFC3862-4-1)', () => {
    const { head } = parse(
      'from: <im:a@x.org>',
      'TO: <im:b@x.org>',
      'Datetime: 2000-12-13T13:40:00Z',
      'require: Vital',
      'ns: a <urn:x:y>',
      '',
      'Content-Type: text/plain',
      '',
      '',
    )
    expect([head.dateTime, head.required]).toEqual([undefined, []])
    expect(head.from).toBeUndefined()
    expect(head.to).toEqual([])
  })

  test('with any bytes as content', () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, index) => index)
    const { head, content } = parseCpim(
      new Uint8Array([...encode('From: <im:a@x.org>\r\n\r\nContent-Type: image/png\r\n\r\n'), ...bytes]),
    )
    expect(head.contentType).toBe('image/png')
    expect(content).toEqual(bytes)
  })

  test('with the language of a value by lang and no other name (RFC3862-3.6-1)', () => {
    const { head } = parse('Subject:;Lang=fr a', 'Subject:;lang=de b', '', 'Content-Type: text/plain', '', '')
    expect(head.subjects).toEqual([
      { text: 'a', language: undefined },
      { text: 'b', language: 'de' },
    ])
  })

  test.each([
    ['de', 'Wetter in Wien'],
    ['fr', 'temps'],
    ['FR-be', 'temps'],
    ['it', 'weather'],
    ['', 'weather'],
  ])('with the subject that is nearest to %j', (language, text) => {
    const subjects = ['Subject: weather', 'Subject:;lang=de-AT Wetter in Wien', 'Subject:;lang=fr temps']
    expect(parse(...subjects, '', 'Content-Type: text/plain', '', '').head.subject(language)).toBe(text)
  })

  test('with lines of any length, as long as all headers together have no more than headBytes (RFC3862-2.2-4)', () => {
    const long = 'y'.repeat(1_000_000)
    const bytes = encode(crlf(`X: ${long}`, '', 'Content-Type: text/plain', '', 'z'))
    expect(parseCpim(bytes, { headBytes: 1_100_000 }).head.headers[0]?.value).toBe(long)
  })

  test('with every octet and the order of its headers, however strange (RFC3862-2.2-1, RFC3862-2.2-12, RFC3862-2.2-13)', () => {
    const head = Buffer.from(
      'X:  two  blanks \r\nTo: <im:b@x.org>\nFrom:<im:a@x.org>\r\nX: \xff\xfe \\u0041\r\n\r\n\r\nX-Own: 1\r\nContent-Type:\r\n text/plain\r\n\r\n',
      'latin1',
    )
    const message = parseCpim(Buffer.concat([head, Buffer.from('Hello')]))
    expect(Buffer.from(message.head.bytes).equals(head)).toBe(true)
    expect(message.head.headers.map(({ name }) => name)).toEqual(['X', 'To', 'From', 'X'])
    expect(message.head.headers[3]?.rawValue).toBe('\ufffd\ufffd \\u0041')
  })

  test.each([
    ['base64', 'R3LDvMOf\r\nZQ==', 'Grüße'],
    ['Quoted-Printable', 'Gr=C3=BC=\r\n=C3=9Fe', 'Grüße'],
    ['8bit', 'Grüße', 'Grüße'],
  ])('with content in %s as what it was, and as it came', (encoding, written, text) => {
    const message = parse(
      'To: <im:a@x.org>',
      '',
      'Content-Type: text/plain',
      `Content-Transfer-Encoding: ${encoding}`,
      '',
      written,
    )
    expect([message.text(), message.head.transferEncoding]).toEqual([text, encoding])
    expect(message.bytes()).toEqual(encode(text))
    expect(message.content).toEqual(encode(written))
  })

  test('but not in an encoding that is not known', () => {
    const { bytes, text, content } = parse('To: <im:a@x.org>', '', 'Content-Transfer-Encoding: x-gzip', '', 'z')
    expect(bytes).toThrow(
      expect.objectContaining({ code: 'not-understood', message: expect.stringContaining('x-gzip') }),
    )
    expect(text).toThrow(/x-gzip/)
    expect(content).toEqual(encode('z'))
  })

  test('with a head that can be passed on as it came', () => {
    const { head, content } = parseCpim(encode(EXAMPLE))
    expect(new TextDecoder().decode(new Uint8Array([...head.bytes, ...content]))).toBe(EXAMPLE)
  })

  test('as text in the charset of the content', () => {
    const head = encode('To: <im:a@x.org>\r\n\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n')
    expect(parseCpim(new Uint8Array([...head, 0xfc])).text()).toBe('ü')
  })
})

describe('Escapes (RFC 3862 §2.3.1) are resolved:', () => {
  test.each([
    [String.raw`a\\b`, 'a\\b'],
    [String.raw`\b\t\n\r\"\'`, '\b\t\n\r"\''],
    [String.raw`\u0007\u00fc\ud83d\ude00`, '\u0007ü😀'],
    ['Grüße 世界', 'Grüße 世界'],
    [String.raw`\x\u12`, 'xu12'],
    ['end\\', 'end'],
  ])(
    '%s, those that are needed and any others (RFC3862-2.3.1-7, RFC3862-2.3.1-8, RFC3862-2.3.1-9)',
    (written, value) => {
      expect(parse(`Subject: ${written}`, '', 'Content-Type: text/plain', '', '').head.subject()).toBe(value)
    },
  )

  test.each([
    [String.raw`\x\-\ü`, 'x-ü'],
    [String.raw`\u12 \u123g \U0041`, 'u12 u123g U0041'],
    ['\\', ''],
    ['a\\\\\\', 'a\\'],
  ])(
    '%s, where a backslash means nothing special or nothing at all (RFC3862-2.3.1-10, RFC3862-2.3.1-11)',
    (written, value) => {
      expect(parse(`X: ${written}`, '', 'Content-Type: text/plain', '', '').head.headers[0]?.value).toBe(value)
    },
  )

  test.each<[string, { uri: string; name?: string }]>([
    ['<im:a@x.org>', { uri: 'im:a@x.org' }],
    ['Winnie the Pooh <im:pooh@100akerwood.com>', { uri: 'im:pooh@100akerwood.com', name: 'Winnie the Pooh' }],
    [String.raw`"Pooh \"the <Bear>\"" <im:pooh@x.org>`, { uri: 'im:pooh@x.org', name: 'Pooh "the <Bear>"' }],
    ['"" <im:a@x.org>', { uri: 'im:a@x.org' }],
    [String.raw`" Alice \t" <im:a@x.org>`, { uri: 'im:a@x.org', name: 'Alice' }],
    ['Jörg<sip:j@x.org;user=phone>', { uri: 'sip:j@x.org;user=phone', name: 'Jörg' }],
    ['+33642575779', { uri: '+33642575779' }],
    ['sip:a@x.org', { uri: 'sip:a@x.org' }],
  ])('address %s', (written, address) => {
    expect(parse(`From: ${written}`, '', 'Content-Type: text/plain', '', '').head.from).toEqual(address)
  })

  test.each([
    ['2013-08-08T06:40:56.000Z', '2013-08-08T06:40:56.000Z'],
    ['2015-02-05T17:58:30+08:00', '2015-02-05T09:58:30.000Z'],
    ['2015-11-07T22:35+0000', '2015-11-07T22:35:00.000Z'],
    ['2022-08-02T15:34:33', '2022-08-02T15:34:33.000Z'],
    ['mar., 29 09 2015 11:09:20.826 +0200', undefined],
    ['2013-99-08T06:40:56Z', undefined],
  ])('DateTime %s', (written, expected) => {
    const { head } = parse(`DateTime: ${written}`, '', 'Content-Type: text/plain', '', '')
    expect(head.dateTime?.toISOString()).toBe(expected)
  })
})

describe('What peers send is read:', () => {
  const FROM = { uri: 'sip:a@x.org' }

  test.each<[string, string]>([
    ['lines that end in LF alone', 'From: <sip:a@x.org>\n\nContent-Type: text/plain\n\nHello'],
    [
      'headers with CRLF and MIME fields with LF, as the library of Blink writes them',
      'From: <sip:a@x.org>\r\n\r\nContent-Type: text/plain; charset="utf-8"\nMIME-Version: 1.0\n\nHello',
    ],
    ['a blank line first', '\r\nFrom: <sip:a@x.org>\r\n\r\nContent-Type: text/plain\r\n\r\nHello'],
    ['a blank line too many', 'From: <sip:a@x.org>\r\n\r\n\r\nContent-Type: text/plain\r\n\r\nHello'],
    [
      'no blank line before the content',
      'From: <sip:a@x.org>\r\nContent-type: text/plain\r\nContent-length: 5\r\n\r\nHello',
    ],
    [
      'its own type on top',
      'Content-type: Message/CPIM\r\n\r\nFrom: <sip:a@x.org>\r\n\r\nContent-Type: text/plain\r\n\r\nHello',
    ],
    ['no blank behind the colon', 'From:<sip:a@x.org>\r\n\r\nContent-Type:text/plain\r\n\r\nHello'],
    ['folded MIME fields', 'From: <sip:a@x.org>\r\n\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\nHello'],
    ['parameters of any header', 'From:;x="a; \\"b";y=2 <sip:a@x.org>\r\n\r\nContent-Type: text/plain\r\n\r\nHello'],
  ])('%s', (_, body) => {
    const { head, text } = parseCpim(encode(body))
    expect(head.from).toEqual(FROM)
    expect(head.contentType).toMatch(/^text\/plain/)
    expect(text()).toBe('Hello')
  })

  test('no headers at all', () => {
    const { head, text } = parseCpim(encode('\r\nContent-Type: text/plain\r\n\r\nHello'))
    expect(head.headers).toEqual([])
    expect(text()).toBe('Hello')
  })

  test('no content at all', () => {
    const { head, content } = parseCpim(encode('From: <sip:a@x.org>\r\n\r\nContent-Type: text/plain'))
    expect(head.contentType).toBe('text/plain')
    expect(content).toHaveLength(0)
  })

  test.each<[string, string, string]>([
    ['text', 'From: <sip:a@x.org>\r\n\r\nHello', 'Hello'],
    ['text behind the blank line of fields that are not there', 'From: <sip:a@x.org>\r\n\r\n\r\nHello', 'Hello'],
    ['text that begins with blank lines', 'From: <sip:a@x.org>\r\n\r\n\r\n\r\nHello', '\r\nHello'],
    [
      'a paragraph that looks like fields',
      'From: <sip:a@x.org>\r\n\r\nNote: this\r\n\r\nand that',
      'Note: this\r\n\r\nand that',
    ],
    ['a line that looks like a field', 'From: <sip:a@x.org>\r\n\r\nNote: this', 'Note: this'],
    [
      'lines of which the first looks like a field',
      'From: <sip:a@x.org>\r\n\r\nNote: this\r\nand that',
      'Note: this\r\nand that',
    ],
    [
      'a paragraph that begins like a field of MIME',
      'From: <sip:a@x.org>\r\n\r\nContent-Warning: spoilers\r\n\r\nHe dies',
      'Content-Warning: spoilers\r\n\r\nHe dies',
    ],
    ['a long line', `From: <sip:a@x.org>\r\n\r\n${'x'.repeat(100_000)}`, 'x'.repeat(100_000)],
    [
      'long lines that look like fields',
      `From: <sip:a@x.org>\r\n\r\n${'x: y\n'.repeat(20_000)}`,
      'x: y\n'.repeat(20_000),
    ],
  ])('content without MIME fields, which is text, whole: %s', (_, body, content) => {
    for (const size of [1, 7, 70_000, body.length]) {
      const reader = new CpimHeadReader()
      const bytes = encode(body)
      const rest: Uint8Array[] = []
      let head: CpimHead | undefined
      for (let at = 0; at < bytes.length; at += size) {
        const piece = bytes.slice(at, at + size)
        const found = head === undefined ? reader.push(piece) : { head, rest: piece }
        head = found?.head
        if (found !== undefined) rest.push(found.rest)
      }
      if (head === undefined) {
        const found = reader.end()
        head = found.head
        rest.push(found.rest)
      }
      expect(new TextDecoder().decode(Buffer.concat(rest))).toBe(content)
      expect([head.contentFields, head.contentType, head.from]).toEqual([[], 'text/plain', FROM])
    }
  })

  test.each<[string, readonly string[]]>([
    [
      'before all headers',
      ['Content-Disposition: notification', 'From: <sip:a@x.org>', 'DateTime: 2026-01-02T03:04:05Z'],
    ],
    ['between them', ['From: <sip:a@x.org>', 'content-disposition: notification', 'DateTime: 2026-01-02T03:04:05Z']],
    ['folded', ['From: <sip:a@x.org>', 'Content-Disposition:', ' notification', 'DateTime: 2026-01-02T03:04:05Z']],
    ['behind them', ['From: <sip:a@x.org>', 'DateTime: 2026-01-02T03:04:05Z', 'Content-Disposition: notification']],
  ])('fields of the content among the headers, %s', (_, headers) => {
    const { head, text } = parse(...headers, '', 'Content-Type: text/html', '', 'Hello')
    expect([head.from, head.dateTime?.getTime(), head.headers.length]).toEqual([FROM, Date.UTC(2026, 0, 2, 3, 4, 5), 2])
    expect([head.contentType, head.contentField('Content-Disposition'), text()]).toEqual([
      'text/html',
      'notification',
      'Hello',
    ])
    const bare = parse(...headers, '', 'Hello')
    expect([bare.head.contentType, bare.text()]).toEqual(['text/plain', 'Hello'])
    expect(bare.head.contentField('Content-Disposition')).toBe('notification')
  })

  test('a transfer encoding among the headers, and of two values the one of the content', () => {
    const encoded = parse(
      'From: <sip:a@x.org>',
      'Content-Transfer-Encoding: base64',
      'Content-Length: 12',
      '',
      'Content-Type: text/plain',
      'Content-Length: 8',
      '',
      'SGVsbG8=',
    )
    expect([encoded.text(), encoded.head.contentField('Content-Length')]).toEqual(['Hello', '8'])
  })

  test('content without type, which is text', () => {
    expect(parse('To: <sip:a@x.org>', '', 'Content-Length: 2', '', 'Hi').head.contentType).toBe('text/plain')
  })
})

describe('What is no message/cpim is told with its line:', () => {
  test.each<[string, string, RegExp]>([
    ['no header', 'From: <sip:a@x.org>\r\nwhat is this\r\n\r\n', /Line 2 .*"what is this"/],
    ['no MIME field', 'From: <sip:a@x.org>\r\n\r\nContent-Type: text/plain\r\nHello\r\n', /Line 4 .*"Hello"/],
    ['its end before the content', 'From: <sip:a@x.org>\r\n', /ends in line 2, before its content/],
    ['nothing', '', /ends in line 1/],
  ])('%s', (_, body, message) => {
    expect(() => parseCpim(encode(body))).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringMatching(message) }),
    )
  })

  test('headers without end, as soon as the limit is passed', () => {
    const reader = new CpimHeadReader({ headBytes: 1000 })
    const push = (): void => {
      for (let pushed = 0; pushed < 2000; pushed += 10) reader.push(encode('X: 345678\n'))
    }
    expect(push).toThrow(expect.objectContaining({ code: 'limit-exceeded', message: expect.stringContaining('1000') }))
    expect(() => parseCpim(encode(`X: ${'y'.repeat(70_000)}`))).toThrow(
      expect.objectContaining({ code: 'limit-exceeded' }),
    )
    expect(parse(`X: ${'y'.repeat(60_000)}`, '', 'Content-Type: text/plain', '', 'z').text()).toBe('z')
  })

  // The square of their length would take longer than anybody waits.
  test.each<[string, string, string]>([
    ['blanks in an address', `From: a${' '.repeat(MILLION)}b`, 'a'],
    ['half a quote', `From: "${'\\a'.repeat(MILLION / 2)}`, '"aaa'],
    ['semicolons', `From:${';'.repeat(MILLION)}`, ''],
    ['quotes behind semicolons', `From:${';""'.repeat(MILLION / 3)}`, ''],
    ['a prefix without end', `NS: ${'a'.repeat(MILLION)}`, 'aaa'],
    ['points', `${'a.'.repeat(MILLION / 2)}: x`, 'malformed'],
    ['commas', `Require: ${',a'.repeat(MILLION / 2)}`, ',a,a'],
  ])('%s, a million characters of them, cost no more than their length', (_, line, value) => {
    const read = (): string | undefined => {
      try {
        return parseCpim(encode(crlf(line, '', 'Content-Type: text/plain', '', '')), { headBytes: 2 * MILLION }).head
          .headers[0]?.value
      } catch (error) {
        return (error as MsrpError).code
      }
    }
    expect(read()?.slice(0, value.length)).toBe(value)
  })
})

test('However its bytes come, the same is read', () => {
  const bytes = encode(EXAMPLE)
  const whole = parseCpim(bytes)
  for (let split = 0; split <= bytes.length; split++) {
    const reader = new CpimHeadReader()
    const first = reader.push(bytes.slice(0, split))
    const found = first ?? reader.push(bytes.slice(split))
    expect(found?.head.headers).toEqual(whole.head.headers)
    const rest = [...(found?.rest ?? []), ...(first === undefined ? [] : bytes.slice(split))]
    expect(new Uint8Array(rest)).toEqual(whole.content)
  }
})

test('Whatever comes is a message or an error that says what is wrong', () => {
  const word = fc.constantFrom(
    ...[
      '\r\n',
      '\n',
      '\r',
      ': ',
      ':',
      ';',
      '.',
      '<',
      '>',
      '"',
      '\\',
      ',',
      ' ',
      '\t',
      '\0',
      '\u0080',
      'NS',
      'Require',
      'From',
    ],
    ...[
      'To',
      'DateTime',
      'Subject',
      'lang=de',
      'a',
      'Content-Type',
      'message/cpim',
      'text/plain',
      'urn:x:y',
      '2026-01-01',
    ],
  )
  const text = fc.array(word, { maxLength: 60 }).map((words) => encode(words.join('')))
  fc.assert(
    fc.property(fc.oneof(text, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        const { head, content } = parseCpim(bytes, { headBytes: 150 })
        expect(head.bytes.length + content.length).toBe(bytes.length)
        head.notUnderstood()
        head.subject('de')
      } catch (error) {
        expect(error).toBeInstanceOf(MsrpError)
        expect((error as MsrpError).code).toMatch(/^(malformed|limit-exceeded)$/)
        // One line, for a log or a response.
        expect((error as MsrpError).message).toMatch(/^[^\p{Cc}]+$/u)
      }
    }),
    { numRuns: 2_000 },
  )
})
