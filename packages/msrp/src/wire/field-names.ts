/**
 * Header fields that are known here, in their canonical spelling (RFC 4975 §9, RFC 4976 §7, RFC 7701 §7.1), in the order
 * in which they are written.
 */
export const FIELD_NAMES = [
  'To-Path',
  'From-Path',
  'Message-ID',
  'Success-Report',
  'Failure-Report',
  'Byte-Range',
  'Status',
  'Expires',
  'Min-Expires',
  'Max-Expires',
  'Use-Path',
  'Use-Nickname',
  'WWW-Authenticate',
  'Authorization',
  'Authentication-Info',
  'Content-ID',
  'Content-Description',
  'Content-Disposition',
  'Content-Type',
] as const

/** A header field that is known here. */
export type FieldName = (typeof FIELD_NAMES)[number]

/** The same in lower case. */
export const LOWER_NAMES: readonly string[] = FIELD_NAMES.map((name) => name.toLowerCase())

/** The place of a name, in any case, among `FIELD_NAMES`; -1 when it is not known. */
export function fieldNumber(name: string): number {
  return LOWER_NAMES.indexOf(name.toLowerCase())
}

/** Whether a field describes a body (RFC 4975 §9 `Other-Mime-header` and Content-Type). */
export function isMimeField(name: string): boolean {
  return /^content-/i.test(name)
}
