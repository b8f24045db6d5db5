import type { Module } from './module.ts'

/** Where names are described that the text of a module uses; undefined for those that are described nowhere. */
export interface Addresses {
  /** For a name in code. */
  ofName(module: Module, name: string): string | undefined
  /** For a word of a docstring. */
  ofWord(module: Module, word: string): string | undefined
  /** Whether a piece of code names what only the package itself can name. */
  namesHidden(module: Module, piece: { readonly start: number; readonly end: number }): boolean
}

/** Pieces of a module's text as one line of code in Markdown, the names in it linked to what they are. */
export function codeLine(
  module: Module,
  pieces: readonly (readonly [start: number, end: number])[],
  addresses: Addresses,
  prefix = '',
): string {
  const text = pieces.map(([start, end]) => withLinks(module, start, end, addresses)).join('')
  const line = text.replace(/\s+/g, ' ').trim().replaceAll('; }', ' }')
  // Code in HTML, since Markdown has no links in its own.
  return `<code>${prefix}${line}</code>`
}

function withLinks(module: Module, start: number, end: number, addresses: Addresses): string {
  const { code, marks } = module
  let text = ''
  let at = start
  for (const mark of marks) {
    if (mark.start < at || mark.end > end) continue
    text += escaped(code.slice(at, mark.start))
    at = mark.end
    const marked = code.slice(mark.start, mark.end)
    if (mark.what === 'string') text += escaped(`'${marked.slice(1, -1)}'`)
    else if (mark.what === 'name') {
      const address = addresses.ofName(module, marked)
      text += address === undefined ? escaped(marked) : `[${escaped(marked)}](${address})`
    }
  }
  return text + escaped(code.slice(at, end).replace(/;$/, ''))
}

/** A docstring as paragraphs of Markdown: names in it linked, tags as sentences. */
export function prose(doc: string, module: Module, addresses: Addresses): string {
  const [text = '', ...tagged] = doc.split(/(?:^|\s+)@(?=[a-z]+\b)/)
  const sentences = tagged.map((one) => {
    const [, tag = '', rest = ''] = /^([a-z]+)\s*([\s\S]*)$/.exec(one) ?? []
    if (tag === 'throws') return `Throws ${rest.replace(/^MsrpError\b/, '`MsrpError`').replace(/\n +/g, '\n')}`
    if (tag === 'returns') return `Returns ${rest}`
    if (tag === 'param') return rest.replace(/^(\w+)\s+/, '`$1`: ')
    throw new Error(`${module.path}: the reference knows no tag @${tag}; it is in: ${doc}`)
  })
  return [text.trim(), ...sentences]
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => linked(paragraph, module, addresses))
    .join('\n\n')
}

function linked(text: string, module: Module, addresses: Addresses): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => {
      if (!part.startsWith('`')) return part.replace(/<(?=[a-z/!])/gi, '&lt;')
      // `Endpoint.connect` is described where `Endpoint` is.
      const [, word] = /^`([A-Za-z_]\w*)(?:\.\w+)?`$/.exec(part) ?? []
      const address = word === undefined ? undefined : addresses.ofWord(module, word)
      return address === undefined ? part : `[${part}](${address})`
    })
    .join('')
}

function escaped(code: string): string {
  return code
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]]/g, '\\$&')
}
