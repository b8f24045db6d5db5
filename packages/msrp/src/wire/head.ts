import type { HeaderFields } from './header-fields.ts'

/** How a chunk ends: `$` the message is complete, `+` more follows, `#` the message is abandoned (RFC 4975 §7.1). */
export type ContinuationFlag = '$' | '+' | '#'

/** Start-line and header fields of a request. Stays valid; nothing in it is lent. */
export interface RequestHead {
  readonly kind: 'request'
  readonly transactionId: string
  /** `SEND`, `REPORT`, `AUTH`, `NICKNAME` or anything else of capital letters. */
  readonly method: string
  readonly fields: HeaderFields
  /** A blank line followed the fields, so that a body follows, though it may be empty (RFC 4975 §7.1). */
  readonly hasBody: boolean
}

/** Start-line and header fields of a response. Stays valid; nothing in it is lent. */
export interface ResponseHead {
  readonly kind: 'response'
  readonly transactionId: string
  /** Three digits. */
  readonly status: number
  /** The words after the status; empty when there are none. */
  readonly comment: string
  readonly fields: HeaderFields
}

/** What stands before the body of a chunk, or all of a response. */
export type Head = RequestHead | ResponseHead
