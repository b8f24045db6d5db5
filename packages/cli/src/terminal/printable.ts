/**
 * Text from the peer may hold control sequences that move the cursor, rename the window, or reverse what a person reads.
 * Everything that comes from the peer and goes to a terminal passes through here first.
 */

// Control characters of both blocks, line separators, halves of characters, and marks that reverse the reading order.
const harmful = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu

/** Text of several lines: line feeds and tabs stay, all other control characters become visible, such as `\x1b`. */
export function printableText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(harmful, (character) => (character === '\n' || character === '\t' ? character : visible(character)))
}

/** Text that has to stay on its line, such as a name or a comment: line feeds and tabs become visible as well. */
export function printableLine(text: string): string {
  return text.replace(harmful, visible)
}

function visible(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}

/** One JSON value on one line, with what could harm a terminal as `\uNNNN`: the value stays the same. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(harmful, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  })
}
