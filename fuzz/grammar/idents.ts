import type { Random } from '../random.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const IDENT = `${LETTERS}.-+%=`

/** Few enough that they meet again: responses find their requests, chunks their message. */
const COMMON = ['abcd', 'a786hjs2', 'message1', 'message2', '12345678901234567890123456789012', 'a--------', 'x-y.z+%=']

/** A transaction id or Message-ID (RFC 4975 §9 `ident`), now and then one that is none. */
export function ident(random: Random): string {
  if (random.oneIn(3)) return random.pick(COMMON)
  if (random.oneIn(150)) return random.pick(['', 'ab', '-abc', 'a b', 'ä234', 'x'.repeat(33), 'abc\t', '%zz%', 'a\rb'])
  const length = random.pick([2, 3, 7, 15, 31])
  return random.text(LETTERS, 1) + random.text(random.oneIn(4) ? IDENT : LETTERS, length)
}

/** A number as a field may hold it: small, at an edge, too large, or none at all. */
export function number(random: Random): string {
  if (!random.oneIn(4)) return String(random.size(5000))
  return random.pick([
    '0',
    '1',
    '00',
    '007',
    '2048',
    '2049',
    '65535',
    '4294967295',
    '4294967296',
    '9007199254740991',
    '9007199254740992',
    '999999999999999',
    '1000000000000000',
    '99999999999999999999',
    '-1',
    '1e3',
    '0x10',
    '',
    ' 1',
    '1.5',
    'NaN',
    '*',
  ])
}
