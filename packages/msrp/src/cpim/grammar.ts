/** The character classes of RFC 3862 §3.6. */

/** A header's name, or the prefix of one: no point, no separator, no control character. */
export const NAME = "[!#-'*+\\-0-9A-Z^-`a-z|~]+"

const WHOLE_NAME = new RegExp(`^${NAME}$`)
// The same with points, and anything beyond ASCII.
const TOKEN = /^[!#-'*+\-.0-9A-Z^-`a-z|~\u0080-\uffff]+$/
// RFC 2396: a scheme and no fragment. Angle brackets would end it.
const ABSOLUTE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-~]+$/
const LANGUAGE = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/

export function isName(text: string): boolean {
  return WHOLE_NAME.test(text)
}

export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** RFC 3862 §3.4: no relative reference, no fragment. */
export function isAbsoluteUri(text: string): boolean {
  return ABSOLUTE_URI.test(text)
}

/** RFC 3066. */
export function isLanguageTag(text: string): boolean {
  return LANGUAGE.test(text)
}
