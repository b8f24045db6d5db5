import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildMultipart, MultipartReader, parseMultipart } from '../../src/multipart/index.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { readParts } from './read-parts.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const crlf = (...lines: string[]): string => lines.join('\r\n')

/** The example of RFC 2046 §5.1.1, shortened. */
const EXAMPLE = crlf(
  'This is the preamble.  It is to be ignored.',
  '--simple boundary',
  '',
  'This text does NOT end with a linebreak.',
  '--simple boundary',
  'Content-type: text/plain; charset=us-ascii',
  '',
  'This text DOES end with a linebreak.',
  '',
  '--simple boundary--',
  '',
  'This is the epilogue.  It is also to be ignored.',
)
const SIMPLE = 'multipart/mixed; boundary="simple boundary"'

const contents = (text: string, contentType = 'multipart/mixed; boundary=b'): string[] =>
  readParts([encode(text)], contentType).map(({ content }) => content)

describe('A multipart is read', () => {
  test('part by part, as RFC 2046 §5.1.1 shows it', () => {
    const { type, parts } = parseMultipart(encode(EXAMPLE), SIMPLE)
    expect(type).toBe('multipart/mixed')
    expect(parts.map((part) => [part.contentType, part.text()])).toEqual([
      ['text/plain', 'This text does NOT end with a linebreak.'],
      ['text/plain; charset=us-ascii', 'This text DOES end with a linebreak.\r\n'],
    ])
  })

  test('the same however its bytes come', () => {
    const bytes = encode(EXAMPLE)
    const whole = readParts([bytes], SIMPLE)
    expect(
      readParts(
        [...bytes].map((byte) => Uint8Array.of(byte)),
        SIMPLE,
      ),
    ).toEqual(whole)
    for (let split = 0; split <= bytes.length; split++) {
      expect(readParts([bytes.slice(0, split), bytes.slice(split)], SIMPLE)).toEqual(whole)
    }
  })

  test.each<[string, string, string[]]>([
    ['lines that end in LF alone', '--b\n\none\n--b\n\ntwo\n--b--\n', ['one', 'two']],
    ['no line end behind the last boundary', '--b\r\n\r\none\r\n--b--', ['one']],
    ['blanks behind boundaries', '--b \t\r\n\r\none\r\n--b--  \r\n', ['one']],
    ['an empty part', '--b\r\n\r\n\r\n--b--', ['']],
    ['a part without a line of its own', '--b\r\n\r\n--b--', ['']],
    ['a part that ends with its head', '--b\r\nContent-Type: text/html\r\n--b--', ['']],
    [
      'a boundary that goes on',
      '--b\r\n\r\n--bc\r\n--b-\r\n--b--c\r\n--b c\r\n--b--',
      ['--bc\r\n--b-\r\n--b--c\r\n--b c'],
    ],
    ['a boundary within a line', '--b\r\n\r\nx--b\r\n--b--', ['x--b']],
    ['a CR that belongs to the content', '--b\r\n\r\none\r\r\n--b--', ['one\r']],
    ['blank lines', '--b\r\n\r\n\r\n\r\none\r\n\r\n\r\n--b--', ['\r\n\r\none\r\n\r\n']],
    [
      'more blanks than padding may have',
      `--b\r\n\r\n\r\n--b${' '.repeat(300)}\r\n--b--`,
      [`\r\n--b${' '.repeat(300)}`],
    ],
    ['another multipart behind it', '--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--', ['one']],
  ])('with %s', (_, text, expected) => {
    expect(contents(text)).toEqual(expected)
    expect(
      readParts(
        [...encode(text)].map((byte) => Uint8Array.of(byte)),
        'multipart/x; boundary=b',
      ).map(({ content }) => content),
    ).toEqual(expected)
    expect(parseMultipart(encode(text), 'multipart/x; boundary=b').parts.map(({ content }) => decode(content))).toEqual(
      expected,
    )
  })

  test('with what a part says of itself', () => {
    const { parts } = parseMultipart(
      encode(
        crlf(
          '--b',
          'content-type: IMAGE/PNG;',
          '\tname="a.png"',
          'Content-ID: <1.x@example.com>',
          "Content-Disposition: attachment; filename*=UTF-8''%C3%BC.png",
          'X-More : yes',
          '',
          'x',
          '--b',
          'Content-Type: image/gif; name="b.gif"',
          '',
          '',
          '--b--',
        ),
      ),
      'multipart/mixed; boundary=b',
    )
    const [first, second] = parts
    expect(first).toMatchObject({
      contentType: 'IMAGE/PNG; name="a.png"',
      contentId: '1.x@example.com',
      fileName: 'ü.png',
    })
    expect(first?.disposition?.type).toBe('attachment')
    expect(first?.field('x-more')).toBe('yes')
    expect(second).toMatchObject({ fileName: 'b.gif', contentId: undefined, disposition: undefined })
  })

  test.each([
    ['text/plain', 'multipart/mixed'],
    ['message/rfc822', 'multipart/digest'],
  ])('with parts of type %s where a %s says nothing', (expected, type) => {
    expect(parseMultipart(encode('--b\r\n\r\nx\r\n--b--'), `${type}; boundary=b`).parts[0]?.contentType).toBe(expected)
  })

  test('with text in any charset, and what is encoded as what it was', () => {
    const part = (fields: string[], content: string): string => crlf('--b', ...fields, '', content, '')
    const bytes = Buffer.from(
      `${part(['Content-Type: text/plain; charset=iso-8859-1'], 'Gr\u00fc\u00dfe')}${part(
        ['Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: Base64'],
        'PGI+\r\nR3LDvMOfZTwvYj4=',
      )}${part(['Content-Transfer-Encoding: quoted-printable'], 'Gr=C3=BC=\r\n=C3=9Fe')}${part(
        ['Content-Type: text/plain; charset=x-unheard-of'],
        'x',
      )}${part(['Content-Transfer-Encoding: uuencode'], 'x')}--b--`,
      'latin1',
    )
    const [latin, html, quoted, unknown, encoded] = parseMultipart(bytes, 'multipart/mixed; boundary=b').parts
    expect([latin?.text(), html?.text(), quoted?.text()]).toEqual(['Grüße', '<b>Grüße</b>', 'Grüße'])
    expect(() => unknown?.text()).toThrow(
      expect.objectContaining({ code: 'not-understood', message: expect.stringContaining('"x-unheard-of"') }),
    )
    expect(decode(unknown!.bytes())).toBe('x')
    expect(() => encoded?.bytes()).toThrow(
      expect.objectContaining({ code: 'not-understood', message: expect.stringContaining('"uuencode"') }),
    )
    expect(decode(encoded!.content)).toBe('x')
  })

  test('down to the parts of its parts, and every byte of a part stays as it came', () => {
    const inner = buildMultipart('alternative', [{ content: 'text' }, { content: '<p>', contentType: 'text/html' }])
    const outer = buildMultipart('mixed', [
      { content: inner.body, contentType: inner.contentType },
      { content: 'last' },
    ])
    const [first, last] = parseMultipart(outer.body, outer.contentType).parts
    expect(first?.multipart().parts.map((part) => part.text())).toEqual(['text', '<p>'])
    expect(decode(first!.whole)).toBe(`Content-Type: ${inner.contentType}\r\n\r\n${decode(inner.body)}`)
    expect(() => last?.multipart()).toThrow(expect.objectContaining({ code: 'type-not-accepted' }))
  })
})

