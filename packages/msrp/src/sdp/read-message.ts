import { parseFingerprint } from '../wire/fingerprint.ts'
import { MsrpError, type MsrpUri, parsePath } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import type { Direction, MessageDescription, SdpAttribute, Setup } from './api.ts'
import { parseChatroom } from './chatroom.ts'
import { DIRECTIONS } from './direction.ts'
import { isFormat, parseFormatList } from './format-list.ts'
import { wrongLine } from './line.ts'
import type { MediaSection } from './session-description.ts'

/** Media types in one list, and fingerprints: more than anyone needs. */
const MOST_ENTRIES = 256
const SETUPS: readonly Setup[] = ['active', 'passive', 'actpass']

/**
 * What a section for MSRP says. Names of attributes count letter by letter (RFC 8866 §5.13).
 * @throws MsrpError `malformed` naming line and attribute: no path, no accept-types, or one that cannot be read
 */
export function readMessage(section: MediaSection, session: readonly SdpAttribute[]): MessageDescription {
  const { index, line, port, address, attributes } = section
  const all = (name: string): SdpAttribute[] => attributes.filter((attribute) => attribute.name === name)
  const one = (name: string): SdpAttribute | undefined => attributes.find((attribute) => attribute.name === name)
  const here = new Set(attributes.map(({ name }) => name))
  const atAnyLevel = (names: readonly string[]): readonly SdpAttribute[] =>
    (names.some((name) => here.has(name)) ? attributes : session).filter(({ name }) => names.includes(name))
  const chatroom = one('chatroom')
  return {
    index,
    line,
    port,
    secure: section.protocol === 'TCP/TLS/MSRP',
    address,
    path: pathOf(all('path'), section),
    acceptTypes: acceptTypesOf(all('accept-types'), section),
    acceptWrappedTypes: formatsOf(all('accept-wrapped-types')),
    maxSize: maxSizeOf(one('max-size')),
    direction: directionOf(atAnyLevel(DIRECTIONS)),
    setup: setupOf(atAnyLevel(['setup'])[0]),
    cema: here.has('msrp-cema'),
    fingerprints: fingerprintsOf(atAnyLevel(['fingerprint'])),
    chatroom: chatroom && parseChatroom(chatroom),
    attributes,
    attribute: (name) => {
      const found = one(name)
      return found && (found.value ?? '')
    },
  }
}

function pathOf(paths: readonly SdpAttribute[], { port, line }: MediaSection): MsrpUri[] {
  const [path, second] = paths
  if (path === undefined) {
    // RFC 4975 §8.2; what is refused needs none.
    if (port === 0) return []
    throw wrongLine(line, 'm=message', 'the section has no a=path, which tells where the peer is (RFC 4975 §8.2)')
  }
  // Which one would a peer behind us take?
  if (second !== undefined) throw wrongLine(second.line, 'a=path', 'there is one already')
  try {
    const uris = parsePath((path.value ?? '').trim())
    const without = uris.find(({ sessionId }) => sessionId === undefined)
    if (without !== undefined) throw new MsrpError('malformed', `${without} has no session-id`)
    return uris
  } catch (cause) {
    if (port === 0) return []
    throw wrongLine(path.line, 'a=path', (cause as Error).message)
  }
}

function acceptTypesOf(lists: readonly SdpAttribute[], { port, line }: MediaSection): string[] {
  const types = formatsOf(lists)
  if (types.length > 0 || port === 0) return types
  if (lists[0] !== undefined) throw wrongLine(lists[0].line, 'a=accept-types', 'it lists nothing')
  throw wrongLine(line, 'm=message', 'the section has no a=accept-types, which every one has to have (RFC 4975 §8.6)')
}

/** Some programs write the attribute several times. */
function formatsOf(lists: readonly SdpAttribute[]): string[] {
  const formats: string[] = []
  for (const { name, value, line } of lists) {
    for (const entry of parseFormatList(value ?? '')) {
      if (!isFormat(entry)) throw wrongLine(line, `a=${name}`, `${shown(entry)} is no media type`)
      formats.push(entry === '*/*' ? '*' : entry)
      if (formats.length > MOST_ENTRIES) throw wrongLine(line, `a=${name}`, `at most ${MOST_ENTRIES} types are read`)
    }
  }
  return formats
}

function maxSizeOf(attribute: SdpAttribute | undefined): number | undefined {
  if (attribute === undefined) return undefined
  const text = (attribute.value ?? '').trim()
  const size = Number(text)
  if (/^\d+$/.test(text)) return Number.isSafeInteger(size) ? size : Number.MAX_SAFE_INTEGER
  throw wrongLine(attribute.line, 'a=max-size', `${shown(text)} is no number of bytes`)
}

/** RFC 8866 §6.7: one at most at each level. The same one again says nothing else. */
function directionOf([first, ...others]: readonly SdpAttribute[]): Direction {
  const other = others.find(({ name }) => name !== first?.name)
  if (other !== undefined) throw wrongLine(other.line, `a=${other.name}`, `there is a=${first?.name} already`)
  return DIRECTIONS.find((direction) => direction === first?.name) ?? 'sendrecv'
}

/** RFC 6135 §4.2.1: `holdconn` counts as if it were not there. */
function setupOf(attribute: SdpAttribute | undefined): Setup | undefined {
  const value = attribute?.value?.trim().toLowerCase()
  if (attribute === undefined || value === 'holdconn') return undefined
  const known = SETUPS.find((setup) => setup === value)
  if (known !== undefined) return known
  throw wrongLine(
    attribute.line,
    'a=setup',
    `${shown(value ?? '')} is none of ${SETUPS.join(', ')}, holdconn (RFC 4145 §4)`,
  )
}

function fingerprintsOf(attributes: readonly SdpAttribute[]): string[] {
  const [last] = attributes.slice(MOST_ENTRIES)
  if (last !== undefined) throw wrongLine(last.line, 'a=fingerprint', `at most ${MOST_ENTRIES} are read`)
  return attributes.map(({ value, line }) => {
    const text = (value ?? '').trim()
    try {
      parseFingerprint(text)
      return text
    } catch (cause) {
      throw wrongLine(line, 'a=fingerprint', (cause as Error).message)
    }
  })
}
