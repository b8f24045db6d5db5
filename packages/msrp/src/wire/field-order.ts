import { FIELD_NAMES, fieldNumber, isMimeField } from './field-names.ts'
import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'

/** A header field to be written: name and value. */
export type Field = readonly [name: string, value: string]

const UNKNOWN = FIELD_NAMES.length
const CONTENT_TYPE = FIELD_NAMES.indexOf('Content-Type')

// RFC 4975 §9: hname; a colon is not among the characters of a token.
const NAME = /^[A-Za-z][!#-'*+\-.0-9A-Z^-~]*$/i

/**
 * Field lines in canonical case and in the order of RFC 4975 §9: those of MSRP, then extensions, then MIME fields, and
 * Content-Type last (§7.1).
 * @throws MsrpError `invalid-argument` for a name that is none, a value with control characters, which could smuggle in
 *   another field, and for paths, which are not written as fields.
 */
export function formatFields(fields: readonly Field[]): string {
  const lines = fields.map(([name, value]): [rank: number, line: string] => {
    check(name, value)
    const number = fieldNumber(name)
    return [rank(number, name), `${FIELD_NAMES[number] ?? name}: ${value}\r\n`]
  })
  return lines
    .sort(([one], [other]) => one - other)
    .map(([, line]) => line)
    .join('')
}

function check(name: string, value: string): void {
  if (!NAME.test(name)) throw new MsrpError('invalid-argument', `${shown(name)} is no name of a header field`)
  if (/^(?:to|from)-path$/i.test(name))
    throw new MsrpError('invalid-argument', `${name} is given apart from the fields`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw new MsrpError('invalid-argument', `The value of ${name} holds a control character`)
  }
}

// Known fields of MSRP, extensions, known fields of MIME and unknown ones, Content-Type.
function rank(number: number, name: string): number {
  if (number === CONTENT_TYPE) return UNKNOWN + 2
  if (isMimeField(name)) return UNKNOWN + 1
  return number === -1 ? UNKNOWN : number
}
