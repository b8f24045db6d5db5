import { describe, expect, test } from 'vitest'
import {
  type FileRange,
  type FileSelector,
  fileContentDisposition,
  formatFileDates,
  formatFileDescription,
  formatFileDisposition,
  formatFileIcon,
  formatFileRange,
  formatFileSelector,
  newFileTransferId,
  parseDate,
  parseFileDates,
  parseFileDescription,
  parseFileDisposition,
  parseFileIcon,
  parseFileRange,
  parseFileSelector,
  parseFileTransferId,
  positionsOf,
  readFileDisposition,
  sameRange,
} from '../../src/file/index.ts'
import { nodeRandom } from '../../src/node/index.ts'

const SHA1 = '72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E'
const sha1 = { algorithm: 'sha-1', digest: '72245fe8653ddaf371362f86d471913ee4a2ce2e' }
const sha256 = { algorithm: 'sha-256', digest: 'ab'.repeat(32) }
const SHA256 = Array.from({ length: 32 }, () => 'AB').join(':')

function parseFileSelectorOr(text: string): unknown {
  try {
    return parseFileSelector(text)
  } catch (error) {
    return error
  }
}

describe('file-selector', () => {
  test.each<[string, FileSelector]>([
    // RFC 5547, figures 2 and 14.
    [
      `name:"My cool picture.jpg" type:image/jpeg size:32349 hash:sha-1:${SHA1}`,
      { name: 'My cool picture.jpg', type: 'image/jpeg', size: 32349, hashes: [sha1] },
    ],
    [`hash:sha-1:${SHA1}`, { hashes: [sha1] }],
    ['size:0', { size: 0 }],
    ['type:text/plain;charset="utf-8"', { type: 'text/plain;charset="utf-8"' }],
    ['type:a/b;x="1;2 3";y="4"', { type: 'a/b;x="1;2 3";y="4"' }],
    ['name:"Grüße 日本.txt"', { name: 'Grüße 日本.txt' }],
    [`hash:sha-1:${SHA1} hash:sha-256:${SHA256}`, { hashes: [sha1, sha256] }],
    [`hash:sha-1:${SHA1} hash:sha3-512:AB`, { hashes: [sha1, { algorithm: 'sha3-512', digest: 'ab' }] }],
    ['', {}],
  ])('%s is read and written (RFC5547-5-1)', (text, selector) => {
    expect(parseFileSelector(text)).toEqual(selector)
    expect(formatFileSelector(selector)).toBe(text)
  })

  test.each([
    ['a "quoted" name', 'a %22quoted%22 name'],
    ['100%', '100%25'],
    ['two\r\nlines\0', 'two%0D%0Alines%00'],
    ['../..\\C:x', '..%2F..%5CC%3Ax'],
    ['tab\there', 'tab%09here'],
    ['\ud800lone', '\ufffdlone'],
  ])(
    'the name %j is written as %s: quotes, percent signs, controls and what stands for folders (RFC5547-6-4, RFC5547-6-5, RFC5547-6-6)',
    (name, written) => {
      expect(formatFileSelector({ name })).toBe(`name:"${written}"`)
      expect(parseFileSelector(`name:"${written}"`).name).toBe(name.toWellFormed())
    },
  )

  test.each<[string, string, FileSelector]>([
    ['in lower case', `hash:sha-1:${SHA1.toLowerCase()}`, { hashes: [sha1] }],
    ['without the hyphen, as old Blink writes it', `hash:sha1:${SHA1}`, { hashes: [sha1] }],
    ['percent signs that encode nothing', 'name:"100% of%2"', { name: '100% of%2' }],
    ['bytes that are no UTF-8', 'name:"a%FFb"', { name: 'a\ufffdb' }],
    ['UTF-8 that is encoded', 'name:"%C3%BC"', { name: 'ü' }],
    ['a name without quotes', 'name:a.txt size:3', { name: 'a.txt', size: 3 }],
    ['more blanks', '  size:3   type:a/b ', { size: 3, type: 'a/b' }],
    ['other selectors', 'size:3 colour:blue', { size: 3 }],
    ['blanks around parameters', 'type:a/b ; x="1" ;y=2; z=3 size:4', { type: 'a/b;x="1";y="2";z="3"', size: 4 }],
    ['a parameter without quotes', 'type:text/plain;charset=utf-8', { type: 'text/plain;charset="utf-8"' }],
    ['an empty name', 'name:"" size:3', { size: 3 }],
    ['the first of two', 'size:3 size:4', { size: 3 }],
    ['two hashes by one function', `hash:sha-1:${SHA1} hash:sha-1:${SHA1}`, { hashes: [sha1, sha1] }],
    ['keywords in capitals', 'SIZE:3', { size: 3 }],
    [
      'the slip of an RCS client',
      'name:"a.jpg" type:image/jpegize:195490',
      { name: 'a.jpg', type: 'image/jpegize:195490' },
    ],
  ])('is taken with %s (RFC5547-6-9)', (_, text, selector) => {
    if (text.includes('jpegize')) expect(() => parseFileSelector(text)).toThrow(/jpegize/)
    else expect(parseFileSelector(text)).toEqual(selector)
  })

  test.each([
    ['size:-1', /"size:-1"/],
    ['size:1e3', /"size:1e3"/],
    ['size:99999999999999999999', /size:9999/],
    ['type:image', /"type:image"/],
    ['hash:sha-1:72', /"sha-1:72" is no hash/],
    ['hash:sha-1', /is no hash/],
    ['name:"open', /"name:\\"open"/],
    ['nonsense', /"nonsense"/],
    ['name:"a"b', /none of name:/],
  ])('%s is refused, and the error says what', (text, message) => {
    expect(() => parseFileSelector(text)).toThrow(message)
    expect(() => parseFileSelector(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  test('has bounds, and costs no more than its length', () => {
    expect(() => parseFileSelector(`name:"${'x'.repeat(9000)}"`)).toThrow(/8192/)
    const many = Array.from({ length: 100 }, () => 'hash:x:AB').join(' ')
    expect(parseFileSelector(many).hashes).toHaveLength(16)
    // Would take longer than a test may, if it cost more.
    const parameters = [';a=', ' ;a=', '; a=', ' ; a='].map((one) => `type:${one.repeat(1600)}"`)
    for (const text of [
      `type:${'a'.repeat(8000)}"`,
      'a:b '.repeat(2000),
      `name:"${'%'.repeat(8000)}"`,
      ...parameters,
    ]) {
      expect(parseFileSelectorOr(text)).toBeDefined()
    }
  })

  test('has SHA-1 before other hashes, for those who read one alone (RFC5547-6-8)', () => {
    expect(formatFileSelector({ hashes: [sha256, sha1] })).toMatch(/^hash:sha-1:\S+ hash:sha-256:/)
  })

  test.each<[string, FileSelector]>([
    ['size', { size: 1.5 }],
    ['name', { name: '' }],
    ['media type', { type: 'image' }],
    ['hash', { hashes: [{ algorithm: 'sha-1', digest: 'xy' }] }],
    ['hash', { hashes: [{ algorithm: 'sha-1', digest: 'ab' }] }],
  ])('is not written with what is no %s', (what, selector) => {
    expect(() => formatFileSelector(selector)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(() => formatFileSelector(selector)).toThrow(what)
  })
})

describe('file-transfer-id', () => {
  test('is random, of 32 characters (RFC5547-8.1-2, RFC5547-8.1-5)', () => {
    const ids = Array.from({ length: 100 }, () => newFileTransferId(nodeRandom))
    expect(new Set(ids).size).toBe(100)
    for (const id of ids) expect(id).toMatch(/^[a-z2-7]{32}$/)
  })

  test('of others is any token', () => {
    for (const id of ['Q6LMoGymJdh0IKIgD6wD0jkcfgva4xvE', '1391518338244', '0f-8.x~', 'x']) {
      expect(parseFileTransferId(id)).toBe(id)
    }
    for (const id of ['', 'a b', 'a"b', 'x'.repeat(257)])
      expect(() => parseFileTransferId(id)).toThrow(/file-transfer-id/)
  })
})

describe('file-disposition', () => {
  test.each([
    [undefined, 'render'],
    ['render', 'render'],
    ['Render ', 'render'],
    ['attachment', 'attachment'],
    ['attachment ', 'attachment'],
    ['x-unknown', 'attachment'],
  ])('%s means %s', (text, disposition) => expect(parseFileDisposition(text)).toBe(disposition))

  test('is written as one of two values', () => {
    expect(formatFileDisposition('attachment')).toBe('attachment')
    expect(() => formatFileDisposition('inline' as 'render')).toThrow(/file-disposition/)
  })
})

describe('file-date', () => {
  const date = (text: string): Date => new Date(text)

  test('has each of its three dates once, quoted, with a numeric zone (RFC5547-6-11, RFC5547-6-12, RFC5547-6-13)', () => {
    const creation = date('2006-05-15T12:01:31Z')
    expect(formatFileDates({ creation })).toBe('creation:"Mon, 15 May 2006 12:01:31 +0000"')
    expect(formatFileDates({})).toBeUndefined()
  })

  test('the modification likewise (RFC5547-6-15, RFC5547-6-16)', () => {
    const modification = date('1999-12-31T23:59:59.999Z')
    expect(formatFileDates({ modification })).toBe('modification:"Fri, 31 Dec 1999 23:59:59 +0000"')
  })

  test('and the reading (RFC5547-6-18, RFC5547-6-19)', () => {
    const [creation, read] = [date('2024-02-29T00:00:00Z'), date('2026-01-02T03:04:05Z')]
    expect(formatFileDates({ read, creation })).toBe(
      'creation:"Thu, 29 Feb 2024 00:00:00 +0000" read:"Fri, 02 Jan 2026 03:04:05 +0000"',
    )
  })

  test.each([
    ['Mon, 15 May 2006 15:01:31 +0300', '2006-05-15T12:01:31Z'],
    ['15 May 2006 15:01:31 -0330', '2006-05-15T18:31:31Z'],
    ['5 may 2006 15:01 GMT', '2006-05-05T15:01:00Z'],
    ['Mon,15 May 2006 15:01:31 EST', '2006-05-15T20:01:31Z'],
    ['31 Dec 2016 23:59:60 +0000', '2016-12-31T23:59:59Z'],
  ])('%s is read', (text, iso) => expect(parseDate(text)).toEqual(date(iso)))

  test.each([
    '',
    '31 Feb 2006 15:01:31 +0000',
    '15 Mai 2006 15:01:31 +0000',
    '2006-05-15',
    '15 May 2006 25:01:31 +0000',
  ])('%j is no date', (text) => expect(parseDate(text)).toBeUndefined())

  test('of others is read as far as it can be', () => {
    const text =
      'creation:"Mon, 15 May 2006 15:01:31 +0300" modification:"yesterday" creation:"Tue, 16 May 2006 15:01:31 +0300"'
    expect(parseFileDates(text)).toEqual({ creation: date('2006-05-15T12:01:31Z') })
    expect(parseFileDates('nonsense')).toEqual({})
  })

  test('is not written for what has none', () => {
    expect(() => formatFileDates({ read: new Date(Number.NaN) })).toThrow(/no date/)
    expect(() => formatFileDates({ read: new Date('1800-01-01') })).toThrow(/1900/)
  })
})

describe('file-icon', () => {
  test.each([
    ['cid:id2@alicepc.example.com', 'id2@alicepc.example.com'],
    ['cid:a%2Bb@c', 'a+b@c'],
  ])('%s is read and written', (text, id) => {
    expect(parseFileIcon(text)).toBe(id)
    expect(formatFileIcon(id)).toBe(text)
    expect(formatFileIcon(`<${id}>`)).toBe(text)
  })

  test.each(['', 'http://a.example/', 'cid:', 'cid:a b', 'cid:%', 'cid:%00', `cid:${'x'.repeat(600)}`])(
    '%j is none',
    (text) => expect(() => parseFileIcon(text)).toThrow(/file-icon/),
  )
})

describe('file-range', () => {
  test.each<[string, FileRange]>([
    ['1-32349', { start: 1, stop: 32349 }],
    ['4097-*', { start: 4097 }],
    ['7-7', { start: 7, stop: 7 }],
  ])('%s is read and written (RFC5547-6-21)', (text, range) => {
    expect(parseFileRange(text)).toEqual(range)
    expect(formatFileRange(range)).toBe(text)
  })

  test.each(['', '0-5', '5-4', '5', '-5', '1-99999999999999999999', '1-x', 'a-b'])('%j is none', (text) =>
    expect(() => parseFileRange(text)).toThrow(/file-range/),
  )

  test('counts from 1, both ends included', () => {
    expect(positionsOf({ start: 1, stop: 10 }, 20)).toEqual([0, 10])
    expect(positionsOf({ start: 11 }, 20)).toEqual([10, 20])
    expect(positionsOf({ start: 21 }, 20)).toEqual([20, 20])
    expect(() => positionsOf({ start: 22 }, 20)).toThrow(/20 bytes/)
    expect(() => positionsOf({ start: 1, stop: 21 }, 20)).toThrow(/20 bytes/)
    expect(() => formatFileRange({ start: 0 })).toThrow(/file-range/)
  })

  test('is the same with a star and with the size', () => {
    expect(sameRange({ start: 5 }, { start: 5, stop: 20 }, 20)).toBe(true)
    expect(sameRange({ start: 5 }, { start: 5, stop: 20 })).toBe(false)
    expect(sameRange({ start: 5 }, { start: 6 }, 20)).toBe(false)
  })
})

describe('a whole description', () => {
  test('is read and written, in the order of the examples', () => {
    const description = {
      selector: { name: 'a.txt', size: 3 },
      transferId: 'Q6LMoGymJdh0IKIgD6wD0jkcfgva4xvE',
      disposition: 'attachment',
      dates: { creation: new Date('2006-05-15T12:01:31Z') },
      icon: 'id2@alicepc.example.com',
      range: { start: 1, stop: 3 },
    } as const
    const attributes = formatFileDescription(description)
    expect(attributes.map(([name]) => name)).toEqual([
      'file-selector',
      'file-transfer-id',
      'file-disposition',
      'file-date',
      'file-icon',
      'file-range',
    ])
    const section = { attribute: (name: string) => attributes.find(([one]) => one === name)?.[1] }
    expect(parseFileDescription(section)).toEqual(description)
  })
})

describe('Content-Disposition of a file', () => {
  test('is read back as it was written', () => {
    const dates = { creation: new Date('2006-05-15T12:01:31Z'), modification: new Date('2007-05-15T12:01:31Z') }
    const file = { disposition: 'render', name: 'Grüße.txt', size: 12, dates } as const
    expect(readFileDisposition(fileContentDisposition(file))).toEqual(file)
  })

  test.each([
    [undefined, { disposition: 'render' }],
    ['inline', { disposition: 'attachment' }],
    ['attachment; size=many; creation-date="long ago"', { disposition: 'attachment', size: undefined, dates: {} }],
    ['attachment; filename="../x"', { name: '../x' }],
  ])('%s is taken as far as it goes', (text, file) => expect(readFileDisposition(text)).toMatchObject(file))
})
