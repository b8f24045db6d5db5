import {
  type Content,
  type ContentField,
  contentFieldLines,
  defaultType,
  joinContents,
  type ReadableContent,
  type StreamedContent,
} from '../mime/index.ts'
import { MsrpError, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { encodeText } from '../wire/utf8.ts'
import { type CpimAddressInput, formatAddress } from './address.ts'
import { formatDateTime } from './date-time.ts'
import { escapeHeader, quoteHeader } from './escape.ts'
import { isAbsoluteUri, isLanguageTag, isName, isToken } from './grammar.ts'
import { CPIM_NAMESPACE } from './header.ts'

/**
 * A header of another namespace, its name with a prefix that `namespaces` declares: `['imdn.Message-ID', '34jk324j']`. With
 * parameters, where the header has some: `['x.Note', 'Bonjour', { lang: 'fr' }]`.
 */
export type CpimHeaderInput = readonly [name: string, value: string, parameters?: Readonly<Record<string, string>>]

/** What content becomes by being wrapped: of the same kind, so that it can be read again where the content can. */
export type WrappedContent<Kind> = Kind extends string | Uint8Array | ArrayBuffer
  ? Uint8Array
  : Kind extends Blob
    ? Blob
    : Kind extends ReadableContent
      ? ReadableContent
      : StreamedContent

/** What goes around the content. Texts are given as they are: escapes are made where they are needed. */
export interface CpimParts {
  readonly from: CpimAddressInput
  /** One or several. */
  readonly to: CpimAddressInput | readonly CpimAddressInput[]
  readonly cc?: CpimAddressInput | readonly CpimAddressInput[]
  /** When it is sent: a Date, or a text of RFC 3339 with the zone of the sender. Needed when the content is S/MIME. */
  readonly dateTime?: Date | string
  readonly subject?: string | { readonly text: string; readonly language?: string }
  /** URI by prefix: `{ imdn: 'urn:ietf:params:imdn' }`. The prefix `''` makes a namespace the one of names without prefix. */
  readonly namespaces?: Readonly<Record<string, string>>
  /** What the receiver has to understand, by names as they stand in `headers`; others refuse the message. */
  readonly require?: readonly string[]
  /** In this order; the same name may come again. */
  readonly headers?: readonly CpimHeaderInput[]
  /** Content-Type of the content. Default: `text/plain;charset=utf-8` for strings, a Blob's own, else `application/octet-stream`. */
  readonly contentType?: string
  /** Further MIME header fields of the content, such as Content-Disposition. */
  readonly contentFields?: readonly ContentField[]
}

/** Headers of RFC 3862, which have their own place in `CpimParts`. */
const OWN = /^(?:from|to|cc|datetime|subject|ns|require)$/i
/** Names that, without a prefix, are read as something else whatever the default namespace. */
const MISREAD = /^(?:NS|content-.*|mime-version)$/i
/** RFC 8551 §3.2, RFC 1847. */
const PROTECTED = /^(?:multipart\/(?:signed|encrypted)|application\/(?:x-)?pkcs7-mime)$/

/**
 * Wraps content into a message/cpim: bytes for text and bytes, and for what is large a body of the same kind, which is read
 * piece by piece as it goes out. To be sent with the Content-Type `message/cpim`; what is wrapped is wrapped as a whole,
 * before it is divided into chunks (RFC 4975 §13).
 * @throws MsrpError `invalid-argument` naming the part that cannot be written
 */
export function buildCpim<Kind extends Content>(parts: CpimParts, content: Kind): WrappedContent<Kind> {
  const { contentType = defaultType(content), contentFields = [] } = parts
  const fields = contentFieldLines(contentType, contentFields, 'message/cpim')
  const lines = [...headerLines(parts, contentType), '', ...fields, '', '']
  return joinContents([encodeText(lines.join('\r\n')), content]) as WrappedContent<Kind>
}

function headerLines(parts: CpimParts, contentType: string): string[] {
  const { from, dateTime, subject, namespaces = {}, require = [], headers = [] } = parts
  const { '': defaultNamespace, ...prefixed } = namespaces
  const recipients = listOf(parts.to)
  if (recipients.length === 0) throw unusable('it needs a recipient (to)')
  if (dateTime === undefined && PROTECTED.test(parseMediaType(contentType)?.type ?? '')) {
    throw unusable(`${contentType} needs dateTime (RFC 4975 §13)`)
  }
  const names = (name: string): string => checkedName(name, namespaces)
  return [
    `From: ${formatAddress(from, 'From')}`,
    ...recipients.map((to) => `To: ${formatAddress(to, 'To')}`),
    ...listOf(parts.cc).map((cc) => `cc: ${formatAddress(cc, 'cc')}`),
    ...(dateTime === undefined ? [] : [`DateTime: ${formatDateTime(dateTime)}`]),
    ...(subject === undefined ? [] : [subjectLine(subject)]),
    // RFC 3862 §3.4: a prefix is declared before it is used.
    ...Object.entries(prefixed).map(([prefix, uri]) => `NS: ${checkedPrefix(prefix)} <${checkedNamespace(uri)}>`),
    ...(require.length === 0 ? [] : [`Require: ${require.map((name) => requiredName(name, names)).join(',')}`]),
    // What stands behind it and has no prefix belongs to that namespace, so everything of RFC 3862 comes first.
    ...(defaultNamespace === undefined ? [] : [`NS: <${checkedNamespace(defaultNamespace)}>`]),
    ...headers.map(
      ([name, value, parameters = {}]) => `${names(name)}:${parameterText(parameters)} ${headerValue(name, value)}`,
    ),
  ]

  function requiredName(name: string, checked: (name: string) => string): string {
    if (defaultNamespace === undefined || name.includes('.')) return checked(name)
    throw unusable(`what is required needs a prefix beside a default namespace, unlike ${shown(name)}`)
  }
}

function listOf(addresses: CpimAddressInput | readonly CpimAddressInput[] | undefined): readonly CpimAddressInput[] {
  if (addresses === undefined) return []
  return typeof addresses === 'string' || 'uri' in addresses ? [addresses] : addresses
}

function subjectLine(subject: string | { readonly text: string; readonly language?: string }): string {
  const { text, language = undefined } = typeof subject === 'string' ? { text: subject } : subject
  return `Subject:${parameterText(language === undefined ? {} : { lang: language })} ${headerValue('Subject', text.trim())}`
}

// RFC 3862 §3.6: a token as it is, anything else between quotes.
function parameterText(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => {
      if (!isName(name)) throw unusable(`the parameter ${shown(name)}`)
      if (name === 'lang' && !isLanguageTag(value)) throw unusable(`the language ${shown(value)}`)
      return `;${name}=${isToken(value) ? value : quoteHeader(value)}`
    })
    .join('')
}

