import type { Random } from '../random.ts'

const UNRESERVED = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+=/'

const NAMES = ['a.example', 'b.example', 'relay.example.com', 'RELAY.Example.COM', 'localhost', 'x', '%41.example']
const ADDRESSES = ['127.0.0.1', '192.0.2.1', '[::1]', '[2001:DB8::8:800:200c:417a]', '[::ffff:192.0.2.1]', '[::]']
const ODD_HOSTS = [
  '[1:2:3:4:5:6:7:8]',
  '[1:2:3:4:5:6:7:8:9]',
  '[1:0:0:2:0:0:0:3]',
  '[1::2::3]',
  '[::12345]',
  '[:1]',
  '[1:]',
  '[1::]',
  '[1:2:3:4:5:6:192.0.2.1]',
  '[1.2.3.4]',
  '[::1.2.3.256]',
  '[1.2.3.4::1]',
  '[]',
  '[gg::]',
  '256.1.1.1',
  '01.2.3.4',
  '%4',
  '%2Fa',
  '%zz',
  '%C3%A4.example',
  'ä.example',
  'a_b',
  'a,b',
  '',
  'a..b',
]
const PORTS = [':2855', ':9000', ':1', ':0', ':65535', '', '']
const ODD_PORTS = [':65536', ':99999', ':100000', ':', ':-1', ':x', ':02855']
const USERS = ['', '', '', 'alice@', 'a%20b@', "!$&'()*+,;=@"]
const ODD_USERS = ['alice:secret@', '%@', '@', 'ä@', 'a@b@']
const PARAMETERS = ['', '', '', ';name=value', ';lr', ';a;b=c;d', ';x=!#$%']
const ODD_PARAMETERS = [';', ';=', ';a=', ';a==b', ';a=b;', ';a b', ';ä=1', ';;']

/** An MSRP URI (RFC 4975 §6, §9), now and then one that is none. */
export function uri(random: Random): string {
  const odd = random.oneIn(50) ? random.below(7) : -1
  const scheme =
    odd === 0 ? random.pick(['MSRP', 'Msrps', 'sip', 'msrpx', '', 'msrp:']) : random.pick(['msrp', 'msrps'])
  const user = random.pick(odd === 1 ? ODD_USERS : USERS)
  const host = odd === 2 ? random.pick(ODD_HOSTS) : random.pick(random.oneIn(3) ? ADDRESSES : NAMES)
  const port = random.pick(odd === 3 ? ODD_PORTS : PORTS)
  const session =
    odd === 4 ? random.pick(['/', '/ä', '/a b', '/%', '/a;b', '//', "/!$&'()*,:@", '?x']) : sessionId(random)
  const transport = odd === 5 ? random.pick(['', ';', ';TCP', ';ws', ';t_p', ';tcp:']) : ';tcp'
  const parameters = random.pick(odd === 6 ? ODD_PARAMETERS : PARAMETERS)
  return `${scheme}://${user}${host}${port}${session}${transport}${parameters}`
}

/** A path: URIs with blanks between. */
export function path(random: Random, one: (random: Random) => string = uri): string {
  if (random.oneIn(60)) return random.pick(['', ' ', 'x', `${one(random)}\t${one(random)}`, `  ${one(random)}  `])
  const count = random.oneIn(60) ? random.pick([15, 16, 17, 40]) : 1 + random.size(4)
  let text = one(random)
  for (let more = 1; more < count; more++) text += (random.oneIn(20) ? '  ' : ' ') + one(random)
  return text
}

function sessionId(random: Random): string {
  if (random.oneIn(8)) return ''
  return random.oneIn(2)
    ? random.pick(['/a', '/b', '/peersession'])
    : `/${random.text(UNRESERVED, random.between(1, 26))}`
}
