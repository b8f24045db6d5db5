/**
 * The escapes of message/cpim headers (RFC 3862 §2.3). They stand for UTF-16 code units, as in Java, so a character beyond
 * U+FFFF may come as two of them.
 */

const NAMED: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', r: '\r' }
const WRITTEN: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...NAMED, '\\': '\\' }).map(([letter, character]) => [character, `\\${letter}`]),
)

/**
 * Writes a header's text: backslashes and control characters escaped, and nothing else (RFC 3862 §2.3.1). What has no
 * UTF-8, a half of a surrogate pair, becomes U+FFFD.
 */
export function escapeHeader(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f\\]/g, (character) => {
    const code = character.charCodeAt(0)
    return WRITTEN.get(character) ?? `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** The same between double quotes. */
export function quoteHeader(text: string): string {
  return `"${escapeHeader(text).replaceAll('"', '\\"')}"`
}

/**
 * Reads a header's text. A backslash before anything else stands for that character, and at the very end for nothing
 * (RFC 3862 §2.3.1).
 */
export function unescapeHeader(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.?))/gs, (_, hex: string | undefined, letter = '') =>
    hex === undefined ? (NAMED[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
