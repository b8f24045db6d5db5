import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { documentText } from '../../src/xml/document.ts'
import { readXml, type XmlElement } from '../../src/xml/read.ts'
import { writeXml } from '../../src/xml/write.ts'
import { oddText } from './odd-text.ts'

/** `namespace|name(text)[children]` */
function short({ namespace, name, text, children }: XmlElement): string {
  const inside = children.length === 0 ? '' : `[${children.map(short).join(' ')}]`
  return `${namespace === '' ? '' : `${namespace}|`}${name}${text === '' ? '' : `(${text})`}${inside}`
}

describe('an XML document is read', () => {
  test.each([
    [
      'with a declaration, comments and instructions',
      '<?xml version="1.0"?><?x y?><!-- c --><a>b<!-- c --></a>\n',
      'a(b)',
    ],
    ['in single quotes', "<?xml version='1.0' encoding='utf-8' standalone='yes'?><a b='c'/>", 'a'],
    ['with a byte order mark', '\ufeff<?xml version="1.0" encoding="UTF-8"?><a/>', 'a'],
    ['with blank lines before the declaration', '\r\n\r\n<?xml version="1.0"?><a/>', 'a'],
    ['with the entities that XML itself has', '<a>&lt;&amp;&gt;&#x1F600;&#65;&quot;&apos;</a>', 'a(<&>😀A"\')'],
    ['with line ends of any kind', '<a>b\r\nc\rd\n</a>', 'a(b\nc\nd)'],
    ['with CDATA', '<a> <![CDATA[<b>&x;]]> </a>', 'a(<b>&x;)'],
    ['with text between its elements', '<a>x<b/>y</a>', 'a(xy)[b]'],
    [
      'by its default namespace',
      '<a xmlns="u:1"><b/><c xmlns="u:2"><d/></c><e xmlns=""/></a>',
      'u:1|a[u:1|b u:2|c[u:2|d] e]',
    ],
    [
      'by prefixes, whatever they are',
      '<p:a xmlns:p="u:1"><q:b xmlns:q="u:1"/><p:c xmlns:p="u:2"/></p:a>',
      'u:1|a[u:1|b u:2|c]',
    ],
    ['with names that objects have', '<__proto__ constructor="x"><toString/></__proto__>', '__proto__[toString]'],
  ])('%s', (_, text, expected) => {
    expect(short(readXml(text))).toBe(expected)
  })

  test('with attributes by namespace', () => {
    const element = readXml('<a xmlns:p="u:1" b="1" p:b="2" xml:lang="de"/>')
    expect([element.attribute('b'), element.attribute('b', 'u:1'), element.language]).toEqual(['1', '2', 'de'])
    expect(element.attribute('p', 'http://www.w3.org/2000/xmlns/')).toBeUndefined()
  })
})

describe('an XML document is refused', () => {
  const entities = `<!DOCTYPE a [<!ENTITY x "x">${'<!ENTITY y "&x;&x;">'}]>`
  test.each([
    ['with a document type', '<!DOCTYPE a><a/>', /malformed/],
    ['with one from elsewhere', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', /malformed/],
    ['with entities of its own', `${entities}<a>&y;</a>`, /malformed/],
    ['with entities that nobody declared', '<a>&nbsp;</a>', /malformed.*nbsp/],
    ['that is empty', '', /malformed/],
    ['that is none', 'Hello', /malformed/],
    ['that is not closed', '<a><b></a>', /malformed.*line 1, column/],
    ['with two roots', '<a/><b/>', /malformed/],
    ['with the same attribute twice', '<a b="1" b="2"/>', /malformed/],
    ['with a prefix that is not declared', '<p:a/>', /malformed.*"p"/],
    ['with a prefix of an attribute that is not declared', '<a p:b=""/>', /malformed.*"p"/],
    ['with control characters', '<a>\u0001</a>', /malformed/],
    ['that is larger than its limit', `<a>${'x'.repeat(65_536)}</a>`, /limit-exceeded.*65536 characters/],
    ['of too many elements', `<a>${'<b/>'.repeat(2001)}</a>`, /limit-exceeded.*1000 elements/],
    [
      'of elements within each other',
      `${'<a>'.repeat(900)}${'</a>'.repeat(900)}`,
      /limit-exceeded.*32 elements within/,
    ],
  ])('%s', (_, text, expected) => {
    let shown = 'nothing'
    try {
      readXml(text)
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      shown = `${code}: ${message}`
    }
    expect(shown).toMatch(expected)
  })
})

test('what is written is read the same, whatever it holds', () => {
  fc.assert(
    fc.property(oddText, oddText, (content, value) => {
      const read = readXml(writeXml({ name: 'a', attributes: { b: value, c: undefined }, content }))
      const given = (text: string): string => text.toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML has no place for
      const kept = (text: string): string => given(text).replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
      expect(read.text).toBe(kept(content).trim())
      expect(read.attribute('b')).toBe(kept(value))
    }),
    { numRuns: 300 },
  )
})

test('a document that is too large is not taken to its end', async () => {
  let given = 0
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      controller.enqueue(new Uint8Array(1000))
      given += 1000
    },
    cancel: () => {
      cancelled = true
    },
  })
  const reading = documentText({ stream: () => endless }, 'application/xml')
  await expect(reading).rejects.toMatchObject({ code: 'too-large', status: 413 })
  expect([given <= 70_000, cancelled]).toEqual([true, true])
})

test('64 KB of carriage returns are read with no more work than anything else', () => {
  const sliced = (fill: string): number => charactersSlicedIn(() => readXml(`<a>${fill.repeat(65_000)}</a>`))
  expect(sliced('\r')).toBeLessThanOrEqual(sliced('\n'))
})

/** Characters that texts are cut into: the parser goes on with what is left, again and again. */
function charactersSlicedIn(run: () => unknown): number {
  const { slice } = String.prototype
  let characters = 0
  String.prototype.slice = function (this: string, ...range): string {
    const cut = slice.apply(this, range)
    characters += cut.length
    return cut
  }
  try {
    run()
    return characters
  } finally {
    String.prototype.slice = slice
  }
}
