import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatContentDisposition, parseContentDisposition } from '../../src/wire/index.ts'

describe('reading Content-Disposition', () => {
  test.each<[text: string, type: string | undefined, filename?: string, others?: Array<[string, string]>]>([
    ['render', 'render'],
    ['Attachment; filename=report.pdf', 'attachment', 'report.pdf'],
    ['attachment; filename="a b; c.txt"', 'attachment', 'a b; c.txt'],
    ['attachment; filename="say \\"hi\\" \\\\ bye"', 'attachment', 'say "hi" \\ bye'],
    ['attachment;filename = "x" ; size=12', 'attachment', 'x', [['size', '12']]],
    ['attachment; FILENAME=x', 'attachment', 'x'],
    ['attachment; filename="naive.txt"; filename*=UTF-8\'\'na%C3%AFve.txt', 'attachment', 'naïve.txt'],
    ["attachment; filename*=utf-8'en'%e2%82%ac%20rates; filename=x", 'attachment', '€ rates'],
    ["attachment; filename*=iso-8859-1'en'%A3%20rates", 'attachment', '£ rates'],
    ['attachment; filename*=UTF-8\'\'%ff; filename="fallback"', 'attachment', 'fallback'],
    ["attachment; filename*=UTF-8''%zz; filename=fallback", 'attachment', 'fallback'],
    ["attachment; filename*=koi8-r''%c1; filename=fallback", 'attachment', 'fallback'],
    ['attachment; filename*=plain; filename=fallback', 'attachment', 'fallback'],
    ['attachment; filename="Übung.txt"', 'attachment', 'Übung.txt'],
    ['attachment; filename=two words.txt', 'attachment', 'two words.txt'],
    ['attachment; filename="../../etc/passwd"', 'attachment', '../../etc/passwd'],
    ['attachment; filename=""', 'attachment'],
    ['attachment; filename', 'attachment'],
    ['attachment; filename=a; filename=b', 'attachment', 'a'],
    ['attachment; filename="open', 'attachment', undefined],
    ['attachment; ; filename=x', 'attachment', undefined],
    ['attachment;', 'attachment'],
    ['', undefined],
    [';filename=x', undefined],
    ['two words; filename=x', undefined],
    ['"attachment"', undefined],
    ['@', undefined],
  ])('%s', (text, type, filename, others = []) => {
    const disposition = parseContentDisposition(text)
    expect(disposition?.type).toBe(type)
    expect(disposition?.filename).toBe(filename)
    if (type !== undefined) expect([...(disposition?.parameters ?? [])]).toEqual(others)
  })

  test('never throws, and takes no longer than the text is long', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        (text) => void parseContentDisposition(`attachment${text}`),
      ),
    )
    for (const text of [
      '; a="'.repeat(20_000),
      `; a="${'\\"'.repeat(50_000)}`,
      ';'.repeat(100_000),
      `;${' '.repeat(100_000)}`,
    ]) {
      expect(parseContentDisposition(`attachment${text}`)?.type).toBe('attachment')
    }
  })
})

describe('writing Content-Disposition', () => {
  test.each([
    [{ type: 'render' }, 'render'],
    [{ type: 'attachment', filename: 'report.pdf' }, 'attachment; filename="report.pdf"'],
    [{ type: 'attachment', filename: 'a "b" \\c; d.txt' }, 'attachment; filename="a \\"b\\" \\\\c; d.txt"'],
    [
      { type: 'attachment', filename: 'naïve.txt' },
      'attachment; filename="naive.txt"; filename*=UTF-8\'\'na%C3%AFve.txt',
    ],
    [{ type: 'attachment', filename: '漢.txt' }, 'attachment; filename="_.txt"; filename*=UTF-8\'\'%E6%BC%A2.txt'],
    [
      { type: 'attachment', filename: "é'(*)!" },
      "attachment; filename=\"e'(*)!\"; filename*=UTF-8''%C3%A9%27%28%2A%29!",
    ],
    [{ type: 'attachment', filename: 'a\r\nX: y\0' }, 'attachment; filename="a__X: y_"'],
    [
      { type: 'attachment', filename: 'lone \ud800' },
      'attachment; filename="lone _"; filename*=UTF-8\'\'lone%20%EF%BF%BD',
    ],
    [
      {
        type: 'attachment',
        filename: 'x',
        parameters: new Map([
          ['size', '12'],
          ['note', 'a b'],
        ]),
      },
      'attachment; filename="x"; size=12; note="a b"',
    ],
  ])('%j', (disposition, text) => {
    expect(formatContentDisposition(disposition)).toBe(text)
  })

  test.each([
    { type: 'two words' },
    { type: '' },
    { type: 'a\r\nb' },
    { type: 'a', parameters: new Map([['b c', '1']]) },
    { type: 'a', parameters: new Map([['b', '\r\n']]) },
  ])('%j cannot be written', (disposition) => {
    expect(() => formatContentDisposition(disposition)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('every name without control characters is read as it was given, and what is written is ASCII', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !/\p{Cc}/u.test(text))
    fc.assert(
      fc.property(name, (filename) => {
        const text = formatContentDisposition({ type: 'attachment', filename })
        expect(text).toMatch(/^[ -~]*$/)
        expect(parseContentDisposition(text)).toMatchObject({ type: 'attachment', filename: filename.toWellFormed() })
      }),
    )
  })
})
