import { acceptsType, bareType, MANDATORY_TYPES } from '../session/media-types.ts'
import type { MediaWishes } from './api.ts'

const TOKEN = "[!#-'*+\\-.0-9A-Z^-~]+"
const GRAMMAR = new RegExp(`^(?:\\*|${TOKEN}/${TOKEN}|${TOKEN}/\\*)(?:;.*)?$`, 'is')

/**
 * The entries of `accept-types` or `accept-wrapped-types` (RFC 4975 §8.6), as they stand there. They end at a blank that
 * stands in no quoted string, nor around the semicolon of a parameter, where the grammar has none and others write it.
 */
export function parseFormatList(value: string): string[] {
  const entries: string[] = []
  let entry = ''
  let quoted = false
  let pause = false
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at)
    if (!quoted && (character === ' ' || character === '\t')) {
      pause = true
      continue
    }
    if (pause && entry !== '' && character !== ';' && !entry.endsWith(';')) {
      entries.push(entry)
      entry = ''
    }
    pause = false
    if (quoted && character === '\\') entry += value.charAt(at++)
    else if (character === '"') quoted = !quoted
    entry += value.charAt(at)
  }
  if (entry !== '') entries.push(entry)
  return entries
}

/** Whether a text can be an entry: `type/subtype`, `type/*`, with parameters or without, or `*`. */
export function isFormat(text: string): boolean {
  return GRAMMAR.test(text) && !/[\r\n]/.test(text)
}

/**
 * What we write as `accept-types`: the application's types first, and those that everybody has to take and therefore to list
 * (RFC 4975 §8.6), if nothing covers them. Blink takes a `*` for none of its types, so it does not stand alone. In a chat room
 * message/cpim may (RFC 7701 §5.2: it does).
 */
export function acceptTypesFor({ acceptTypes: types = ['*'], chatroom }: MediaWishes): readonly string[] {
  if (types.every((type) => type === '*')) return ['text/plain', ...MANDATORY_TYPES, '*']
  if (chatroom !== undefined && types.every((type) => bareType(type) === 'message/cpim')) return types
  return [...types, ...MANDATORY_TYPES.filter((type) => !acceptsType(types, type))]
}

/**
 * What we write as `accept-wrapped-types`. What is in `accept-types` is repeated, although RFC 4975 §8.6 would rather not: Blink
 * and SylkServer put into envelopes only what stands here.
 */
export function wrappedTypesFor(wrapped: readonly string[], types: readonly string[]): readonly string[] {
  return [...wrapped, ...contentTypes(types).filter((type) => !acceptsType(wrapped, type))]
}

interface Taken {
  readonly acceptTypes: readonly string[]
  readonly acceptWrappedTypes: readonly string[]
}

/**
 * Whether two sides have a type in common that says something: not a container, unless one of them names nothing else
 * (RFC 4975 §8.6).
 */
export function understands(ours: Taken, theirs: Taken): boolean {
  const [mine, yours] = [allContentTypes(ours), allContentTypes(theirs)]
  if (mine.length === 0 || yours.length === 0) {
    const [all, others] = [ours.acceptTypes, theirs.acceptTypes]
    return others.some((type) => covers(all, type))
  }
  return yours.some((type) => covers(mine, type))
}

function allContentTypes({ acceptTypes, acceptWrappedTypes }: Taken): string[] {
  return contentTypes([...acceptTypes, ...acceptWrappedTypes])
}

function contentTypes(types: readonly string[]): string[] {
  return types.filter((type) => !MANDATORY_TYPES.includes(bareType(type)))
}

/** Either list may have the star. */
function covers(types: readonly string[], entry: string): boolean {
  return acceptsType(types, entry) || types.some((type) => acceptsType([entry], type))
}
