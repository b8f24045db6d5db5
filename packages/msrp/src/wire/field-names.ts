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

// Both spellings, so that the canonical one is found without making a lower-case copy.
const NUMBERS: ReadonlyMap<string, number> = new Map(
  FIELD_NAMES.flatMap((name, number) => [
    [name, number],
    [name.toLowerCase(), number],
  ]),
)

/** The place of a name, in any case, among `FIELD_NAMES`; undefined when it is not known. */
export function fieldNumber(name: string): number | undefined {
  return NUMBERS.get(name) ?? NUMBERS.get(name.toLowerCase())
}

/** Whether a field describes a body (RFC 4975 §9 `Other-Mime-header` and Content-Type). */
export function isMimeField(name: string): boolean {
  return /^content-/i.test(name)
}
