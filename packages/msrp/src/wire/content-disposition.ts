import { parseParameters } from './field-parameters.ts'
import { MsrpError } from './msrp-error.ts'
import { formatQuotedString } from './quoted-string.ts'
import { shown } from './shown.ts'

/** What is to be done with a message, and the name of the file that it is (RFC 2183, RFC 4975 §7.1.1). */
export interface ContentDisposition {
  /** Lower case: `render`, `attachment`, `inline` and so on. */
  readonly type: string
  /** The file's name as the sender says it. Never to be used as a path without cleaning: it may say `../../x`. */
  readonly filename?: string
  /** Other parameters by lower-case name. */
  readonly parameters?: ReadonlyMap<string, string>
}

const TOKEN = /^[!#-'*+\-.0-9A-Z^-~]+$/i

/**
 * Reads a Content-Disposition value. `filename*` (RFC 8187) goes before `filename`; what cannot be read is left out.
 * @returns undefined when there is no disposition type at all. Never throws.
 */
export function parseContentDisposition(text: string): ContentDisposition | undefined {
  const semicolon = text.indexOf(';')
  const type = (semicolon === -1 ? text : text.slice(0, semicolon)).trim().toLowerCase()
  if (!TOKEN.test(type)) return undefined
  const parameters = parseParameters(semicolon === -1 ? '' : text.slice(semicolon))
  const extended = parameters.get('filename*')
  const filename = (extended === undefined ? undefined : decodeExtended(extended)) ?? parameters.get('filename')
  parameters.delete('filename')
  parameters.delete('filename*')
  return { type, parameters, ...(filename === undefined || filename === '' ? {} : { filename }) }
}

/**
 * Writes a Content-Disposition value. A name beyond ASCII is written twice: in `filename*` as UTF-8 (RFC 8187) and, for
 * readers that do not know that, in `filename` with the characters in question replaced.
 * @throws MsrpError `invalid-argument` for a type or parameter name that is no token, or control characters.
 */
export function formatContentDisposition(disposition: ContentDisposition): string {
  const { type, filename, parameters = new Map<string, string>() } = disposition
  let text = token(type)
  if (filename !== undefined) {
    const name = toWellFormed(filename)
    const ascii = name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^ -~]/gu, '_')
    text += `; filename=${formatQuotedString(ascii)}`
    if (ascii !== name) text += `; filename*=UTF-8''${encodeExtended(name)}`
  }
  for (const [name, value] of parameters) {
    if (hasControl(value)) throw new MsrpError('invalid-argument', `The parameter ${name} holds a control character`)
    text += `; ${token(name)}=${TOKEN.test(value) ? value : formatQuotedString(value)}`
  }
  return text
}

function token(text: string): string {
  if (!TOKEN.test(text)) throw new MsrpError('invalid-argument', `${shown(text)} is no token`)
  return text
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(text)
}

// A lone surrogate has no UTF-8, and encodeURIComponent throws on it.
function toWellFormed(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f]/g, '_')
}

// RFC 8187 §3.2.1 leaves fewer characters bare than encodeURIComponent does.
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function decodeExtended(value: string): string | undefined {
  const match = /^([\w-]+)'[\w-]*'((?:[^%]|%[0-9A-Fa-f]{2})*)$/.exec(value)
  if (match === null) return undefined
  const [, charset = '', encoded = ''] = match
  try {
    if (charset.toLowerCase() === 'utf-8') return decodeURIComponent(encoded)
    if (charset.toLowerCase() !== 'iso-8859-1') return undefined
    return encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  } catch {
    return undefined
  }
}
