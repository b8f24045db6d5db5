import { formatQuotedString, MsrpError, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { type FileHash, formatFileHash, parseFileHash } from './file-hash.ts'
import { percentDecode, percentEncode } from './percent-encoding.ts'

/** What both sides know a file by: the attribute `file-selector` (RFC 5547 §6). */
export interface FileSelector {
  /** The file's name as the other side says it: never to be used as a path, see `safeFileName`. */
  readonly name?: string
  /** Media type as Content-Type has it, with its parameters. */
  readonly type?: string
  /** Bytes of the whole file, without any wrapper. */
  readonly size?: number
  /** Hashes of the whole file, also where only a part of it is sent. */
  readonly hashes?: readonly FileHash[]
}

/** Characters of the attribute, and hashes in it. */
const LONGEST = 8192
const MOST_HASHES = 16

// A keyword and what stands behind it up to a blank that is neither in quotes nor beside the semicolon of a parameter.
const SELECTOR =
  /\s*([!#-'*+\-.0-9A-Z^-~]+):((?:"[^"]*"|(?:\s+;\s*|;\s+)(?=[!#-'*+\-.0-9A-Z^-~]+=)|[^\s"])*)(?=\s|$)/giy
const TYPE_PARAMETER = /\s*;\s*([!#-'*+\-.0-9A-Z^-~]+)=(?:"([^"]*)"|([^\s";]*))/giy

/**
 * Reads the value of the attribute. Of several selectors with the same name the first counts, hashes excepted; unknown ones
 * are passed over. Empty for the empty value, which only says that its sender knows RFC 5547 (§8.5).
 * @throws MsrpError `malformed` naming the selector, `limit-exceeded`
 */
export function parseFileSelector(text: string): FileSelector {
  if (text.length > LONGEST) throw new MsrpError('limit-exceeded', `file-selector: more than ${LONGEST} characters`)
  const selector: { -readonly [Key in keyof FileSelector]: FileSelector[Key] } = {}
  const hashes: FileHash[] = []
  SELECTOR.lastIndex = 0
  let end = 0
  for (let match = SELECTOR.exec(text); match !== null; match = SELECTOR.exec(text)) {
    const [, keyword = '', value = ''] = match
    end = SELECTOR.lastIndex
    switch (keyword.toLowerCase()) {
      case 'name':
        selector.name ??= readName(value)
        break
      case 'type':
        selector.type ??= readType(value)
        break
      case 'size':
        selector.size ??= readSize(value)
        break
      case 'hash':
        if (hashes.length < MOST_HASHES) hashes.push(parseFileHash(value))
        break
    }
  }
  if (text.slice(end).trim() !== '') throw malformed(text.slice(end).trim())
  return hashes.length === 0 ? selector : { ...selector, hashes }
}

/**
 * Writes the attribute's value; empty for an empty selector. SHA-1 goes first, for peers that read one hash alone.
 * @throws MsrpError `invalid-argument`
 */
export function formatFileSelector({ name, type, size, hashes = [] }: FileSelector): string {
  const isSha1 = ({ algorithm }: FileHash): boolean => algorithm.toLowerCase() === 'sha-1'
  const ordered = [...hashes.filter(isSha1), ...hashes.filter((hash) => !isSha1(hash))]
  return [
    ...(name === undefined ? [] : [`name:"${writtenName(name)}"`]),
    ...(type === undefined ? [] : [`type:${writtenType(type)}`]),
    ...(size === undefined ? [] : [`size:${writtenSize(size)}`]),
    ...ordered.map((hash) => `hash:${formatFileHash(hash)}`),
  ].join(' ')
}

function readName(value: string): string | undefined {
  const [match, quoted, bare = ''] = /^(?:"([^"]*)"|([^"]*))$/.exec(value) ?? []
  if (match === undefined) throw malformed(`name:${value}`)
  const name = percentDecode(quoted ?? bare)
  return name === '' ? undefined : name
}

function readSize(value: string): number {
  const size = Number(value)
  if (/^\d+$/.test(value) && Number.isSafeInteger(size)) return size
  throw malformed(`size:${value}`)
}

function readType(value: string): string {
  const semicolon = value.indexOf(';')
  const type = (semicolon === -1 ? value : value.slice(0, semicolon)).trimEnd()
  if (parseMediaType(type) === undefined) throw malformed(`type:${value}`)
  const parameters: string[] = []
  if (semicolon !== -1) {
    for (const [, name = '', quoted, bare = ''] of value.slice(type.length).matchAll(TYPE_PARAMETER)) {
      parameters.push(`;${name}=${formatQuotedString(percentDecode(quoted ?? bare))}`)
    }
  }
  return `${type}${parameters.join('')}`
}

function writtenName(name: string): string {
  if (name !== '') return percentEncode(name)
  throw new MsrpError('invalid-argument', 'file-selector: a name has one character at least')
}

function writtenSize(size: number): number {
  if (Number.isSafeInteger(size) && size >= 0) return size
  throw new MsrpError('invalid-argument', `file-selector: ${size} is no size in bytes`)
}

function writtenType(type: string): string {
  const parsed = parseMediaType(type)
  if (parsed === undefined) throw new MsrpError('invalid-argument', `file-selector: ${shown(type)} is no media type`)
  const parameters = Array.from(parsed.parameters, ([name, value]) => `;${name}="${percentEncode(value)}"`)
  return `${parsed.type}${parameters.join('')}`
}

function malformed(text: string): MsrpError {
  const known = 'name:"…", type:a/b, size:N or hash:sha-1:AB:CD:…'
  return new MsrpError('malformed', `file-selector: ${shown(text)} is none of ${known} (RFC 5547 §6)`)
}
