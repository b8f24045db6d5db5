import type { Random } from '../random.ts'
import { number } from './idents.ts'
import { uri } from './uris.ts'

const PARAMETERS: Record<string, (random: Random) => string> = {
  realm: (random) => random.pick(['example.com', 'localhost', '', 'a\\"b']),
  nonce: (random) => random.text('0123456789abcdef', random.pick([1, 16, 64])),
  opaque: (random) => random.pick(['', 'o', 'a,b', 'a=b']),
  stale: (random) => random.pick(['true', 'FALSE', 'TRUE', '1', '']),
  algorithm: (random) => random.pick(['MD5', 'SHA-256', 'md5', 'MD5-sess', 'SHA-512-256', '']),
  qop: (random) => random.pick(['auth', 'auth,auth-int', 'auth-int', ',', 'AUTH', '', 'auth auth-int']),
  username: (random) => random.pick(['alice', 'bob', '', 'a\\\\b', 'ä']),
  uri,
  response: (random) => random.text('0123456789abcdefABCDEF', random.pick([32, 64, 5])),
  cnonce: (random) => random.pick(['c0ffee', '', 'x'.repeat(50)]),
  nc: (random) => random.pick(['00000001', '1', 'FFFFFFFF', '000000001', 'x', '', number(random)]),
  nextnonce: (random) => random.text('0123456789abcdef', 16),
  rspauth: (random) => random.text('0123456789ABCDEF', 32),
}

const CHALLENGE = ['realm', 'qop', 'nonce', 'opaque', 'stale', 'algorithm']
const CREDENTIALS = ['username', 'realm', 'nonce', 'uri', 'qop', 'nc', 'cnonce', 'response', 'opaque', 'algorithm']
const INFO = ['nextnonce', 'rspauth', 'cnonce', 'nc', 'qop']
const SCHEMES = ['Digest', 'digest', 'Basic', 'Bearer', '', 'D@', 'Digest,']

/** A WWW-Authenticate value, at times with several challenges. */
export function challenge(random: Random): string {
  const one = `${scheme(random)} ${parameters(random, CHALLENGE)}`
  return random.oneIn(5) ? `${one}${random.pick([', ', ' ', ',,'])}${challenge(random)}` : one
}

/** An Authorization value. */
export function credentials(random: Random): string {
  return `${scheme(random)} ${parameters(random, CREDENTIALS)}`
}

/** An Authentication-Info value. */
export function authenticationInfo(random: Random): string {
  return parameters(random, INFO)
}

function scheme(random: Random): string {
  return random.oneIn(10) ? random.pick(SCHEMES) : 'Digest'
}

function parameters(random: Random, names: readonly string[]): string {
  let chosen = random.oneIn(4) ? names.filter(() => !random.oneIn(6)) : [...names]
  if (random.oneIn(6)) chosen = random.shuffled(chosen)
  if (random.oneIn(20)) chosen.push(random.pick(names), 'unknown')
  return chosen.map((name) => parameter(random, name)).join(random.pick([', ', ',', ' , ', ',\t']))
}

function parameter(random: Random, name: string): string {
  const value = PARAMETERS[name]?.(random) ?? 'x'
  if (random.oneIn(60))
    return random.pick([name, `${name}=`, `=${value}`, `${name}="${value}`, `${name}=${value}"`, '"'])
  const equals = random.oneIn(10) ? random.pick([' = ', '\t=', '= ']) : '='
  const quoted = random.oneIn(20)
    ? value
    : name === 'nc' || name === 'stale' || name === 'algorithm'
      ? value
      : `"${value}"`
  return `${random.oneIn(20) ? name.toUpperCase() : name}${equals}${quoted}`
}
