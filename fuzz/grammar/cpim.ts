import type { Random } from '../random.ts'
import { uri } from './uris.ts'

const ADDRESSES = [
  '<im:alice@example.com>',
  'Alice <im:alice@example.com>',
  '"Al \\"i\\" ce" <sip:alice@example.com;gr>',
  'im:alice@example.com',
  '<',
  '"open <im:x>',
  '',
]
const NAMESPACES = [
  'imdn <urn:ietf:params:imdn>',
  '<urn:ietf:params:imdn>',
  'x<urn:x>',
  'imdn',
  'a.b <c>',
  '<',
  'x <urn:%>',
]
const DATES = ['2026-01-01T00:00:00Z', '2026-02-30T25:61:00+99:99', '2026-01-01T00:00:00.123456789+01:00', '1', '']
const NAMES = [
  'Require',
  'imdn.Message-ID',
  'imdn.Disposition-Notification',
  'X',
  'a.b.c',
  'x.',
  '.x',
  'cc',
  'CC',
  'From',
]
const VALUES = [
  '34jk324j',
  'positive-delivery, display',
  'imdn.Message-ID,X',
  '\\u00e4\\n\\\\',
  '\\u12',
  '\\',
  '\u00c3\u00a4',
  '',
]
const TYPES = [
  'text/plain;charset=utf-8',
  'text/plain;charset=iso-8859-1',
  'text/plain;charset=x',
  'a',
  'message/imdn+xml',
  '',
]
const FIELDS = [
  'Content-ID: <1@x>',
  'Content-Disposition: notification',
  ' folded',
  'MIME-Version: 1.0',
  'no colon',
  'X: y',
]

/** A message/cpim (RFC 3862) as one character a byte; mostly sound, with what the field gets wrong. */
export function cpim(random: Random): string {
  const end = random.oneIn(20) ? '\n' : '\r\n'
  const headers = [
    `From: ${address(random)}`,
    ...Array.from({ length: 1 + random.size(3) }, () => `To: ${address(random)}`),
    `DateTime: ${random.oneIn(4) ? random.pick(DATES) : DATES[0]}`,
  ]
  if (random.oneIn(2))
    headers.push(`Subject:${random.pick(['', ' ', ';lang=de ', ';a="b;c" ', ';lang='])}${random.pick(VALUES)}`)
  for (let count = random.size(4); count > 0; count--) {
    headers.push(random.oneIn(2) ? `NS: ${random.pick(NAMESPACES)}` : `${random.pick(NAMES)}: ${random.pick(VALUES)}`)
  }
  if (random.oneIn(8)) headers.splice(random.below(headers.length), 1)
  const lines = random.oneIn(6) ? random.shuffled(headers) : headers
  const fields = [`Content-Type: ${random.pick(TYPES)}`]
  while (random.oneIn(3)) fields.push(random.pick(FIELDS))
  const own = random.oneIn(20) ? `Content-Type: message/cpim${end}${end}` : ''
  const blank = random.oneIn(20) ? random.pick(['', `${end}${end}`]) : end
  const content = random.oneIn(2) ? 'Hello' : random.binary(random.size(200))
  return `${own}${lines.join(end)}${end}${blank}${fields.join(end)}${end}${random.oneIn(20) ? '' : end}${content}`
}

function address(random: Random): string {
  return random.oneIn(6) ? random.pick(ADDRESSES) : random.oneIn(3) ? `<${uri(random)}>` : (ADDRESSES[1] ?? '')
}
