import { MsrpError, parseMediaType } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

/** A MIME header field of content. */
export type ContentField = readonly [name: string, value: string]

const FIELD = /^([!-9;-~]+)[ \t]*:[ \t]*(.*)$/s
/** RFC 2045 §3, and what peers send of RFC 2183, 2557, 1864 and 3282; a text may begin with "Content-Warning:". */
const MIME_NAME =
  /^(?:content-(?:type|transfer-encoding|id|description|disposition|length|location|md5|language)|mime-version)$/i
const PLAIN_ENCODING = /^(?:7bit|8bit|binary)$/i

/**
 * Reads a line of MIME header fields, the one before it included where this one goes on with it (RFC 5322 §2.2.3).
 * @returns false when it is none
 */
export function addFieldLine(fields: ContentField[], line: string): boolean {
  const previous = fields.at(-1)
  if (/^[ \t]/.test(line) && previous !== undefined) {
    fields[fields.length - 1] = [previous[0], `${previous[1]} ${line.trim()}`.trim()]
    return true
  }
  const [, name, value = ''] = FIELD.exec(line) ?? []
  if (name === undefined) return false
  fields.push([name, value.trimEnd()])
  return true
}

/** The value of the first field of this name, in any case. */
export function fieldOf(fields: readonly ContentField[], name: string): string | undefined {
  const wanted = name.toLowerCase()
  return fields.find(([one]) => one.toLowerCase() === wanted)?.[1]
}

/** Whether a field is one that content is known to have. */
export function isMimeName(name: string): boolean {
  return MIME_NAME.test(name)
}

/**
 * The lines for content of a type, without line ends.
 * @param where what they are part of, for the error
 * @throws MsrpError `invalid-argument` for what cannot be written, and for a transfer encoding: MSRP carries binary
 *   bodies as they are (RFC 4975 §14.3)
 */
export function contentFieldLines(contentType: string, fields: readonly ContentField[], where: string): string[] {
  const unusable = (what: string): MsrpError => new MsrpError('invalid-argument', `${where} cannot be written: ${what}`)
  if (parseMediaType(contentType) === undefined) throw unusable(`the contentType ${shown(contentType)}`)
  return [['Content-Type', contentType] as const, ...fields].map(([name, value], index) => {
    if (!/^[!-9;-~]+$/.test(name) || !/^[ -~]*$/.test(value)) throw unusable(`the content field ${shown(name)}`)
    if (index > 0 && /^content-type$/i.test(name)) throw unusable('a second Content-Type')
    if (/^content-transfer-encoding$/i.test(name) && !PLAIN_ENCODING.test(value)) {
      throw unusable(`the transfer encoding ${shown(value)}`)
    }
    return `${name}: ${value}`
  })
}
