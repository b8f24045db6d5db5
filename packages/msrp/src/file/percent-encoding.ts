/** What stands for a directory somewhere, or cannot stand in a line of an SDP: RFC 5547 §6. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what is encoded
const ENCODED = /[\u0000-\u001f\u007f"%/\\:]/g

/**
 * Writes a `filename-string` (RFC 5547 §6). Encoded are quotes, percent signs and control characters, and what any
 * operating system takes for a part of a path: the receiver's may be another one than ours.
 */
export function percentEncode(text: string): string {
  return text
    .toWellFormed()
    .replace(ENCODED, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** Reads one. A percent sign without two hexadecimal digits stands for itself: there are peers that encode nothing. */
export function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    const bytes = Uint8Array.from(run.slice(1).split('%'), (digits) => Number.parseInt(digits, 16))
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  })
}
