/**
 * Where randomness comes from. Must be cryptographically strong: session-ids are secrets (RFC 4975 §14.1), and guessed
 * transaction ids would let a sender hide a request in a body.
 */
export type RandomBytes = (size: number) => Uint8Array

// Five bits a character. Letters and digits only, although the grammar has more: no peer can stumble over them, and
// without hyphens an id can never overlap the hyphens of its own end-line.
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

const SHORTEST = 3
const LONGEST = 32

/** Of a character that may begin an ident: letters and digits (RFC 4975 §9). */
const IDENT_START = 2

/** By a character's code: whether an ident may hold it (not 0), and begin with it. */
const IDENT_CLASSES: Uint8Array = new Uint8Array(256)
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code)
  if (/[A-Za-z\d]/.test(character)) IDENT_CLASSES[code] = IDENT_START
  else if (/[.\-+%=]/.test(character)) IDENT_CLASSES[code] = 1
}

/** A transaction id of 16 characters with 80 random bits (RFC 4975 §7.1 asks for 64). */
export function newTransactionId(random: RandomBytes): string {
  const bytes = random(16)
  const at = (index: number): number => ALPHABET.charCodeAt((bytes[index] ?? 0) & 31)
  // One string at once, since one is made for each request: put together character by character it takes three times as long.
  return String.fromCharCode(
    at(0),
    at(1),
    at(2),
    at(3),
    at(4),
    at(5),
    at(6),
    at(7),
    at(8),
    at(9),
    at(10),
    at(11),
    at(12),
    at(13),
    at(14),
    at(15),
  )
}

/** A Message-ID of 26 characters with 130 random bits, so that none is ever repeated (RFC 4975 §7.1.1). */
export function newMessageId(random: RandomBytes): string {
  return randomCharacters(random, 26)
}

/** A session-id of 26 characters with 130 random bits: whoever knows it may use the session (RFC 4975 §14.1). */
export function newSessionId(random: RandomBytes): string {
  return randomCharacters(random, 26)
}

/** A name that nobody can look up (RFC 2606 §2), for a URI that nobody connects to: it tells nothing of this machine. */
export function newInvalidHost(random: RandomBytes): string {
  return `${randomCharacters(random, 12)}.invalid`
}

/** Whether a text can be a transaction id or Message-ID: RFC 4975 §9 `ident`, and 3 characters as well as 4 to 32. */
export function isIdent(text: string, longest: number = LONGEST): boolean {
  const { length } = text
  if (length < SHORTEST || length > longest || IDENT_CLASSES[text.charCodeAt(0)] !== IDENT_START) return false
  // By hand, since each id is looked at when it is written, and when it is read.
  for (let at = 1; at < length; at++) if (!IDENT_CLASSES[text.charCodeAt(at)]) return false
  return true
}

/** Where the ident ends that begins at `start`, at `end` at the latest; `start` when there is none. */
export function identEnd(bytes: Uint8Array, start: number, end: number): number {
  if (IDENT_CLASSES[bytes[start] ?? 0] !== IDENT_START) return start
  let at = start + 1
  while (at < end && IDENT_CLASSES[bytes[at] ?? 0]) at++
  return at
}

function randomCharacters(random: RandomBytes, length: number): string {
  return Array.from(random(length), (byte) => ALPHABET[byte & 31]).join('')
}
