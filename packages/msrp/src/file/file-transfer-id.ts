import { MsrpError, type RandomBytes } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'

// Letters and digits alone, although a token may hold more: no peer can stumble over them.
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const LONGEST_FOREIGN = 256

/** A new id of 32 characters with 160 random bits: one is made for each transfer, also for the rest of an old one. */
export function newFileTransferId(random: RandomBytes): string {
  return Array.from(random(32), (byte) => ALPHABET[byte & 31]).join('')
}

/** Reads the attribute `file-transfer-id` (RFC 5547 §8.1). @throws MsrpError `malformed` */
export function parseFileTransferId(text: string): string {
  const id = text.trim()
  if (id.length <= LONGEST_FOREIGN && /^[!#-'*+\-.0-9A-Z^-~]+$/i.test(id)) return id
  throw new MsrpError('malformed', `file-transfer-id: ${shown(text)} is no token of 1 to ${LONGEST_FOREIGN} characters`)
}