// RFC 3862 §2.2: no blank at either end of a line, and no escape for it.
function headerValue(name: string, value: string): string {
  if (value === '' || value !== value.trim())
    throw unusable(`${name}: ${shown(value)}, which begins or ends with a blank`)
  return escapeHeader(value)
}

function checkedName(name: string, namespaces: Readonly<Record<string, string>>): string {
  const point = name.indexOf('.')
  const [prefix, local] = point === -1 ? ['', name] : [name.slice(0, point), name.slice(point + 1)]
  if (!isName(local)) throw unusable(`the header name ${shown(name)}`)
  const namespace = namespaces[prefix] ?? (point === -1 ? CPIM_NAMESPACE : undefined)
  if (namespace === undefined) throw unusable(`the header ${shown(name)}: namespaces does not declare its prefix`)
  // RFC 4975 §13: they occur once, so they have their own place.
  if (namespace === CPIM_NAMESPACE && OWN.test(local)) throw unusable(`${shown(name)} as a further header`)
  if (point === -1 && MISREAD.test(local)) throw unusable(`the header ${shown(name)} without a prefix`)
  return name
}

function checkedPrefix(prefix: string): string {
  if (!isName(prefix)) throw unusable(`the prefix ${shown(prefix)}`)
  return prefix
}

function checkedNamespace(uri: string): string {
  if (!isAbsoluteUri(uri)) throw unusable(`the namespace ${shown(uri)}: an absolute URI without fragment is needed`)
  return uri
}

function unusable(what: string): MsrpError {
  return new MsrpError('invalid-argument', `message/cpim cannot be written: ${what}`)
}
