import { MsrpError } from './msrp-error.ts'
import { shown } from './shown.ts'

/** The value of the Status field of a REPORT (RFC 4975 §7.1.2, §9). */
export interface Status {
  /** Three digits; `000` says that the code means what it means in a response. */
  readonly namespace: string
  /** The status code, 100 to 999. */
  readonly code: number
  /** The words after the code; empty when there are none. */
  readonly comment: string
}

const PHRASES: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [408, 'Timeout'],
  [413, 'Stop Sending'],
  [415, 'Unsupported Media Type'],
  [423, 'Parameter Out Of Bounds'],
  [424, 'Malformed Nickname'],
  [425, 'Nickname Reserved Or In Use'],
  [428, 'Private Messages Not Supported'],
  [481, 'No Such Session'],
  [501, 'Unknown Method'],
  [506, 'Session Already Bound'],
])

const GRAMMAR = /^(\d{3}) ([1-9]\d{2})(?: (.*))?$/

/** The words that usually go with a status code (RFC 4975 §10, RFC 4976, RFC 7701 §12); empty for an unknown code. */
export function reasonPhrase(status: number): string {
  return PHRASES.get(status) ?? ''
}

/**
 * Reads the value of a Status field, such as `000 200 OK`.
 * @throws MsrpError `malformed`.
 */
export function parseStatus(text: string): Status {
  const match = GRAMMAR.exec(text)
  if (match === null) throw new MsrpError('malformed', `Status is ${shown(text)}, expected for example 000 200 OK`)
  const [, namespace = '', code = '', comment = ''] = match
  return { namespace, code: Number(code), comment }
}

/** Writes the value of a Status field in namespace 000; without a comment the usual words are taken. */
export function formatStatus(code: number, comment: string = reasonPhrase(code)): string {
  return comment === '' ? `000 ${code}` : `000 ${code} ${comment}`
}
