import { decodeText, encodeText } from './utf8.ts'

/**
 * The beginning of a stranger's text, to be kept for longer: a copy. What is only cut from a text keeps all of it in memory,
 * and a document may be a thousand times as long as a name in it.
 */
export function keptText(text: string, most: number): string {
  const bytes = encodeText(text.slice(0, most))
  return decodeText(bytes)
}
