import { MsrpError } from './msrp-error.ts'

/** A parsed start-line (RFC 4975 §9). */
export type StartLine =
  | { readonly kind: 'request'; readonly transactionId: string; readonly method: string }
  | { readonly kind: 'response'; readonly transactionId: string; readonly status: number; readonly comment: string }

const GRAMMAR = /^MSRP ([A-Za-z0-9][A-Za-z0-9.\-+%=]{2,31}) (?:([A-Z]+)|(\d{3})(?: (.*))?)$/s

/**
 * Reads a start-line without its CRLF.
 * @throws MsrpError `malformed`.
 */
export function parseStartLine(text: string): StartLine {
  const match = GRAMMAR.exec(text)
  if (match === null) {
    throw new MsrpError(
      'malformed',
      `The start-line is "${text.slice(0, 200)}", expected for example MSRP d93kswow SEND`,
    )
  }
  const [, transactionId = '', method, status = '', comment = ''] = match
  if (method !== undefined) return { kind: 'request', transactionId, method }
  return { kind: 'response', transactionId, status: Number(status), comment }
}
