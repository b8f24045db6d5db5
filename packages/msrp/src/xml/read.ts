import { type XmlElement as ParsedElement, parseXml } from '@rgrove/parse-xml'
import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** How much an XML document may hold. */
export interface XmlLimits {
  /** Characters. Default 65 536. */
  readonly size?: number
  /** Elements, comments and the like together. Default 1000. */
  readonly count?: number
  /** Elements within each other. Default 32. */
  readonly depth?: number
}

const SIZE = 65_536
const COUNT = 1000
const DEPTH = 32

const XML = 'http://www.w3.org/XML/1998/namespace'
const XMLNS = 'http://www.w3.org/2000/xmlns/'

/** An element by the URI of its namespace, whatever prefix the document uses. */
export class XmlElement {
  /** Empty for a name of no namespace. */
  readonly namespace: string
  /** Without prefix. */
  readonly name: string
  /** The character data right below it, blanks at both ends taken off. */
  readonly text: string
  readonly children: readonly XmlElement[]
  readonly #attributes: ReadonlyMap<string, string>

  constructor(
    namespace: string,
    name: string,
    text: string,
    children: readonly XmlElement[],
    attributes: ReadonlyMap<string, string>,
  ) {
    this.namespace = namespace
    this.name = name
    this.text = text
    this.children = children
    this.#attributes = attributes
  }

  /** The first child of a name, by default in the element's own namespace. */
  child(name: string, namespace: string = this.namespace): XmlElement | undefined {
    return this.children.find((child) => child.name === name && child.namespace === namespace)
  }

  /** An attribute; those without prefix are of no namespace. */
  attribute(name: string, namespace = ''): string | undefined {
    return this.#attributes.get(`${namespace} ${name}`)
  }

  /** What it is, for an error. */
  get shown(): string {
    return `${shown(this.name)} of ${this.namespace === '' ? 'no namespace' : shown(this.namespace)}`
  }

  /** `xml:lang` of the element itself. */
  get language(): string | undefined {
    return this.attribute('lang', XML)
  }
}

/**
 * Reads an XML document from a stranger. There is no DTD: a document type and entities of its own are refused, so nothing is
 * fetched and nothing grows.
 * @returns its root
 * @throws MsrpError `malformed` with line and column, `limit-exceeded`
 */
export function readXml(text: string, limits: XmlLimits = {}): XmlElement {
  const { size = SIZE, count = COUNT, depth = DEPTH } = limits
  if (text.length > size) throw tooMuch(`${size} characters`)
  // Before anything is parsed: each level of elements costs the parser a level of calls.
  if (text.split('<', 2 * count + 2).length > 2 * count + 1) throw tooMuch(`${count} elements`)
  return elementOf(parsed(text), undefined, { left: depth, depth })
}

function parsed(text: string): ParsedElement {
  try {
    // Blank lines before the declaration, which XML does not allow, come from envelopes that were taken off. XML §2.11: line
    // ends are LF; the parser takes far too long to make thousands of CR that.
    const lines = text.trimStart().replace(/\r\n?/g, '\n')
    const document = parseXml(lines, { preserveDocumentType: true })
    if (document.children.some(({ type }) => type === 'doctype')) throw new Error('a document type is not taken')
    if (document.root === null) throw new Error('there is no element')
    return document.root
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new MsrpError('malformed', `The XML document cannot be read: ${shown(reason)}`, { cause })
  }
}

/** Prefixes declared by an element, and those around it. */
interface Scope {
  readonly declared: ReadonlyMap<string, string>
  readonly around: Scope | undefined
}

function elementOf(
  element: ParsedElement,
  around: Scope | undefined,
  levels: { readonly left: number; readonly depth: number },
): XmlElement {
  if (levels.left === 0) throw tooMuch(`${levels.depth} elements within each other`)
  const below = { ...levels, left: levels.left - 1 }
  const attributes = Object.entries(element.attributes)
  const declared = new Map(attributes.flatMap(([name, value]) => declaration(name, value)))
  const scope = declared.size === 0 && around !== undefined ? around : { declared, around }
  const [prefix, name] = split(element.name)
  const text: string[] = []
  const children: XmlElement[] = []
  for (const child of element.children) {
    if (child.type === 'element') children.push(elementOf(child as ParsedElement, scope, below))
    else if (child.type === 'text') text.push((child as { text?: string }).text ?? '')
  }
  const named = attributes
    .filter(([attribute, value]) => declaration(attribute, value).length === 0)
    .map(([attribute, value]): [string, string] => {
      const [of, local] = split(attribute)
      return [`${of === '' ? '' : resolve(of, scope)} ${local}`, value]
    })
  return new XmlElement(resolve(prefix, scope), name, text.join('').trim(), children, new Map(named))
}

function declaration(name: string, value: string): [prefix: string, uri: string][] {
  if (name === 'xmlns') return [['', value]]
  return name.startsWith('xmlns:') ? [[name.slice('xmlns:'.length), value]] : []
}

function split(name: string): readonly [prefix: string, name: string] {
  const colon = name.indexOf(':')
  return colon === -1 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)]
}

function resolve(prefix: string, scope: Scope): string {
  if (prefix === 'xml') return XML
  if (prefix === 'xmlns') return XMLNS
  for (let at: Scope | undefined = scope; at !== undefined; at = at.around) {
    const uri = at.declared.get(prefix)
    if (uri !== undefined) return uri
  }
  if (prefix === '') return ''
  throw new MsrpError('malformed', `The XML document does not declare the prefix ${shown(prefix)}`)
}

function tooMuch(what: string): MsrpError {
  return new MsrpError('limit-exceeded', `The XML document has more than ${what}`)
}
