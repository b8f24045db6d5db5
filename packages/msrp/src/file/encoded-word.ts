/** An encoded-word (RFC 2047 §2): charset, `B` or `Q`, text. Blanks between two of them are no part of the text. */
const WORDS = /=\?[^?\s]+\?[BQ]\?[^?\s]*\?=(?:\s+(?==\?))?/gi

/** Reads a text in which peers encode what is not ASCII as in mail; words in other charsets than UTF-8 stay as they are. */
export function decodeWords(text: string): string {
  return text.replace(WORDS, (word) => {
    const [, charset = '', encoding = '', encoded = ''] = word.trim().split('?')
    if (!/^(?:utf-8|us-ascii)$/i.test(charset)) return word
    return encoding.toUpperCase() === 'B' ? decodeBase64(encoded) : decodeQ(encoded)
  })
}

function decodeBase64(text: string): string {
  try {
    return decodeBytes(atob(text))
  } catch {
    return text
  }
}

// RFC 2047 §4.2
function decodeQ(text: string): string {
  const bytes = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-F]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  return decodeBytes(bytes)
}

/** From a string of which each character stands for a byte. */
function decodeBytes(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)))
}
