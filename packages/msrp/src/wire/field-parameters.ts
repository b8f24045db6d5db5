import { parseQuotedString } from './quoted-string.ts'

// A semicolon, a name, and a value that is quoted or runs to the next semicolon.
const PARAMETER = /\s*;\s*([!#-'*+\-.0-9A-Z^-~]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;"]*))?/giy

/**
 * Reads `;name=value` parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183 §2): names in lower
 * case, quotes and escapes removed, the first of several equal names counts. Stops where the grammar is left.
 */
export function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>()
  PARAMETER.lastIndex = 0
  for (let match = PARAMETER.exec(text); match !== null; match = PARAMETER.exec(text)) {
    const [, name = '', value = ''] = match
    const key = name.toLowerCase()
    const plain = value.startsWith('"') ? parseQuotedString(value) : value.trimEnd()
    if (!parameters.has(key)) parameters.set(key, plain ?? '')
  }
  return parameters
}
