import type { Random } from '../random.ts'
import { authenticationInfo, challenge, credentials } from './authentication.ts'
import { ident, number } from './idents.ts'
import { path } from './uris.ts'

const STATUSES = [
  '000 200 OK',
  '000 200',
  '000 408 Timeout',
  '000 481',
  '001 200',
  '200',
  '000 99',
  '000  200',
  '000 413 ',
]
const TYPES = [
  'text/plain',
  'text/plain; charset=utf-8',
  'TEXT/PLAIN;charset="utf-8"',
  'message/cpim',
  'application/octet-stream',
  'image/png; name="a\\"b;c"; x',
  'text/plain;charset=iso-8859-1;charset=utf-8',
  'a/b;=;c=d',
  'text/plain; charset="open',
  'text',
  '/',
  '',
  'a/b c',
  'text/plain ; a = b ;',
]
const DISPOSITIONS = [
  'render',
  'attachment; filename="photo.jpg"',
  "attachment; filename*=UTF-8''%e2%82%ac%20rates",
  "attachment; filename*=utf-8'en'a%zz; filename=b",
  "attachment; filename*=ISO-8859-1''%e4",
  "attachment; filename*=koi8-r''%e4",
  "attachment; filename*=UTF-8''%ff",
  "attachment; filename*=x; filename=''",
  'inline; filename="../../etc/passwd"; size=12; creation-date="x\\y"',
  'attachment; filename="\u00e9"',
  'attachment; x="a\tb"; y=a\u007fb',
  '; filename=x',
  'a b',
  '',
]
const NICKNAMES = ['"Alice"', '"A\\"l\\\\i"', '""', 'Alice', '"', '"a" b', `"${'n'.repeat(1024)}"`, '"\u00c3\u00a4"']

const VALUES: Record<string, (random: Random) => string> = {
  'Message-ID': ident,
  'Success-Report': (random) => random.pick(['yes', 'no', 'YES', 'No', 'maybe', '']),
  'Failure-Report': (random) => random.pick(['yes', 'no', 'partial', 'Partial', 'never', '']),
  'Byte-Range': range,
  Status: (random) => random.pick(STATUSES),
  Expires: number,
  'Min-Expires': number,
  'Max-Expires': number,
  'Use-Path': (random) => path(random),
  'Use-Nickname': (random) => random.pick(NICKNAMES),
  'WWW-Authenticate': challenge,
  Authorization: credentials,
  'Authentication-Info': authenticationInfo,
  'Content-ID': (random) => `<${ident(random)}@example>`,
  'Content-Description': (random) => random.binary(random.size(20)).replace(/[\r\n]/g, ''),
  'Content-Disposition': (random) => random.pick(DISPOSITIONS),
  'Content-Type': (random) => random.pick(TYPES),
}

const NAMES = Object.keys(VALUES)
const OTHER = ['X-Note', 'Subject', 'Content-Transfer-Encoding', 'x', 'X.y!z', 'Byte-Rangf', 'Content-Typ', 'Statux']
const ODD_LINES = [
  'no colon',
  ': no name',
  'a b: c',
  'X:',
  'X: \t',
  'X: a\rb',
  'X: \u0000',
  '\tfolded',
  'X\u00e4: y',
  'X :y',
]
const BLANKS = [': ', ':', ':\t', ':   ', ': \t ', ' : ']

/** A Byte-Range value (RFC 4975 §9), also one that lies or is none. */
export function range(random: Random): string {
  if (random.oneIn(25)) return random.pick(['', '-', '/', '1-/', '1-2', '1/2-3', '*-*/*', '0-0/0', '5-3/9', '1-0/0'])
  if (random.oneIn(5)) return `${number(random)}-${number(random)}/${number(random)}`
  const start = 1 + random.size(3000)
  const end = random.oneIn(3) ? '*' : String(start - 1 + random.size(3000))
  return `${start}-${end}/${random.oneIn(3) ? '*' : random.size(6000)}`
}

/** A header field line of this name, with its CRLF. */
export function field(random: Random, name: string, value: string = VALUES[name]?.(random) ?? ''): string {
  const odd = random.oneIn(12)
  const spelled = !odd ? name : random.pick([name.toUpperCase(), name.toLowerCase(), name])
  const blank = odd ? random.pick(BLANKS) : ': '
  return `${spelled}${blank}${value}${odd && random.oneIn(3) ? ' \t' : ''}\r\n`
}

/** Any line that may stand in a head: known fields, others, and what is no field. */
export function anyField(random: Random): string {
  if (random.oneIn(12)) return `${random.pick(ODD_LINES)}\r\n`
  if (random.oneIn(3)) return field(random, random.pick(OTHER), random.text('abc:;,= "\\', random.size(40)))
  return field(random, random.pick(NAMES))
}