test.each([
  ['Content-Type: x/y\r\n\r\n', 'Content-Type: x/y\r\n', ''],
  ['Content-Type: x/y\r\n', 'Content-Type: x/y', ''],
  ['Content-Type: x/y\r\n\r\n\r\n', 'Content-Type: x/y\r\n\r\n', ''],
  ['\r\n', '', ''],
  ['', '', ''],
  ['\r\n\r\n', '\r\n', ''],
  ['\n\nx\n\n', '\n\nx\n', '\nx\n'],
])('The line end before a boundary belongs to it, whatever stands before: %j', (text, whole, content) => {
  const { parts } = parseMultipart(encode(`--b\r\n${text}--b--`), 'multipart/mixed; boundary=b')
  expect(parts.map((part) => [decode(part.whole), decode(part.content)])).toEqual([[whole, content]])
  const again = buildMultipart('mixed', [{ whole: parts[0]!.whole }])
  expect(decode(parseMultipart(again.body, again.contentType).parts[0]!.whole)).toBe(whole)
})

describe('What is no multipart is told:', () => {
  test.each<[string, string, string, RegExp]>([
    ['another type', 'text/plain', '', /"text\/plain" is no multipart/],
    ['no boundary', 'multipart/mixed', '', /no boundary/],
    ['an empty boundary', 'multipart/mixed; boundary=""', '', /no boundary/],
    ['a boundary without end', `multipart/mixed; boundary=${'x'.repeat(201)}`, '', /no boundary/],
    ['a boundary with control characters', 'multipart/mixed; boundary="a\tb"', '', /no boundary/],
    ['nothing at all', 'multipart/mixed; boundary=b', '', /ends before its last boundary, in part 0/],
    ['no part', 'multipart/mixed; boundary=b', 'Hello\r\n', /in part 0/],
    ['its end in a part', 'multipart/mixed; boundary=b', '--b\r\n\r\none\r\n--b\r\n\r\ntwo', /in part 2/],
    ['its end in a head', 'multipart/mixed; boundary=b', '--b\r\nContent-Type', /in part 1/],
    ['a line that is no field', 'multipart/mixed; boundary=b', '--b\r\nHello\r\n\r\nx\r\n--b--', /Part 1 .*"Hello"/],
  ])('%s', (_, contentType, text, message) => {
    const error = expect.objectContaining({ message: expect.stringMatching(message) })
    expect(() => parseMultipart(encode(text), contentType)).toThrow(error)
  })
})

