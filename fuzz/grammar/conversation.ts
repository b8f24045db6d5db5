import type { Random } from '../random.ts'
import { body } from './bodies.ts'
import { anyField, field, range } from './fields.ts'
import { ident } from './idents.ts'
import { path, uri } from './uris.ts'

/** Whom a conversation is with: live paths and ids take it deep into a session or relay. */
export interface World {
  /** The value of a To-Path. */
  readonly to: (random: Random) => string
  /** The value of a From-Path. */
  readonly from: (random: Random) => string
  /** A transaction id or Message-ID, at times one that the other side has used. */
  readonly id: (random: Random) => string
}

/** Nobody in particular: any paths, any ids. */
export const ANYWHERE: World = { to: (random) => path(random), from: (random) => path(random, uri), id: ident }

/** A byte in the wrong place shows: its neighbours are others. */
const CONTENT = 'abcdefghijklmnopqrstuvwxyz0123456789-'.repeat(220)

const METHODS = ['AUTH', 'AUTH', 'NICKNAME', 'NICKNAME', 'XYZZY', 'A', 'REPORT', 'SENDX', 'SENT', 'ABCD']
const ODD_METHODS = ['Send', 'SEND ', '', 'SEND\t', 'S3ND', ' SEND']
const CODES = ['200', '400', '401', '403', '408', '413', '415', '423', '481', '501', '506', '100', '999']
const ODD_CODES = ['099', '20', '2000', '2e2', '2e6', '1e2', '0x0', '-10', '+10', '1 0', '', 'ABC', '   ']
const COMMENTS = ['', ' OK', ' ', ' Interval Out Of Bounds', ' a\tb', ' a\rb', ' \u0000', ' \u00fc', 'OK']

/** Requests and responses one after another, as one character a byte; mostly sound, with what the field gets wrong. */
export function conversation(random: Random, world: World = ANYWHERE): string {
  const count = 1 + random.size(5)
  let text = ''
  for (let part = 0; part < count; part++) text += onePart(random, world)
  return text
}

function onePart(random: Random, world: World): string {
  switch (random.below(16)) {
    case 0:
      return '\r\n'.repeat(1 + random.size(4))
    case 1:
    case 2:
    case 3:
      return response(random, world)
    case 4:
      return report(random, world)
    case 5:
    case 6:
      return message(random, world)
    case 7:
    case 8:
    case 9:
      return request(random, world, random.pick(random.oneIn(40) ? ODD_METHODS : METHODS), otherFields)
    default:
      return request(random, world, 'SEND', sendFields)
  }
}

/** A request of one chunk. */
export function request(
  random: Random,
  world: World,
  method: string,
  fieldsOf: (random: Random, world: World) => string[],
): string {
  const id = world.id(random)
  const fields = fieldsOf(random, world)
  while (random.oneIn(3)) fields.push(anyField(random))
  const hasBody = random.oneIn(2)
  if (hasBody && !random.oneIn(8)) fields.push(field(random, 'Content-Type'))
  const head = `MSRP ${id} ${method}\r\n${paths(random, world)}${inOrder(random, fields)}`
  return `${head}${hasBody ? `\r\n${body(random, id)}\r\n` : ''}${endLine(random, id)}`
}

/** A response. Kamailio's 423 has its end-line behind bytes of nothing. */
export function response(random: Random, world: World): string {
  const id = world.id(random)
  const code = random.oneIn(30) ? random.pick(ODD_CODES) : random.pick(CODES)
  const comment = random.oneIn(10) ? random.pick(COMMENTS) : ' OK'
  const fields: string[] = []
  if (code === '401' || random.oneIn(8)) fields.push(field(random, 'WWW-Authenticate'))
  if (random.oneIn(6)) fields.push(field(random, 'Use-Path'), field(random, 'Authentication-Info'))
  if (random.oneIn(6)) fields.push(field(random, 'Expires'))
  if (random.oneIn(6)) fields.push(anyField(random))
  const head = `MSRP ${id} ${code}${comment}\r\n${paths(random, world)}${fields.join('')}`
  const silent = code === '423' && random.oneIn(2) ? random.binary(15).replace(/[\r\n]/g, ' ') : ''
  const content = random.oneIn(20) ? `\r\n${body(random, id)}\r\n` : ''
  return `${head}${content}${silent}${endLine(random, id)}`
}

function report(random: Random, world: World): string {
  return request(random, world, 'REPORT', (from) => [
    field(from, 'Message-ID', world.id(from)),
    field(from, 'Byte-Range'),
    field(from, 'Status'),
  ])
}

/** A message in several chunks that fit together, in any order and perhaps not all, or twice. */
export function message(random: Random, world: World): string {
  const messageId = world.id(random)
  const count = random.between(2, 4)
  const sizes = Array.from({ length: count }, () => random.size(2000))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let start = 1
  const chunks = sizes.map((size, index) => {
    const id = world.id(random)
    const from = start - 1
    const end = from + size
    const value = `${start}-${random.oneIn(2) ? '*' : end}/${random.oneIn(3) ? '*' : total}`
    start += size
    const flag = index === count - 1 ? '$' : '+'
    const fields = [
      field(random, 'Message-ID', messageId),
      field(random, 'Byte-Range', random.oneIn(30) ? range(random) : value),
      ...(random.oneIn(2) ? [field(random, 'Success-Report', 'yes')] : []),
      field(random, 'Content-Type', 'text/plain'),
    ]
    const head = `MSRP ${id} SEND\r\n${paths(random, world)}${fields.join('')}\r\n`
    return `${head}${CONTENT.slice(from, from + size)}\r\n-------${id}${random.oneIn(30) ? '#' : flag}\r\n`
  })
  if (random.oneIn(8)) chunks.push(random.pick(chunks))
  if (random.oneIn(12)) chunks.splice(random.below(chunks.length), 1)
  return (random.oneIn(4) ? random.shuffled(chunks) : chunks).join('')
}

function sendFields(random: Random, world: World): string[] {
  const fields = [field(random, 'Message-ID', world.id(random))]
  if (!random.oneIn(4)) fields.push(field(random, 'Byte-Range'))
  if (random.oneIn(2)) fields.push(field(random, 'Success-Report'))
  if (random.oneIn(2)) fields.push(field(random, 'Failure-Report'))
  if (random.oneIn(4)) fields.push(field(random, 'Content-Disposition'))
  return random.oneIn(15) ? fields.slice(1) : fields
}

function otherFields(random: Random): string[] {
  const fields: string[] = []
  if (random.oneIn(2)) fields.push(field(random, 'Authorization'))
  if (random.oneIn(2)) fields.push(field(random, 'Use-Nickname'))
  if (random.oneIn(3)) fields.push(field(random, 'Expires'))
  return fields
}

function paths(random: Random, world: World): string {
  const to = field(random, 'To-Path', world.to(random))
  const from = field(random, 'From-Path', world.from(random))
  if (!random.oneIn(60)) return to + from
  return random.pick([from + to, to, from, to + from + to, ''])
}

function inOrder(random: Random, fields: readonly string[]): string {
  return (random.oneIn(10) ? random.shuffled(fields) : fields).join('')
}

function endLine(random: Random, id: string): string {
  const flag = random.oneIn(4) ? random.pick(['+', '#', '$']) : '$'
  if (!random.oneIn(80)) return `-------${id}${flag}\r\n`
  return random.pick([
    `-------${id}\r\n`,
    `------${id}$\r\n`,
    `-------${id}$`,
    `-------${id}x$\r\n`,
    `-------${id}!\r\n`,
    '',
  ])
}
