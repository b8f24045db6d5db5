import type { Random } from '../random.ts'

const BOUNDARIES = ['b', 'simple boundary', '--', "a'()+_,-./:=?9", 'x'.repeat(70)]
const TYPES = ['mixed', 'alternative', 'related', 'signed', 'digest', 'x-unheard-of']
const FIELDS = [
  'Content-Type: text/plain;charset=utf-8',
  'Content-Type: multipart/mixed; boundary=b',
  'Content-Type: message/cpim',
  'content-type:image/png; name="../x"',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: quoted-printable',
  'Content-Transfer-Encoding: x-none',
  "Content-Disposition: attachment; filename*=UTF-8''%C3%BC",
  'Content-ID: <1@x>',
  ' folded',
  'no colon',
  'X: \u00ff',
]

/** A multipart as one character a byte, and its Content-Type; mostly sound, with what the field gets wrong. */
export function multipart(random: Random): { contentType: string; text: string } {
  const boundary = random.pick(BOUNDARIES)
  const end = random.oneIn(10) ? '\n' : '\r\n'
  const parts = Array.from(
    { length: random.size(6) },
    () => `--${boundary}${padding(random)}${end}${part(random, boundary, end)}`,
  )
  const preamble = random.oneIn(3) ? `Hello${end}` : ''
  const last = random.oneIn(10) ? '' : `--${boundary}--${padding(random)}`
  const epilogue = random.oneIn(3) ? `${end}and more${end}--${boundary}${end}` : ''
  const quoted = /^[\w-]+$/.test(boundary) && random.oneIn(2) ? boundary : `"${boundary}"`
  const contentType = `multipart/${random.pick(TYPES)}; boundary=${random.oneIn(40) ? '' : quoted}`
  return { contentType, text: `${preamble}${parts.join('')}${last}${epilogue}` }
}

function padding(random: Random): string {
  return random.oneIn(10) ? ' '.repeat(random.size(300)) : ''
}

function part(random: Random, boundary: string, end: string): string {
  const fields = Array.from({ length: random.size(4) }, () => `${random.pick(FIELDS)}${end}`)
  return `${fields.join('')}${random.oneIn(20) ? '' : end}${content(random, boundary)}${random.oneIn(20) ? '' : end}`
}

function content(random: Random, boundary: string): string {
  switch (random.below(6)) {
    case 0:
      return random.binary(random.size(300))
    case 1:
      return `\r\n--${boundary}${random.pick(['x', '-', '--x', ' x', '\r', ''])}`.repeat(random.size(20))
    case 2:
      return random.pick(['\r', '\n', '\r\n', '-', '--']).repeat(random.size(100))
    case 3:
      return 'SGVs\r\nbG8='
    case 4:
      return '=C3=BC=\r\n='
    default:
      return 'Hello'
  }
}
