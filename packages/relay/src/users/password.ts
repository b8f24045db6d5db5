import { randomBytes } from 'node:crypto'
import { MsrpError } from 'msrp/wire'

/** A new random password: 144 bits as 24 letters, digits, `-` and `_`, safe in a URL, a shell and a file. */
export function generatePassword(): string {
  return randomBytes(18).toString('base64url')
}

/**
 * Refuses what nobody could type again: nothing at all, more than 1024 characters, control characters.
 * @throws MsrpError `invalid-argument`; the message does not hold the password
 */
export function checkPassword(password: string): void {
  if (password === '')
    throw new MsrpError('invalid-argument', 'the password is empty; type one, or let one be generated')
  if (password.length > 1024)
    throw new MsrpError('invalid-argument', 'the password is longer than 1024 characters; shorten it')
  if (/\p{Cc}/u.test(password)) {
    throw new MsrpError(
      'invalid-argument',
      'the password holds a control character, such as a line break or tabulator; leave it out',
    )
  }
}
