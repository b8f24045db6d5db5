/**
 * Reads a quoted-string (RFC 4975 §9) that is the whole text. A backslash before any character stands for that
 * character, not only before a quote or backslash.
 * @returns the text between the quotes, or undefined when it is not a quoted-string.
 */
export function parseQuotedString(text: string): string | undefined {
  const match = /^"((?:[^"\\]|\\.)*)"$/s.exec(text)
  return match?.[1]?.replace(/\\(.)/gs, '$1')
}

/** Writes a quoted-string. The caller makes sure that the text holds no control character. */
export function formatQuotedString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
