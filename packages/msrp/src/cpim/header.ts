import { unescapeHeader } from './escape.ts'
import { NAME } from './grammar.ts'

/** The namespace of the headers that RFC 3862 defines; that of every name without a prefix, unless NS says otherwise. */
export const CPIM_NAMESPACE = 'urn:ietf:params:cpim-headers:'

/** A header's name together with its namespace, which make it unique (RFC 3862 §3.4). */
export interface CpimName {
  /** URI; undefined where the message uses a prefix that it has not declared. */
  readonly namespace: string | undefined
  readonly name: string
}

/** One header of a message, as it came. */
export interface CpimHeader extends CpimName {
  /** The prefix in this message, which means nothing outside of it. */
  readonly prefix: string | undefined
  /** The value of `lang`. */
  readonly language: string | undefined
  /** Parameters between colon and value, `lang` included. */
  readonly parameters: ReadonlyMap<string, string>
  /** The value with escapes resolved. */
  readonly value: string
  /** The value as it stands in the line. */
  readonly rawValue: string
}

const LINE = new RegExp(
  `^(?:(${NAME})\\.)?(${NAME}(?:\\.${NAME})*):((?:;[^ \\t";]*(?:"(?:[^"\\\\]|\\\\.)*")?)*)[ \\t]*(.*)$`,
  's',
)
const PARAMETER = /;([^=;"\s]+)=("(?:[^"\\]|\\.)*"|[^;"]*)/g
const PREFIXED = new RegExp(`^(${NAME})\\.(.+)$`, 's')
const NAMESPACE = new RegExp(`^(${NAME})?\\s*<([^>]*)>\\s*$`)

/** The headers of one message while they are read: namespaces take effect from their declaration on. */
export class CpimHeaderReader {
  readonly headers: CpimHeader[] = []
  /** What Require names, all of its lines together. */
  readonly required: CpimName[] = []
  readonly #namespaces: Map<string | undefined, string> = new Map([[undefined, CPIM_NAMESPACE]])

  /** Takes in a line; false when it is no header. */
  line(text: string): boolean {
    const [, prefix, name, written = '', rawValue = ''] = LINE.exec(text) ?? []
    if (name === undefined) return false
    const parameters = parseParameters(written)
    // An NS without prefix stays NS, whatever the default namespace is: how else could there be a next one.
    const declares = prefix === undefined && name === 'NS'
    const namespace = declares ? CPIM_NAMESPACE : this.#namespaces.get(prefix)
    const value = unescapeHeader(rawValue)
    const language = parameters.get('lang')
    this.headers.push({ namespace, prefix, name, language, parameters, value, rawValue })
    if (namespace === CPIM_NAMESPACE && name === 'NS') this.#declare(rawValue)
    if (namespace === CPIM_NAMESPACE && name === 'Require') this.#require(value)
    return true
  }

  #declare(value: string): void {
    const [, prefix, uri] = NAMESPACE.exec(value) ?? []
    if (uri !== undefined) this.#namespaces.set(prefix, unescapeHeader(uri))
  }

  // By the namespaces declared so far (RFC 3862 §3.4).
  #require(value: string): void {
    for (const written of value.split(',')) {
      const name = written.trim()
      if (name !== '') this.required.push(this.#resolve(name))
    }
  }

  #resolve(text: string): CpimName {
    const [, prefix, name = text] = PREFIXED.exec(text) ?? []
    return { namespace: this.#namespaces.get(prefix), name }
  }
}

function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name = '', value = ''] of text.matchAll(PARAMETER)) {
    parameters.set(name, value.startsWith('"') ? unescapeHeader(value.slice(1, -1)) : value)
  }
  return parameters
}
