import { MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import { formatAddress } from './address.ts'
import type { AttributeInput, MediaWishes, Setup } from './api.ts'
import { formatChatroom } from './chatroom.ts'
import { acceptTypesFor, isFormat, wrappedTypesFor } from './format-list.ts'

/** What of a section is not wished for but found out. */
export interface SectionFacts {
  readonly path: string
  readonly setup: Setup
  readonly fingerprints: readonly string[]
  readonly cema: boolean
}

/** Where c- and m-line of a path point to: its endpoint, or with `msrp-cema` the relay in front of it. */
export function placeOf(path: string, cema: boolean): MsrpUri {
  const uris = parsePath(path)
  const uri = cema ? uris[0] : uris.at(-1)
  if (uri === undefined) throw new MsrpError('internal', 'A path without URI')
  return uri
}

/** A section for MSRP, in the order of the RFC's examples, lines not yet ended. @throws MsrpError `invalid-argument` */
export function sectionLines(wishes: MediaWishes, facts: SectionFacts): string[] {
  const { direction = 'sendrecv', acceptTypes = ['*'], acceptWrappedTypes = [], maxMessageSize, chatroom } = wishes
  const { path, setup, fingerprints, cema } = facts
  const [first] = parsePath(path)
  // RFC 4975 §8.1: where there are no relays both are the same. RFC 6714 §4.2 has the relay's there.
  const place = placeOf(path, cema)
  const wrapped = wrappedTypesFor(acceptWrappedTypes, acceptTypes)
  const attributes: AttributeInput[] = [
    [direction],
    ['accept-types', formatsOf(acceptTypesFor(wishes), 'acceptTypes')],
    ...(wrapped.length === 0 ? [] : [['accept-wrapped-types', formatsOf(wrapped, 'acceptWrappedTypes')] as const]),
    ...(maxMessageSize === undefined ? [] : [['max-size', String(maxMessageSize)] as const]),
    ['path', path],
    ['setup', setup],
    ...(cema ? [['msrp-cema'] as const] : []),
    ...fingerprints.map((fingerprint) => ['fingerprint', fingerprint] as const),
    ...(chatroom === undefined ? [] : [['chatroom', formatChatroom(chatroom)] as const]),
    ...(wishes.attributes ?? []),
  ]
  return [
    `m=message ${place.port} ${first?.secure ? 'TCP/TLS/MSRP' : 'TCP/MSRP'} *`,
    ...(wishes.information === undefined ? [] : [`i=${oneLine(wishes.information, 'information')}`]),
    `c=${formatAddress(place.host)}`,
    ...attributes.map(attributeLine),
  ]
}

/** A section that is refused or over (RFC 4975 §8.1, RFC 3264 §8.2). */
export function closedLines(protocol: string, attributes: readonly AttributeInput[]): string[] {
  return [`m=message 0 ${protocol} *`, ...attributes.map(attributeLine)]
}

function attributeLine([name, value]: AttributeInput): string {
  if (!/^[!#-'*+\-.0-9A-Z^-~]+$/.test(name)) {
    throw new MsrpError('invalid-argument', `attributes: ${shown(name)} is no name of an attribute`)
  }
  return value === undefined ? `a=${name}` : `a=${name}:${oneLine(value, `the attribute ${name}`)}`
}

function formatsOf(types: readonly string[], option: string): string {
  const wrong = types.find((type) => !isFormat(type))
  if (wrong === undefined) return types.join(' ')
  throw new MsrpError(
    'invalid-argument',
    `${option}: ${shown(wrong)} is no media type such as text/plain, image/* or *`,
  )
}

function oneLine(text: string, what: string): string {
  if (!/[\r\n\0]/.test(text)) return text
  throw new MsrpError('invalid-argument', `${what}: ${shown(text)} has more than one line`)
}
