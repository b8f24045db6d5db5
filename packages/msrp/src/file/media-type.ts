import { parseMediaType } from '../wire/index.ts'

/** Names that are in use beside the registered one: systems and browsers tell them for a file, and peers pass them on. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['audio/mp3', 'audio/mpeg'],
  ['application/x-zip-compressed', 'application/zip'],
])

/** A media type by its registered name, without parameters; undefined for what is none. */
export function registeredType(text: string): string | undefined {
  const type = parseMediaType(text)?.type
  return type === undefined ? undefined : (ALIASES.get(type) ?? type)
}

/** Whether both name one type; parameters count where both have them. */
export function isSameType(one: string, other: string): boolean {
  const type = registeredType(one)
  if (type === undefined || type !== registeredType(other)) return false
  const parameters = parseMediaType(other)?.parameters
  return [...(parseMediaType(one)?.parameters ?? [])].every(
    ([name, value]) => (parameters?.get(name) ?? value) === value,
  )
}
