/** Longest name in bytes that is used: file systems take 255 and some encrypting ones 143; room is left for ` (2)`. */
const MAX_NAME_BYTES = 136
const MAX_EXTENSION_BYTES = 24

/** What a file is called that came without a usable name. */
const UNNAMED = 'unnamed'

/**
 * A name under which a file from the peer can be stored in a folder, whatever the peer called it: one path component, no
 * control characters or marks that reverse the reading order, not hidden, not an option to a command (`-rf`), usable
 * on Windows and its network drives too, and short enough for every file system.
 * (RFC 5547 §10: names from outside are never used as they come.)
 * @param extension with its dot; given to a file whose name was unusable
 */
export function safeFileName(name: string | undefined, extension = ''): string {
  const unnamed = `${UNNAMED}${extension}`
  if (name === undefined) return unnamed
  // Both kinds of separators, on every system: the peer's name may be a path of his.
  const component =
    name
      .normalize('NFC')
      .split(/[/\\]/)
      .findLast((part) => /[^.\s]/.test(part)) ?? ''
  const cleaned = component
    // Invisible characters, but for the joiners that scripts and emoji need.
    .replace(/(?![\u200c\u200d])\p{Cf}/gu, '')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '_')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/^[\s.]+/, '')
    .replace(/^-/, '_')
  const shortened = shorten(cleaned).replace(/[\s.]+$/, '')
  if (shortened === '') return unnamed
  return isDevice(shortened) ? `_${shortened}` : shortened
}

// Windows opens the device whatever the extension, and takes superscript digits for digits.
function isDevice(name: string): boolean {
  return /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i.test(name)
}

function shorten(name: string): string {
  if (byteLength(name) <= MAX_NAME_BYTES) return name
  const { stem, extension } = splitName(name)
  const kept = byteLength(extension) <= MAX_EXTENSION_BYTES ? extension : ''
  const room = MAX_NAME_BYTES - byteLength(kept)
  let bytes = 0
  let shortened = ''
  // By what a reader takes for one character, so that an emoji is never cut in two.
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(stem)) {
    bytes += byteLength(segment)
    if (bytes > room) break
    shortened += segment
  }
  return `${shortened}${kept}`
}

function splitName(name: string): { stem: string; extension: string } {
  const extension = /(?<=.)(\.tar)?\.[^.\s]+$/i.exec(name)?.[0] ?? ''
  return { stem: name.slice(0, name.length - extension.length), extension }
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
