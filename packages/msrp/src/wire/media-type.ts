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

/** Reads a media type; undefined when it is none. Parameters that cannot be read are left out. */
export function parseMediaType(text: string): MediaType | undefined {
  const match = GRAMMAR.exec(text)
  if (match === null) return undefined
  const [, type = '', parameters = ''] = match
  return { type: type.toLowerCase(), parameters: parameters === '' ? NONE : parseParameters(parameters) }
}
