import { parseParameters } from './field-parameters.ts'

/** A media type as in Content-Type (RFC 4975 §9). */
export interface MediaType {
  /** Type and subtype in lower case, such as `text/plain`. */
  readonly type: string
  /** Parameters by lower-case name; values as written, without quotes and escapes. */
  readonly parameters: ReadonlyMap<string, string>
}

const NONE: ReadonlyMap<string, string> = new Map()

const GRAMMAR = /^\s*([!#-'*+\-.0-9A-Z^-~]+\/[!#-'*+\-.0-9A-Z^-~]+)\s*(;.*)?$/is

// Most messages have the type of the one before.
let last: { readonly text: string; readonly type: MediaType | undefined } = { text: '', type: undefined }

/** Reads a media type; undefined when it is none. Parameters that cannot be read are left out. */
export function parseMediaType(text: string): MediaType | undefined {
  if (text !== last.text) last = { text, type: read(text) }
  return last.type
}

function read(text: string): MediaType | undefined {
  const match = GRAMMAR.exec(text)
  if (match === null) return undefined
  const [, type = '', parameters = ''] = match
  return { type: type.toLowerCase(), parameters: parameters === '' ? NONE : parseParameters(parameters) }
}

/**
 * Whether a Content-Type is covered by a list as in the SDP attributes `accept-types` and `accept-wrapped-types`
 * (RFC 4975 §8.6): `*`, `type/*` or `type/subtype`. Parameters do not count.
 */
export function acceptsType(accepted: readonly string[], contentType: string): boolean {
  const type = bareType(contentType)
  const major = type.slice(0, type.indexOf('/') + 1)
  return accepted.some((entry) => {
    const wanted = bareType(entry)
    return wanted === '*' || wanted === type || (wanted.endsWith('/*') && major === wanted.slice(0, -1))
  })
}

/** Type and subtype alone, in lower case. */
export function bareType(contentType: string): string {
  const semicolon = contentType.indexOf(';')
  return (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
}
