import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'

/** A header field to be written: name and value. */
export type Field = readonly [name: string, value: string]

// The order in which RFC 4975 §9 lists the fields; what is not listed keeps its place after them.
const ORDER = ['message-id', 'success-report', 'failure-report', 'byte-range', 'status']

const CANONICAL: ReadonlyMap<string, string> = new Map(
  [
    'To-Path',
    'From-Path',
    'Message-ID',
    'Success-Report',
    'Failure-Report',
    'Byte-Range',
    'Status',
    'Expires',
    'Min-Expires',
    'Max-Expires',
    'Use-Path',
    'Use-Nickname',
    'WWW-Authenticate',
    'Authorization',
    'Authentication-Info',
    'Content-ID',
    'Content-Description',
    'Content-Disposition',
    'Content-Type',
  ].map((name) => [name.toLowerCase(), name]),
)

// RFC 4975 §9: hname; a colon is not among the characters of a token.
const NAME = /^[A-Za-z][!#-'*+\-.0-9A-Z^-~]*$/i

/** Whether a field describes a body (RFC 4975 §9 `Other-Mime-header` and Content-Type). */
export function isMimeField(name: string): boolean {
  return /^content-/i.test(name)
}

/**
 * Field lines in canonical case and in the order of RFC 4975 §9: those of MSRP, then extensions, then MIME fields, and
 * Content-Type last (§7.1).
 * @throws MsrpError `invalid-argument` for a name that is none, a value with control characters, which could smuggle in
 *   another field, and for paths, which are not written as fields.
 */
export function formatFields(fields: readonly Field[]): string {
  const sorted = fields.map(checked).sort((one, other) => rank(one[0]) - rank(other[0]))
  return sorted.map(([name, value]) => `${CANONICAL.get(name.toLowerCase()) ?? name}: ${value}\r\n`).join('')
}

function checked(field: Field): Field {
  const [name, value] = field
  if (!NAME.test(name)) throw new MsrpError('invalid-argument', `${shown(name)} is no name of a header field`)
  if (/^(?:to|from)-path$/i.test(name))
    throw new MsrpError('invalid-argument', `${name} is given apart from the fields`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw new MsrpError('invalid-argument', `The value of ${name} holds a control character`)
  }
  return field
}

function rank(name: string): number {
  const lower = name.toLowerCase()
  const listed = ORDER.indexOf(lower)
  if (listed !== -1) return listed
  if (lower === 'content-type') return ORDER.length + 2
  return ORDER.length + (isMimeField(lower) ? 1 : 0)
}