describe('What a multipart may hold has limits:', () => {
  const exceeded = (message: RegExp): unknown =>
    expect.objectContaining({ code: 'limit-exceeded', message: expect.stringMatching(message), status: 413 })

  test('parts', () => {
    const many = (count: number): Uint8Array => encode(`${'--b\r\n\r\n\r\n'.repeat(count)}--b--`)
    expect(parseMultipart(many(256), 'multipart/mixed; boundary=b').parts).toHaveLength(256)
    expect(() => parseMultipart(many(257), 'multipart/mixed; boundary=b')).toThrow(exceeded(/more than 256 parts/))
    expect(() => parseMultipart(many(3), 'multipart/mixed; boundary=b', { parts: 2 })).toThrow(exceeded(/2 parts/))
  })

  test('header fields, as soon as there are too many', () => {
    const reader = new MultipartReader('multipart/mixed; boundary=b', {
      part: () => {},
      content: () => {},
      partEnd: () => {},
    })
    reader.push(encode('--b\r\n'))
    const push = (line: string): void => {
      for (let pushed = 0; pushed < 20_000; pushed += line.length) reader.push(encode(line))
    }
    expect(() => push('x: 456789\n')).toThrow(exceeded(/part 1 have more than 16384 bytes/))
    const long = encode(`--b\r\nx: ${'y'.repeat(2_000)}`)
    expect(() => parseMultipart(long, 'multipart/mixed; boundary=b', { headBytes: 1_000 })).toThrow(exceeded(/1000/))
  })

  test('depth', () => {
    let { contentType, body } = buildMultipart('mixed', [{ content: 'deep' }])
    for (let depth = 1; depth < 9; depth++)
      ({ contentType, body } = buildMultipart('mixed', [{ content: body, contentType }]))
    let multipart = parseMultipart(body, contentType)
    for (let depth = 1; depth < 8; depth++) multipart = multipart.parts[0]!.multipart()
    expect(() => multipart.parts[0]?.multipart()).toThrow(exceeded(/more than 8 containers/))
  })

  // The square of their length would take longer than anybody waits.
  test.each<[string, string, number | string]>([
    ['false boundaries', '\r\n--bx', 1],
    ['boundaries with blanks', `\r\n--b${' '.repeat(250)}x`, 1],
    ['line ends', '\r\n', 1],
    ['hyphens', '--', 'limit-exceeded'],
    ['parts', '\r\n--b\r\n\r\n', 'limit-exceeded'],
    ['folded fields', '\r\n --b', 1],
  ])('%s, a million bytes of them, cost no more than their length', (_, text, found) => {
    const bytes = encode(`--b\r\nContent-Type: text/plain\r\n${text.repeat(1_000_000 / text.length)}\r\n--b--`)
    const pieces = (size: number): Uint8Array[] =>
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
    const parts = (size: number): number | string => {
      try {
        return readParts(pieces(size), 'multipart/mixed; boundary=b').length
      } catch (error) {
        return (error as MsrpError).code
      }
    }
    expect([parts(7), parts(100_000)]).toEqual([found, found])
  })
})

test('Whatever comes is parts or an error that says what is wrong, in pieces as in one', () => {
  const word = fc.constantFrom(
    '\r\n',
    '\n',
    '\r',
    '--b',
    '--b--',
    '--',
    'b',
    '-',
    ' ',
    ':',
    'x: y',
    'Content-Type: text/html',
    'é',
    '\0',
  )
  const text = fc.array(word, { maxLength: 40 }).map((words) => encode(`--b\r\n${words.join('')}`))
  const outcome = (pieces: Uint8Array[]): unknown => {
    try {
      return readParts(pieces, 'multipart/mixed; boundary=b', { headBytes: 60 })
    } catch (error) {
      expect(error).toBeInstanceOf(MsrpError)
      expect((error as MsrpError).message).toMatch(/^[^\p{Cc}]+$/u)
      return (error as MsrpError).code
    }
  }
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 6 }), (bytes, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
      const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end))
      expect(outcome(pieces)).toEqual(outcome([bytes]))
    }),
    { numRuns: 2_000 },
  )
})
