import { MsrpError } from './msrp-error.ts'
import { formatQuotedString, parseQuotedString } from './quoted-string.ts'
import { shown } from './shown.ts'

/** Parameters of one scheme in an authentication field, by lower-case name; quotes and escapes removed. */
export type DigestParameters = ReadonlyMap<string, string>

/** One scheme with its parameters, as several can stand in one WWW-Authenticate field. */
export interface AuthScheme {
  /** Lower case, such as `digest`. */
  readonly scheme: string
  readonly parameters: DigestParameters
}

const PARAMETER = /([!#-'*+\-.0-9A-Z^-~]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^ \t,"]*)[ \t]*(?=,|$)/iy
const SCHEME = /([!#-'*+\-.0-9A-Z^-~]+)(?=[ \t,]|$)/iy
const SEPARATORS = /[ \t,]*/y

/**
 * Reads schemes and parameters as RFC 7616 and RFC 4976 §7 write them: commas inside quotes do not separate, quotes
 * around any value are accepted, and so are several schemes one after the other.
 * @throws MsrpError `malformed`, naming `field`.
 */
export function parseAuthSchemes(field: string, text: string): AuthScheme[] {
  const schemes: AuthScheme[] = []
  let parameters: Map<string, string> | undefined
  let at = skip(text, 0)
  while (at < text.length) {
    const parameter = matchAt(PARAMETER, text, at)
    if (parameter !== null && parameters !== undefined) {
      put(parameters, parameter)
      at = skip(text, at + parameter[0].length)
      continue
    }
    const scheme = matchAt(SCHEME, text, at)
    if (scheme === null) throw malformed(field, text, at)
    parameters = new Map()
    schemes.push({ scheme: scheme[1]?.toLowerCase() ?? '', parameters })
    at = skip(text, at + scheme[0].length)
  }
  return schemes
}

/**
 * Reads parameters without a scheme, as in Authentication-Info.
 * @throws MsrpError `malformed`, naming `field`.
 */
export function parseDigestParameters(field: string, text: string): DigestParameters {
  const [first, second] = parseAuthSchemes(field, `Digest ${text}`)
  if (first === undefined || second !== undefined) throw malformed(field, text, 0)
  return first.parameters
}

/**
 * A parameter that has to be there.
 * @throws MsrpError `malformed`, naming `field`.
 */
export function required(field: string, parameters: DigestParameters, name: string): string {
  const value = parameters.get(name)
  if (value === undefined) throw new MsrpError('malformed', `${field} has no ${name}`)
  return value
}

/**
 * Writes `name="value"`.
 * @throws MsrpError `invalid-argument` when the value holds a control character, which no field can carry.
 */
export function quoted(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw new MsrpError('invalid-argument', `The value of ${name} holds a control character`)
  }
  return `${name}=${formatQuotedString(value)}`
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function skip(text: string, at: number): number {
  return at + (matchAt(SEPARATORS, text, at)?.[0].length ?? 0)
}

// The first of several equal names counts: a later one must not be able to replace what was checked.
function put(parameters: Map<string, string>, [, name = '', value = '']: RegExpExecArray): void {
  const key = name.toLowerCase()
  if (!parameters.has(key)) parameters.set(key, value.startsWith('"') ? (parseQuotedString(value) ?? '') : value)
}

function malformed(field: string, text: string, at: number): MsrpError {
  return new MsrpError('malformed', `${field} cannot be read at ${shown(text.slice(at))}`)
}
