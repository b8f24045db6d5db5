import { MsrpError, reasonPhrase } from '../wire/index.ts'

/** The error that a status of 300 or more means, in a response or a REPORT (RFC 4975 §10). */
export function refusal(status: number, comment: string, what: string): MsrpError {
  // RFC 4975 §10.4: a 408 is treated as a timeout of our own.
  if (status === 408) return new MsrpError('timeout', `${what}: a relay got no answer in time (408)`, { status })
  const words = comment === '' ? reasonPhrase(status) : comment
  // RFC 4975 §10.8: nobody is there to refuse anything, which may be new, or as it was from the beginning.
  const text = status === 481 ? 'The session has ended, or there is none' : `${what} was refused`
  return new MsrpError('refused', `${text}: ${`${status} ${words}`.trimEnd()}`, { status })
}
