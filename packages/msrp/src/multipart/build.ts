import {
  type Content,
  type ContentField,
  contentFieldLines,
  defaultType,
  inMemory,
  type JoinedContent,
  joinContents,
} from '../mime/index.ts'
import { ByteSearch } from '../wire/byte-search.ts'
import {
  formatContentDisposition,
  formatQuotedString,
  MsrpError,
  newSessionId,
  type RandomBytes,
} from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { systemRandom } from '../wire/system-random.ts'
import { encodeText } from '../wire/utf8.ts'

/** A part to be written. */
export interface PartInput<Kind extends Content = Content> {
  readonly content: Kind
  /** Default: `text/plain;charset=utf-8` for strings, a Blob's own, else `application/octet-stream`. */
  readonly contentType?: string
  /** Without brackets; what a `cid:` URL names it by. Unique in the world, such as `image1.x7k2@example.com`. */
  readonly contentId?: string
  /** The value of Content-Disposition, such as `inline`. */
  readonly disposition?: string
  /** Makes it a file of this name: `Content-Disposition: attachment; filename=…`. Not together with `disposition`. */
  readonly fileName?: string
  /** Further header fields, such as Content-Language. */
  readonly fields?: readonly ContentField[]
}

/** A part that is written already, with its header fields: what was signed must not be written again. */
export interface WholePart<Kind extends Content = Content> {
  readonly whole: Kind
}

/** How to write a multipart. */
export interface BuildMultipartOptions {
  /** Further parameters of its Content-Type, such as `protocol` and `micalg` of multipart/signed, `start` of multipart/related. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Where the boundary comes from. Default: the platform's. */
  readonly random?: RandomBytes
}

/** A multipart that is written: `session.send(body, { contentType })`. */
export interface BuiltMultipart<Body extends JoinedContent = JoinedContent> {
  /** With its boundary. */
  readonly contentType: string
  /** Bytes when all content is text and bytes; else a body that is read piece by piece as it goes out. */
  readonly body: Body
}

/**
 * Writes a multipart (RFC 2046 §5.1). Contents go in as they are, without a transfer encoding. The boundary has 128 random
 * bits and does not occur in what lies in memory.
 * @param subtype `mixed`, `alternative` (the best comes last), `related` (the root comes first, unless `start` names it),
 *   `signed`, or another one
 * @throws MsrpError `invalid-argument` naming what cannot be written
 */
export function buildMultipart(
  subtype: string,
  parts: readonly (PartInput<string | Uint8Array | ArrayBuffer> | WholePart<string | Uint8Array | ArrayBuffer>)[],
  options?: BuildMultipartOptions,
): BuiltMultipart<Uint8Array>
export function buildMultipart(
  subtype: string,
  parts: readonly (PartInput | WholePart)[],
  options?: BuildMultipartOptions,
): BuiltMultipart
export function buildMultipart(
  subtype: string,
  parts: readonly (PartInput | WholePart)[],
  { parameters = {}, random = systemRandom }: BuildMultipartOptions = {},
): BuiltMultipart {
  if (!TOKEN.test(subtype)) throw unusable(`the subtype ${shown(subtype)}`)
  if (parts.length === 0) throw unusable('it needs a part')
  const written = parts.map((part) =>
    'whole' in part ? [part.whole] : [encodeText([...fieldLines(part), '', ''].join('\r\n')), part.content],
  )
  const boundary = freeBoundary(written.flat(), random)
  const pieces = written.flatMap((part, index): Content[] => [`${index === 0 ? '' : '\r\n'}--${boundary}\r\n`, ...part])
  const body = joinContents([...pieces, `\r\n--${boundary}--\r\n`])
  const all = { ...rootType(subtype, parts, parameters), ...parameters, boundary }
  return { contentType: `multipart/${subtype}${Object.entries(all).map(parameterText).join('')}`, body }
}

const TOKEN = /^[!#-'*+\-.0-9A-Z^-~]+$/i
const CONTENT_ID = /^[!-;=?-~]+$/

function fieldLines(part: PartInput): string[] {
  const { content, contentType = defaultType(content), contentId, disposition, fileName, fields = [] } = part
  if (contentId !== undefined && !CONTENT_ID.test(contentId)) throw unusable(`the contentId ${shown(contentId)}`)
  if (disposition !== undefined && fileName !== undefined) throw unusable('both disposition and fileName')
  const file = fileName === undefined ? undefined : formatContentDisposition({ type: 'attachment', filename: fileName })
  const value = disposition ?? file
  const own: ContentField[] = [
    ...(contentId === undefined ? [] : [['Content-ID', `<${contentId}>`] as const]),
    ...(value === undefined ? [] : [['Content-Disposition', value] as const]),
  ]
  return contentFieldLines(contentType, [...own, ...fields], 'A multipart')
}

/** RFC 2387 §3.1: a multipart/related says which type its root has. */
function rootType(
  subtype: string,
  parts: readonly (PartInput | WholePart)[],
  parameters: Readonly<Record<string, string>>,
): { type?: string } {
  if (!/^related$/i.test(subtype)) return {}
  const inputs = parts.filter((part) => 'content' in part)
  const start = parameters.start?.replace(/^<(.*)>$/, '$1')
  const root = inputs.find(({ contentId }) => contentId !== undefined && contentId === start) ?? inputs[0]
  if (root === undefined) return {}
  const { content, contentType = defaultType(content) } = root
  return { type: contentType.split(';', 1)[0]?.trim() ?? '' }
}

function parameterText([name, value]: [string, string]): string {
  if (!TOKEN.test(name) || !/^[ -~]*$/.test(value)) throw unusable(`the parameter ${shown(name)}`)
  return `;${name}=${TOKEN.test(value) ? value : formatQuotedString(value)}`
}

function freeBoundary(contents: readonly Content[], random: RandomBytes): string {
  const bytes = contents.map(inMemory).filter((content) => content !== undefined)
  for (;;) {
    const boundary = newSessionId(random)
    const search = new ByteSearch(encodeText(`--${boundary}`))
    if (bytes.every((content) => search.indexIn(content, 0) === -1)) return boundary
  }
}

function unusable(what: string): MsrpError {
  return new MsrpError('invalid-argument', `A multipart cannot be written: ${what}`)
}
