/** An element to be written. Undefined children are left out. */
export interface XmlParts {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string | undefined>>
  readonly content?: string | readonly (XmlParts | undefined)[]
}

/**
 * Writes a document, whose names the caller answers for. Texts and values may be anything: they are escaped, and characters
 * that XML has no way to write become U+FFFD.
 */
export function writeXml(root: XmlParts): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n${element(root)}\r\n`
}

function element({ name, attributes = {}, content = '' }: XmlParts): string {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([attribute, value]) => ` ${attribute}="${escaped(value)}"`)
    .join('')
  const inside =
    typeof content === 'string'
      ? escaped(content)
      : content.map((child) => (child === undefined ? '' : element(child))).join('')
  return inside === '' ? `<${name}${written}/>` : `<${name}${written}>${inside}</${name}>`
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 §2.2 has no place for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      // Line ends and tabs as well: written bare, a reader may take them for other blanks (XML 1.0 §2.11, §3.3.3).
      .replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] ?? `&#${character.charCodeAt(0)};`)
  )
}
